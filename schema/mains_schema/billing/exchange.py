"""The one price that a month's usage at the exchange was weighted to, and the intervals behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import strawberry
from mains_server.intervals.rules import day_seconds
from mains_server.money.rules import round_half_up

from mains_schema.billing.explanation import explained_line
from mains_schema.declaring.given import Given
from mains_schema.declaring.mapping import described
from mains_schema.declaring.scalars import UnitPrice

if TYPE_CHECKING:
    from mains_schema.declaring.resolve import Reads

USED_PLACES, PRICE_PLACES = 6, 8
WEIGHTED_ROWS = 100


class WeightedBy(Enum):
    """What weighed the prices."""

    OWN_INTERVALS = "OWN_INTERVALS"
    PROFILE = "PROFILE"


described(
    WeightedBy,
    "What weighed the prices.",
    {
        "OWN_INTERVALS": "The meter's own hours or quarter-hours.",
        "PROFILE": "The typical profile, since the meter tells no intervals.",
    },
)


class PointWidth(Enum):
    """How wide a point is."""

    DAY = "DAY"
    INTERVAL = "INTERVAL"


described(
    PointWidth,
    "How wide a point is.",
    {"DAY": "A civil day; at most 31 in a month.", "INTERVAL": "An hour or quarter-hour; at most 2,980 in a month."},
)
GIVEN = (Given("width", PointWidth | None, "How wide a point of `points` is; by default DAY."),)


@strawberry.type(description="Usage and price of a day, an hour or a quarter-hour.")
class WeightedPoint:
    """One point of a chart."""

    starts_at: datetime = strawberry.field(description="When it begins.")
    ends_at: datetime = strawberry.field(description="When it ends.")
    weight: Decimal = strawberry.field(description="What was used, or the profile's weight; in `weightUnit`.")
    price: Decimal = strawberry.field(
        description="Its price in `seriesUnit`; of a day the mean weighted like the month's, or the plain one of a day "
        "without use."
    )


@strawberry.type(
    description="How the one price of a line came about: the sum of weight x price over all intervals, divided by the "
    "sum of the weights, rounded as the tariff says. `explanation` of the line has the same as steps to repeat."
)
class WeightedPrice:
    """Sums and points."""

    weighted_by: WeightedBy = strawberry.field(description="What weighed the prices.")
    series: str = strawberry.field(description="Name of the price series.")
    series_unit: str = strawberry.field(description="Unit of its prices, such as `EUR/MWh`.")
    weight_unit: str = strawberry.field(description="Unit of the weights: `kWh`; `1` of a profile.")
    intervals: int = strawberry.field(
        description="How many intervals there were: 2,972 quarters in March, 745 hours in October."
    )
    interval_seconds: int = strawberry.field(description="How long each is: 3,600 or 900 seconds.")
    weight: str = strawberry.field(description="Sum of the weights, exact.")
    product: str = strawberry.field(description="Sum of weight x price, exact.")
    exact_price: str = strawberry.field(
        description="Their quotient in the series' unit, exact: a decimal, or a fraction such as `1/3`."
    )
    simple_price: Decimal = strawberry.field(
        description="For comparison the plain mean of the prices, to eight decimals; nobody was billed by it."
    )
    price: UnitPrice = strawberry.field(description="The price that billed, as printed.")
    points: list[WeightedPoint] = strawberry.field(description="The month in order.")


async def weighted_price(
    reads: Reads,
    invoice_id: int,
    position: int,
    unit_price: Decimal,
    price_unit: str,
    *,
    width: PointWidth | None = None,
) -> WeightedPrice | None:
    """Read the weighting out of a line's explanation; None for a line whose price was not weighted."""
    line = await explained_line(reads, invoice_id, position)
    found = None if line is None else _sums(line.why)
    if line is None or found is None:
        return None
    weights, prices, product, total, quotient = found
    first = date.fromisoformat(line.why["period"][0])
    after = date.fromisoformat(line.why["period"][1])
    starts, ends = (day_seconds(day, line.time_zone)[0] for day in (first, after))
    numbers = [Fraction(text) for text in weights["value"]], [Fraction(text) for text in prices["value"]]
    step = (ends - starts) // len(numbers[0])
    points = _points(*numbers, starts=starts, step=step)
    if width is not PointWidth.INTERVAL:
        points = _days(*numbers, starts=starts, step=step, time_zone=line.time_zone)
    return WeightedPrice(
        weighted_by=WeightedBy.OWN_INTERVALS if weights["unit"] != "1" else WeightedBy.PROFILE,
        series=prices["name"],
        series_unit=prices["unit"],
        weight_unit=weights["unit"],
        intervals=len(numbers[0]),
        interval_seconds=step,
        weight=total,
        product=product,
        exact_price=quotient,
        simple_price=round_half_up(sum(numbers[1], Fraction(0)) / len(numbers[1]), places=PRICE_PLACES),
        price=UnitPrice(amount=unit_price, unit=price_unit),
        points=points,
    )


def _sums(why: Mapping[str, Any]) -> tuple[Any, Any, str, str, str] | None:
    """Find the one step that multiplies two series, and the quotient that it is the upper half of."""
    inputs = {given["id"]: given for given in why["inputs"]}
    steps = {step["id"]: step for step in why["steps"]}
    dots = [step for step in why["steps"] if step["op"] == "dot"]
    if len(dots) != 1:
        return None
    (dot,) = dots
    (quotient,) = [step for step in why["steps"] if step["op"] == "div" and step["args"][0] == dot["id"]]
    total = steps[quotient["args"][1]]
    weights, prices = (inputs[name] for name in dot["args"])
    return weights, prices, dot["value"], total["value"], quotient["value"]


def _points(weights: Sequence[Fraction], prices: Sequence[Fraction], *, starts: int, step: int) -> list[WeightedPoint]:
    return [
        _point(weight, price, starts=starts + at * step, ends=starts + (at + 1) * step)
        for at, (weight, price) in enumerate(zip(weights, prices, strict=True))
    ]


def _days(
    weights: Sequence[Fraction], prices: Sequence[Fraction], *, starts: int, step: int, time_zone: str
) -> list[WeightedPoint]:
    found, at, zone = [], 0, ZoneInfo(time_zone)
    while at < len(weights):
        begins = starts + at * step
        day = datetime.fromtimestamp(begins, UTC).astimezone(zone).date()
        count = day_seconds(day, time_zone)[1] // step
        mine, cost = weights[at : at + count], prices[at : at + count]
        whole = sum(mine, Fraction(0))
        if whole:
            price = sum((one * other for one, other in zip(mine, cost, strict=True)), Fraction(0)) / whole
        else:
            price = sum(cost, Fraction(0)) / len(cost)
        found.append(_point(whole, price, starts=begins, ends=begins + count * step))
        at += count
    return found


def _point(weight: Fraction, price: Fraction, *, starts: int, ends: int) -> WeightedPoint:
    return WeightedPoint(
        starts_at=datetime.fromtimestamp(starts, UTC),
        ends_at=datetime.fromtimestamp(ends, UTC),
        weight=round_half_up(weight, places=USED_PLACES),
        price=round_half_up(price, places=PRICE_PLACES),
    )
