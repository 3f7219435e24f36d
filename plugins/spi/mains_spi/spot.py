"""The one weighted price of a quantity bought by the interval."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from math import lcm
from operator import mul

from mains_spi.components import Spot
from mains_spi.errors import CannotRate, MissingInput
from mains_spi.exact import ZERO, half_up
from mains_spi.here import Here
from mains_spi.requests import Series
from mains_spi.terms import Qty
from mains_spi.trace import Source, Value, Values
from mains_spi.usage import series_values, span_of
from mains_spi.values import value_of
from mains_spi.walk import find


def weighted_price(component: Spot, here: Here) -> Value:
    """Work out the one weighted price, scaled and rounded as the tariff says."""
    weights, step = _weights(component, here)
    price = _weighted(here, weights, _prices(component, here, step))
    if component.scale is not None:
        price = here.trace.step("mul", price, value_of(component.scale, here))
    if component.places is not None:
        price = here.trace.step("round", price, places=component.places)
    return price


def weighted_number(component: Spot, here: Here) -> Fraction:
    """Work out the same price without noting how, since a cohort asks for each month once and explains it nowhere."""
    found = _weighed_by_profile(component, here)
    if found is None:
        return weighted_price(component, here).number
    if component.scale is not None:
        found *= value_of(component.scale, here).number
    return found if component.places is None else half_up(found, component.places)


def _weighed_by_profile(component: Spot, here: Here) -> Fraction | None:
    """Weigh prices by a profile of the same step, all of it known; None where it takes the longer way."""
    series = {one.name: one for one in here.book.request.series}
    prices, profile = series.get(component.series), series.get(component.weights or "")
    if prices is None or profile is None or own_series(component, here) is not None:
        return None
    if prices.step != profile.step or prices.unit != component.unit:
        return None
    parts = [one.values[first : first + count] for one in (profile, prices) for first, count in [span_of(here, one)]]
    return _mean(*parts) if len(parts[0]) == len(parts[1]) == span_of(here, prices)[1] else None


@lru_cache(maxsize=64)
def _mean(weights: tuple[Decimal | None, ...], prices: tuple[Decimal | None, ...]) -> Fraction | None:
    """Give the weighted mean in whole numbers; kept, since who compares products asks for the same months."""
    if None in weights or None in prices or not any(weights):
        return None
    (heavy, _), (dear, scale) = _whole(weights), _whole(prices)
    total = sum(heavy)
    return None if total == 0 else Fraction(sum(map(mul, heavy, dear)), total * scale)


def _whole(values: tuple[Decimal | None, ...]) -> tuple[list[int], int]:
    ratios = [value.as_integer_ratio() for value in values if value is not None]
    scale = lcm(*{below for _, below in ratios})
    return [above * (scale // below) for above, below in ratios], scale


def own_series(component: Spot, here: Here) -> Series | None:
    """Find the usage series of the quantity, if it has one."""
    return next((here.scope.series[q.name] for q in find(component.qty, Qty) if q.name in here.scope.series), None)


def _weights(component: Spot, here: Here) -> tuple[Values, timedelta]:
    """Find what weighs the prices: the quantity's own series, or the profile for usage without intervals."""
    series = own_series(component, here)
    if series is None and component.weights is not None:
        series = _series(here, component.weights)
    if series is None:
        names = [q.name for q in find(component.qty, Qty)] or [component.code]
        remedy = f"give the series `{names[0]}`, or a profile for the tariff"
        raise MissingInput("missing_series", here.component, remedy)
    return series_values(here, series, series.unit), series.step


def _series(here: Here, name: str) -> Series:
    for series in here.book.request.series:
        if series.name == name:
            return series
    raise MissingInput("missing_series", here.component, f"give the series `{name}`")


def _prices(component: Spot, here: Here, step: timedelta) -> Values:
    series = _series(here, component.series)
    values = series_values(here, series, component.unit)
    if series.step == step:
        return values
    source = Source(f"{series.name} per {step}", component.unit, series.source, series.quality)
    if series.step < step and step % series.step == timedelta(0):
        return here.trace.series(fold(values.numbers, step // series.step, component.fold_places), source, values.flags)
    if step < series.step and series.step % step == timedelta(0):
        times = series.step // step
        return here.trace.series(tuple(n for n in values.numbers for _ in range(times)), source, values.flags)
    remedy = f"steps of `{series.name}` ({series.step}) and of the usage ({step}) do not divide each other"
    raise CannotRate("series_not_aligned", here.component, remedy)


def fold(numbers: tuple[Fraction, ...], count: int, places: int | None) -> tuple[Fraction, ...]:
    """Give the mean of each run of ``count`` values, rounded if ``places`` says so."""
    means = [sum(numbers[i : i + count], ZERO) / count for i in range(0, len(numbers), count)]
    return tuple(means if places is None else (half_up(mean, places) for mean in means))


def _weighted(here: Here, weights: Values, prices: Values) -> Value:
    total = here.trace.step("sum", weights)
    if total.number != 0:
        return here.trace.step("div", here.trace.step("dot", weights, prices), total)
    if any(weights.numbers):
        remedy = "usage adds up to zero while some intervals are not zero: no one price bills it"
        raise CannotRate("no_weighted_price", here.component, remedy)
    count = here.number(len(prices.numbers), "intervals")
    return here.trace.step("div", here.trace.step("sum", prices), count)
