"""Calculations of a comparison that ask nobody: months, typed consumptions, sums of bills, ranges and crossings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import ROUND_DOWN, Decimal
from fractions import Fraction

from mains_spi import Labels, Period, Product, Utility

from mains_server.money.rules import round_half_up
from mains_server.offers.records import (
    MONTHS,
    USE_A_MONTH_MAX,
    ComparisonProblem,
    ComparisonRefused,
    ComponentCost,
    Consumption,
    MonthUse,
    YearCost,
    YearUse,
)

PLACES = 3
SHAPE_PLACES = 6


def first_of_month(day: date) -> date:
    """Give the first day of a day's month."""
    return day.replace(day=1)


def months_before(day: date) -> tuple[Period, ...]:
    """Give the twelve whole months before the month of a day, in order."""
    found = []
    end = first_of_month(day)
    for _ in range(MONTHS):
        start = first_of_month(end - timedelta(days=1))
        found.append(Period(start, end))
        end = start
    return tuple(reversed(found))


def months_from(day: date) -> tuple[Period, ...]:
    """Give the twelve whole months from a day's month on, in order."""
    start = first_of_month(day)
    return months_before(start.replace(year=start.year + 1))


def typed_use(told: Consumption) -> YearUse:
    """Spread what somebody says over the calendar months; refuses what contradicts itself or cannot be.

    A year is twelve equal months to the thousandth; what is left over falls to December.
    """
    months = _typed_months(told)
    share = _typed_share(told, whole=sum(months, Decimal(0)))
    return YearUse(
        months=tuple(
            MonthUse(month=number, total=total, night=None if share is None else _rounded(total * share))
            for number, total in enumerate(months, start=1)
        )
    )


def _typed_months(told: Consumption) -> tuple[Decimal, ...]:
    given = [name for name in ("a_month", "a_year", "months") if getattr(told, name) is not None]
    if not given:
        raise ComparisonRefused(
            ComparisonProblem.CONSUMPTION_MISSING, "Say how much is used: a month, a year, or in each of twelve months."
        )
    if len(given) > 1:
        raise ComparisonRefused(
            ComparisonProblem.CONSUMPTION_TWICE, "Say how much is used once: a month, a year, or twelve months."
        )
    if told.months is not None:
        if len(told.months) != MONTHS:
            raise ComparisonRefused(
                ComparisonProblem.MONTHS_NOT_TWELVE, "Give twelve months, January first.", path="consumption.months"
            )
        return tuple(_in_range(value, at_most=USE_A_MONTH_MAX, path="consumption.months") for value in told.months)
    if told.a_month is not None:
        return (_in_range(told.a_month, at_most=USE_A_MONTH_MAX, path="consumption.aMonth"),) * MONTHS
    assert told.a_year is not None
    year = _in_range(told.a_year, at_most=USE_A_MONTH_MAX * MONTHS, path="consumption.aYear")
    part = (year / MONTHS).quantize(Decimal(1).scaleb(-PLACES), rounding=ROUND_DOWN)
    return (*(part,) * (MONTHS - 1), year - part * (MONTHS - 1))


def _in_range(value: Decimal, *, at_most: Decimal, path: str) -> Decimal:
    if not 0 <= value <= at_most or value != _rounded(value):
        raise ComparisonRefused(
            ComparisonProblem.CONSUMPTION_OUT_OF_RANGE,
            f"A consumption is from 0 to {at_most} with at most {PLACES} decimals.",
            path=path,
        )
    return value


def _typed_share(told: Consumption, *, whole: Decimal) -> Decimal | None:
    """Tell the share of night and weekend, as it was typed or as two amounts that must add up to the whole."""
    if told.day is None and told.night is None:
        if told.night_share is not None and not 0 <= told.night_share <= 1:
            raise ComparisonRefused(
                ComparisonProblem.CONSUMPTION_OUT_OF_RANGE, "A share is from 0 to 1.", path="consumption.nightShare"
            )
        return told.night_share
    if told.day is None or told.night is None or told.night_share is not None or told.months is not None:
        raise ComparisonRefused(
            ComparisonProblem.SPLIT_DOES_NOT_ADD_UP,
            "Give both `day` and `night` with a month or a year, or `nightShare` alone.",
            path="consumption.day",
        )
    given = told.a_month if told.a_month is not None else whole
    if told.day < 0 or told.night < 0 or told.day + told.night != given:
        raise ComparisonRefused(
            ComparisonProblem.SPLIT_DOES_NOT_ADD_UP,
            f"Day and night come to {told.day + told.night}, not to the {given} that were given.",
            path="consumption.day",
        )
    return Decimal(0) if given == 0 else told.night / given


def above_allowance(use: YearUse, *, allowance: Decimal) -> YearUse:
    """Give what is used above an allowance in each month; the night has the same share of it."""
    months = []
    for month in use.months:
        total = max(month.total - allowance, Decimal(0))
        night = month.night
        if night is not None and month.total:
            night = _rounded(night * total / month.total)
        months.append(MonthUse(month=month.month, total=total, night=night, is_estimated=month.is_estimated))
    return YearUse(months=tuple(months))


def scaled(use: YearUse, *, a_month: int) -> YearUse:
    """Give a year of the same shape that comes to so much a month on average."""
    whole = use.total
    months = []
    for month in use.months:
        part = Fraction(month.total) / Fraction(whole) if whole else Fraction(1, MONTHS)
        total = round_half_up(part * a_month * MONTHS, places=SHAPE_PLACES)
        night = None
        if month.night is not None:
            share = Fraction(month.night) / Fraction(month.total) if month.total else Fraction(0)
            night = round_half_up(share * Fraction(total), places=SHAPE_PLACES)
        months.append(MonthUse(month=month.month, total=total, night=night))
    return YearUse(months=tuple(months))


def with_night_share(use: YearUse, *, share: Decimal) -> YearUse:
    """Give the same year with this share of each month at night and weekends."""
    return YearUse(
        months=tuple(
            MonthUse(month=month.month, total=month.total, night=_rounded(month.total * share)) for month in use.months
        ),
        measured=use.measured,
        months_measured=use.months_measured,
    )


def is_in_range(product: Product, *, a_month: Decimal) -> bool | None:
    """Tell whether a monthly consumption lies in the range a product is advised for; None where it is for any."""
    least, most = product.recommended_from, product.recommended_upto
    if least is None and most is None:
        return None
    return (least is None or a_month > least) and (most is None or a_month <= most)


def component_costs(
    *,
    nets: Mapping[tuple[str, str, Decimal], Decimal],
    taxes: Mapping[tuple[str, Decimal], Decimal],
    after_tax: Mapping[str, Decimal],
    labels: Mapping[str, Labels],
) -> tuple[ComponentCost, ...]:
    """Say of each charge what it came to in the year, in the order of the bill; the taxes add up to those billed.

    Tax is worked out on a bill's sum, so each charge gets its net x rate to the cent, and the largest what is left.
    """
    tax_of: dict[tuple[str, str, Decimal], Decimal] = {}
    for (code, rate), billed in taxes.items():
        mine = [key for key in nets if key[1:] == (code, rate)]
        for key in mine:
            tax_of[key] = round_half_up(nets[key] * rate)
        if mine:
            largest = max(mine, key=lambda key: abs(nets[key]))
            tax_of[largest] += billed - sum((tax_of[key] for key in mine), Decimal(0))
    found: dict[str, tuple[Decimal, Decimal]] = {}
    for key, net in nets.items():
        before = found.get(key[0], (Decimal(0), Decimal(0)))
        found[key[0]] = (before[0] + net, before[1] + tax_of.get(key, Decimal(0)))
    taxed = [_component(code, net=net, tax=tax, labels=labels) for code, (net, tax) in found.items()]
    support = [_component(code, net=net, tax=Decimal(0), labels=labels) for code, net in after_tax.items()]
    return tuple(part for part in (*taxed, *support) if part.net or part.tax)


def year_cost(components: Sequence[ComponentCost], *, payable: Decimal) -> YearCost:
    """Add the charges of a year up; what they come to must be what twelve bills come to."""
    net = sum((part.net for part in components), Decimal(0))
    tax = sum((part.tax for part in components), Decimal(0))
    assert net + tax == payable, f"charges come to {net + tax}, bills to {payable}"
    return YearCost(components=tuple(components), net=net, tax=tax, payable=payable)


def labels_of(utility: Utility) -> dict[str, Labels]:
    """Give the names of a utility's charges."""
    return {charge.code: charge.labels for charge in utility.charges}


def filled(known: Mapping[Period, MonthUse], *, frame: Iterable[Period]) -> tuple[MonthUse, ...]:
    """Put the months of a year in order of the calendar; what nobody measured is the daily mean of what was."""
    days = sum(period.days for period in known)
    used = sum((use.total for use in known.values()), Decimal(0))
    nights = [use.night for use in known.values() if use.night is not None]
    night = sum(nights, Decimal(0)) if len(nights) == len(known) else None
    months = []
    for period in frame:
        found = known.get(period)
        if found is None:
            found = MonthUse(
                month=period.start.month,
                total=_mean(used, days=days, of=period),
                night=None if night is None else _mean(night, days=days, of=period),
                is_estimated=True,
            )
        months.append(found)
    return tuple(sorted(months, key=lambda use: use.month))


def _mean(used: Decimal, *, days: int, of: Period) -> Decimal:
    return round_half_up(Fraction(used) * of.days / days, places=PLACES)


def _component(code: str, *, net: Decimal, tax: Decimal, labels: Mapping[str, Labels]) -> ComponentCost:
    words = labels[code]
    return ComponentCost(
        code=code,
        label_lv=words.lv,
        label_en=words.en,
        label_ru=words.ru,
        net=net,
        tax=tax,
        is_support=net < 0,
    )


def _rounded(value: Decimal) -> Decimal:
    return round_half_up(value, places=PLACES)
