"""How a series stands to an earlier one and to the weather, and what made one period's bills differ from another's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from mains_spi.record import Period

from mains_server.consumption.records import (
    Bill,
    Bucket,
    Charge,
    Compared,
    Comparison,
    Cost,
    CostChange,
    Difference,
    Driver,
    DriverShare,
    Heat,
    WeatherBucket,
)
from mains_server.money.rules import round_half_up

SHARE_PLACES = 4
WEATHER_PLACES = 3
HEAT_UNITS = frozenset({"kWh", "MWh", "GJ"})
FIXED_KEYS = frozenset({"m2", "1"})  # what premises share a cost by that no meter counts: area, or equally
ALL_KNOWN = Decimal(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class BilledPeriod:
    """What one period was billed: the sums, the charges by code, its days, and its degree days if they are known."""

    cost: Cost
    charges: Mapping[str, Charge]
    days: int
    degree_days: Decimal | None


def compare(*, buckets: Sequence[Bucket], base: Sequence[Bucket | None]) -> Comparison:
    """Set buckets beside their counterparts; only those that are wholly known in both are compared and summed."""
    pairs = list(zip(buckets, base, strict=True))
    both = [(now.value, then.value) for now, then in pairs if then is not None and is_whole(now) and is_whole(then)]
    known = [(now, then) for now, then in both if now is not None and then is not None]
    return Comparison(
        buckets=tuple(Compared(base=then, difference=_difference_of(now, then)) for now, then in pairs),
        difference=difference(
            sum((now for now, _ in known), Decimal(0)), base=sum((then for _, then in known), Decimal(0))
        )
        if known
        else None,
        compared=len(known),
    )


def is_whole(bucket: Bucket) -> bool:
    """Tell whether all of a bucket is known."""
    return bucket.value is not None and bucket.coverage == ALL_KNOWN


def difference(value: Decimal, *, base: Decimal) -> Difference:
    """Subtract an earlier value; as a share of it with four decimals, half up, None where it is zero."""
    absolute = value - base
    share = round_half_up(Fraction(absolute) / Fraction(base), places=SHARE_PLACES) if base else None
    return Difference(absolute=absolute, share=share)


def normalise(
    buckets: Sequence[Bucket], *, degree_days: Mapping[date, Decimal], normal: Mapping[date, Decimal]
) -> tuple[WeatherBucket, ...]:
    """Tell what would have been used in a normal year: value / degree days x normal degree days, to three decimals.

    It is None where a part of the bucket is not known, a day's weather is not, or the days had no degree days.
    """
    return tuple(_normalised(bucket, degree_days=degree_days, normal=normal) for bucket in buckets)


def total_of(period: Period, *, by_day: Mapping[date, Decimal]) -> Decimal | None:
    """Add up a period's days; None where one is not known."""
    found = [by_day.get(period.start + timedelta(days=place)) for place in range(period.days)]
    known = [value for value in found if value is not None]
    return sum(known, Decimal(0)) if len(known) == len(found) else None


def cost_of(period: Period, *, bills: Iterable[Bill]) -> Cost | None:
    """Add up the bills that lie wholly within a period; None where none of them still stands.

    A bill over an edge of the period is left out, since what was billed is never divided.
    """
    inside = [bill for bill in bills if period.covers(bill.period)]
    standing = [bill for bill in inside if not bill.is_credit and not bill.is_taken_back]
    currencies = {bill.currency for bill in inside}
    if not standing or len(currencies) > 1:
        return None
    return Cost(
        net=_sum(bill.net for bill in inside),
        tax=_sum(bill.tax for bill in inside),
        support=_sum(bill.support for bill in inside),
        total=_sum(bill.total for bill in inside),
        currency=currencies.pop(),
        days=_days_of([bill.period for bill in standing]),
    )


def billed_period(period: Period, *, bills: Sequence[Bill], by_day: Mapping[date, Decimal]) -> BilledPeriod | None:
    """Gather what a period was billed; None unless every day of it was."""
    cost = cost_of(period, bills=bills)
    if cost is None or cost.days != period.days:
        return None
    inside = [bill for bill in bills if period.covers(bill.period)]
    return BilledPeriod(
        cost=cost,
        charges=_by_code(charge for bill in inside for charge in bill.charges),
        days=period.days,
        degree_days=total_of(period, by_day=by_day),
    )


def explain_change(*, base: BilledPeriod, now: BilledPeriod) -> CostChange | None:
    """Split the difference of two periods' bills into days, weather, volume and price; they add up to the cent.

    Each driver moves every charge of the earlier bills one step further towards the later ones (see the README), the
    running totals are rounded, and the drivers are their differences; price is what is left.
    """
    if base.cost.currency != now.cost.currency:
        return None
    base, now = _by_house(base, beside=now), _by_house(now, beside=base)
    levels = [Fraction(base.cost.total)]
    for step in _steps(base=base, now=now):
        moved = sum((step(code) for code in base.charges.keys() | now.charges.keys()), Fraction(0))
        levels.append(Fraction(base.cost.total) + moved)
    rounded = [*(round_half_up(level) for level in levels), now.cost.total]
    shares = zip(Driver, pairwise(rounded), strict=True)
    return CostChange(
        base_total=base.cost.total,
        total=now.cost.total,
        currency=now.cost.currency,
        drivers=tuple(DriverShare(driver=driver, amount=after - before) for driver, (before, after) in shares),
    )


def _by_house(billed: BilledPeriod, *, beside: BilledPeriod) -> BilledPeriod:
    """Count charges that are shared by a fixed key in the house's heat, which moves them, if both periods tell it."""
    charges = {
        code: _in_heat(charge) if _is_shared(charge) and _is_shared(beside.charges.get(code, charge)) else charge
        for code, charge in billed.charges.items()
    }
    return replace(billed, charges=charges)


def _is_shared(charge: Charge) -> bool:
    is_by_key = not charge.is_metered and charge.unit in FIXED_KEYS and charge.gross > 0
    return is_by_key and charge.house_heat is not None and charge.house_heat.value > 0


def _in_heat(charge: Charge) -> Charge:
    assert charge.house_heat is not None, "only shared charges are counted in heat"
    return replace(charge, is_metered=True, quantity=charge.house_heat.value, unit=charge.house_heat.unit)


def _steps(*, base: BilledPeriod, now: BilledPeriod) -> tuple[Callable[[str], Fraction], ...]:
    """Give how far a charge has moved from the earlier bill after days, after weather, and after volume."""
    by_days = Fraction(now.days, base.days)
    has_weather = base.degree_days and now.degree_days is not None
    by_weather = Fraction(now.degree_days or 0) / Fraction(base.degree_days or 1) if has_weather else by_days

    def days(code: str) -> Fraction:
        return _moved(code, base=base, now=now, metered=lambda _charge: by_days)

    def weather(code: str) -> Fraction:
        return _moved(
            code, base=base, now=now, metered=lambda charge: by_weather if charge.unit in HEAT_UNITS else by_days
        )

    def volume(code: str) -> Fraction:
        earlier, later = base.charges.get(code), now.charges.get(code)
        if earlier is not None and later is not None:
            return _moved(code, base=base, now=now, metered=lambda charge: _ratio(later, charge))
        only = later or earlier
        if only is None or not only.is_metered:
            return Fraction(0)
        return Fraction(only.gross) if earlier is None else -Fraction(only.gross)

    return days, weather, volume


def _moved(code: str, *, base: BilledPeriod, now: BilledPeriod, metered: Callable[[Charge], Fraction]) -> Fraction:
    """Tell how far a charge billed in both periods has moved; a fee is there as often as it was billed, at once."""
    earlier, later = base.charges.get(code), now.charges.get(code)
    if earlier is None or later is None:
        return Fraction(0)
    factor = metered(earlier) if earlier.is_metered else _ratio(later, earlier)
    return Fraction(earlier.gross) * (factor - 1)


def _ratio(later: Charge, earlier: Charge) -> Fraction:
    return Fraction(later.quantity) / Fraction(earlier.quantity) if earlier.quantity else Fraction(1)


def _difference_of(now: Bucket, then: Bucket | None) -> Difference | None:
    if then is None or now.value is None or then.value is None or not (is_whole(now) and is_whole(then)):
        return None
    return difference(now.value, base=then.value)


def _normalised(
    bucket: Bucket, *, degree_days: Mapping[date, Decimal], normal: Mapping[date, Decimal]
) -> WeatherBucket:
    actual, usual = (total_of(bucket.slot.period, by_day=days) for days in (degree_days, normal))
    value = None
    if bucket.value is not None and is_whole(bucket) and actual and usual is not None:
        value = round_half_up(Fraction(bucket.value) / Fraction(actual) * Fraction(usual), places=WEATHER_PLACES)
    return WeatherBucket(degree_days=_shown(actual), normal_degree_days=_shown(usual), value=value)


def _shown(degree_days: Decimal | None) -> Decimal | None:
    return None if degree_days is None else round_half_up(degree_days, places=WEATHER_PLACES)


def _by_code(charges: Iterable[Charge]) -> Mapping[str, Charge]:
    found: dict[str, Charge] = {}
    for charge in charges:
        known = found.get(charge.code)
        found[charge.code] = Charge(
            code=charge.code,
            unit=charge.unit,
            is_metered=charge.is_metered,
            quantity=charge.quantity + (known.quantity if known else 0),
            gross=charge.gross + (known.gross if known else 0),
            house_heat=_added(known.house_heat, charge.house_heat) if known else charge.house_heat,
        )
    return found


def _added(one: Heat | None, other: Heat | None) -> Heat | None:
    """Add heat up; what is not known for a part, or in another unit, is not known for the whole."""
    if one is None or other is None or one.unit != other.unit:
        return None
    return Heat(value=one.value + other.value, unit=one.unit)


def _days_of(periods: Sequence[Period]) -> int:
    """Count the days that periods cover, a day that several cover once."""
    return len({period.start + timedelta(days=place) for period in periods for place in range(period.days)})


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, Decimal(0))
