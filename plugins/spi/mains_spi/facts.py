"""Finds the facts and series a tariff will ask for, so that they can be fetched before the bill."""

from __future__ import annotations

from mains_spi.book import fact_months
from mains_spi.civil import month_of, months_in, shift_months
from mains_spi.components import Spot
from mains_spi.hooks import FactNeed
from mains_spi.record import Period
from mains_spi.tariff import Tariff
from mains_spi.terms import Fact
from mains_spi.walk import find


def facts_needed(tariff: Tariff, period: Period) -> tuple[FactNeed, ...]:
    """Find the facts and series that a bill of this tariff and period needs, from its terms.

    The unit of a profile (``Spot.weights``) is whatever its series has, so ``1`` stands for it.
    """
    needs: list[FactNeed] = []
    for fact in find(tariff, Fact):
        needs.extend(FactNeed(fact.name, fact.unit, days) for days in _days(fact, period))
    for spot in find(tariff, Spot):
        needs.append(FactNeed(spot.series, spot.unit, period))
        if spot.weights is not None:
            needs.append(FactNeed(spot.weights, "1", period))
    return tuple(dict.fromkeys(needs))


def _days(fact: Fact, period: Period) -> list[Period]:
    if fact.months:
        return [days for month in months_in(period) for days in fact_months(fact, month.start)]
    if fact.back == 0:
        return [period]
    return [month_of(shift_months(month.start, -fact.back)) for month in months_in(period)]
