"""Judging a reading: refused where it cannot be true, flagged where somebody should look at it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from math import ceil, floor

from mains_spi.labels import Labels

from mains_server.access.records import Refusal
from mains_server.metering.records import InstalledRegister, PlausibleRange, ReadingFlag, ReadingInContext
from mains_server.metering.rules import a_year_before, civil_day, forward, shown, span

DIGITS_MAX = 12
MILLIONTH = Decimal("0.000001")
VALUE = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,6})?", re.ASCII)
NEGATIVE = re.compile(r"-[0-9]{1,12}(?:\.[0-9]{1,6})?", re.ASCII)
DECIMALS_LOST = (Decimal(10), Decimal(100), Decimal(1000))


class ReadingRefused(Refusal):
    """A reading cannot be taken; where it is known, the plausible range is told."""

    def __init__(self, message: str, *, plausible: PlausibleRange | None = None) -> None:
        super().__init__(message)
        self.plausible = plausible


class ReadingUnitWrong(ReadingRefused):
    """The value was told in another unit than the register counts in."""

    code = "READING_UNIT_WRONG"
    path = "unit"


class ReadingNegative(ReadingRefused):
    """No meter shows less than zero."""

    code = "READING_NEGATIVE"
    path = "value"


class ReadingLooksSwapped(ReadingRefused):
    """The value cannot be this register's, but it fits another one of the same meter."""

    code = "READING_LOOKS_SWAPPED"
    path = "registerId"


class AdapterRefusesReading(ReadingRefused):
    """The utility's adapter turned the reading down, in its own words."""

    code = "ADAPTER_REFUSED"
    path = "value"

    def __init__(self, words: Labels, *, plausible: PlausibleRange | None = None) -> None:
        super().__init__(words.en, plausible=plausible)
        self.words = words

    def said_in(self, language: str) -> AdapterRefusesReading:
        """Say it in somebody's language."""
        self.message = getattr(self.words, language, self.words.lv)
        self.args = (self.message,)
        return self


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


def check_unit(unit: str | None, *, register: InstalledRegister) -> None:
    """Refuse a value that was told in another unit; nothing is converted."""
    if unit is not None and _plain_unit(unit) != _plain_unit(register.unit):
        raise ReadingUnitWrong(f"this register counts in {register.unit}; give the value as it shows it, in that unit")


def read_value(value: str | Decimal, *, digits: int) -> Decimal:
    """Read what somebody saw on a meter: ASCII digits, at most six after the point, no more before it than it has."""
    text = value if isinstance(value, str) else _plain_text(value)
    if NEGATIVE.fullmatch(text) is not None:
        raise ReadingNegative("a meter shows nothing below zero; write the value as it stands, without a sign")
    if VALUE.fullmatch(text) is None:
        raise ReadingMalformed("write the value in digits, with a point and at most six decimals, such as 1234.567")
    number = Decimal(text)
    if number >= span(digits):
        raise ReadingTooLarge(f"this meter has {digits} digits before the point; leave the decimals behind the point")
    return number.quantize(MILLIONTH)


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
    until = None if after is None else forward(lowest, after.value, digits=digits)
    allowed = (usage_allowed(reading), usage_allowed_for_season(reading), until)
    least = min((usage for usage in allowed if usage is not None), default=None)
    highest = None if least is None else (lowest + least) % span(digits)
    return PlausibleRange(lowest=lowest, highest=highest, unit=unit)


def usage_allowed(reading: ReadingInContext) -> Decimal | None:
    """Tell the highest usage since the reading before that is not implausible, in whole units; None without a habit."""
    average, times = _average_use(reading), reading.limits.times_average_max
    return None if average is None or times == 0 else Decimal(ceil(Fraction(times) * average))


def usage_allowed_for_season(reading: ReadingInContext) -> Decimal | None:
    """Tell the highest usage that the same days a year before make plausible; None where nothing is known of them."""
    times, before = reading.limits.times_last_year_max, reading.before
    if times == 0 or not before:
        return None
    start, end = a_year_before(before[-1].counts_for), a_year_before(reading.day)
    first = [held for held in reading.year_ago if held.counts_for <= start]
    last = [held for held in reading.year_ago if held.counts_for >= end]
    if not first or not last:
        return None
    used = forward(first[-1].value, last[0].value, digits=reading.register.digits)
    days = (last[0].counts_for - first[-1].counts_for).days
    return Decimal(ceil(Fraction(times * used) * (end - start).days / days)) if used else None


def usage_expected(reading: ReadingInContext) -> Decimal | None:
    """Tell the lowest usage that is not implausible, in whole units; None without a habit or a limit."""
    average, share = _average_use(reading), reading.limits.low_share_min
    return None if average is None or share == 0 else Decimal(floor(Fraction(share) * average))


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
    return allowed is not None and _used(reading) > allowed


def flags_of(reading: ReadingInContext) -> Iterator[ReadingFlag]:
    """Find what is odd about a value that may be true, held against its own register."""
    if not reading.before:
        return
    used, expected = _used(reading), usage_expected(reading)
    for_season = usage_allowed_for_season(reading)
    if is_implausibly_high(reading):
        yield ReadingFlag.HIGH
    if for_season is not None and used > for_season:
        yield ReadingFlag.HIGH_FOR_SEASON
    if used == 0 and reading.limits.flags_zero and _average_use(reading) is not None:
        yield ReadingFlag.ZERO
    if expected is not None and 0 < used < expected:
        yield ReadingFlag.LOW
    if is_implausibly_high(reading) and _looks_multiplied(reading):
        yield ReadingFlag.LOOKS_MULTIPLIED


def fits(reading: ReadingInContext) -> bool:
    """Tell whether a value goes on from where a register with a habit stood, as that habit would have it."""
    allowed = usage_allowed(reading)
    return allowed is not None and _is_reached(reading) and _used(reading) <= allowed


def looks_swapped(reading: ReadingInContext, *, siblings: Iterable[ReadingInContext]) -> bool:
    """Tell whether a value that is not plausible here fits another register of the meter that counts in this unit."""
    return not fits(reading) and any(fits(sibling) for sibling in siblings)


def _average_use(reading: ReadingInContext) -> Fraction | None:
    """Work out what the register's own daily average comes to since the reading before; None without a habit."""
    before, digits = reading.before, reading.register.digits
    used = sum((forward(a.value, b.value, digits=digits) for a, b in pairwise(before)), Decimal(0))
    if used == 0:
        return None
    days_used = (before[-1].counts_for - before[0].counts_for).days
    return Fraction(used) * (reading.day - before[-1].counts_for).days / days_used


def _used(reading: ReadingInContext) -> Decimal:
    return forward(reading.before[-1].value, reading.value, digits=reading.register.digits)


def _looks_multiplied(reading: ReadingInContext) -> bool:
    """The meter's own multiplier was worked in already, or the decimal point was lost."""
    times = {reading.register.multiplier, *DECIMALS_LOST} - {Decimal(1)}
    return any(fits(replace(reading, value=reading.value / by)) for by in times)


def _plain_unit(unit: str) -> str:
    return unit.strip().casefold().replace("\N{SUPERSCRIPT THREE}", "3")


def _plain_text(value: Decimal) -> str:
    """Write a Decimal out, unless it is one that would not end, such as 1e5000."""
    return format(value, "f") if value.is_finite() and abs(value.adjusted()) < 20 else str(value)


def _is_reached(reading: ReadingInContext) -> bool:
    last, digits = reading.before[-1].value, reading.register.digits
    if reading.value >= last:
        return True
    allowed = usage_allowed(reading)
    if allowed is None:
        allowed = reading.limits.rollover_share_max * span(digits)
    return forward(last, reading.value, digits=digits) <= allowed


def _leads_on(reading: ReadingInContext, *, after: Decimal) -> bool:
    if not reading.before:
        return reading.value <= after
    last, digits = reading.before[-1].value, reading.register.digits
    return forward(last, reading.value, digits=digits) <= forward(last, after, digits=digits)
