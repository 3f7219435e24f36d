"""Lays newly told values over what is known: corrections of whole stretches, and new stretches of UTC days."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from mains_spi import FactReading, FactSource

from mains_server.facts.records import Stretch, StretchDays, TakenIn, ToldSeries
from mains_server.facts.rules import FactRefused

DAY = timedelta(days=1)
SOURCES_NAMED_MAX = 5
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class FactOffStep(FactRefused):
    """Values of a series begin on its steps, counted from midnight in UTC."""

    code = "FACT_OFF_STEP"


class FactToldTwice(FactRefused):
    """A source told two values of one series and time."""

    code = "FACT_TOLD_TWICE"


class FactKnownLater(FactRefused):
    """What is to be corrected was told as of a later instant, so the correction would count for nothing."""

    code = "FACT_KNOWN_LATER"


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlay:
    """The stretches to write, and how many values they add or correct."""

    stretches: tuple[Stretch, ...]
    taken: TakenIn


def told_series(*, card: FactSource, reading: FactReading) -> tuple[ToldSeries, ...]:
    """Gather what a reading tells, by series, with the unit and step of the source's card."""
    found: dict[str, ToldSeries] = {}
    for stretch in reading.stretches:
        kind = card.kind_of(stretch.series)
        assert kind is not None, "the source room lets no other series through"
        seconds = kind.step // timedelta(seconds=1)
        empty = ToldSeries(name=stretch.series, unit=kind.unit, step_seconds=seconds, values={})
        values = found.setdefault(stretch.series, empty).values
        for index, value in enumerate(stretch.values):
            at = stretch.starts_at + kind.step * index
            if value is not None and values.setdefault(at, value) != value:
                raise FactToldTwice(f"series {stretch.series} has two values at {at}; tell one")
    return tuple(found.values())


def overlay(*, told: ToldSeries, known: Sequence[Stretch], known_at: datetime, source: str) -> Overlay:
    """Find what has to be written so that the told values count, and nothing else changes.

    `known` are the latest versions of all stretches that share a UTC day with a told value.
    """
    _check_steps(told)
    counts: Counter[str] = Counter()
    left = dict(told.values)
    stretches = []
    for stretch in known:
        corrected = _corrected(stretch, left, counts)
        if corrected is not None:
            if known_at <= stretch.known_at:
                raise FactKnownLater(
                    f"series {told.name} from {stretch.starts_at} was told as of {stretch.known_at}; "
                    "say a later instant at which the correction became known"
                )
            named = [*stretch.source.split("; "), source][-SOURCES_NAMED_MAX:]
            origin = "; ".join(dict.fromkeys(named))
            stretches.append(replace(stretch, values=corrected, known_at=known_at, source=origin))
    counts["added"] += len(left)
    stretches += _new_stretches(told, left, known, known_at, source)
    taken = TakenIn(name=told.name, added=counts["added"], corrected=counts["corrected"], unchanged=counts["unchanged"])
    return Overlay(stretches=tuple(stretches), taken=taken)


def days_touched(told: ToldSeries) -> tuple[datetime, datetime]:
    """Give the start of the first and the end of the last UTC day of which something was told."""
    return _day_start(min(told.values)), _day_start(max(told.values)) + DAY


def place_of(told: ToldSeries, *, known_at: datetime) -> StretchDays:
    """Tell where the told values lie."""
    first, last = min(told.values), max(told.values)
    return StretchDays(
        name=told.name,
        unit=told.unit,
        starts_at=first,
        ends_at=last + timedelta(seconds=told.step_seconds),
        step_seconds=told.step_seconds,
        known_at=known_at,
    )


def _check_steps(told: ToldSeries) -> None:
    step = timedelta(seconds=told.step_seconds)
    if step <= timedelta(0) or DAY % step:
        raise FactOffStep(f"series {told.name}: a day is no multiple of its step of {told.step_seconds} s")
    for at in told.values:
        if (at - EPOCH) % step:
            raise FactOffStep(f"series {told.name}: no step of {told.step_seconds} s begins at {at}")


def _corrected(
    stretch: Stretch, left: dict[datetime, Decimal], counts: Counter[str]
) -> tuple[Decimal | None, ...] | None:
    """Take from what is left the values that lie in a stretch; give its new values if any of them differs."""
    step = timedelta(seconds=stretch.step_seconds)
    values = list(stretch.values)
    is_changed = False
    for index, known in enumerate(values):
        value = left.pop(stretch.starts_at + step * index, None)
        if value is not None:
            counts["added" if known is None else "corrected" if value != known else "unchanged"] += 1
            is_changed = is_changed or value != known
            values[index] = value
    return tuple(values) if is_changed else None


def _new_stretches(
    told: ToldSeries, left: dict[datetime, Decimal], known: Sequence[Stretch], known_at: datetime, source: str
) -> Iterator[Stretch]:
    """Give a stretch for each part of a UTC day that no known stretch covers and of which something is left."""
    step = timedelta(seconds=told.step_seconds)
    neighbours = _by_day(known)
    parts = sorted({_free_part(at, neighbours[at.astimezone(UTC).date()]) for at in left})
    for starts_at, ends_at in parts:
        count = (ends_at - starts_at) // step
        yield Stretch(
            name=told.name,
            unit=told.unit,
            starts_at=starts_at,
            step_seconds=told.step_seconds,
            values=tuple(left.get(starts_at + step * index) for index in range(count)),
            known_at=known_at,
            source=source,
        )


def _by_day(known: Sequence[Stretch]) -> defaultdict[date, list[Stretch]]:
    found: defaultdict[date, list[Stretch]] = defaultdict(list)
    for stretch in known:
        day = _day_start(stretch.starts_at)
        while day < stretch.ends_at:
            found[day.date()].append(stretch)
            day += DAY
    return found


def _free_part(at: datetime, neighbours: Sequence[Stretch]) -> tuple[datetime, datetime]:
    start = _day_start(at)
    before = [stretch.ends_at for stretch in neighbours if stretch.ends_at <= at]
    after = [stretch.starts_at for stretch in neighbours if stretch.starts_at > at]
    return max([start, *before]), min([start + DAY, *after])


def _day_start(at: datetime) -> datetime:
    return datetime.combine(at.astimezone(UTC).date(), time(), tzinfo=UTC)
