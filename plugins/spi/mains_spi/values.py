"""Works out terms."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from mains_spi.book import fact_months
from mains_spi.civil import months_in, window_of, years_in
from mains_spi.components import Component, PerUnit
from mains_spi.errors import CannotRate, MissingInput
from mains_spi.exact import ZERO
from mains_spi.here import Here
from mains_spi.prices import When
from mains_spi.record import Period
from mains_spi.requests import FactValue
from mains_spi.terms import (
    Amount,
    Assumed,
    Block,
    Combined,
    Const,
    Fact,
    GroupQty,
    Least,
    Months,
    Most,
    OrElse,
    Price,
    Qty,
    Round,
    Term,
    Total,
    Window,
    Years,
)
from mains_spi.trace import ASSUMED, SHARED, Source, Trace, Value
from mains_spi.usage import quantity
from mains_spi.walk import find


def value_of(term: Term, here: Here) -> Value:
    """Work out a term for these days and this party."""
    return _WORKED_OUT[type(term)](term, here)


def all_hold(conditions: tuple[When, ...], here: Here) -> bool:
    """Tell whether all conditions hold on the first of these days."""
    return all(here.scope.holds(when, here.segment.start, here.component) for when in conditions)


def applies(component: Component, here: Here) -> bool:
    """Tell whether a component charges anything on these days: its conditions hold, and what it counts is there."""
    is_asked = not (isinstance(component, PerUnit) and component.if_given)
    is_given = is_asked or all(here.scope.measures(qty.name) for qty in find(component, Qty))
    return is_given and all_hold(component.when, here)


def _qty(term: Qty, here: Here) -> Value:
    return quantity(here, here.scope, term.name, term.unit, term.zone)


def _group_qty(term: GroupQty, here: Here) -> Value:
    if here.building is None:
        raise CannotRate("no_building", here.component, f"`{term.name}` is the building's: rate the building whole")
    return quantity(here, here.building.scope, term.name, term.unit)


def _price(term: Price, here: Here) -> Value:
    row, version = here.book.price(term, here.scope, here.segment.start, here.component)
    source = Source(term.name, term.unit, version.id, "", version.decision)
    printed = here.trace.given(Fraction(row.value), source)
    if row.tax_included is None:
        return printed
    tax = here.trace.given(1 + Fraction(row.tax_included), Source("1 + tax in the price", "1", version.id))
    return here.trace.step("div", printed, tax)


def _const(term: Const, here: Here) -> Value:
    return here.number(Fraction(term.value), "constant", term.unit)


def _months(_: Months, here: Here) -> Value:
    share = sum((_share(here.segment, month) for month in months_in(here.segment)), ZERO)
    return here.number(share, "months", "month")


def _years(_: Years, here: Here) -> Value:
    share = sum((_share(here.segment, year) for year in years_in(here.segment)), ZERO)
    return here.number(share, "years", "year")


def _share(segment: Period, whole: Period) -> Fraction:
    common = segment.common(whole)
    return Fraction(common.days, whole.days) if common else ZERO


def _fact(term: Fact, here: Here) -> Value:
    if term.parts:
        kept = here.book.facts_of_parts(term, here.segment.start, here.component)
        return _sum_of([_fact_value(fact, here) for fact in kept], here)
    if not term.months:
        return _fact_value(here.book.fact_on(term, here.segment.start, here.component), here)
    months = []
    for month in fact_months(term, here.segment.start):
        months.append(
            _sum_of([_fact_value(f, here) for f in here.book.facts_of_month(term, month, here.component)], here)
        )
    if term.reduce == "most":
        return here.trace.step("most", *months)
    total = here.trace.step("sum", *months)
    if term.reduce == "sum":
        return total
    return here.trace.step("div", total, here.number(len(months), "months"))


def _sum_of(parts: list[Value], here: Here) -> Value:
    return parts[0] if len(parts) == 1 else here.trace.step("sum", *parts)


def _fact_value(fact: FactValue, here: Here) -> Value:
    return here.trace.given(Fraction(fact.value), Source(f"{fact.name} {fact.period.start}", fact.unit, fact.source))


def _amount(term: Amount, here: Here) -> Value:
    return here.amount(term.code)


def _total(term: Total, here: Here) -> Value:
    """Sum over premises on a trace of its own, so that no neighbour's figure enters an explanation."""
    if here.building is None:
        raise CannotRate("no_building", here.component, "a total over premises needs the building: rate it whole")
    number, flags, count = ZERO, 0, 0
    for premise in here.building.premises:
        there = Here(
            here.tariff, here.book, Trace(), premise.scope, here.building, here.amounts, here.segment, here.component
        )
        if all_hold(term.where, there) and (term.lacking is None or _lacks(term.lacking, there)):
            value = value_of(term.of, there)
            number, flags, count = number + value.number, flags | (value.flags & SHARED), count + 1
    names = ", ".join(q.name for q in find(term.of, Qty)) or "1"
    return here.trace.given(number, Source(f"total of {names}, {count} premises"), flags)


def _lacks(term: Term, here: Here) -> bool:
    try:
        value_of(term, here)
    except MissingInput:
        return True
    return False


def _block(term: Block, here: Here) -> Value:
    return block(here, term.qty, (term.above, term.upto), term.window, term.prorate)


def block(here: Here, qty: Term, bounds: tuple[Any, Any], window: Window, prorate: bool) -> Value:
    """Work out the part of a quantity between two bounds, after what was used earlier in the window."""
    before = _used_before(here, qty, window)
    after = here.trace.step("add", before, value_of(qty, here))
    share = window_share(here, window) if prorate else None
    above, upto = (_bound(here, bound, share) for bound in bounds)
    return here.trace.step("sub", _clamped(here, after, above, upto), _clamped(here, before, above, upto))


def _clamped(here: Here, value: Value, above: Value | None, upto: Value | None) -> Value:
    if upto is not None:
        value = here.trace.step("least", value, upto)
    return value if above is None else here.trace.step("most", value, above)


def _bound(here: Here, bound: Any, share: Value | None) -> Value | None:
    if bound is None:
        return None
    value = value_of(bound, here) if isinstance(bound, Term) else here.number(Fraction(bound), "bound")
    return value if share is None else here.trace.step("mul", value, share)


def window_share(here: Here, window: Window) -> Value:
    """Give the part of a window's days that the bill covers."""
    whole = window_of(here.segment.start, window, here.book.request.period)
    return here.number(_share(here.book.request.period, whole), f"part of the {window} billed")


def _used_before(here: Here, qty: Term, window: Window) -> Value:
    bill = here.book.request.period
    start = window_of(here.segment.start, window, bill).start
    used = here.number(ZERO, f"used earlier in the {window}")
    if start < bill.start:
        used = carried(here, qty, window)
    earlier = max(start, bill.start)
    if earlier < here.segment.start:
        then = value_of(qty, here.at(Period(earlier, here.segment.start), here.component))
        used = here.trace.step("add", used, then)
    return used


def carried(here: Here, qty: Term, window: Window) -> Value:
    """Find what was used of a quantity in the window before the bill began."""
    names = [q.name for q in find(qty, Qty)]
    name = names[0] if names else ""
    entry = here.book.used.get((name, window))
    if entry is None:
        remedy = f"the {window} began before the bill: give what was used of `{name}` in it until then"
        raise MissingInput("missing_used", here.component, remedy)
    return here.trace.given(Fraction(entry.value), Source(f"{name} used earlier in the {window}"))


def _round(term: Round, here: Here) -> Value:
    return here.trace.step("round", value_of(term.of, here), places=term.places)


def _least(term: Least, here: Here) -> Value:
    return here.trace.step("least", *(value_of(arg, here) for arg in term.args))


def _most(term: Most, here: Here) -> Value:
    return here.trace.step("most", *(value_of(arg, here) for arg in term.args))


def _or_else(term: OrElse, here: Here) -> Value:
    try:
        return value_of(term.first, here)
    except MissingInput:
        return value_of(term.then, here)


def _assumed(term: Assumed, here: Here) -> Value:
    value = value_of(term.of, here)
    return value._replace(flags=value.flags | ASSUMED)


def _combined(term: Combined, here: Here) -> Value:
    left, right = value_of(term.left, here), value_of(term.right, here)
    if term.op == "div" and right.number == 0:
        raise CannotRate("division_by_zero", here.component, "the tariff divides by a quantity that is zero here")
    return here.trace.step(term.op, left, right)


_WORKED_OUT: dict[type, Callable[[Any, Here], Value]] = {
    Qty: _qty,
    GroupQty: _group_qty,
    Price: _price,
    Const: _const,
    Months: _months,
    Years: _years,
    Fact: _fact,
    Amount: _amount,
    Total: _total,
    Block: _block,
    Round: _round,
    Least: _least,
    Most: _most,
    OrElse: _or_else,
    Assumed: _assumed,
    Combined: _combined,
}

KNOWN_TERMS = frozenset(_WORKED_OUT)
