"""A contract's own last twelve months, counted as the billing run counts them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from mains_spi import Comparing, Period, Place, Series, Spot, Tariff
from psycopg import Connection

from mains_server.adapters.live import LiveAdapter
from mains_server.billing import queries as billing
from mains_server.billing.attributes import AttributeTeller
from mains_server.billing.cases import build_cases
from mains_server.billing.due import Case, DatedValue, DueRow, Traits
from mains_server.billing.estimates import Estimator
from mains_server.billing.interval_usage import IntervalCounter
from mains_server.billing.usage import as_usage
from mains_server.offers.queries import ComparedContract
from mains_server.offers.records import (
    ComparisonProblem,
    ComparisonRefused,
    CustomerSort,
    MonthUse,
    YearUse,
)
from mains_server.offers.records import Connection as Connected
from mains_server.offers.rules import filled, months_before


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What a contract used, and what it is on a day: traits, terms, places, and the share that each of these used.

    `points` are its supply points; `places` name them, where there are several that are charged by themselves.
    """

    use: YearUse
    day: Period
    traits: Traits
    due: DueRow
    connection: Connected
    series: Mapping[int, Series]
    points: tuple[DueRow, ...]
    places: tuple[Place, ...] = ()
    shares: tuple[Fraction, ...] = ()

    @property
    def letters_a_month(self) -> int:
        """How many letters a month its invoices are."""
        return 1 if self.due.delivery == "POST" else 0

    def present_on(self, on: date) -> DueRow | None:
        """Give the terms in force on a day; None for a contract that has ended by then."""
        return self.due if self.day.start == on else None


class ByZone(AttributeTeller):
    """Tells of every contract that it counts in two zones, so that intervals are sorted into zones for all."""

    def __init__(self, *, adapter: LiveAdapter, period: Period, comparing: Comparing) -> None:
        super().__init__(utility=adapter.utility, period=period)
        self._attribute = comparing.zones
        self._days = period

    def traits_of(self, due: DueRow, *, dated: tuple[DatedValue, ...]) -> Traits:
        """Say two zones, whatever is agreed."""
        if self._attribute is None:
            return super().traits_of(due, dated=dated)
        others = tuple(told for told in dated if told.name != self._attribute)
        told = (*others, DatedValue(self._attribute, "2", self._days.start, self._days.end))
        return super().traits_of(due, dated=told)


def measured_year(
    connection: Connection, *, adapter: LiveAdapter, contract: ComparedContract, comparing: Comparing, on: date
) -> Measured:
    """Tell what a contract used in the twelve whole months before a day; refuses one of which no month was measured."""
    frame = months_before(on)
    known: dict[Period, MonthUse] = {}
    series: dict[int, Series] = {}
    at_places: dict[str, Decimal] = defaultdict(Decimal)
    seen_by = _tariff_that_looks_closest(adapter, on=on)
    for month in frame:
        found = _case(
            connection, adapter=adapter, contract=contract, comparing=comparing, period=month, seen_by=seen_by
        )
        if found is not None and found.problem is None and _is_whole(found, month):
            known[month] = _month_use(found, comparing=comparing, month=month)
            for place, used in _used_at_places(found, quantity=comparing.quantity):
                at_places[place] += used
            for own in found.series:
                if own.name == comparing.quantity:
                    series[month.start.month] = own
    measured = sum(1 for use in known.values() if not use.is_estimated)
    if not measured:
        raise ComparisonRefused(
            ComparisonProblem.NO_USAGE,
            f"Nothing was measured from {frame[0].start} to {frame[-1].end}: choose another day with `on`,"
            " or give `consumption` in place of the contract.",
            path="contractId",
        )
    day, case = _as_it_is(connection, adapter=adapter, contract=contract, on=on, seen_by=seen_by)
    return Measured(
        use=YearUse(
            months=filled(known, frame=frame),
            measured=Period(frame[0].start, frame[-1].end),
            months_measured=measured,
        ),
        day=day,
        traits=case.traits,
        due=case.due,
        connection=_connected(case.traits, comparing=comparing),
        series=series,
        points=case.points,
        places=case.places,
        shares=_shares(at_places, names=[place.name for place in case.places]),
    )


class SeenBy(NamedTuple):
    """The day as of which usage is counted, and the tariff whose zones and intervals it is counted by."""

    on: date
    tariff: Tariff | None


def _tariff_that_looks_closest(adapter: LiveAdapter, *, on: date) -> SeenBy:
    """Choose the tariff for which most must be known of usage: one at the exchange, whatever product a contract has."""
    tariffs = [adapter.tariff(product=product.code, on=on) for product in adapter.products(on=on) if not product.rated]
    at_exchange = [tariff for tariff in tariffs if any(isinstance(part, Spot) for part in tariff.components)]
    return SeenBy(on, next(iter((*at_exchange, *tariffs)), None))


def _case(
    connection: Connection,
    *,
    adapter: LiveAdapter,
    contract: ComparedContract,
    comparing: Comparing,
    period: Period,
    seen_by: SeenBy,
) -> Case | None:
    cases = build_cases(
        connection,
        asked=billing.Asked(adapter=adapter.code, period=period, contracts=(contract.id,)),
        utility=adapter.utility,
        teller=ByZone(adapter=adapter, period=period, comparing=comparing),
        estimator=Estimator(adapter=adapter, on=seen_by.on),
        counter=IntervalCounter(tariff_of=lambda _product: seen_by.tariff, known_at=seen_by.on),
    )
    return cases.get(contract.id)


def _is_whole(case: Case, month: Period) -> bool:
    return Period(case.due.starts, case.due.ends) == month


def _month_use(case: Case, *, comparing: Comparing, month: Period) -> MonthUse:
    """Add up what was used; the night is known where every register or interval says its zone."""
    usage = [as_usage(row) for row in case.usage if row.quantity == comparing.quantity]
    total = sum((row.value for row in usage), Decimal(0))
    is_zoned = comparing.night is not None and all(row.zone is not None for row in usage)
    night = sum((row.value for row in usage if row.zone == comparing.night), Decimal(0))
    return MonthUse(
        month=month.start.month,
        total=max(total, Decimal(0)),
        night=max(night, Decimal(0)) if is_zoned else None,
        is_estimated=any(row.quality.name != "ACTUAL" for row in usage),
    )


def _used_at_places(case: Case, *, quantity: str) -> Iterator[tuple[str, Decimal]]:
    """Tell what each place used; one that was the only one then has no name in its usage."""
    for row in (as_usage(row) for row in case.usage):
        if row.name == quantity:
            yield row.place or case.due.identifier, max(row.value, Decimal(0))


def _shares(used: Mapping[str, Decimal], *, names: Iterable[str]) -> tuple[Fraction, ...]:
    """Tell which part of the year each place used; equal parts where none of them used anything."""
    amounts = [Fraction(used.get(name, Decimal(0))) for name in names]
    whole = sum(amounts, Fraction(0))
    return tuple(amount / whole if whole else Fraction(1, len(amounts)) for amount in amounts)


def _as_it_is(
    connection: Connection, *, adapter: LiveAdapter, contract: ComparedContract, on: date, seen_by: SeenBy
) -> tuple[Period, Case]:
    """Take the contract as it is on the day, or was on its last one."""
    day = on if contract.ends is None else min(on, contract.ends - timedelta(days=1))
    period = Period(day, day + timedelta(days=1))
    asked = billing.Asked(adapter=adapter.code, period=period, contracts=(contract.id,))
    teller = AttributeTeller(utility=adapter.utility, period=period)
    cases = build_cases(
        connection,
        asked=asked,
        utility=adapter.utility,
        teller=teller,
        estimator=Estimator(adapter=adapter, on=on),
        counter=IntervalCounter(tariff_of=lambda _product: seen_by.tariff, known_at=on),
    )
    case = cases.get(contract.id)
    if case is None or (case.problem is not None and case.problem.code == "supply_points_differ"):
        raise ComparisonRefused(
            ComparisonProblem.CONTRACT_NOT_COMPARABLE,
            "It supplies nothing on that day, or its supply points differ; give `consumption` in its place.",
            path="contractId",
        )
    return period, case


def _connected(traits: Traits, *, comparing: Comparing) -> Connected:
    told = {dated.name: dated.value for dated in traits.dated}
    return Connected(
        sort=CustomerSort.PRIVATE if traits.kind == "PRIVATE" else CustomerSort.BUSINESS,
        phases=traits.phases,
        amperes=traits.amperes,
        zones=2 if comparing.zones is not None and told.get(comparing.zones) == "2" else 1,
        protected=None if comparing.protected is None else told.get(comparing.protected),
    )
