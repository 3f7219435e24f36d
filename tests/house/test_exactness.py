"""No float and no clock anywhere near money."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.tree import ROOT, Source, plant, sources

BELOW_THE_EDGE = re.compile(
    r"server/mains_server/(?!commands/|demo/|routes/)\w+/|plugins/(?!kit/|template/)\w+/mains_\w+/"
)
# The last two are the sandbox's: a server of its own, whose clock is that of the edge.
EDGE_IN_ROOMS = {"jobs.py", "serving.py", "telling.py"}
CLOCKS = {
    "datetime.now",
    "datetime.utcnow",
    "datetime.today",
    "date.today",
    "time.time",
    "time.time_ns",
    "time.localtime",
    "random.random",
}
HALF_EVEN = {"round"}


def floats(root: Path) -> Iterator[str]:
    """Find float literals, conversions to float and the built-in round, which rounds half to even."""
    for source in _below_the_edge(root):
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, float | complex):
                if not _is_seconds(source, node):
                    yield source.says(node.lineno, f"{node.value} is a float; write Decimal or a whole number")
            elif isinstance(node, ast.Call) and _dotted(node.func) in {"float", *HALF_EVEN}:
                yield source.says(node.lineno, f"{_dotted(node.func)}() is not exact")


def clocks(root: Path) -> Iterator[str]:
    """Find calls that ask what time it is; `now` is an argument."""
    for source in _below_the_edge(root):
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Call):
                name = ".".join(_dotted(node.func).split(".")[-2:])
                if name in CLOCKS:
                    yield source.says(node.lineno, f"{name}() is for the edge; take `now` as an argument")


def test_no_float_near_money():
    assert list(floats(ROOT)) == []


def test_no_clock_below_the_edge():
    assert list(clocks(ROOT)) == []


def test_a_room_that_is_new_is_below_the_edge(tmp_path):
    plant(tmp_path, "server/mains_server/water/rules.py", "a = 0.5\nb = time.time()\n")

    assert (len(list(floats(tmp_path))), len(list(clocks(tmp_path)))) == (1, 1)


@pytest.mark.parametrize("line", ["a = 0.5", "a = float('1')", "a = round(x, 2)"])
def test_a_float_is_found(tmp_path, line):
    plant(tmp_path, "server/mains_server/ledger/rules.py", line + "\n")

    assert len(list(floats(tmp_path))) == 1


@pytest.mark.parametrize("line", ["a = datetime.now(UTC)", "a = time.time()", "a = dt.date.today()"])
def test_a_clock_is_found(tmp_path, line):
    plant(tmp_path, "plugins/water/mains_water/adapter.py", line + "\n")

    assert len(list(clocks(tmp_path))) == 1


def test_seconds_of_patience_are_no_money(tmp_path):
    plant(tmp_path, "server/mains_server/adapters/host.py", "PATIENCE_SECONDS = 0.5\n")

    assert list(floats(tmp_path)) == []


def _below_the_edge(root: Path) -> list[Source]:
    found = sources(root, "server", "plugins")
    return [s for s in found if BELOW_THE_EDGE.match(s.path.as_posix()) and s.path.name not in EDGE_IN_ROOMS]


def _is_seconds(source: Source, node: ast.Constant) -> bool:
    """A time limit may have a fraction: its line says that it is seconds."""
    return "seconds" in source.text.split("\n")[node.lineno - 1].lower()


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""
