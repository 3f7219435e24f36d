"""Turns terms into formulas over the columns of a cohort."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from mains_spi.civil import window_of
from mains_spi.errors import MissingInput, SpiError
from mains_spi.exact import UNIT, ZERO
from mains_spi.formula import Formula, Program, constant
from mains_spi.here import Here
from mains_spi.record import Period, Record
from mains_spi.terms import (
    Amount,
    Assumed,
    Block,
    Combined,
    GroupQty,
    Least,
    Most,
    OrElse,
    Qty,
    Round,
    Term,
    Total,
    Window,
)
from mains_spi.usage import DEFAULT_PLACES
from mains_spi.values import carried, value_of, window_share

MICRO = 10**6


class NotCompiled(SpiError):
    """The cohort cannot be billed with integers; its contracts go to ``evaluate``."""


@dataclass(frozen=True, slots=True)
class Column(Record):
    """One input of each contract: the usage of a quantity in millionths of ``unit``.

    It is that of the days of ``stretch``, or, without one, of the whole period.
    """

    name: str
    unit: str
    zone: str | None
    stretch: Period | None = None


@dataclass(frozen=True, slots=True)
class Compiler:
    """The columns found so far, the program over them, and what each code charges in some days."""

    columns: list[Column] = field(default_factory=list)
    program: Program = field(default_factory=Program)
    amounts: dict[tuple[str, Period], Formula] = field(default_factory=dict)

    def formula(self, term: Term, here: Here) -> Formula:
        """Work out a term: as a constant where it is the same for all, else as a formula."""
        compiled = _COMPILED.get(type(term))
        return constant(value_of(term, here).number) if compiled is None else compiled(self, term, here)

    def usage(self, term: Qty, here: Here) -> Formula:
        """Find a quantity: the sum of its columns, each divided by days where these days are only a part of its own."""
        if term.name in here.scope.series:
            raise NotCompiled(f"`{term.name}` is a series: each contract has its own")
        if all(column.name != term.name for column in self.columns):
            return constant(value_of(term, here).number)
        total = constant(ZERO)
        for index, column in enumerate(self.columns):
            if column.name == term.name and term.zone in (None, column.zone):
                total = self.program.add(total, self._share(index, here))
        return total

    def add_amount(self, code: str, segment: Period, net: Formula) -> None:
        """Add to what a code charges in some days."""
        before = self.amounts.get((code, segment))
        self.amounts[(code, segment)] = net if before is None else self.program.add(before, net)

    def block(self, here: Here, qty: Term, bounds: tuple[Any, Any], window: Window, prorate: bool) -> Formula:
        """Work out the part of a quantity between two bounds, as ``values.block`` does."""
        before = self._used_before(here, qty, window)
        after = self.program.add(before, self.formula(qty, here))
        share = constant(window_share(here, window).number if prorate else UNIT)
        above, upto = (self._bound(here, bound, share) for bound in bounds)
        return self.program.subtract(self._clamped(after, above, upto), self._clamped(before, above, upto))

    def _used_before(self, here: Here, qty: Term, window: Window) -> Formula:
        bill = here.book.request.period
        start = window_of(here.segment.start, window, bill).start
        used = constant(carried(here, qty, window).number if start < bill.start else ZERO)
        earlier = max(start, bill.start)
        if earlier == here.segment.start:
            return used
        then = here.at(Period(earlier, here.segment.start), here.component)
        return self.program.add(used, self.formula(qty, then))

    def _bound(self, here: Here, bound: Any, share: Formula) -> Formula | None:
        if bound is None:
            return None
        value = self.formula(bound, here) if isinstance(bound, Term) else constant(Fraction(bound))
        return self.program.multiply(value, share)

    def _clamped(self, value: Formula, above: Formula | None, upto: Formula | None) -> Formula:
        if upto is not None:
            value = self.program.choose("<", value, upto)
        return value if above is None else self.program.choose(">", value, above)

    def _share(self, index: int, here: Here) -> Formula:
        whole = self.columns[index].stretch or here.book.request.period
        days = whole.common(here.segment)
        if days is None:
            return constant(ZERO)
        if days == whole:
            return Formula(f"q{index}", Fraction(1, MICRO), frozenset({index}))
        upto = self._cumulated(index, here, (days.end - whole.start).days, of=whole.days)
        return self.program.subtract(upto, self._cumulated(index, here, (days.start - whole.start).days, of=whole.days))

    def _cumulated(self, index: int, here: Here, passed: int, *, of: int) -> Formula:
        if passed == 0:
            return constant(ZERO)
        share = Formula(f"q{index}", Fraction(passed, of * MICRO), frozenset({index}), is_apportioned=True)
        if passed == of:
            return share
        places = dict(here.tariff.places).get(self.columns[index].name, DEFAULT_PLACES)
        return self.program.round(share, places)


def _qty(compiler: Compiler, term: Qty, here: Here) -> Formula:
    return compiler.usage(term, here)


def _amount(compiler: Compiler, term: Amount, here: Here) -> Formula:
    return compiler.amounts.get((term.code, here.segment), constant(ZERO))


def _block(compiler: Compiler, term: Block, here: Here) -> Formula:
    return compiler.block(here, term.qty, (term.above, term.upto), term.window, term.prorate)


def _round(compiler: Compiler, term: Round, here: Here) -> Formula:
    return compiler.program.round(compiler.formula(term.of, here), term.places)


def _extreme(comparison: str) -> Callable[[Compiler, Any, Here], Formula]:
    def compiled(compiler: Compiler, term: Least | Most, here: Here) -> Formula:
        found, *others = (compiler.formula(arg, here) for arg in term.args)
        for other in others:
            found = compiler.program.choose(comparison, found, other)
        return found

    return compiled


def _or_else(compiler: Compiler, term: OrElse, here: Here) -> Formula:
    try:
        return compiler.formula(term.first, here)
    except MissingInput:
        return compiler.formula(term.then, here)


def _combined(compiler: Compiler, term: Combined, here: Here) -> Formula:
    left, right = compiler.formula(term.left, here), compiler.formula(term.right, here)
    if term.op == "add":
        return compiler.program.add(left, right)
    if term.op == "sub":
        return compiler.program.subtract(left, right)
    if term.op == "mul":
        return compiler.program.multiply(left, right)
    if right.is_constant and right.scale != 0:
        return compiler.program.multiply(left, constant(1 / right.scale))
    if not right.is_positive:
        raise NotCompiled("the tariff divides by a quantity that may be zero: bound it with Most")
    return compiler.program.divide(left, right)


def _assumed(_: Compiler, term: Assumed, here: Here) -> Formula:
    raise NotCompiled(f"{here.component} may assume what was not measured, which marks its line")


def _building(_: Compiler, term: Term, here: Here) -> Formula:
    raise NotCompiled(f"{here.component} asks for the building")


_COMPILED: dict[type, Callable[[Compiler, Any, Here], Formula]] = {
    Qty: _qty,
    Assumed: _assumed,
    GroupQty: _building,
    Total: _building,
    Amount: _amount,
    Block: _block,
    Round: _round,
    Least: _extreme("<"),
    Most: _extreme(">"),
    OrElse: _or_else,
    Combined: _combined,
}
