"""Every promise of docs/security.md names tests that prove it; as a program, it tells which of them did not pass."""

import ast
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.house.tree import ROOT, plant

ROW = re.compile(r"^\| (?!promise|---)(?P<promise>.+?) \| (?P<proofs>.+?) \|$", re.MULTILINE)
PROOF = re.compile(r"`([^`]+\.py)::(\w+)`")


def promises(root: Path) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Give each promise with the files and names of its tests."""
    text = (root / "docs" / "security.md").read_text(encoding="utf-8")
    for row in ROW.finditer(text):
        yield row["promise"], PROOF.findall(row["proofs"])


def unproved(root: Path) -> list[str]:
    """List promises without a test, and tests that do not exist."""
    found = []
    for promise, proofs in promises(root):
        if not proofs:
            found.append(f"no test proves: {promise}")
        found += [f"{file}::{name} does not exist" for file, name in proofs if name not in _tests(root / file)]
    return found


def not_run(root: Path, *, passed: set[str]) -> list[str]:
    """List the tests of promises that are not among those that passed, whatever their parameters."""
    plain = {node.partition("[")[0] for node in passed}
    named = {f"{file}::{name}" for _, proofs in promises(root) for file, name in proofs}
    return sorted(named - plain)


@cache
def _tests(path: Path) -> frozenset[str]:
    if not path.exists():
        return frozenset()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return frozenset(node.name for node in functions if node.name.startswith("test_"))


def test_every_promise_is_proved():
    assert len(list(promises(ROOT))) >= 20
    assert unproved(ROOT) == []


def test_a_promise_without_a_proof_is_found(tmp_path):
    plant(tmp_path, "tests/test_a.py", "def test_there(): ...\n")
    rows = "| Tea. | `tests/test_a.py::test_there` |\n| Milk. | `tests/test_a.py::test_gone` |\n| Sugar. | soon |\n"
    plant(tmp_path, "docs/security.md", "| promise | proved by |\n| --- | --- |\n" + rows)

    assert unproved(tmp_path) == ["tests/test_a.py::test_gone does not exist", "no test proves: Sugar."]
    assert not_run(tmp_path, passed={"tests/test_a.py::test_there[1]"}) == ["tests/test_a.py::test_gone"]


if __name__ == "__main__":
    missing = not_run(ROOT, passed=set(Path(sys.argv[1]).read_text(encoding="utf-8").split("\n")))
    if missing:
        sys.exit("\n".join(["these tests prove promises of docs/security.md and did not pass:", *missing]))
