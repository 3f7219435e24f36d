"""What facts must be like to be taken in, and how the stretches of a series join."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any

from mains_spi import BadUnit, Series
from mains_spi.units import parse_unit

from mains_server.access.records import Refusal
from mains_server.facts.records import NewFigure, SeriesGap, Stretch, StretchDays

PLACES = 8
LIMIT = Decimal(10) ** 10


class FactRefused(Refusal):
    """A fact cannot be taken in; the message names it and what to do."""


class FactInexact(FactRefused):
    """A value is a float, is not finite, or has more decimals than can be kept."""

    code = "FACT_INEXACT"


class FactUnitMissing(FactRefused):
    """A fact has no unit, or one that cannot be read."""

    code = "FACT_UNIT_MISSING"


class FactPeriodEmpty(FactRefused):
    """A fact is about no time at all."""

    code = "FACT_PERIOD_EMPTY"


class SeriesChanges(FactRefused):
    """The stretches of a series must have one unit and one step, and lie on its steps."""

    code = "SERIES_CHANGES"


class StretchesOverlap(FactRefused):
    """A stretch shares time with another one without being a correction of it."""

    code = "STRETCHES_OVERLAP"


class FactExists(FactRefused):
    """This fact was told already as of the same instant."""

    code = "FACT_EXISTS"


def check_figure(figure: NewFigure) -> None:
    """Refuse a figure that could not be kept as it is."""
    where = f"{figure.name} of {figure.subject}"
    _check_value(figure.value, where=where)
    _check_unit(figure.unit, where=where)
    if figure.ends_at <= figure.starts_at:
        raise FactPeriodEmpty(f"{where}: let it end after it starts")


def check_stretch(stretch: Stretch) -> None:
    """Refuse a stretch that could not be kept as it is."""
    where = f"series {stretch.name} from {stretch.starts_at}"
    if not stretch.values or stretch.step_seconds <= 0:
        raise FactPeriodEmpty(f"{where}: give at least one value, and a step above zero")
    _check_unit(stretch.unit, where=where)
    for value in stretch.values:
        if value is not None:
            _check_value(value, where=where)


def check_joins(*, known: Iterable[StretchDays], new: Sequence[Stretch]) -> None:
    """Refuse stretches of one series that do not join, or overlap without one being the other's correction."""
    held = list(known)
    for stretch in new:
        days = days_of(stretch)
        for other in held:
            _check_join(days, other)
        held.append(days)


def check_grid(stretch: StretchDays, *, like: StretchDays) -> None:
    """Refuse a stretch that has another unit or step than its series, or lies off its steps."""
    where = f"series {stretch.name} from {stretch.starts_at}"
    apart = (stretch.starts_at - like.starts_at) % timedelta(seconds=like.step_seconds)
    if (stretch.unit, stretch.step_seconds) != (like.unit, like.step_seconds) or apart:
        raise SeriesChanges(f"{where}: keep to {like.unit} every {like.step_seconds} s, as before, or name it anew")


def gaps_in(*, series: Series | None, name: str, starts_at: datetime, ends_at: datetime) -> Iterator[SeriesGap]:
    """Find the time of which a series has no values; where it has none at all, that is all the time asked for."""
    if series is None:
        yield SeriesGap(name=name, starts_at=starts_at, ends_at=ends_at, missing=0)
        return
    first = -((series.start - starts_at) // series.step)
    count = (ends_at - starts_at) // series.step
    run = 0
    for position in range(count + 1):
        index = first + position
        is_known = position == count or (0 <= index < len(series.values) and series.values[index] is not None)
        if is_known and run:
            gap_start = starts_at + series.step * (position - run)
            yield SeriesGap(name=name, starts_at=gap_start, ends_at=starts_at + series.step * position, missing=run)
        run = 0 if is_known else run + 1


def days_of(stretch: Stretch) -> StretchDays:
    """Tell where a stretch lies."""
    return StretchDays(
        name=stretch.name,
        unit=stretch.unit,
        starts_at=stretch.starts_at,
        ends_at=stretch.ends_at,
        step_seconds=stretch.step_seconds,
        known_at=stretch.known_at,
    )


def joined(stretches: Iterable[Stretch]) -> tuple[Series, ...]:
    """Join stretches, ordered by series and start, into one series each; what none covers is unknown, never zero."""
    return tuple(_series(list(group)) for _, group in groupby(stretches, key=lambda stretch: stretch.name))


def _check_join(days: StretchDays, other: StretchDays) -> None:
    where = f"series {days.name} from {days.starts_at}"
    check_grid(days, like=other)
    if (days.starts_at, days.ends_at) == (other.starts_at, other.ends_at):
        if days.known_at == other.known_at:
            raise FactExists(f"{where} was told already as of {days.known_at}; say when the correction became known")
    elif days.starts_at < other.ends_at and other.starts_at < days.ends_at:
        raise StretchesOverlap(
            f"{where} shares time with the one from {other.starts_at}; correct a stretch by the whole stretch"
        )


def _series(stretches: Sequence[Stretch]) -> Series:
    first = stretches[0]
    step = timedelta(seconds=first.step_seconds)
    values: list[Decimal | None] = []
    for stretch in stretches:
        position = (stretch.starts_at - first.starts_at) // step
        values += [None] * (position - len(values))
        values += stretch.values
    sources = dict.fromkeys(stretch.source for stretch in stretches)
    return Series(first.name, first.unit, first.starts_at.astimezone(UTC), step, tuple(values), "; ".join(sources))


def _check_value(value: Any, *, where: str) -> None:
    if not isinstance(value, Decimal) or not value.is_finite():
        raise FactInexact(f"{where} is {value!r}; write it as a Decimal")
    exponent = value.normalize().as_tuple().exponent
    assert isinstance(exponent, int)
    if -exponent > PLACES or abs(value) >= LIMIT:
        raise FactInexact(f"{where} is {value}; at most {PLACES} decimals and ten digits before them are kept")


def _check_unit(unit: str, *, where: str) -> None:
    try:
        parse_unit(unit)
    except (BadUnit, AttributeError, TypeError) as refused:
        raise FactUnitMissing(f"{where}: give the unit, such as EUR/MWh, or 1 for a plain number") from refused
