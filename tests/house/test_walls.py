"""Who may reach for what: what import-linter cannot say."""

import ast
import re
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.house.tree import ROOT, imports, plant, rooms, sources

READS = re.compile(
    r"\s*(select\b(?!\s+(nextval|pg_advisory|unnest\(procrastinate))|with\s+\w+\s+as\s*\()", re.IGNORECASE
)
SQL_CALLS = {"select", "text"}
# Three are billing's: the run uses no ORM, and what is asked of single bills (`lookups.py`) reads many rooms at once.
SQL_FILES = {"queries.py", "views.py", "tables.py", "statements.py", "lookups.py", "differences.py", "holding.py"}
SQL_FILES |= {"bank_checks.py", "paying_checks.py", "settlement_checks.py"}
OURS = ("mains_server", "mains_schema", "mains_kit")


def pluggy_outside(root: Path) -> Iterator[str]:
    """Find pluggy anywhere but in the adapter room and in mains-spi."""
    for source in sources(root, "server", "schema", "plugins"):
        if not re.match(r"server/mains_server/adapters/|plugins/spi/", source.path.as_posix()):
            for line, module in imports(source):
                if module.split(".")[0] == "pluggy":
                    yield source.says(line, "pluggy is for mains_server.adapters and mains_spi")


def tables_outside(root: Path) -> Iterator[str]:
    """Find tables imported by another room; the schema's mapping and the registry in db may."""
    for source in sources(root, "server"):
        room = source.path.parts[2] if len(source.path.parts) > 3 else ""
        for line, module in imports(source):
            owner = re.fullmatch(r"mains_server\.(\w+)\.tables", module)
            if owner and owner[1] not in (room, "db") and room != "db":
                yield source.says(line, f"the tables of {owner[1]} stay in {owner[1]}; call its queries")


def queries_outside(root: Path) -> Iterator[str]:
    """Find SQL that reads outside `queries.py` of a room; operations write and lock, db is the database's own room."""
    for source in sources(root, "server"):
        is_free = len(source.path.parts) < 4 or source.path.parts[2] in ("db", "commands", "demo")
        if is_free or source.path.name in SQL_FILES:
            continue
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "select":
                yield source.says(node.lineno, "select() belongs in queries.py")
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and READS.match(node.value):
                yield source.says(node.lineno, "a SELECT belongs in queries.py")


def commits_outside(root: Path) -> Iterator[str]:
    """Find a commit or rollback outside the database room: one request, one task, one booking is one transaction."""
    for source in sources(root, "server", "schema"):
        if not source.path.as_posix().startswith("server/mains_server/db/"):
            for node in ast.walk(source.tree):
                if isinstance(node, ast.Call) and _called(node) in ("commit", "rollback"):
                    yield source.says(node.lineno, f".{_called(node)}() is for mains_server.db alone")


def strangers_in_adapters(root: Path) -> Iterator[str]:
    """Find adapters that import more than mains-spi and the standard library, or a mains-spi with more than pluggy."""
    for source in sources(root, "plugins"):
        plugin, package = source.path.parts[1], source.path.parts[2]
        if plugin in ("kit", "template") or not package.startswith("mains_"):
            continue
        allowed = {package, "mains_spi", "__future__"} | ({"pluggy"} if plugin == "spi" else set())
        for line, module in imports(source):
            top = module.split(".")[0]
            if top not in allowed and top not in sys.stdlib_module_names:
                yield source.says(line, f"{package} may import mains_spi and the standard library, not {top}")


def rooms_without_a_floor(root: Path) -> Iterator[str]:
    """Find rooms that no layer in pyproject.toml names, whose imports nobody would check."""
    contracts = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    layers = " ".join(layer for contract in contracts for layer in contract.get("layers", ()))
    for room in rooms(root):
        if not re.search(rf"mains_server\.{room.name}\b", layers):
            yield f"{room}: no layer in pyproject.toml names it"


RULES: dict[Callable[[Path], Iterator[str]], tuple[str, str]] = {
    pluggy_outside: ("server/mains_server/billing/rules.py", "import pluggy\n"),
    tables_outside: ("server/mains_server/billing/rules.py", "from mains_server.ledger.tables import LedgerEntry\n"),
    queries_outside: ("server/mains_server/billing/operations.py", "QUERY = 'select id from customer'\n"),
    commits_outside: ("server/mains_server/billing/operations.py", "def book(session):\n    session.commit()\n"),
    strangers_in_adapters: ("plugins/water/mains_water/adapter.py", "import requests\n"),
    rooms_without_a_floor: ("server/mains_server/attic/README.md", "# attic\n"),
}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_house_keeps_its_walls(rule):
    assert list(rule(ROOT)) == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_a_hole_is_found(rule, tmp_path):
    path, text = RULES[rule]
    plant(tmp_path, path, text)
    plant(tmp_path, "pyproject.toml", "[[tool.importlinter.contracts]]\nlayers = ['mains_server.ledger']\n")

    (complaint,) = rule(tmp_path)

    assert complaint.startswith(path.rsplit("/", 1)[0])


@pytest.mark.parametrize("line", ["ROWS = select(Invoice)\n", "ROWS = text('with a as (select 1) delete from b')\n"])
def test_sql_calls_are_found_too(tmp_path, line):
    plant(tmp_path, "server/mains_server/billing/operations.py", line)

    assert len(list(queries_outside(tmp_path))) == 1


def _called(node: ast.Call) -> str:
    if isinstance(node.func, ast.Name):
        return node.func.id
    return node.func.attr if isinstance(node.func, ast.Attribute) else ""
