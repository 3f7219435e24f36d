"""Works out each kind of component for one party and some days."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from fractions import Fraction
from typing import Any

from mains_spi.algebra import per_year, unit_of
from mains_spi.civil import months_in, years_in, zone_at
from mains_spi.components import (
    Calendar,
    Component,
    Monthly,
    PerAmpere,
    PerUnit,
    Rebate,
    Spot,
    Tiered,
    TimeOfUse,
)
from mains_spi.drafts import Draft, drafted
from mains_spi.errors import CannotRate
from mains_spi.exact import ZERO
from mains_spi.here import Here
from mains_spi.requests import Series
from mains_spi.spot import weighted_price
from mains_spi.terms import Qty, Term
from mains_spi.trace import Source, Value
from mains_spi.units import divide, parse_unit, unit_text
from mains_spi.usage import quantity, series_values, starts_of
from mains_spi.values import block, value_of
from mains_spi.walk import find


def charge(component: Component, here: Here) -> Iterator[Draft]:
    """Draft the lines of one component in these days."""
    return _CHARGED[type(component)](component, here)


def _per_unit(component: PerUnit, here: Here) -> Iterator[Draft]:
    units = _units(here, component.qty, component.price)
    yield drafted(here, component.code, value_of(component.qty, here), value_of(component.price, here), units=units)


def _units(here: Here, qty: Term, price: Term) -> tuple[str, str]:
    currency = here.tariff.currency
    return unit_text(unit_of(qty, currency)), unit_text(unit_of(price, currency))


def _monthly(component: Monthly, here: Here) -> Iterator[Draft]:
    yield from _fee(here, component, None)


def _per_ampere(component: PerAmpere, here: Here) -> Iterator[Draft]:
    yield from _fee(here, component, component.size)


def _fee(here: Here, component: Monthly | PerAmpere, size: Term | None) -> Iterator[Draft]:
    currency, price = here.tariff.currency, component.price
    span = fee_span(here, component, yearly=per_year(price, currency))
    if span is None:
        return
    count, unit, base = span
    number = here.number(count, f"{unit}s billed", unit)
    if size is not None:
        unit = f"{unit_text(unit_of(size, currency))}*{unit}"
        number = here.trace.step("mul", value_of(size, here), number)
    divisor = None if base == 1 else here.number(base, "parts in the time the price is for")
    units = unit, unit_text(unit_of(price, currency))
    yield drafted(here, component.code, number, value_of(price, here), units=units, base=divisor)


def _tiered(component: Tiered, here: Here) -> Iterator[Draft]:
    """Draft a line for the first tier, and for each other one that is reached."""
    lower: Term | Any = None
    for index, tier in enumerate(component.tiers):
        part = block(here, component.qty, (lower, tier.upto), component.window, component.prorate)
        if index == 0 or part.number != 0:
            units = _units(here, component.qty, tier.price)
            yield drafted(here, tier.code, part, value_of(tier.price, here), units=units)
        lower = tier.upto


def _time_of_use(component: TimeOfUse, here: Here) -> Iterator[Draft]:
    qty = find(component.qty, Qty)[0]
    series = here.scope.series.get(qty.name)
    for zone in component.zones:
        if series is None:
            amount = quantity(here, here.scope, qty.name, qty.unit, zone.zone)
        else:
            amount = _in_zone(here, series, qty.unit, zone.zone, component)
        units = _units(here, component.qty, zone.price)
        yield drafted(here, zone.code, amount, value_of(zone.price, here), units=units)


def _in_zone(here: Here, series: Series, unit: str, zone: str, component: TimeOfUse) -> Value:
    calendar = _calendar(here, component)
    values = series_values(here, series, unit)
    chosen = []
    priced = {z.zone for z in component.zones}
    for start, number in zip(starts_of(here, series), values.numbers, strict=True):
        found = zone_at(calendar, start)
        if found not in priced:
            remedy = f"calendar `{calendar.name}` puts {start:%Y-%m-%d %H:%M} UTC in {found!r}: price that zone"
            raise CannotRate("zone_without_price", here.component, remedy)
        if found == zone:
            chosen.append(number)
    source = Source(f"{series.name} in zone {zone}", unit, series.source, series.quality)
    return here.trace.step("sum", here.trace.series(tuple(chosen), source, values.flags))


def _calendar(here: Here, component: TimeOfUse) -> Calendar:
    for calendar in here.tariff.calendars:
        if calendar.name == component.calendar:
            return calendar
    raise CannotRate("no_calendar", here.component, f"add the calendar `{component.calendar}` to the tariff")


def _spot(component: Spot, here: Here) -> Iterator[Draft]:
    price = weighted_price(component, here)
    currency = here.tariff.currency
    unit = unit_of(component.qty, currency)
    units = unit_text(unit), unit_text(divide(parse_unit(currency), unit))
    yield drafted(here, component.code, value_of(component.qty, here), price, units=units)


def _rebate(component: Rebate, here: Here) -> Iterator[Draft]:
    """Draft a negative line: minus one times what is taken off; none where nothing is."""
    currency, places = here.tariff.currency, here.tariff.rounding.line
    off = value_of(component.amount, here)
    if component.cap is not None:
        off = here.trace.step("least", off, value_of(component.cap, here))
    off = here.trace.step("most", off, here.number(0, "nothing", currency))
    if places is not None:
        off = here.trace.step("round", off, places=places)
    if off.number != ZERO:
        minus = here.number(-1, "taken off")
        yield drafted(here, component.code, minus, off, units=("1", currency), after_tax=component.after_tax)


def fee_span(here: Here, component: Monthly | PerAmpere, *, yearly: bool) -> tuple[Fraction, str, int] | None:
    """Count the time a fee is due for: a number, its unit, and how many of these the price is for."""
    segment, prorate = here.segment, component.prorate
    if prorate == "year":
        parts = [(segment.common(year), year) for year in years_in(segment)]
        return _counted([(c.days, y.days) for c, y in parts if c is not None], "year", 1)
    in_price = 12 if yearly else 1
    if prorate == "never":
        begun = sum(1 for day in _months_begun(here, component.code) if segment.has(day))
        return (Fraction(begun), "month", in_price) if begun else None
    months = [(segment.common(month), month) for month in months_in(segment)]
    return _counted([(c.days, m.days) for c, m in months if c is not None], "month", in_price)


def _months_begun(here: Here, code: str) -> list[date]:
    """Give the first billed day of each month, but of one that an earlier bill has begun to charge for."""
    request = here.book.request
    billed = next((site.period.common(request.period) for site in here.sites if site.name == here.place), None)
    days = [max(month.start, (billed or request.period).start) for month in months_in(billed or request.period)]
    is_begun = any(begun.code == code and begun.place in ("", here.place) for begun in request.begun)
    return [day for day in days if not (is_begun and day == request.period.start)]


def _counted(parts: list[tuple[int, int]], unit: str, in_price: int) -> tuple[Fraction, str, int]:
    if all(days == whole for days, whole in parts):
        return Fraction(len(parts)), unit, in_price
    if len(parts) == 1:
        days, whole = parts[0]
        return Fraction(days), "day", whole * in_price
    return sum((Fraction(days, whole) for days, whole in parts), ZERO), unit, in_price


_CHARGED: dict[type, Callable[[Any, Here], Iterator[Draft]]] = {
    PerUnit: _per_unit,
    Monthly: _monthly,
    PerAmpere: _per_ampere,
    Tiered: _tiered,
    TimeOfUse: _time_of_use,
    Spot: _spot,
    Rebate: _rebate,
}
