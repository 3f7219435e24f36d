"""What was used: buckets, cost, comparisons and what drove a change, as the consumption room answers."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import strawberry
from mains_server.consumption import records
from mains_server.consumption.records import CompareWith, ConsumptionQuality, Driver, Granularity
from mains_server.consumption.showing import total_cost
from mains_spi.record import Period as Days

from mains_schema.declaring.mapping import described
from mains_schema.declaring.scalars import Money, Period

described(
    Granularity,
    "How wide a bucket is.",
    {
        "HOUR": "An hour, from a smart meter; at most 31 days at once. A day has 23 to 25.",
        "DAY": "A civil day; at most 366 at once.",
        "MONTH": "A calendar month; at most 3,660 days at once.",
        "YEAR": "A calendar year; at most 11,000 days at once.",
    },
)
described(
    CompareWith,
    "Which earlier period a period is compared with.",
    {
        "PREVIOUS_PERIOD": "The one just before: as many months if it is made of whole months shown by month or year, "
        "else as many days.",
        "SAME_PERIOD_LAST_YEAR": "The same days a year before; 29 February has no counterpart.",
    },
)
described(
    ConsumptionQuality,
    "How the value of a bucket came about.",
    {
        "ACTUAL": "Read on the bucket's own bounds, or measured by intervals.",
        "APPORTIONED": "Read on other days, and spread by days.",
        "ESTIMATED": "Worked out, since a reading was missing.",
        "MIXED": "Estimated in part.",
    },
)
described(
    Driver,
    "What made a cost differ from an earlier one, in the order in which they are taken.",
    {
        "DAYS": "More or fewer days.",
        "WEATHER": "More or fewer degree days, where heat is supplied and they are known.",
        "VOLUME": "More or less used than days and weather explain.",
        "PRICE": "Prices, fees, taxes and support, and the cents of rounding.",
    },
)


@strawberry.input(description="Civil days from `from` on, up to but without `to`.")
class PeriodInput:
    """Which days are asked for."""

    start: date = strawberry.field(name="from", description="First day, 1990-01-01 or later, and not after today.")
    end: date = strawberry.field(name="to", description="The day after the last; it may lie in the future.")


@strawberry.type(description="What was used in an hour, day, month or year, as far as it is known.")
class ConsumptionBucket:
    """One bar of a chart."""

    period: Period = strawberry.field(description="Its civil days; of an hour, the day it lies in.")
    starts_at: datetime = strawberry.field(description="When it begins.")
    ends_at: datetime = strawberry.field(description="When it ends.")
    value: Decimal | None = strawberry.field(
        description="How much is known to be used, in the series' unit, at most six decimals; null where nothing is "
        "known, which is not zero."
    )
    quality: ConsumptionQuality | None = strawberry.field(description="How it came about; null without a value.")
    coverage: Decimal = strawberry.field(
        description="Share that is known, six decimals, cut off: 1 is everything, 0 nothing."
    )


@strawberry.type(description="A bucket of heat in a normal year: value / degree days x normal degree days.")
class ConsumptionWeather:
    """The weather of a bucket."""

    degree_days: Decimal | None = strawberry.field(
        description="Degree days of the bucket in K.d, three decimals; null where those of a day are not known."
    )
    normal_degree_days: Decimal | None = strawberry.field(
        description="Those of the same days in a normal year, in K.d, three decimals; null where those of a day are "
        "not known."
    )
    value: Decimal | None = strawberry.field(
        description="What would have been used in a normal year, in the series' unit, three decimals; null where the "
        "bucket is not known whole, or without degree days."
    )


@strawberry.type(description="A bucket's counterpart in the earlier period, and the difference.")
class ConsumptionCompared:
    """Two buckets beside each other."""

    base: ConsumptionBucket | None = strawberry.field(description="The counterpart; null where it has none.")
    difference: Decimal | None = strawberry.field(
        description="How much more was used than then, in the series' unit; null unless both are known whole."
    )
    share: Decimal | None = strawberry.field(
        description="The difference as a share of the counterpart, four decimals; null unless both are known whole, or "
        "where the counterpart is zero."
    )


@strawberry.type(description="A series beside an earlier period.")
class ConsumptionComparison:
    """The earlier period, bucket by bucket, and in all."""

    buckets: list[ConsumptionCompared] = strawberry.field(description="One for each bucket of the series, in order.")
    difference: Decimal | None = strawberry.field(
        description="How much more was used, over the buckets known whole in both; null where there is none."
    )
    share: Decimal | None = strawberry.field(
        description="The same as a share of then, four decimals; null where there is no difference, or then was zero."
    )
    compared_buckets: int = strawberry.field(description="How many buckets are known whole in both.")


@strawberry.type(description="The use of one quantity.")
class ConsumptionSeries:
    """One row of bars."""

    quantity: str = strawberry.field(description="What is counted: `energy`, `heat`, `hot_water`, `water`.")
    unit: str = strawberry.field(description="Unit of its values: `kWh`, `MWh`, `m3`.")
    zone: str | None = strawberry.field(description="Tariff zone; null for all zones together.")
    known_until: datetime | None = strawberry.field(
        description="Until when something is known of the period; null where nothing is."
    )
    buckets: list[ConsumptionBucket] = strawberry.field(
        description="In order; at most 775 hours, 366 days, 121 months."
    )
    weather: list[ConsumptionWeather] | None = strawberry.field(
        description="One for each bucket, in order, of heat by day, month or year; null for everything else."
    )
    comparison: ConsumptionComparison | None = strawberry.field(
        description="The earlier period that was asked for; null if none was."
    )


@strawberry.type(description="What was billed for a month or year: the sums of the bills that lie wholly in it.")
class ConsumptionCost:
    """Cost as it was billed, never worked out anew."""

    period: Period = strawberry.field(description="The bucket.")
    billed_days: int = strawberry.field(description="How many days of the bucket these bills are for.")
    is_complete: bool = strawberry.field(description="Whether that is every day of it.")
    net: Money = strawberry.field(description="Without tax.")
    tax: Money = strawberry.field(description="Tax.")
    support: Money = strawberry.field(description="What was taken off after tax.")
    total: Money = strawberry.field(description="To pay: net + tax - support.")


@strawberry.type(description="How much of a change in cost one driver made.")
class ConsumptionDriver:
    """One step from an earlier bill to a later one."""

    driver: Driver = strawberry.field(description="Which.")
    amount: Money = strawberry.field(description="By how much it made the cost higher; negative is lower.")


@strawberry.type(description="Two periods' bills beside each other, and why they differ.")
class ConsumptionChange:
    """The drivers add up to the difference to the cent."""

    base_total: Money = strawberry.field(description="What the earlier period was billed, with tax.")
    total: Money = strawberry.field(description="What this period was billed, with tax.")
    drivers: list[ConsumptionDriver] = strawberry.field(
        description="Days, weather, volume and price, in this order; they add up to the difference exactly."
    )


@strawberry.type(description="What was used in a period, what was billed for it, and how both compare.")
class Consumption:
    """The answer to one question."""

    granularity: Granularity = strawberry.field(description="How wide its buckets are.")
    period: Period = strawberry.field(description="The days that were asked for.")
    base_period: Period | None = strawberry.field(
        description="The earlier days it is compared with; null if none were asked for, or for 29 February alone."
    )
    known_until: datetime | None = strawberry.field(
        description="Until when something is known of the period; null where nothing is."
    )
    series: list[ConsumptionSeries] = strawberry.field(
        description="One for each quantity that is counted here, and one more for each tariff zone; a handful. Empty "
        "where there was no meter."
    )
    costs: list[ConsumptionCost] = strawberry.field(
        description="Each month or year for which something was billed to a contract of this place alone that the "
        "viewer sees; a bucket that is not here was not billed, or lies within a longer bill. Empty for hours and days."
    )
    cost: ConsumptionCost | None = strawberry.field(description="All of these together; null where nothing was billed.")
    change: ConsumptionChange | None = strawberry.field(
        description="Why the cost differs from the earlier period's; null unless every day of both was billed."
    )
    chart_url: str | None = strawberry.field(
        description="Path of an SVG chart of the series, for this session, for 15 minutes; null for who has no session."
    )


def answer_of(found: records.Consumption, *, chart_url: str | None) -> Consumption:
    """Word what the room answered."""
    costs = [(slot.period, cost) for slot, cost in zip(found.slots, found.costs, strict=True) if cost is not None]
    total = total_cost(found.costs)
    base = found.base_period
    return Consumption(
        granularity=found.question.granularity,
        period=_period(found.question.period),
        base_period=None if base is None else _period(base),
        known_until=max((s.known_until for s in found.series if s.known_until is not None), default=None),
        series=[_series(series) for series in found.series],
        costs=[_cost(cost, period=period) for period, cost in costs],
        cost=None if total is None else _cost(total, period=found.question.period),
        change=None if found.change is None else _change(found.change),
        chart_url=chart_url,
    )


def _series(series: records.ConsumptionSeries) -> ConsumptionSeries:
    compared = series.comparison
    return ConsumptionSeries(
        quantity=series.quantity,
        unit=series.unit,
        zone=series.zone,
        known_until=series.known_until,
        buckets=[_bucket(bucket) for bucket in series.buckets],
        weather=None
        if series.weather is None
        else [
            ConsumptionWeather(
                degree_days=bucket.degree_days, normal_degree_days=bucket.normal_degree_days, value=bucket.value
            )
            for bucket in series.weather
        ],
        comparison=None if compared is None else _comparison(compared),
    )


def _comparison(found: records.Comparison) -> ConsumptionComparison:
    return ConsumptionComparison(
        buckets=[
            ConsumptionCompared(
                base=None if part.base is None else _bucket(part.base),
                difference=None if part.difference is None else part.difference.absolute,
                share=None if part.difference is None else part.difference.share,
            )
            for part in found.buckets
        ],
        difference=None if found.difference is None else found.difference.absolute,
        share=None if found.difference is None else found.difference.share,
        compared_buckets=found.compared,
    )


def _bucket(bucket: records.Bucket) -> ConsumptionBucket:
    return ConsumptionBucket(
        period=_period(bucket.slot.period),
        starts_at=bucket.slot.starts_at,
        ends_at=bucket.slot.ends_at,
        value=bucket.value,
        quality=bucket.quality,
        coverage=bucket.coverage,
    )


def _cost(cost: records.Cost, *, period: Days) -> ConsumptionCost:
    def money(amount: Decimal) -> Money:
        return Money(amount=amount, currency=cost.currency)

    return ConsumptionCost(
        period=_period(period),
        billed_days=cost.days,
        is_complete=cost.days == period.days,
        net=money(cost.net),
        tax=money(cost.tax),
        support=money(cost.support),
        total=money(cost.total),
    )


def _change(change: records.CostChange) -> ConsumptionChange:
    def money(amount: Decimal) -> Money:
        return Money(amount=amount, currency=change.currency)

    return ConsumptionChange(
        base_total=money(change.base_total),
        total=money(change.total),
        drivers=[ConsumptionDriver(driver=share.driver, amount=money(share.amount)) for share in change.drivers],
    )


def _period(days: Days) -> Period:
    return Period(start=days.start, end=days.end)
