"""`docs/schema_changes.md`, followed to the letter on a copy of the schema's package."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from mains_schema.declaring.node import encode_id

from tests.schema.test_golden_answers import Plain

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "schema_changes.md").read_text(encoding="utf-8")
FIELD, TYPE, IMPORT, RELATION, INDEX = re.findall(r"```py\n(.*?)```", PAGE, re.DOTALL)
GOLDEN_FIELD, GOLDEN_TYPE = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
ASKED_FIELD, ASKED_TYPE = re.findall(r"```gql\n(.*?)```", PAGE, re.DOTALL)
BUILD = """
import sys
import sqlalchemy
from sqlalchemy import Index
from mains_server.tariffs.tables import TaxRate
if sys.argv[1]:
    text = sys.argv[1].replace('"code", "id"', "TaxRate.__table__.c.code, TaxRate.__table__.c.id")
    eval(text)
from graphql import parse, validate
from mains_schema.http.build import export_sdl
from mains_schema.served import schema
for asked in sys.argv[2:]:
    assert not schema().documents.read(asked).errors, schema().documents.read(asked).errors
print(export_sdl(schema()))
"""
UNWRITTEN = """
import sys
from pathlib import Path
from tests.schema.test_golden_answers import unwritten
print(*(".".join(path) for path in unwritten(Path(sys.argv[1]))))
"""


def below(text: str, start: str, line: str) -> str:
    """Put a line below the one declaration that starts so."""
    lines = text.splitlines(keepends=True)
    places = [number for number, found in enumerate(lines) if found.startswith(start)]
    assert len(places) == 1, f"{start!r} starts {len(places)} lines"
    return "".join([*lines[: places[0] + 1], line, *lines[places[0] + 1 :]])


def edit(package: Path, file: str, start: str, line: str) -> None:
    place = package / file
    place.write_text(below(place.read_text(), start, line))


def built(package: Path, *asked: str, index: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", BUILD, index, *asked]
    return subprocess.run(
        command, env={"PYTHONPATH": str(package.parent)}, cwd=ROOT, capture_output=True, text=True, check=False
    )


def unwritten(package: Path, golden: Path) -> str:
    """Name the fields that have no golden answer."""
    command = [sys.executable, "-c", UNWRITTEN, str(golden)]
    made = subprocess.run(
        command, env={"PYTHONPATH": str(package.parent)}, cwd=ROOT, capture_output=True, text=True, check=True
    )
    return made.stdout.strip()


def copied(folder: Path) -> Path:
    package = folder / "mains_schema"
    shutil.copytree(ROOT / "schema" / "mains_schema", package, ignore=shutil.ignore_patterns("__pycache__"))
    return package


def test_a_field_is_one_line(tmp_path: Path) -> None:
    package = copied(tmp_path)
    edit(package, "billing/invoice.py", "    rounding: str", FIELD)

    made = built(package, ASKED_FIELD)

    assert made.returncode == 0, made.stderr
    assert "  revision: Int!" in made.stdout


@pytest.mark.slow
def test_a_field_is_written_down_once(tmp_path: Path) -> None:
    package, golden = copied(tmp_path), shutil.copytree(ROOT / "tests" / "schema" / "golden", tmp_path / "golden")
    edit(package, "billing/invoice.py", "    rounding: str", FIELD)

    before = unwritten(package, golden)
    edit(golden, "Invoice.yaml", "  rounding: per_rate", GOLDEN_FIELD)

    assert before == "Invoice.revision"
    assert unwritten(package, golden) == ""


@pytest.mark.slow
def test_a_type_is_a_class_and_a_relation(tmp_path: Path) -> None:
    package = copied(tmp_path)
    edit(package, "selling/tariff.py", "from mains_server.tariffs.tables import Product as PR", IMPORT)
    (package / "selling/tariff.py").write_text((package / "selling/tariff.py").read_text() + "\n\n" + TYPE)
    edit(package, "roots.py", "    viewer: Viewer", RELATION)
    edit(
        package,
        "roots.py",
        "from mains_schema.staff import Staff",
        "from mains_schema.selling.tariff import TaxRate, TaxRateOrder\n",
    )

    without, made = built(package), built(package, ASKED_TYPE, index=INDEX.strip())

    assert "no index on tax_rate starts with (code, id)" in without.stderr
    assert made.returncode == 0, made.stderr
    assert "type TaxRate implements Node" in made.stdout
    answer = yaml.load(GOLDEN_TYPE, Plain)["answer"]
    assert answer["id"] == encode_id(type_name="TaxRate", number=1)
    assert list(answer) == re.findall(r"^    (\w+):", TYPE, re.MULTILINE)
