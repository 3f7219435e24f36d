"""Load checks: what is wrong in a tariff and its prices, found before any bill depends on them.

Every mistake names the component and says what to do.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any, get_args, get_type_hints

from mains_spi.algebra import misfits
from mains_spi.components import (
    AllocateBuilding,
    Component,
    Figure,
    Monthly,
    PerAmpere,
    PerUnit,
    Pool,
    Rebate,
    Spot,
    Tiered,
    TimeOfUse,
)
from mains_spi.errors import BadUnit
from mains_spi.hooks import Utility
from mains_spi.prices import PriceVersion
from mains_spi.record import Record
from mains_spi.results import Mistake
from mains_spi.tariff import Tariff
from mains_spi.terms import Amount, Block, Fact, GroupQty, Qty, Round, Term
from mains_spi.units import parse_unit
from mains_spi.values import KNOWN_TERMS
from mains_spi.vet_buildings import vet_building
from mains_spi.vet_conditions import vet_condition
from mains_spi.vet_prices import vet_prices
from mains_spi.vet_time import vet_calendar, vet_fact, vet_time_of_use
from mains_spi.walk import charges_of, codes_of, find, inside, name_of

PLACES_MAX = 12
_choices_known: dict[type[Record], tuple[tuple[str, tuple[Any, ...]], ...]] = {}
KNOWN_COMPONENTS = frozenset({PerUnit, Monthly, PerAmpere, Tiered, TimeOfUse, Spot, Rebate, Figure, AllocateBuilding})


def vet(tariff: Tariff, prices: tuple[PriceVersion, ...], utility: Utility) -> tuple[Mistake, ...]:
    """Find what is wrong in a tariff and its prices before any bill depends on them.

    ``prices`` are the versions of all lists the tariff uses, the product's bound as ``product`` (see
    ``bind_product``); with none given only the tariff itself is looked at.
    """
    floats = list(_floats((tariff, prices), "", tariff.code))
    if floats:
        return tuple(dict.fromkeys(floats))
    mistakes = [*_rounding(tariff), *vet_prices(tariff, prices, utility)]
    before: set[str] = set()
    for component in tariff.components:
        mistakes.extend(_component(component, tariff, utility, before))
        before.update(codes_of(component))
    for calendar in tariff.calendars:
        mistakes.extend(vet_calendar(calendar))
    return tuple(dict.fromkeys(mistakes))


def _floats(value: Any, path: str, component: str) -> Iterator[Mistake]:
    """Find floats, also those smuggled past the constructors."""
    if isinstance(value, float):
        yield Mistake("float", component, f"{path} is the float {value!r}: write Decimal({str(value)!r})")
    elif isinstance(value, tuple):
        for item in value:
            yield from _floats(item, path, component)
    elif isinstance(value, Record):
        own = name_of(value) if isinstance(value, Component) else component
        for field in fields(value):  # type: ignore[arg-type]
            where = f"{type(value).__name__}.{field.name}"
            yield from _floats(getattr(value, field.name), where, own)


def _rounding(tariff: Tariff) -> Iterator[Mistake]:
    policy = tariff.rounding
    asked = {"line": policy.line, "tax_places": policy.tax_places, "total": policy.total, **dict(tariff.places)}
    for name, places in asked.items():
        if places is not None and not _good_places(places):
            yield _bad_places(tariff.code, name, places)
    yield from _words(policy, tariff.code)
    if policy.line is None and policy.tax != "end":
        yield Mistake("bad_rounding", tariff.code, "only tax='end' leaves lines unrounded: give Rounding.line")


def _component(component: Component, tariff: Tariff, utility: Utility, before: set[str]) -> Iterator[Mistake]:
    name = name_of(component)
    unknown = [*_unknown_records(component, name), *(m for part in inside(component) for m in _words(part, name))]
    if unknown:
        yield from unknown
        return
    yield from _units(component, tariff, utility)
    known = {charge.code for charge in utility.charges}
    for code in charges_of(component):
        if code not in known:
            yield Mistake("unknown_charge", name, f"the utility declares no charge `{code}`: add a ChargeCode")
    yield from _amounts(component, before)
    yield from _parts(component, tariff, utility)


def _unknown_records(component: Component, name: str) -> Iterator[Mistake]:
    if type(component) not in KNOWN_COMPONENTS:
        yield Mistake("unknown_component", name, f"{type(component).__name__} is no component of this version")
    for term in find(component, Term):
        if type(term) not in KNOWN_TERMS:
            yield Mistake(
                "unknown_term", name, f"{type(term).__name__} is no term of this version: combine those it has"
            )


def _words(part: Record, name: str) -> Iterator[Mistake]:
    """Find words outside the few that a field allows."""
    kind = type(part)
    if kind not in _choices_known:
        _choices_known[kind] = _choices(kind)
    for field, allowed in _choices_known[kind]:
        value = getattr(part, field)
        if value not in allowed:
            where = f"{type(part).__name__}.{field}"
            yield Mistake("unknown_word", name, f"{where} is {value!r}: choose one of {', '.join(map(str, allowed))}")


def _choices(kind: type[Record]) -> tuple[tuple[str, tuple[Any, ...]], ...]:
    """Give the fields of a kind of record that allow only some words, with those words."""
    hints = get_type_hints(kind).items()
    return tuple((field, get_args(hint)) for field, hint in hints if "Literal" in str(hint) and get_args(hint))


def _units(component: Component, tariff: Tariff, utility: Utility) -> Iterator[Mistake]:
    name = name_of(component)
    for sentence in misfits(component, tariff.currency):
        yield Mistake("unit_mismatch", name, sentence)
    declared = {kind.name: kind.unit for kind in utility.quantities}
    declared |= {a.name: a.unit for a in utility.attributes if a.unit is not None}
    quantities: list[Qty | GroupQty] = [*find(component, Qty), *find(component, GroupQty)]
    for qty in quantities:
        unit = declared.get(qty.name)
        if unit is None:
            remedy = f"the utility declares no quantity `{qty.name}`: add a QuantityKind, or an attribute with a unit"
            yield Mistake("unknown_quantity", name, remedy)
        elif not _same(unit, qty.unit):
            remedy = f"quantity `{qty.name}` is in {qty.unit} but the utility declares it in {unit}: make them the same"
            yield Mistake("unit_mismatch", name, remedy)


def _same(left: str, right: str) -> bool:
    try:
        return parse_unit(left) == parse_unit(right)
    except BadUnit:
        return False


def _amounts(component: Component, before: set[str]) -> Iterator[Mistake]:
    """Find amounts of components that do not come before; so no amount can depend on itself."""
    name = name_of(component)
    allowed = set(before)
    if isinstance(component, AllocateBuilding):
        for pool in component.pools:
            yield from _unknown_amounts(pool, name, allowed | {component.code})
            allowed.add(pool.code)
        yield from _unknown_amounts(component.total, name, before)
    else:
        yield from _unknown_amounts(component, name, allowed)


def _unknown_amounts(record: Record, name: str, allowed: set[str]) -> Iterator[Mistake]:
    for amount in find(record, Amount):
        if amount.code not in allowed:
            remedy = f"Amount('{amount.code}') is of no earlier component: put that component before this one"
            yield Mistake("unknown_amount", name, remedy)


def _parts(component: Component, tariff: Tariff, utility: Utility) -> Iterator[Mistake]:
    name = name_of(component)
    if component.each_place and isinstance(component, (AllocateBuilding, Figure)):
        yield Mistake("each_place", name, "a building's cost and a kept figure are the whole's: leave each_place out")
    yield from vet_condition(component, name, utility)
    for part in inside(component):
        if isinstance(part, Round) and not _good_places(part.places):
            yield _bad_places(name, "Round.places", part.places)
        elif isinstance(part, (Spot, Pool)):
            yield from _optional_places(part, name)
        elif isinstance(part, Fact):
            yield from vet_fact(part, name)
        elif isinstance(part, Block):
            yield from _bounds(part, name)
    if isinstance(component, Tiered):
        yield from _tiers(component, name)
    elif isinstance(component, TimeOfUse):
        yield from vet_time_of_use(component, tariff)
    elif isinstance(component, AllocateBuilding):
        yield from vet_building(component)


def _optional_places(part: Spot | Pool, name: str) -> Iterator[Mistake]:
    for field in ("places", "fold_places", "price_places"):
        places = getattr(part, field, None)
        if places is not None and not _good_places(places):
            yield _bad_places(name, f"{type(part).__name__}.{field}", places)


def _good_places(places: object) -> bool:
    return type(places) is int and 0 <= places <= PLACES_MAX


def _bad_places(name: str, field: str, places: object) -> Mistake:
    return Mistake("bad_places", name, f"{field} is {places!r}: give a whole number from 0 to {PLACES_MAX}")


def _bounds(block: Block, name: str) -> Iterator[Mistake]:
    if isinstance(block.above, Term) or isinstance(block.upto, Term) or block.above is None or block.upto is None:
        return
    if block.upto <= block.above:
        yield Mistake("tiers_order", name, f"Block is above {block.above} but only up to {block.upto}: swap them")


def _tiers(component: Tiered, name: str) -> Iterator[Mistake]:
    if not component.tiers or component.tiers[-1].upto is not None:
        yield Mistake("tiers_order", name, "the last tier has an upper bound: leave its `upto` out")
    below = None
    for tier in component.tiers[:-1]:
        if tier.upto is None:
            yield Mistake(
                "tiers_order", name, f"tier `{tier.code}` has no upper bound but is not the last: give `upto`"
            )
        elif not isinstance(tier.upto, Term):
            if tier.upto <= 0 or (below is not None and tier.upto <= below):
                yield Mistake("tiers_order", name, f"tier `{tier.code}` ends at {tier.upto}: let bounds rise from zero")
            below = tier.upto
