"""Works out what was used where nobody read the meter: from what was used before, else from what was foretold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from mains_spi.hooks import RegisterReadings
from mains_spi.record import Period
from mains_spi.requests import Quality, Usage

from mains_server.metering.rules import ReadingsContradict, a_year_before, shown, usage_between
from mains_server.money.rules import round_half_up

SEASON_STRETCH_DAYS_MAX = 92
AVERAGE_DAYS_MIN = 28
DAYS_A_YEAR = 365
PLACES_MAX = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Days over which a register was not read: its value at their start, and all that tells what it may have counted.

    `used` are the stretches between true readings that follow each other, of this register and of those that hung
    there before it. `later` is the first true reading of this register after the days. `forecast` is in units a year.
    """

    days: Period
    unit: str
    start: Decimal
    digits: int
    multiplier: Decimal
    places: int
    used: tuple[Usage, ...] = ()
    later: tuple[date, Decimal] | None = None
    forecast: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """An estimated usage, the value that the register would show, and the rule in words."""

    usage: Decimal
    value: Decimal
    rule: str


def estimate(gap: Gap) -> Estimate | None:
    """Estimate by the first rule that knows enough; None where none does.

    Where the register was read later, what it counted until then is shared out by days. Else the days are like the
    same ones a year before, else like an average day of the twelve months before, else as the contract foretold.
    """
    for rule in (_until_later, _as_a_year_before, _as_on_average, _as_foretold):
        found = rule(gap)
        if found is not None:
            usage, words = found
            return estimate_of(gap, usage=usage, rule=words)
    return None


def estimate_of(gap: Gap, *, usage: Fraction, rule: str) -> Estimate | None:
    """Move the register on by a usage, rounded half up to the quantity's places as the register counts.

    The usage is what the rounded step comes to. None where the register would go more than half round, since two
    readings could not tell that from having gone back.
    """
    whole = Decimal(10) ** gap.digits
    step = round_half_up(usage / Fraction(gap.multiplier), places=min(gap.places, PLACES_MAX))
    if step < 0 or 2 * step > whole:
        return None
    return Estimate(usage=step * gap.multiplier, value=(gap.start + step) % whole, rule=rule)


def true_stretches(registers: Iterable[RegisterReadings]) -> tuple[Usage, ...]:
    """Tell what registers counted between true readings that follow each other; estimates prove nothing."""
    found = (stretch for register in registers for stretch in _stretches_of(register))
    return tuple(sorted(found, key=lambda usage: usage.period.start))


def _stretches_of(register: RegisterReadings) -> Iterable[Usage]:
    true = [point for point in register.readings if point.quality is Quality.ACTUAL]
    for pair in pairwise(sorted(true, key=lambda point: point.counts_for)):
        period = Period(pair[0].counts_for, pair[1].counts_for)
        try:
            usage = usage_between(register=replace(register, readings=pair), period=period)
        except ReadingsContradict:
            continue
        if usage is not None:
            yield usage


def _until_later(gap: Gap) -> tuple[Fraction, str] | None:
    if gap.later is None:
        return None
    day, value = gap.later
    gone = value - gap.start
    whole = Decimal(10) ** gap.digits
    if 2 * abs(gone) > whole:
        gone += whole if gone < 0 else -whole
    share = Fraction(_days(gap.days), (day - gap.days.start).days)
    usage = Fraction(max(gone, Decimal(0))) * Fraction(gap.multiplier) * share
    return usage, f"by days until the reading of {shown(value)} for {day}"


def _as_a_year_before(gap: Gap) -> tuple[Fraction, str] | None:
    window = Period(a_year_before(gap.days.start), a_year_before(gap.days.end))
    near = [usage for usage in gap.used if _days(usage.period) <= SEASON_STRETCH_DAYS_MAX]
    usage, days = _used_in(window, used=near)
    if days == 0 or days != _days(window):
        return None
    return usage / days * _days(gap.days), f"as a year before, {_told(gap, usage=usage, days=days, window=window)}"


def _as_on_average(gap: Gap) -> tuple[Fraction, str] | None:
    window = Period(a_year_before(gap.days.start), gap.days.start)
    usage, days = _used_in(window, used=gap.used)
    if days < AVERAGE_DAYS_MIN:
        return None
    told = _told(gap, usage=usage, days=days, window=window)
    return usage / days * _days(gap.days), f"the daily average of the year before, {told}"


def _as_foretold(gap: Gap) -> tuple[Fraction, str] | None:
    if gap.forecast is None:
        return None
    usage = Fraction(gap.forecast) * _days(gap.days) / DAYS_A_YEAR
    return usage, f"the contract's forecast of {shown(gap.forecast)} {gap.unit} a year"


def _used_in(window: Period, *, used: Sequence[Usage]) -> tuple[Fraction, int]:
    """Add up what was used in a window and on how many of its days that is known; a stretch counts by its days."""
    total, days = Fraction(0), 0
    for usage in used:
        common = usage.period.common(window)
        if common is not None:
            total += Fraction(usage.value) * _days(common) / _days(usage.period)
            days += _days(common)
    return total, days


def _told(gap: Gap, *, usage: Fraction, days: int, window: Period) -> str:
    amount = shown(round_half_up(usage, places=min(gap.places, PLACES_MAX)))
    return f"{amount} {gap.unit} on {days} days from {window.start} to {window.end}"


def _days(period: Period) -> int:
    return (period.end - period.start).days
