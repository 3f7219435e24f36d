"""Turns the inputs of a golden bill into the rating request that the evaluator is given."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, timedelta
from decimal import Decimal
from typing import Literal, cast

from mains_spi import (
    ALWAYS,
    Attribute,
    BadUnit,
    FactValue,
    Group,
    Member,
    Occupant,
    Period,
    Place,
    PriceRow,
    PriceVersion,
    Quality,
    RatingRequest,
    Series,
    TaxRate,
    Usage,
    Used,
    When,
)
from mains_spi.units import parse_unit

from mains_kit.errors import KeyMissing, NumberUnreadable, UnitsDiffer, ValueUnreadable, VersionsOverlap
from mains_kit.tables import MEASURE, NUMBER, BareNumber, Table

TIMES = re.compile("[0-9]{1,6}")
QUALITIES = tuple(quality.value.lower() for quality in Quality)


def read_request(*, table: Table, bill: Table, period: Period) -> RatingRequest:
    """Read all inputs of a bill; the tax code of each charge is the adapter's to say."""
    return RatingRequest(
        contract=bill.word("contract", "golden"),
        period=period,
        prices=read_prices(table.children("price")),
        taxes=_taxes(table.children("tax")),
        usage=_usage(table, period),
        attributes=(*_kind(bill), *_attributes(table)),
        series=tuple(_series(item) for item in table.children("series")),
        facts=tuple(_fact(item) for item in table.children("fact")),
        used=tuple(_used(item) for item in table.children("used")),
        group=_group(table, period),
        places=_places(table.children("place")),
        known_at=bill.day("known_at"),
        tz=bill.word("timezone", "Europe/Riga"),
    )


def read_prices(tables: tuple[Table, ...]) -> tuple[PriceVersion, ...]:
    """Read price versions, refusing two of one list that hold on one day with nothing to choose between them."""
    versions: list[PriceVersion] = []
    for at, table in enumerate(tables):
        version = _version(table)
        for earlier, other in zip(tables[:at], versions, strict=True):
            if _clash(version, other):
                raise table.refusal(
                    VersionsOverlap,
                    "from",
                    f"list {version.list!r} has two versions on {max(version.period.start, other.period.start)}: "
                    f"{earlier.key} and {table.key}",
                    "End the earlier with to = ..., or give the later, which corrects it, a later known_from",
                )
            if version.id == other.id:
                raise table.refusal(
                    VersionsOverlap, "version", f"{earlier.key} is called {version.id!r} too", "Give each its own name"
                )
        versions.append(version)
    return tuple(versions)


def _version(table: Table) -> PriceVersion:
    table.only("list", "version", "period", "from", "to", "known_from", "decision", "rows")
    period, name = table.days(default=ALWAYS), table.word("list")
    rows = tuple(_rows(table))
    if not rows:
        raise table.refusal(KeyMissing, "rows", "this is missing", 'Add rows = { name = "1.20 EUR/m3" }')
    return PriceVersion(
        id=table.word("version", name if period == ALWAYS else f"{name} {period.start}"),
        list=name,
        period=period,
        rows=rows,
        known_from=table.day("known_from"),
        decision=table.word_or_none("decision"),
    )


def _clash(one: PriceVersion, other: PriceVersion) -> bool:
    return one.list == other.list and one.known_from == other.known_from and one.period.meets(other.period)


def _rows(table: Table) -> Iterable[PriceRow]:
    if table.has_children("rows"):
        for item in table.children("rows"):
            item.only("name", "value", "unit", "when", "tax_included")
            yield PriceRow(
                item.word("name"),
                item.number("value"),
                _unit(item, "unit", item.word("unit")),
                _conditions(item.child("when")),
                item.number_or_none("tax_included"),
            )
    elif (short := table.child("rows")) is not None:
        for name in short.names():
            value, unit = short.measure(name)
            yield PriceRow(name, value, _unit(short, name, unit))


def _unit(table: Table, name: str, unit: str) -> str:
    try:
        parse_unit(unit)
    except BadUnit as error:
        raise table.refusal(UnitsDiffer, name, str(error), 'Write a unit such as "EUR/kWh"') from error
    return unit


def _conditions(table: Table | None) -> tuple[When, ...]:
    return () if table is None else tuple(_condition(table, name) for name in table.names())


def _condition(table: Table, name: str) -> When:
    value = table.values[name]
    if isinstance(value, dict):
        bounds = Table(table.file, table.text, table.path(name), value).only("above", "upto")
        return When(name, above=bounds.number_or_none("above"), upto=bounds.number_or_none("upto"))
    words = value if isinstance(value, list) else [value]
    if not words or not all(isinstance(word, str) for word in words):
        raise table.refusal(
            ValueUnreadable, name, "this is no condition", 'Write ["a", "b"] or { above = "16", upto = "63" }'
        )
    return When(name, tuple(words))


def _taxes(tables: tuple[Table, ...]) -> tuple[TaxRate, ...]:
    rates: list[TaxRate] = []
    for table in tables:
        table.only("code", "rate", "kind", "period", "from", "to")
        rate = TaxRate(table.word("code"), table.days(ALWAYS), table.number("rate"), table.word_or_none("kind"))
        if not 0 <= rate.rate < 1:
            raise table.refusal(NumberUnreadable, "rate", f"{rate.rate} is no tax rate", 'Write 21 % as "0.21"')
        if any(rate.code == r.code and rate.kind == r.kind and rate.period.meets(r.period) for r in rates):
            raise table.refusal(
                VersionsOverlap, "from", f"tax {rate.code!r} has two rates on one day", "End the earlier with to = ..."
            )
        rates.append(rate)
    return tuple(rates)


def _usage(table: Table, period: Period) -> tuple[Usage, ...]:
    if table.has_children("usage"):
        return tuple(_usage_row(item, period) for item in table.children("usage"))
    short = table.child("usage")
    if short is None:
        return ()
    rows = []
    for name in short.names():
        value, unit = short.measure(name)
        rows.append(Usage(name, period, value, _unit(short, name, unit)))
    return tuple(rows)


def _usage_row(table: Table, period: Period) -> Usage:
    table.only("name", "value", "unit", "zone", "quality", "source", "place", "period", "from", "to")
    return Usage(
        name=table.word("name"),
        period=table.days(period),
        value=table.number("value"),
        unit=_unit(table, "unit", table.word("unit")),
        zone=table.word_or_none("zone"),
        quality=_quality(table),
        source=table.word("source", ""),
        place=table.word("place", ""),
    )


def _quality(table: Table) -> Quality:
    return Quality(table.choice("quality", QUALITIES, "actual").upper())


def _kind(table: Table) -> tuple[Attribute, ...]:
    kind = table.word_or_none("kind")
    return () if kind is None else (Attribute("kind", kind),)


def _attributes(table: Table) -> tuple[Attribute, ...]:
    found = []
    short = table.child("attributes")
    if short is not None:
        found += [_attribute(short, name, short.word(name), ALWAYS) for name in short.names()]
    for item in table.children("attribute"):
        item.only("name", "value", "period", "from", "to", "decision")
        read = _attribute(item, item.word("name"), item.word("value"), item.days(ALWAYS))
        found.append(replace(read, decision=item.word("decision", "")))
    return tuple(found)


def _attribute(table: Table, name: str, text: str, period: Period) -> Attribute:
    """Read a word, a number, or a number with its unit ("44.6 m2")."""
    measure = MEASURE.fullmatch(text.strip())
    if measure is not None and NUMBER.fullmatch(measure[1]):
        return Attribute(name, measure[1], period, _unit(table, name, measure[2]))
    return Attribute(name, text, period)


def _series(table: Table) -> Series:
    table.only("name", "unit", "start", "step_minutes", "values", "source", "quality")
    minutes = table.whole("step_minutes", 60)
    if minutes <= 0:
        raise table.refusal(NumberUnreadable, "step_minutes", "a step takes time", 'Write step_minutes = "60"')
    return Series(
        name=table.word("name"),
        unit=_unit(table, "unit", table.word("unit")),
        start=table.instant("start").astimezone(UTC),
        step=timedelta(minutes=minutes),
        values=tuple(_series_values(table)),
        source=table.word("source", ""),
        quality=_quality(table),
    )


def _series_values(table: Table) -> Iterable[Decimal | None]:
    """Read values apart by spaces or in a list; "missing" is no value, "0.05*24" is the same value 24 times."""
    given = table.values.get("values")
    if given is None:
        raise table.refusal(KeyMissing, "values", "this is missing", 'Add values = "0.05 0.06 missing 0.04*24"')
    words = given if isinstance(given, list) else [] if isinstance(given, BareNumber) else str(given).split()
    for word in words:
        value, star, times = str(word).partition("*")
        if (value != "missing" and NUMBER.fullmatch(value) is None) or (star and not TIMES.fullmatch(times)):
            raise table.refusal(
                NumberUnreadable, "values", f"{word!r} is no value", 'Write numbers, "missing", or "0.05*24"'
            )
        yield from [None if value == "missing" else Decimal(value)] * (int(times) if star else 1)


def _fact(table: Table) -> FactValue:
    table.only("name", "value", "unit", "source", "period", "from", "to")
    unit = _unit(table, "unit", table.word("unit"))
    return FactValue(table.word("name"), table.days(ALWAYS), table.number("value"), unit, table.word("source", ""))


def _used(table: Table) -> Used:
    table.only("name", "window", "value")
    window = cast(Literal["month", "year", "bill"], table.choice("window", ("month", "year", "bill")))
    return Used(table.word("name"), window, table.number("value"))


def _group(table: Table, period: Period) -> Group | None:
    """Read the building. What holds for the bill holds for it and its premises too, unless they say otherwise."""
    building, members = table.child("building"), table.children("member")
    if building is None:
        if members:
            raise table.refusal(KeyMissing, "building", "there are members but no building", "Add [building]")
        return None
    building.only("id", "attributes", "attribute", "usage")
    group = Group(
        id=building.word("id", "building"),
        attributes=_attributes(building),
        usage=_usage(building, period),
        members=tuple(_member(item, period) for item in members),
    )
    ids = [member.id for member in group.members]
    for at, item in enumerate(members):
        if ids[at] in ids[:at]:
            raise item.refusal(VersionsOverlap, "id", f"{ids[at]!r} is there twice", "Give each premise its own id")
    return group


def _places(tables: tuple[Table, ...]) -> tuple[Place, ...]:
    """Read the supply points of a contract that has several; a row of usage says whose it is by `place`."""
    places: list[Place] = []
    for table in tables:
        table.only("name", "attributes", "attribute", "period", "from", "to")
        place = Place(table.word("name"), _attributes(table), table.days(ALWAYS))
        if place.name in {other.name for other in places}:
            raise table.refusal(
                VersionsOverlap, "name", f"{place.name!r} is there twice", "Give each place its own name"
            )
        places.append(place)
    return tuple(places)


def _member(table: Table, period: Period) -> Member:
    table.only("id", "kind", "attributes", "attribute", "usage", "occupant")
    return Member(
        id=table.word("id"),
        attributes=(*_kind(table), *_attributes(table)),
        usage=_usage(table, period),
        occupants=tuple(_occupant(item, period) for item in table.children("occupant")),
    )


def _occupant(table: Table, period: Period) -> Occupant:
    table.only("contract", "kind", "attributes", "attribute", "period", "from", "to")
    return Occupant(table.word("contract"), table.days(period), (*_kind(table), *_attributes(table)))
