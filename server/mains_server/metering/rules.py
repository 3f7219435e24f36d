"""Calculations of metering: what a reading counts for, whether it can be true, and the usage between readings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_CEILING, Decimal
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from mains_spi.hooks import ReadingPoint, RegisterReadings
from mains_spi.record import Period
from mains_spi.requests import Quality, Usage

from mains_server.access.records import Refusal
from mains_server.metering.records import (
    InstalledRegister,
    PlausibleRange,
    ReadingInContext,
    ReadingOutcome,
    ReadingStatus,
    ReadingSubmission,
    ReadingWindow,
)

DIGITS_MAX = 12
MILLIONTH = Decimal("0.000001")
VALUE = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,6})?", re.ASCII)


class ReadingRefused(Refusal):
    """A reading cannot be taken; where it is known, the plausible range is told."""

    def __init__(self, message: str, *, plausible: PlausibleRange | None = None) -> None:
        super().__init__(message)
        self.plausible = plausible


class ReadingMalformed(ReadingRefused):
    """The value is not written as plain digits."""

    code = "READING_MALFORMED"
    path = "value"


class ReadingTooLarge(ReadingRefused):
    """The value has more digits than the meter."""

    code = "READING_TOO_LARGE"
    path = "value"


class ReadingInFuture(ReadingRefused):
    """Nobody has read a meter tomorrow."""

    code = "READING_IN_FUTURE"
    path = "takenAt"


class ReadingBeforeInstallation(ReadingRefused):
    """The meter was not there yet."""

    code = "READING_BEFORE_INSTALLATION"
    path = "takenAt"


class ReadingAfterRemoval(ReadingRefused):
    """The meter was gone already."""

    code = "READING_AFTER_REMOVAL"
    path = "takenAt"


class ReadingRunsBackwards(ReadingRefused):
    """The register shows less than it did before."""

    code = "READING_RUNS_BACKWARDS"
    path = "value"


class ReadingAboveLaterOne(ReadingRefused):
    """The register shows more than it did later."""

    code = "READING_ABOVE_LATER_ONE"
    path = "value"


class MissingReading(Refusal):
    """A usage cannot be told because nobody read the register for a day."""

    code = "MISSING_READING"

    def __init__(self, *, register: str, day: date) -> None:
        super().__init__(f"there is no reading of {register} for {day}; submit or estimate one")
        self.register = register
        self.day = day


class ReadingsContradict(Refusal):
    """Two readings of a register cannot both be true, so no usage can be told between them."""

    code = "READINGS_CONTRADICT"

    def __init__(self, *, register: str, day: date) -> None:
        super().__init__(f"the reading of {register} for {day} is below the one before it; correct one of the two")
        self.register = register
        self.day = day


def measure(*, registers: Iterable[RegisterReadings], period: Period) -> tuple[Usage, ...]:
    """Work out the usage of a period from registers, each over the days it was installed.

    A meter replaced within the period gives two stretches, the old one's and the new one's, that follow each other.
    """
    stretches = (usage_between(register=register, period=period) for register in registers)
    told = (stretch for stretch in stretches if stretch is not None)
    return tuple(sorted(told, key=lambda usage: (usage.name, usage.place, usage.zone or "", usage.period.start)))


def usage_between(*, register: RegisterReadings, period: Period) -> Usage | None:
    """Work out one register's usage over the days of a period on which it was installed; None where it never was."""
    days = register.installed.common(period)
    if days is None:
        return None
    inside = sorted(
        (reading for reading in register.readings if days.start <= reading.counts_for <= days.end),
        key=lambda reading: reading.counts_for,
    )
    for day, found in ((days.start, inside[:1]), (days.end, inside[-1:])):
        if not found or found[0].counts_for != day:
            raise MissingReading(register=name_of(register), day=day)
    first, last = inside[0], inside[-1]
    steps = (_step(earlier, later, register=register) for earlier, later in pairwise(inside))
    is_estimated = Quality.ESTIMATED in (first.quality, last.quality)
    return Usage(
        name=register.quantity,
        period=days,
        value=sum(steps, Decimal(0)) * register.multiplier,
        unit=register.unit,
        zone=register.zone,
        quality=Quality.ESTIMATED if is_estimated else Quality.ACTUAL,
        source=f"meter {register.serial}: {shown(first.value)} to {shown(last.value)}",
        place=register.place,
    )


def name_of(register: RegisterReadings) -> str:
    """Name a register so that somebody can go and read it."""
    zone = "" if register.zone is None else f" {register.zone}"
    place = f" at {register.place}" if register.place else ""
    return f"register {register.quantity}{zone} of meter {register.serial}{place}"


def forward(earlier: Decimal, later: Decimal, *, digits: int) -> Decimal:
    """Count how far a register went from one value to another, over zero where the later one is smaller."""
    return later - earlier if later >= earlier else later - earlier + _range(digits)


def counts_for(*, day: date, window: ReadingWindow, installed_on: date, removed_on: date | None) -> date:
    """Tell the civil day at whose start a reading taken on `day` counts.

    Within the window around a month's first day it counts for that day; never for a day the meter was not there.
    """
    counted = day
    if day.day >= window.from_day:
        counted = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    elif day.day <= window.upto_day:
        counted = day.replace(day=1)
    counted = max(counted, installed_on)
    return counted if removed_on is None else min(counted, removed_on)


def civil_day(instant: datetime, *, time_zone: str) -> date:
    """Tell which day it is at an instant in a time zone."""
    try:
        return instant.astimezone(ZoneInfo(time_zone)).date()
    except OverflowError:
        return instant.date()


def day_start(day: date, *, time_zone: str) -> datetime:
    """Tell the instant at which a civil day begins in a time zone."""
    return datetime.combine(day, time(), tzinfo=ZoneInfo(time_zone)).astimezone(UTC)


def read_value(value: str | Decimal, *, digits: int) -> Decimal:
    """Read what somebody saw on a meter: ASCII digits, at most six after the point, no more before it than it has."""
    text = value if isinstance(value, str) else _plain_text(value)
    if VALUE.fullmatch(text) is None:
        raise ReadingMalformed("write the value in digits, with a point and at most six decimals, such as 1234.567")
    number = Decimal(text)
    if number >= _range(digits):
        raise ReadingTooLarge(f"this meter has {digits} digits before the point; leave the decimals behind the point")
    return number.quantize(MILLIONTH)


def shown(value: Decimal) -> str:
    """Write a value as a meter shows it, without zeros behind the point that say nothing."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def check_day(*, taken_at: datetime, now: datetime, register: InstalledRegister) -> None:
    """Refuse a reading of a time at which the meter could not be read."""
    day = civil_day(taken_at, time_zone=register.time_zone)
    if taken_at > now:
        raise ReadingInFuture("give the time at which you read the meter; it cannot be later than now")
    if day < register.installed_on:
        raise ReadingBeforeInstallation(
            f"meter {register.serial} was installed on {register.installed_on}; give a reading of that day or later"
        )
    if register.removed_on is not None and day > register.removed_on:
        raise ReadingAfterRemoval(
            f"meter {register.serial} was removed on {register.removed_on}; read the meter that replaced it"
        )


def plausible_range(reading: ReadingInContext) -> PlausibleRange:
    """Tell what a register could show for a day, from its own habit and from the reading after."""
    after, unit = reading.after, reading.register.unit
    if not reading.before:
        return PlausibleRange(lowest=Decimal(0), highest=None if after is None else after.value, unit=unit)
    lowest, digits = reading.before[-1].value, reading.register.digits
    allowed = [usage_allowed(reading), None if after is None else forward(lowest, after.value, digits=digits)]
    least = min((usage for usage in allowed if usage is not None), default=None)
    highest = None if least is None else (lowest + least) % _range(digits)
    return PlausibleRange(lowest=lowest, highest=highest, unit=unit)


def usage_allowed(reading: ReadingInContext) -> Decimal | None:
    """Tell the highest usage since the reading before that is not implausible, in whole units; None without a habit."""
    before, digits = reading.before, reading.register.digits
    used = sum((forward(a.value, b.value, digits=digits) for a, b in pairwise(before)), Decimal(0))
    if used == 0:
        return None
    days_used = (before[-1].counts_for - before[0].counts_for).days
    days = (reading.day - before[-1].counts_for).days
    return (reading.limits.times_average_max * used * days / days_used).to_integral_value(ROUND_CEILING)


def check_order(reading: ReadingInContext) -> None:
    """Refuse a value that contradicts the readings before or after it; a register may restart at zero."""
    if reading.before and not _is_reached(reading):
        before = shown(reading.before[-1].value)
        raise ReadingRunsBackwards(
            f"the register showed {before} before; look again, and tell us if the meter was replaced",
            plausible=plausible_range(reading),
        )
    if reading.after is not None and not _leads_on(reading, after=reading.after.value):
        after = shown(reading.after.value)
        raise ReadingAboveLaterOne(
            f"the register showed {after} later, for {reading.after.counts_for}; look again",
            plausible=plausible_range(reading),
        )


def is_implausibly_high(reading: ReadingInContext) -> bool:
    """Tell whether a value is so high against the register's own daily average that somebody should look at it."""
    allowed = usage_allowed(reading)
    if allowed is None:
        return False
    return forward(reading.before[-1].value, reading.value, digits=reading.register.digits) > allowed


def body_of(request: ReadingSubmission) -> dict[str, str | int | None]:
    """Write down what a submission asks for, so that a repetition is told from another one."""
    return {
        "register": request.register_id,
        "value": str(request.value),
        "taken_at": None if request.taken_at is None else request.taken_at.astimezone(UTC).isoformat(),
    }


def answer_of(outcome: ReadingOutcome) -> dict[str, Any]:
    """Write an outcome down for whoever repeats the submission."""
    highest = outcome.plausible.highest
    return {
        "reading": outcome.reading_id,
        "register": outcome.register_id,
        "status": outcome.status.name,
        "value": str(outcome.value),
        "counts_for": outcome.counts_for.isoformat(),
        "lowest": str(outcome.plausible.lowest),
        "highest": None if highest is None else str(highest),
        "unit": outcome.plausible.unit,
    }


def outcome_of(answer: Mapping[str, Any]) -> ReadingOutcome:
    """Read an outcome that was written down, as it was then."""
    highest = None if answer["highest"] is None else Decimal(answer["highest"])
    return ReadingOutcome(
        reading_id=answer["reading"],
        register_id=answer["register"],
        status=ReadingStatus[answer["status"]],
        value=Decimal(answer["value"]),
        counts_for=date.fromisoformat(answer["counts_for"]),
        plausible=PlausibleRange(lowest=Decimal(answer["lowest"]), highest=highest, unit=answer["unit"]),
    )


def _step(earlier: ReadingPoint, later: ReadingPoint, *, register: RegisterReadings) -> Decimal:
    """An estimate may turn out too high, also over zero; between true readings a register only goes on, or restarts."""
    gone = later.value - earlier.value
    whole = None if register.digits is None else _range(register.digits)
    is_guessed = Quality.ESTIMATED in (earlier.quality, later.quality)
    if gone >= 0:
        return gone - whole if is_guessed and whole is not None and 2 * gone > whole else gone
    if whole is not None and 2 * (gone + whole) <= whole:
        return gone + whole
    if is_guessed:
        return gone
    raise ReadingsContradict(register=name_of(register), day=later.counts_for)


def _plain_text(value: Decimal) -> str:
    """Write a Decimal out, unless it is one that would not end, such as 1e5000."""
    return format(value, "f") if value.is_finite() and abs(value.adjusted()) < 20 else str(value)


def _is_reached(reading: ReadingInContext) -> bool:
    last, digits = reading.before[-1].value, reading.register.digits
    if reading.value >= last:
        return True
    allowed = usage_allowed(reading)
    if allowed is None:
        allowed = reading.limits.rollover_share_max * _range(digits)
    return forward(last, reading.value, digits=digits) <= allowed


def _leads_on(reading: ReadingInContext, *, after: Decimal) -> bool:
    if not reading.before:
        return reading.value <= after
    last, digits = reading.before[-1].value, reading.register.digits
    return forward(last, reading.value, digits=digits) <= forward(last, after, digits=digits)


def _range(digits: int) -> Decimal:
    return Decimal(10) ** digits
