"""Every calculation of a bill as a list of inputs and steps, so that each line can say how it came about."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor, lcm
from operator import mul
from typing import Any, NamedTuple

from mains_spi.exact import half_up, text

ESTIMATED = 1
APPORTIONED = 2
ASSUMED = 4
SHARED = ESTIMATED | APPORTIONED  # what an input of one premise says of the lines of all others that share with it

Vector = tuple[Fraction, ...]
Operand = Fraction | Vector


class Value(NamedTuple):
    """A number, the node that made it, and whether an estimate or a division by days is in it."""

    number: Fraction
    node: int
    flags: int = 0


class Values(NamedTuple):
    """A series of numbers and the node that holds it."""

    numbers: Vector
    node: int
    flags: int = 0


@dataclass(frozen=True, slots=True)
class Source:
    """Where an input comes from."""

    name: str
    unit: str = ""
    source: str = ""
    quality: str = ""
    decision: str | None = None


class _Node(NamedTuple):
    op: str
    args: tuple[int, ...]
    places: int | None
    value: Operand
    source: Source | None


class Trace:
    """Collects the inputs and steps of one bill or building."""

    __slots__ = ("_kept", "_nodes")

    def __init__(self) -> None:
        self._nodes: list[_Node] = []
        self._kept: dict[Hashable, Values] = {}

    def given(self, number: Fraction, source: Source, flags: int = 0) -> Value:
        """Note an input."""
        self._nodes.append(_Node("input", (), None, number, source))
        return Value(number, len(self._nodes) - 1, flags)

    def kept(self, key: Hashable, make: Callable[[], Values]) -> Values:
        """Give a series noted before under a key, so that it stands only once in an explanation."""
        if key not in self._kept:
            self._kept[key] = make()
        return self._kept[key]

    def series(self, numbers: Vector, source: Source, flags: int = 0) -> Values:
        """Note a series as one input."""
        self._nodes.append(_Node("input", (), None, numbers, source))
        return Values(numbers, len(self._nodes) - 1, flags)

    def step(self, op: str, *args: Value | Values, places: int | None = None) -> Value:
        """Calculate, and note how."""
        number = apply(op, [a[0] for a in args], places)
        flags = 0
        for arg in args:
            flags |= arg.flags
        self._nodes.append(_Node(op, tuple([a.node for a in args]), places, number, None))
        return Value(number, len(self._nodes) - 1, flags)

    def explain(self, *results: Value) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[str]]:
        """Give the inputs, the steps and the names of the results, with all they rest on and nothing else."""
        names: dict[int, str] = {}
        inputs: list[dict[str, Any]] = []
        steps: list[dict[str, Any]] = []
        for index in sorted(self._reachable([r.node for r in results])):
            node = self._nodes[index]
            if node.source is not None:
                names[index] = f"i{len(inputs) + 1}"
                inputs.append(_input(names[index], node.value, node.source))
            else:
                names[index] = f"s{len(steps) + 1}"
                steps.append(_step(names[index], node, names))
        return inputs, steps, [names[r.node] for r in results]

    def _reachable(self, nodes: list[int]) -> set[int]:
        found: set[int] = set()
        while nodes:
            node = nodes.pop()
            if node not in found:
                found.add(node)
                nodes.extend(self._nodes[node].args)
        return found


def apply(op: str, args: Sequence[Operand], places: int | None) -> Fraction:
    """Carry out one step; the evaluator and the replay both calculate here."""
    if op == "dot":
        left, right = args
        assert isinstance(left, tuple) and isinstance(right, tuple) and len(left) == len(right)
        return _dot(left, right)
    numbers: list[Fraction] = []
    for arg in args:
        numbers.extend(arg if isinstance(arg, tuple) else (arg,))
    return _OPERATIONS[op](numbers, places or 0)


def _dot(left: Vector, right: Vector) -> Fraction:
    """Multiply pair by pair and add, in whole numbers: a month of quarter hours is long."""
    (lefts, one), (rights, other) = _whole(left), _whole(right)
    return Fraction(sum(map(mul, lefts, rights)), one * other)


def _sum(numbers: Sequence[Fraction]) -> Fraction:
    whole, scale = _whole(numbers)
    return Fraction(sum(whole), scale)


def _whole(numbers: Sequence[Fraction]) -> tuple[list[int], int]:
    scale = lcm(*{number.denominator for number in numbers})
    return [number.numerator * (scale // number.denominator) for number in numbers], scale


_OPERATIONS: dict[str, Callable[[list[Fraction], int], Fraction]] = {
    "add": lambda n, _: n[0] + n[1],
    "sub": lambda n, _: n[0] - n[1],
    "mul": lambda n, _: n[0] * n[1],
    "div": lambda n, _: n[0] / n[1],
    "least": lambda n, _: min(n),
    "most": lambda n, _: max(n),
    "sum": lambda n, _: _sum(n),
    "round": lambda n, places: half_up(n[0], places),
    "floor": lambda n, places: Fraction(floor(n[0] * 10**places), 10**places),
}


def _input(name: str, value: Operand, source: Source) -> dict[str, Any]:
    written: dict[str, Any] = {"id": name, "name": source.name}
    if isinstance(value, tuple):
        written["value"] = [text(v) for v in value]
        written["sha256"] = hashlib.sha256(",".join(written["value"]).encode()).hexdigest()
    else:
        written["value"] = text(value)
    written |= {"unit": source.unit, "source": source.source, "quality": source.quality}
    if source.decision is not None:
        written["decision"] = source.decision
    return written


def _step(name: str, node: _Node, names: dict[int, str]) -> dict[str, Any]:
    written: dict[str, Any] = {"id": name, "op": node.op, "args": [names[a] for a in node.args]}
    if node.places is not None:
        written["places"] = node.places
    assert isinstance(node.value, Fraction)
    written["value"] = text(node.value)
    return written
