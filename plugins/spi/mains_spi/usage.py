"""Turns usage rows, series and attributes into the quantity of some days."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import pairwise

from mains_spi.civil import instant_of
from mains_spi.errors import CannotRate, MissingInput
from mains_spi.here import Here
from mains_spi.record import Period
from mains_spi.requests import Attribute, Quality, Series, Usage
from mains_spi.scope import Scope, number_of
from mains_spi.trace import APPORTIONED, ESTIMATED, Source, Value, Values

DEFAULT_PLACES = 3


def quantity(here: Here, scope: Scope, name: str, unit: str, zone: str | None = None) -> Value:
    """Find a quantity of these days: the sum of a series, else of usage rows, else a numeric attribute."""
    if name in scope.series and zone is None:
        values = series_values(here, scope.series[name], unit)
        return here.trace.step("sum", values)
    if name in scope.usage:
        return _of_rows(here, scope.usage[name], unit, zone)
    attribute = scope.own_attribute(name, here.segment.start)
    if attribute is None:
        days = f"{here.segment.start}..{here.segment.end}"
        raise MissingInput("missing_usage", here.component, f"give a value of `{name}` for {days}")
    _same_unit(here, name, attribute.unit or unit, unit)
    return here.trace.given(number_of(attribute, here.component), _of_attribute(attribute, name, unit))


def _of_attribute(attribute: Attribute, name: str, unit: str) -> Source:
    return Source(name, unit, "attribute", decision=attribute.decision or None)


def series_values(here: Here, series: Series, unit: str) -> Values:
    """Find the values of a series in these days, all of them."""
    _same_unit(here, series.name, series.unit, unit)
    first, count = span_of(here, series)
    return here.trace.kept((series.name, first, count), lambda: _noted(here, series, first, count))


def _noted(here: Here, series: Series, first: int, count: int) -> Values:
    values = series.values[first : first + count]
    numbers = tuple(Fraction(v) for v in values if v is not None)
    if len(numbers) != count:
        raise MissingInput("missing_interval", here.component, _gap(here, series, first, count))
    flags = ESTIMATED if series.quality is Quality.ESTIMATED else 0
    return here.trace.series(numbers, Source(series.name, series.unit, series.source, series.quality), flags)


def starts_of(here: Here, series: Series) -> list[datetime]:
    """Give the instant at which each value of these days begins."""
    first, count = span_of(here, series)
    return [series.start + series.step * (first + i) for i in range(count)]


def span_of(here: Here, series: Series) -> tuple[int, int]:
    """Find where the values of these days begin in a series, and how many they are."""
    tz = here.book.request.tz
    start, end = instant_of(here.segment.start, tz), instant_of(here.segment.end, tz)
    first, early = divmod(start - series.start, series.step)
    count, rest = divmod(end - start, series.step)
    if early or rest:
        remedy = f"series `{series.name}` has no value that begins with the day {here.segment.start}: start it there"
        raise CannotRate("series_not_aligned", here.component, remedy)
    if first < 0:
        raise MissingInput("missing_interval", here.component, f"series `{series.name}` begins only {series.start}")
    return first, count


def _gap(here: Here, series: Series, first: int, count: int) -> str:
    for index in range(first, first + count):
        if index >= len(series.values) or series.values[index] is None:
            return f"series `{series.name}` has no value for {series.start + series.step * index:%Y-%m-%d %H:%M} UTC"
    return f"series `{series.name}` has a gap in {here.segment.start}..{here.segment.end}"


def _of_rows(here: Here, rows: list[Usage], unit: str, zone: str | None) -> Value:
    chosen = [r for r in rows if r.period.meets(here.segment) and (zone is None or r.zone == zone)]
    _refuse_holes(here, rows[0].name, chosen, zone)
    _refuse_total_beside_zones(here, chosen)
    parts = [_share(here, row, unit) for row in sorted(chosen, key=lambda r: (r.place, r.zone or "", r.period))]
    return parts[0] if len(parts) == 1 else here.trace.step("sum", *parts)


def _refuse_holes(here: Here, name: str, rows: list[Usage], zone: str | None) -> None:
    streams: dict[tuple[str, str | None], list[Period]] = defaultdict(list)
    for row in rows:
        streams[(row.place, row.zone)].append(row.period)
    for periods in streams.values():
        periods.sort()
        for before, after in pairwise(periods):
            if before.end > after.start:
                remedy = f"usage `{name}` is given twice from {after.start} to {before.end}: keep one row"
                raise CannotRate("usage_twice", here.component, remedy)
            if before.end < after.start:
                raise MissingInput("missing_usage", here.component, _hole(name, zone, before.end, after.start))
    day = here.segment.start
    for period in sorted(p for stream in streams.values() for p in stream):
        if period.start > day:
            break
        day = max(day, period.end)
    if day < here.segment.end:
        raise MissingInput("missing_usage", here.component, _hole(name, zone, day, here.segment.end))


def _hole(name: str, zone: str | None, start: object, end: object) -> str:
    zone_words = f" in zone `{zone}`" if zone else ""
    return f"give usage `{name}`{zone_words} for {start}..{end}"


def _refuse_total_beside_zones(here: Here, rows: Iterable[Usage]) -> None:
    totals = [r for r in rows if r.zone is None]
    for row in rows:
        if row.zone is not None and any(t.place == row.place and t.period.meets(row.period) for t in totals):
            remedy = f"usage `{row.name}` is given both as a total and for zone `{row.zone}`: give only one"
            raise CannotRate("usage_twice", here.component, remedy)


def _share(here: Here, row: Usage, unit: str) -> Value:
    _same_unit(here, row.name, row.unit, unit)
    flags = ESTIMATED if row.quality is Quality.ESTIMATED else 0
    if here.segment.covers(row.period):
        source = Source(row.name, unit, row.source, row.quality)
        return here.trace.given(
            Fraction(row.value), source, flags | (APPORTIONED if row.quality is Quality.APPORTIONED else 0)
        )
    whole = here.trace.given(
        Fraction(row.value), Source(row.name, unit, row.source, Quality.APPORTIONED), flags | APPORTIONED
    )
    common = row.period.common(here.segment)
    assert common is not None
    upto = _cumulated(here, row, whole, common.end - row.period.start)
    if common.start == row.period.start:
        return upto
    return here.trace.step("sub", upto, _cumulated(here, row, whole, common.start - row.period.start))


def _cumulated(here: Here, row: Usage, whole: Value, passed: timedelta) -> Value:
    """Divide usage by days from the row's start, so that the parts always add up to the whole."""
    if passed.days == row.period.days:
        return whole
    places = dict(here.tariff.places).get(row.name, DEFAULT_PLACES)
    share = here.number(Fraction(passed.days, row.period.days), "days of the usage period", "1")
    return here.trace.step("round", here.trace.step("mul", whole, share), places=places)


def _same_unit(here: Here, name: str, given: str, wanted: str) -> None:
    if given != wanted:
        remedy = f"`{name}` is given in {given} but the tariff counts it in {wanted}: convert it before"
        raise CannotRate("unit_mismatch", here.component, remedy)
