"""Divides a period where, and only where, the inputs of a component change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from mains_spi.book import fact_months
from mains_spi.civil import months_in, window_of, years_in
from mains_spi.components import AllocateBuilding, Component, Figure, Tiered
from mains_spi.errors import CannotRate, MissingInput
from mains_spi.here import Here
from mains_spi.plan import Plan
from mains_spi.prices import When
from mains_spi.record import Period, Record
from mains_spi.scope import Scope
from mains_spi.terms import Block, Fact, GroupQty, Price, Qty
from mains_spi.walk import inside, name_of, taxed_charges_of


def segments_of(plan: Plan, index: int, here: Here) -> list[Period]:
    """Divide the bill's period for one component and all that are cut together with it."""
    together = plan.clusters[index]
    known = here.book.segments
    if together not in known:
        known[together] = _segments([plan.components[i] for i in together], here)
    return known[together]


def _segments(cluster: list[Component], here: Here) -> list[Period]:
    whole = here.book.request.period
    days = sorted({day for day in _days(cluster, here) if whole.start < day < whole.end})
    if not days:
        return [whole]
    starts = [whole.start]
    before = _state(cluster, here, whole.start)
    for day in days:
        state = _state(cluster, here, day)
        if state != before:
            starts.append(day)
            before = state
    return [Period(start, end) for start, end in zip(starts, [*starts[1:], whole.end], strict=True)]


def _days(cluster: list[Component], here: Here) -> Iterator[date]:
    """Give every day on which something the components look at could change."""
    parts = dict.fromkeys(part for component in cluster for part in inside(component))
    for part in parts:
        yield from _days_of(part, here)
    for charge in {charge for component in cluster for charge in taxed_charges_of(component)}:
        code = here.book.tax_codes.get(charge, here.book.tax_codes.get("*", ""))
        yield from _bounds(rate.period for rate in here.book.taxes.get(code, ()))
    names = {"kind"}.union(*(_names_of(part) for part in parts))
    if any(component.each_place for component in cluster):
        yield from _bounds(site.period for site in here.sites)
    for scope in _scopes(here):
        for name in names & scope.attributes.keys():
            yield from _bounds(attribute.period for attribute in scope.attributes[name])


def _days_of(part: Record, here: Here) -> Iterator[date]:
    book, whole = here.book, here.book.request.period
    if isinstance(part, Price):
        yield from _bounds(version.period for version in book.versions.get(part.list, ()))
    elif isinstance(part, Fact):
        yield from _bounds(months_in(whole))
        yield from _bounds(fact.period for fact in book.facts.get(part.name, ()))
    elif isinstance(part, (Block, Tiered)) and part.window != "bill":
        yield from _bounds(months_in(whole) if part.window == "month" else years_in(whole))


def _names_of(part: Record) -> tuple[str, ...]:
    """Name the attributes that a part of a component looks at."""
    if isinstance(part, Price):
        return part.by
    return (part.name,) if isinstance(part, (When, Qty, GroupQty)) else ()


def _bounds(periods: Iterable[Period]) -> Iterator[date]:
    for period in periods:
        yield period.start
        yield period.end


def _scopes(here: Here) -> list[Scope]:
    if here.building is None:
        return [here.scope, *(site.scope for site in here.sites)]
    return [here.scope, here.building.scope, *(premise.scope for premise in here.building.premises)]


def _state(cluster: list[Component], here: Here, day: date) -> tuple[Any, ...]:
    return tuple(_component_state(component, here, day) for component in cluster)


def _component_state(component: Component, here: Here, day: date) -> tuple[Any, ...]:
    if component.each_place and here.sites:
        there = (site for site in here.sites if site.period.has(day))
        return tuple((site.name, _state_for(component, here, site.scope, day)) for site in there)
    if here.building is None:
        return _state_for(component, here, here.scope, day)
    if isinstance(component, (AllocateBuilding, Figure)):
        if not _applies(component, here.building.scope, day):
            return (False,)
        own = _leaves(component, here, here.building.scope, day)
        return (
            own,
            *(_leaves(component, here, p.scope, day) for p in here.building.premises),
            _taxes(component, here, day),
        )
    return tuple(_state_for(component, here, premise.scope, day) for premise in here.building.premises)


def _state_for(component: Component, here: Here, scope: Scope, day: date) -> tuple[Any, ...]:
    if not _applies(component, scope, day):
        return (False,)
    rates = []
    for charge in taxed_charges_of(component):
        rates.append(here.book.tax(charge, scope, day).rate)
    return (*_leaves(component, here, scope, day), *rates)


def _applies(component: Component, scope: Scope, day: date) -> bool:
    return all(scope.holds(when, day, name_of(component)) for when in component.when)


def _taxes(component: Component, here: Here, day: date) -> tuple[Any, ...]:
    """Give the rates for every kind of customer: in a building each premise has its own."""
    codes = {here.book.tax_codes.get(c, here.book.tax_codes.get("*", "")) for c in taxed_charges_of(component)}
    rates = [rate for code in sorted(codes) for rate in here.book.taxes.get(code, ()) if rate.period.has(day)]
    return tuple(sorted((rate.code, rate.kind or "", rate.rate) for rate in rates))


def _leaves(component: Component, here: Here, scope: Scope, day: date) -> tuple[Any, ...]:
    return tuple(_leaf(part, here, scope, day, name_of(component)) for part in inside(component))


def _leaf(part: Record, here: Here, scope: Scope, day: date, component: str) -> Any:
    """Give what a part of a component comes to on a day; what is missing is found when the line is worked out."""
    state: Any = None
    try:
        match part:
            case Price():
                row, _ = here.book.price(part, scope, day, component)
                state = (row.value, row.tax_included)
            case Qty() | GroupQty():
                state = _attribute(part, here, scope, day)
            case When():
                state = scope.holds(part, day, component)
            case Fact():
                state = _facts(part, here, day, component)
            case Block() | Tiered():
                state = window_of(day, part.window, here.book.request.period)
    except MissingInput as missing:
        state = missing.code
    return state


def _attribute(part: Qty | GroupQty, here: Here, scope: Scope, day: date) -> str | None:
    if isinstance(part, GroupQty):
        if here.building is None:
            raise CannotRate("no_building", part.name, f"`{part.name}` is the building's: rate the building whole")
        scope = here.building.scope
    attribute = None if scope.measures(part.name) else scope.own_attribute(part.name, day)
    return attribute.value if attribute else None


def _facts(part: Fact, here: Here, day: date, component: str) -> tuple[Any, ...]:
    if part.parts:
        return tuple(fact.value for fact in here.book.facts_of_parts(part, day, component))
    if not part.months:
        return (here.book.fact_on(part, day, component).value,)
    months = fact_months(part, day)
    return tuple(fact.value for month in months for fact in here.book.facts_of_month(part, month, component))
