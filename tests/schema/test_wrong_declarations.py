from __future__ import annotations

import re
from pathlib import Path

from mypy import api

ROOT = Path(__file__).parents[2]
FILE = Path(__file__).with_name("wrong_declarations.py.txt")


def test_mypy_finds_every_wrong_declaration_and_nothing_else(tmp_path: Path) -> None:
    checked = tmp_path / "wrong_declarations.py"
    checked.write_text(FILE.read_text())
    lines = FILE.read_text().splitlines()
    expected = {number: line.split("# error: ")[1] for number, line in enumerate(lines, 1) if "# error: " in line}

    report, _, _ = api.run(["--config-file", str(ROOT / "pyproject.toml"), "--hide-error-context", str(checked)])

    found: dict[int, list[str]] = {}
    for number, words in re.findall(r"wrong_declarations\.py:(\d+): error: (.*)", report):
        found.setdefault(int(number), []).append(words)
    assert {number for number in found if number not in expected} == set(), report
    for number, words in expected.items():
        assert any(words in line for line in found.get(number, [])), f"line {number}: {lines[number - 1]}\n{report}"
