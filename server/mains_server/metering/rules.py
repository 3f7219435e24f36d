"""Calculations of metering: what a reading counts for, and the usage between readings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from mains_spi.hooks import ReadingPoint, RegisterReadings
from mains_spi.readings import ReadingRules
from mains_spi.record import Period
from mains_spi.requests import Quality, Usage

from mains_server.access.records import Refusal
from mains_server.metering.records import (
    PlausibleRange,
    ReadingOutcome,
    ReadingStatus,
    ReadingSubmission,
)


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
    return later - earlier if later >= earlier else later - earlier + span(digits)


def counts_for(*, day: date, window: ReadingRules, installed_on: date, removed_on: date | None) -> date:
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


def a_year_before(day: date) -> date:
    """Give the same civil day of the year before; the 29 February has the 28 before it."""
    return day.replace(year=day.year - 1, day=28 if (day.month, day.day) == (2, 29) else day.day)


def civil_day(instant: datetime, *, time_zone: str) -> date:
    """Tell which day it is at an instant in a time zone."""
    try:
        return instant.astimezone(ZoneInfo(time_zone)).date()
    except OverflowError:
        return instant.date()


def day_start(day: date, *, time_zone: str) -> datetime:
    """Tell the instant at which a civil day begins in a time zone."""
    return datetime.combine(day, time(), tzinfo=ZoneInfo(time_zone)).astimezone(UTC)


def shown(value: Decimal) -> str:
    """Write a value as a meter shows it, without zeros behind the point that say nothing."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def body_of(request: ReadingSubmission) -> dict[str, str | int | None]:
    """Write down what a submission asks for, so that a repetition is told from another one."""
    said = {} if request.unit is None else {"unit": request.unit}
    return {
        **said,
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
        "reasons": list(outcome.reasons),
        "estimate_replaced": outcome.estimate_replaced,
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
        reasons=tuple(answer.get("reasons", ())),
        estimate_replaced=answer.get("estimate_replaced", False),
    )


def _step(earlier: ReadingPoint, later: ReadingPoint, *, register: RegisterReadings) -> Decimal:
    """An estimate may turn out too high, also over zero; between true readings a register only goes on, or restarts."""
    gone = later.value - earlier.value
    whole = None if register.digits is None else span(register.digits)
    is_guessed = Quality.ESTIMATED in (earlier.quality, later.quality)
    if gone >= 0:
        return gone - whole if is_guessed and whole is not None and 2 * gone > whole else gone
    if whole is not None and 2 * (gone + whole) <= whole:
        return gone + whole
    if is_guessed:
        return gone
    raise ReadingsContradict(register=name_of(register), day=later.counts_for)


def span(digits: int) -> Decimal:
    """Tell how far a register counts before it starts again at zero."""
    return Decimal(10) ** digits
