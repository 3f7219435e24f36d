"""The template asks its questions and writes an adapter that passes the kit."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import copier
import pytest

TEMPLATE = Path(__file__).parents[2] / "template"
ANSWERS = {
    "code": "irrigation_water",
    "label_lv": "Laistīšana",
    "label_en": "Irrigation",
    "label_ru": "Полив",
    "unit": "kL",
}


@pytest.fixture(scope="module")
def rendered(tmp_path_factory) -> Path:
    """Give the folder of a rendered adapter."""
    folder = tmp_path_factory.mktemp("rendered")
    copier.run_copy(str(TEMPLATE), folder, data=ANSWERS, defaults=True, quiet=True)
    return folder


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(folder), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run(
        [sys.executable, "-m", *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_rendered_adapter_passes_its_tests(rendered):
    result = run(rendered, "pytest", "-q", "-p", "pytest_mains_kit", "-p", "no:cacheprovider")

    assert "14 passed" in result.stdout, result.stdout + result.stderr


def test_rendered_package_is_found_by_entry_point(rendered):
    project = tomllib.loads((rendered / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    assert project["name"] == "mains-irrigation-water"
    assert project["entry-points"] == {"mains.adapters": {"irrigation_water": "mains_irrigation_water"}}
    assert (rendered / "mains_irrigation_water" / "py.typed").exists()


def test_rendered_code_is_tidy(rendered):
    ruff = run(rendered, "ruff", "check", "--isolated", "--select", "E,F,W,I,UP", "--line-length", "120", ".")

    assert ruff.stdout == "All checks passed!\n"
    assert run(rendered, "mypy", "--strict", "mains_irrigation_water").returncode == 0


def test_nothing_is_left_unanswered(rendered):
    written = [path for path in rendered.rglob("*.*") if path.suffix in (".py", ".toml", ".md")]

    assert len(written) == 5
    assert not [path for path in written if "{{" in str(path) or "{{" in path.read_text(encoding="utf-8")]


@pytest.mark.parametrize(
    ("question", "answer"),
    [("code", "Irrigation Water"), ("unit", "m 3"), ("label_lv", " "), ("label_en", 'The "best"')],
)
def test_answer_that_would_not_work_is_refused(tmp_path, question, answer):
    with pytest.raises(ValueError, match="Validation error"):
        copier.run_copy(str(TEMPLATE), tmp_path, data=ANSWERS | {question: answer}, defaults=True, quiet=True)
