"""Integer arithmetic written as Python source: what a cohort does to the usage of each of its contracts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import lcm
from typing import Any

from mains_spi.exact import half_up

Rater = Callable[[Iterable[Sequence[int]]], list[Any]]

_NAMES = re.compile(r"x\d+")
_IS_NAMED = re.compile(r"[xq]\d+|-?\d+").fullmatch


@dataclass(frozen=True, slots=True)
class Formula:
    """A number ``source * scale / under``: integer expressions and an exact factor. A constant has the source ``1``.

    ``under`` is above zero for every contract. ``is_positive``: so is the number itself, and then its source too.
    ``most`` is what it never exceeds, where that is known. ``columns`` are all that a person would say it rests on,
    also where its value turned out to be the same whatever they hold.
    """

    source: str
    scale: Fraction
    columns: frozenset[int] = frozenset()
    is_apportioned: bool = False
    under: str = "1"
    is_positive: bool = False
    most: Fraction | None = None

    @property
    def is_constant(self) -> bool:
        """Tell whether the number is the same for every contract."""
        return self.source == "1" and self.under == "1"


def constant(number: Fraction | int) -> Formula:
    """Make a number that is the same for every contract."""
    return Formula("1", Fraction(number), is_positive=number > 0)


class Program:
    """Collects the statements that lead from the columns of one contract to its bill."""

    __slots__ = ("_names", "statements")

    def __init__(self) -> None:
        self.statements: list[str] = []
        self._names: dict[str, str] = {}

    def name(self, expression: str) -> str:
        """Give a variable that holds an expression; equal expressions share one, and what has a name keeps it."""
        if _IS_NAMED(expression):
            return expression
        if expression not in self._names:
            self._names[expression] = f"x{len(self._names)}"
            self.statements.append(f"{self._names[expression]} = {expression}")
        return self._names[expression]

    def leading_to(self, result: str) -> list[str]:
        """Pick the statements that an expression rests on, in their order."""
        wanted, kept = set(_NAMES.findall(result)), []
        for statement in reversed(self.statements):
            name, _, expression = statement.partition(" = ")
            if name in wanted:
                wanted.update(_NAMES.findall(expression))
                kept.append(statement)
        return kept[::-1]

    def add(self, left: Formula, right: Formula) -> Formula:
        """Add two numbers."""
        if left.is_constant and right.is_constant:
            return _settled(left.scale + right.scale, left, right)
        if not left.scale or not right.scale:
            kept = left if left.scale else right
            return _made(kept.source, kept.scale, left, right, under=kept.under, is_positive=kept.is_positive)
        one, other, scale, under = self._comparable(left, right)
        are_positive = left.is_positive and right.is_positive
        return _made(self.name(f"{one} + {other}"), scale, left, right, under=under, is_positive=are_positive)

    def subtract(self, left: Formula, right: Formula) -> Formula:
        """Subtract the second number from the first."""
        return self.add(left, replace(right, scale=-right.scale, is_positive=False))

    def multiply(self, left: Formula, right: Formula) -> Formula:
        """Multiply two numbers."""
        if not left.scale or not right.scale:
            return _settled(Fraction(0), left, right)
        source, under = self._product(left.source, right.source), self._product(left.under, right.under)
        are_positive = left.is_positive and right.is_positive
        return _made(source, left.scale * right.scale, left, right, under=under, is_positive=are_positive)

    def divide(self, left: Formula, right: Formula) -> Formula:
        """Divide the first number by the second, which must be above zero for every contract."""
        assert right.is_positive, "nobody divides by what may be zero"
        source, under = self._product(left.source, right.under), self._product(left.under, right.source)
        return _made(source, left.scale / right.scale, left, right, under=under, is_positive=left.is_positive)

    def choose(self, comparison: str, left: Formula, right: Formula) -> Formula:
        """Take the smaller (``<``) or the greater (``>``) of two numbers."""
        if left.is_constant and right.is_constant:
            wanted = min if comparison == "<" else max
            return _settled(wanted(left.scale, right.scale), left, right)
        if comparison == ">":
            for fixed, bounded in ((left, right), (right, left)):
                if fixed.is_constant and bounded.most is not None and bounded.most <= fixed.scale:
                    return _settled(fixed.scale, left, right)
        one, other, scale, under = self._comparable(left, right)
        one, other = self.name(one), self.name(other)
        chosen = self.name(f"{one} if {one} {comparison} {other} else {other}")
        positive = (left.is_positive, right.is_positive)
        is_positive = any(positive) if comparison == ">" else all(positive)
        made = _made(chosen, scale, left, right, under=under, is_positive=is_positive)
        bounds = [part.scale if part.is_constant else part.most for part in (left, right)]
        known = [bound for bound in bounds if bound is not None]
        return replace(made, most=min(known)) if known and comparison == "<" else made

    def round(self, number: Formula, places: int) -> Formula:
        """Round half away from zero."""
        if number.is_constant:
            return _settled(half_up(number.scale, places), number)
        factor = number.scale * 10**places
        if factor.denominator == 1 and number.under == "1":
            return _made(_times(number.source, factor.numerator), Fraction(1, 10**places), number)
        double = self.name(_times(number.source, 2 * factor.numerator))
        below, twice = str(factor.denominator), str(2 * factor.denominator)
        if number.under != "1":
            below = self.name(_times(number.under, factor.denominator))
            twice = self.name(f"{below}*2")
        rounded = f"({double} + {below})//{twice} if {double} >= 0 else -(({below} - {double})//{twice})"
        return _made(self.name(rounded), Fraction(1, 10**places), number)

    def units(self, number: Formula, places: int) -> str:
        """Write a number as an integer expression in units of so many decimals, rounded half-up if it has more."""
        rounded = self.round(number, places)
        return _over(rounded, Fraction(1, 10**places))

    def _comparable(self, left: Formula, right: Formula) -> tuple[str, str, Fraction, str]:
        """Write two numbers as whole expressions of one scale over one divisor."""
        scale = _common(left, right)
        one, other = _over(left, scale), _over(right, scale)
        if left.under == right.under:
            return one, other, scale, left.under
        under = self._product(left.under, right.under)
        return self._product(self.name(one), right.under), self._product(self.name(other), left.under), scale, under

    def _product(self, one: str, other: str) -> str:
        if one == "1" or other == "1":
            return other if one == "1" else one
        return self.name(f"{one}*{other}")


def assemble(columns: int, program: Program, result: str) -> Rater:
    """Make the function that runs, for each row, what a program needs for a result.

    The source consists only of integers, the names of this module and arithmetic, so nothing of a tariff's text is run.
    """
    row = ", ".join(f"q{i}" for i in range(columns)) + ("," if columns == 1 else "")
    body = "\n".join(f"        {statement}" for statement in (*program.leading_to(result), f"add({result})"))
    head = f"def rate(rows):\n    bills = []\n    add = bills.append\n    for {row or '_'} in rows:"
    source = f"{head}\n{body}\n    return bills"
    space: dict[str, Any] = {}
    exec(compile(source, "<cohort>", "exec"), space)
    rater: Rater = space["rate"]
    return rater


def _made(source: str, scale: Fraction, *parts: Formula, under: str = "1", is_positive: bool = False) -> Formula:
    columns = frozenset().union(*(part.columns for part in parts))
    return Formula(source, scale, columns, any(part.is_apportioned for part in parts), under, is_positive)


def _settled(number: Fraction, *parts: Formula) -> Formula:
    """Make a number that is the same for every contract, though a person would say that it rests on its parts."""
    return _made("1", number, *parts, is_positive=number > 0)


def _common(left: Formula, right: Formula) -> Fraction:
    return Fraction(1, lcm(left.scale.denominator, right.scale.denominator))


def _over(number: Formula, scale: Fraction) -> str:
    """Write a number in whole multiples of a scale that divides it."""
    times = number.scale / scale
    return str(times.numerator) if number.is_constant else _times(number.source, times.numerator)


def _times(source: str, factor: int) -> str:
    return source if factor == 1 else f"{source}*{factor}"
