"""How what a register is known to have counted falls into buckets: usage between readings, and days by intervals."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import ROUND_DOWN, Context, Decimal
from fractions import Fraction
from itertools import pairwise

from mains_spi.hooks import RegisterReadings
from mains_spi.record import Period
from mains_spi.requests import Quality

from mains_server.consumption.records import (
    Bucket,
    ConsumptionQuality,
    Counter,
    Granularity,
    IntervalDay,
    Slot,
)
from mains_server.intervals.rules import is_estimated
from mains_server.metering.rules import ReadingsContradict, day_start, usage_between
from mains_server.money.rules import round_half_up

SPREAD_DAYS_MAX = {Granularity.HOUR: 0, Granularity.DAY: 0, Granularity.MONTH: 62, Granularity.YEAR: 366}
PLACES = 6
SHARE_PLACES = Decimal(1).scaleb(-PLACES)
WHOLE = Fraction(1)
_EXACT = Context(prec=60)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Days over which a register's usage is known as one figure; of an interval day perhaps only a share."""

    period: Period
    value: Decimal
    qualities: frozenset[ConsumptionQuality]
    known: Fraction = WHOLE


@dataclass(frozen=True, slots=True)
class Part:
    """What one register adds to a bucket: a value, and how many days of it are known."""

    value: Decimal
    days: Fraction
    qualities: frozenset[ConsumptionQuality]


class CounterBuckets:
    """One register's stretches within the days that the viewer sees, ready to be asked bucket by bucket."""

    def __init__(self, *, counter: Counter, days: Sequence[Period], granularity: Granularity, time_zone: str) -> None:
        installed = counter.readings.installed
        self.seen = [common for period in days if (common := installed.common(period)) is not None]
        self.granularity = granularity
        self._hours = _by_hour(counter.days, seen=self.seen, time_zone=time_zone)
        self._stretches = sorted(
            _stretches(counter, seen=self.seen, granularity=granularity), key=lambda stretch: stretch.period.start
        )
        self._ends = [stretch.period.end for stretch in self._stretches]
        self.installed = installed

    def parts(self, slot: Slot) -> Iterator[Part]:
        """Give what the register adds to a bucket."""
        if self.granularity is Granularity.HOUR:
            part = self._hours.get(slot.starts_at)
            if part is not None:
                yield part
            return
        for stretch in self._stretches[bisect_right(self._ends, slot.period.start) :]:
            if stretch.period.start >= slot.period.end:
                return
            part = part_of(stretch, within=slot.period, spread_days_max=SPREAD_DAYS_MAX[self.granularity])
            if part is not None:
                yield part

    def known_until(self, *, period: Period, time_zone: str) -> datetime | None:
        """Tell the instant up to which something of a period is known; what ends before it, to compare with, is none.

        It is at most the end of the period.
        """
        if self.granularity is Granularity.HOUR:
            first, after = (day_start(day, time_zone=time_zone) for day in (period.start, period.end))
            return max((at + timedelta(hours=1) for at in self._hours if first <= at < after), default=None)
        known = [stretch.period.common(period) for stretch in self._stretches]
        ends = [days.end for days in known if days is not None]
        return day_start(max(ends), time_zone=time_zone) if ends else None


def bucket_of(slot: Slot, *, counters: Sequence[CounterBuckets]) -> Bucket:
    """Add up what registers counted in a bucket, and tell how much of it is known."""
    parts = [part for counter in counters for part in counter.parts(slot)]
    expected = _register_days([counter.installed for counter in counters], within=slot.period)
    known = sum((part.days for part in parts), Fraction(0))
    return Bucket(
        slot=slot,
        value=round_half_up(sum((part.value for part in parts), Decimal(0)), places=PLACES) if parts else None,
        quality=combined(quality for part in parts for quality in part.qualities),
        coverage=share_of(known, expected),
    )


def combined(qualities: Iterable[ConsumptionQuality]) -> ConsumptionQuality | None:
    """Tell how a sum came about from how its parts did: MIXED is estimated in part, and APPORTIONED read."""
    found = set(qualities)
    if len(found) < 2:
        return next(iter(found), None)
    has_estimates = found & {ConsumptionQuality.ESTIMATED, ConsumptionQuality.MIXED}
    return ConsumptionQuality.MIXED if has_estimates else ConsumptionQuality.APPORTIONED


def share_of(known: Fraction, expected: int) -> Decimal:
    """Write a known share with six decimals, cut off, so that 1 means all of it."""
    share = Fraction(known, expected)
    exact = _EXACT.divide(Decimal(share.numerator), Decimal(share.denominator))
    return exact.quantize(SHARE_PLACES, rounding=ROUND_DOWN, context=_EXACT)


def part_of(stretch: Stretch, *, within: Period, spread_days_max: int) -> Part | None:
    """Give what a stretch adds to a bucket: all of it, its days' share where it is short enough to spread, or nothing.

    The shares of neighbouring buckets add up to the stretch: each is the difference of two rounded running sums.
    """
    common = stretch.period.common(within)
    if common is None:
        return None
    if common == stretch.period:
        return Part(stretch.value, stretch.known * common.days, stretch.qualities)
    if stretch.period.days > spread_days_max:
        return None
    is_read = stretch.qualities == {ConsumptionQuality.ACTUAL}
    qualities = frozenset({ConsumptionQuality.APPORTIONED}) if is_read else stretch.qualities
    begun, ended = (_until(stretch, (day - stretch.period.start).days) for day in (common.start, common.end))
    return Part(ended - begun, stretch.known * common.days, qualities)


def _until(stretch: Stretch, days: int) -> Decimal:
    return round_half_up(Fraction(stretch.value) * days / stretch.period.days, places=PLACES)


def _register_days(installed: Sequence[Period], *, within: Period) -> int:
    """Count the days that registers should tell of; days on which none is installed count once, as unknown."""
    parts = sorted(
        (part for period in installed if (part := period.common(within)) is not None), key=lambda part: part.start
    )
    gaps, reached = 0, within.start
    for part in parts:
        gaps += max((part.start - reached).days, 0)
        reached = max(reached, part.end)
    return sum(part.days for part in parts) + gaps + (within.end - reached).days


def _stretches(counter: Counter, *, seen: Sequence[Period], granularity: Granularity) -> Iterator[Stretch]:
    """Give days by intervals where the register is so collected, or days are asked for; readings for all other days."""
    is_daily = granularity is Granularity.DAY
    days = counter.days if counter.is_by_intervals or is_daily else ()
    packed = {day.day: day for day in days if any(period.has(day.day) for period in seen)}
    yield from (_day_stretch(day) for day in packed.values() if day.known)
    if not counter.is_by_intervals or is_daily:
        between = (stretch for period in seen for stretch in between_readings(counter.readings, within=period))
        yield from (stretch for stretch in between if not is_daily or stretch.period.start not in packed)


def between_readings(register: RegisterReadings, *, within: Period) -> Iterator[Stretch]:
    """Give the usage between each two readings of a register; what two readings contradict each other on is unknown."""
    inside = sorted(
        (reading for reading in register.readings if within.start <= reading.counts_for <= within.end),
        key=lambda reading: reading.counts_for,
    )
    for earlier, later in pairwise(inside):
        period = Period(earlier.counts_for, later.counts_for)
        try:
            usage = usage_between(register=replace(register, readings=(earlier, later)), period=period)
        except ReadingsContradict:
            continue
        if usage is not None:
            is_read = usage.quality is Quality.ACTUAL
            quality = ConsumptionQuality.ACTUAL if is_read else ConsumptionQuality.ESTIMATED
            yield Stretch(usage.period, usage.value, frozenset({quality}))


def _day_stretch(day: IntervalDay) -> Stretch:
    period = Period(day.day, day.day + timedelta(days=1))
    return Stretch(period, day.total, _qualities(day.statuses), Fraction(day.known, day.steps))


def _qualities(letters: str) -> frozenset[ConsumptionQuality]:
    return frozenset(
        ConsumptionQuality.ESTIMATED if is_estimated(letter) else ConsumptionQuality.ACTUAL for letter in set(letters)
    )


def _by_hour(days: Sequence[IntervalDay], *, seen: Sequence[Period], time_zone: str) -> dict[datetime, Part]:
    """Sum each hour's steps that are known; an hour of which none is known is not there."""
    found: dict[datetime, Part] = {}
    for day in days:
        if day.values is None or not any(period.has(day.day) for period in seen):
            continue
        starts_at = day_start(day.day, time_zone=time_zone)
        in_hour = 3600 // day.step_seconds
        for place in range(0, len(day.values), in_hour):
            steps = zip(day.values[place : place + in_hour], day.statuses[place : place + in_hour], strict=True)
            known = [(value, letter) for value, letter in steps if value is not None]
            if known:
                at = (starts_at + timedelta(seconds=place * day.step_seconds)).astimezone(UTC)
                value = sum((value for value, _ in known), Decimal(0))
                letters = "".join(letter for _, letter in known)
                found[at] = Part(value, Fraction(len(known), in_hour), _qualities(letters))
    return found
