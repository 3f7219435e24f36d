"""Puts a question's answer together from what is known of its supply points. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from mains_spi.record import Period

from mains_server.consumption import comparing, rules
from mains_server.consumption.buckets import CounterBuckets, bucket_of
from mains_server.consumption.records import (
    Bill,
    Consumption,
    ConsumptionSeries,
    Cost,
    CostChange,
    Counter,
    Granularity,
    Place,
    Question,
    Sight,
    Slot,
)

BILLED = (Granularity.MONTH, Granularity.YEAR)
HEAT = "heat"


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """Degree days and those of a normal year, by civil day."""

    actual: Mapping[date, Decimal] = field(default_factory=dict)
    normal: Mapping[date, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """All that is known of one supply point for a question."""

    place: Place
    sight: Sight
    counters: Sequence[Counter] = ()
    bills: Sequence[Bill] = ()
    weather: Weather = Weather()


def show(*, question: Question, known: Sequence[Known]) -> Consumption:
    """Answer a question about supply points that are shown together, at least one of them."""
    zone = known[0].place.time_zone
    slots = rules.slots_of(granularity=question.granularity, period=question.period, time_zone=zone)
    base = rules.base_of(question)
    bills = [bill for point in known for bill in point.bills] if question.granularity in BILLED else []
    return Consumption(
        question=question,
        slots=slots,
        base_period=base,
        series=tuple(_all_series(question, known=known, slots=slots)),
        costs=tuple(comparing.cost_of(slot.period, bills=bills) for slot in slots) if bills else (None,) * len(slots),
        change=_change(question, base=base, bills=bills, by_day=_weather_of_cost(known)),
    )


def place_of(city: str) -> str:
    """Give the name by which a city's degree days are known: `jelgava` for Jelgava."""
    plain = unicodedata.normalize("NFKD", city).encode("ascii", "ignore").decode().lower()
    return "_".join(plain.split())


def total_cost(costs: Sequence[Cost | None]) -> Cost | None:
    """Add up what was billed over all buckets; None where nothing was, or where currencies differ."""
    known = [cost for cost in costs if cost is not None]
    if not known or len({cost.currency for cost in known}) > 1:
        return None
    return Cost(
        net=sum((cost.net for cost in known), Decimal(0)),
        tax=sum((cost.tax for cost in known), Decimal(0)),
        support=sum((cost.support for cost in known), Decimal(0)),
        total=sum((cost.total for cost in known), Decimal(0)),
        currency=known[0].currency,
        days=sum(cost.days for cost in known),
    )


def _all_series(question: Question, *, known: Sequence[Known], slots: Sequence[Slot]) -> Iterator[ConsumptionSeries]:
    """Give a series for each quantity, and one more for each zone that it is counted in."""
    counters = [(point, counter) for point in known for counter in point.counters]
    for quantity, unit in sorted({(c.readings.quantity, c.readings.unit) for _, c in counters}):
        own = [pair for pair in counters if (pair[1].readings.quantity, pair[1].readings.unit) == (quantity, unit)]
        named = {counter.readings.zone for _, counter in own if counter.readings.zone is not None}
        for zone in (None, *sorted(named)):
            chosen = [pair for pair in own if zone in (None, pair[1].readings.zone)]
            empty = ConsumptionSeries(quantity=quantity, unit=unit, zone=zone, buckets=(), known_until=None)
            yield _filled(empty, question=question, chosen=chosen, slots=slots)


def _filled(
    series: ConsumptionSeries, *, question: Question, chosen: Sequence[tuple[Known, Counter]], slots: Sequence[Slot]
) -> ConsumptionSeries:
    time_zone = chosen[0][0].place.time_zone
    counters = [
        CounterBuckets(
            counter=counter, days=point.sight.days, granularity=question.granularity, time_zone=point.place.time_zone
        )
        for point, counter in chosen
    ]
    until = [at for c in counters if (at := c.known_until(period=question.period, time_zone=time_zone)) is not None]
    buckets = tuple(bucket_of(slot, counters=counters) for slot in slots)
    comparison = None
    if question.compare_with is not None:
        there = rules.counterparts(question=question, slots=slots, time_zone=time_zone)
        base = [None if slot is None else bucket_of(slot, counters=counters) for slot in there]
        comparison = comparing.compare(buckets=buckets, base=base)
    weather = None
    if series.quantity == HEAT and question.granularity is not Granularity.HOUR:
        facts = chosen[0][0].weather
        weather = comparing.normalise(buckets, degree_days=facts.actual, normal=facts.normal)
    return replace(
        series, buckets=buckets, known_until=max(until, default=None), comparison=comparison, weather=weather
    )


def _change(
    question: Question, *, base: Period | None, bills: Sequence[Bill], by_day: Mapping[date, Decimal]
) -> CostChange | None:
    if base is None:
        return None
    then = comparing.billed_period(base, bills=bills, by_day=by_day)
    now = comparing.billed_period(question.period, bills=bills, by_day=by_day)
    return None if then is None or now is None else comparing.explain_change(base=then, now=now)


def _weather_of_cost(known: Sequence[Known]) -> Mapping[date, Decimal]:
    """Let the weather explain cost only where heat is supplied."""
    return known[0].weather.actual if all(point.place.commodity == HEAT for point in known) else {}
