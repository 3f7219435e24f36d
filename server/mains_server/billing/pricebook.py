"""What a run prices by, read when it is first wanted and kept: offers, price versions, taxes and series."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

from mains_spi import (
    FactsRequest,
    FactValue,
    Mistake,
    Period,
    Price,
    PriceVersion,
    Product,
    Series,
    Tariff,
    TaxRate,
    facts_needed,
    vet,
)
from mains_spi.civil import months_in
from mains_spi.walk import find
from psycopg import Connection

from mains_server.adapters.asking import AdapterFailed
from mains_server.adapters.live import LiveAdapter
from mains_server.billing import queries
from mains_server.billing.due import DueRow, Problem
from mains_server.billing.prices import (
    AgreedPrice,
    facts_of,
    for_product,
    going_on,
    known_on,
    series_of,
    taxes_of,
    versions_of,
)
from mains_server.billing.rules import counts_by_year

EVERYBODY = ""
LAST_PRICE_WITHIN = timedelta(days=3 * 366)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A product as it is priced in the period: by its tariff, or by the adapter itself; with the facts it needs."""

    product: Product
    tariff: Tariff | None
    needs: tuple[tuple[str, Period], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """The prices of a product, by which price versions, and the series it needs, by which stretches."""

    versions: tuple[PriceVersion, ...]
    version_ids: tuple[int, ...]
    series: tuple[Series, ...]
    series_ids: tuple[int, ...]


class PriceBook:
    """The prices of one utility's period, as they were known on the day of issue."""

    def __init__(self, *, adapter: LiveAdapter, period: Period, known_at: date, kept_at: date | None = None) -> None:
        """Price as it was known on one day, and go on from what earlier bills kept as known on another, if given."""
        self._adapter = adapter
        self._period = period
        self._known_at = known_at
        self._kept_at = known_at if kept_at is None else kept_at
        self._offers: dict[str, Offer | Problem] = {}
        self._versions: dict[str, Mapping[int, PriceVersion]] = {}
        self._series: dict[tuple[str, tuple[str, ...]], tuple[tuple[Series, ...], tuple[int, ...]]] = {}
        self._agreed: dict[tuple[str, date, str], tuple[int, PriceVersion] | None] = {}
        self._mistakes: dict[tuple[str, tuple[int, ...]], Mistake | None] = {}
        self._taxes: tuple[TaxRate, ...] | None = None
        self._changes: dict[tuple[str, str], frozenset[date]] = {}

    def offer(self, product: str) -> Offer | Problem:
        """Ask the adapter for a product once; an adapter that cannot answer holds that product's contracts."""
        if product not in self._offers:
            try:
                self._offers[product] = self._ask(product)
            except AdapterFailed as failure:
                self._offers[product] = Problem("adapter_failed", str(failure))
        return self._offers[product]

    def taxes(self, connection: Connection) -> tuple[TaxRate, ...]:
        """Read the rates of the taxes that the utility's charges have."""
        if self._taxes is None:
            codes = {charge.tax for charge in self._adapter.utility.charges}
            self._taxes = taxes_of(queries.tax_rates(connection, period=self._period), codes=codes)
        return self._taxes

    def agreed_price(self, connection: Connection, *, due: DueRow) -> AgreedPrice | None:
        """Tell the price that a contract keeps in the days of its bill; None where it is that of the list anyway."""
        until = due.price_fixed_until
        offer = self.offer(due.product)
        if until is None or until <= due.starts or isinstance(offer, Problem):
            return None
        name = offer.product.price_list
        agreed = self._version_on(connection, name=name, day=due.agreed_on, time_zone=due.time_zone)
        if agreed is None:
            return None
        until = min(until, self._period.end)
        days = Period(due.starts, until)
        held = self._all_versions(connection, time_zone=due.time_zone)
        others = [i for i, v in held.items() if v.list == name and v.period.meets(days) and i != agreed[0]]
        is_listed = agreed[0] in held and agreed[1].period.start <= days.start and days.end <= agreed[1].period.end
        return None if is_listed and not others else AgreedPrice(agreed[1].id, until)

    def prices(
        self,
        connection: Connection,
        *,
        offer: Offer,
        period: Period,
        time_zone: str,
        agreed: AgreedPrice | None = None,
    ) -> Prices | Problem:
        """Choose what a product is priced by over some days, and refuse what does not fit its tariff."""
        held = dict(self._all_versions(connection, time_zone=time_zone))
        if agreed is not None:
            held |= {one[0]: one[1] for one in self._agreed.values() if one is not None and one[1].id == agreed.version}
        version_ids, versions = for_product(
            held,
            lists=self._adapter.utility.price_lists,
            price_list=offer.product.price_list,
            period=period,
            agreed=agreed,
        )
        mistake = self._mistake(offer, versions=versions, version_ids=version_ids)
        if mistake is not None:
            return Problem("tariff_mistake", str(mistake))
        series, series_ids = self._all_series(connection, offer=offer, time_zone=time_zone)
        return Prices(versions=versions, version_ids=version_ids, series=series, series_ids=series_ids)

    def changes_of(self, connection: Connection, *, product: str, time_zone: str) -> frozenset[date]:
        """List the days inside the period from which other prices or taxes of a product hold, and firsts of months."""
        key = (product, time_zone)
        if key not in self._changes:
            whole = self._period
            bounds = [*months_in(whole), *(rate.period for rate in self.taxes(connection))]
            offer = self.offer(product)
            if isinstance(offer, Offer):
                prices = self.prices(connection, offer=offer, period=whole, time_zone=time_zone)
                bounds += [] if isinstance(prices, Problem) else _asked_of(offer, versions=prices.versions)
            days = {day for period in bounds for day in (period.start, period.end)}
            self._changes[key] = frozenset(day for day in days if whole.start < day < whole.end)
        return self._changes[key]

    def facts(
        self, connection: Connection, *, subjects: Mapping[str, str], time_zone: str
    ) -> dict[str, tuple[FactValue, ...]]:
        """Read the figures kept for subjects, each with the product it has; those kept for everybody come with them."""
        offers = [offer for product in set(subjects.values()) if isinstance(offer := self.offer(product), Offer)]
        needs = [need for offer in offers for need in offer.needs]
        if not needs:
            return {}
        days = Period(min(period.start for _, period in needs), max(period.end for _, period in needs))
        known = queries.KnownOn(period=days, known_at=self._known_at, time_zone=time_zone)
        names = sorted({name for name, _ in needs})
        kept = replace(known, known_at=self._kept_at)
        rows = queries.figures(connection, names=names, subjects=[EVERYBODY], known=known)
        found = facts_of([*rows, *queries.figures(connection, names=names, subjects=list(subjects), known=kept)])
        everybodys = found.get(EVERYBODY, [])
        return {subject: (*everybodys, *found.get(subject, [])) for subject in subjects}

    def _ask(self, product: str) -> Offer | Problem:
        found = self._adapter.product(code=product, on=self._period.start)
        if found.rated:
            asked = self._adapter.needed_facts(FactsRequest(product, self._period))
            return Offer(product=found, tariff=None, needs=tuple((need.name, need.period) for need in asked))
        tariff = self._adapter.tariff(product=product, on=self._period.start)
        if counts_by_year(tariff.components):
            reason = f"tariff {tariff.code} counts usage through a year, which a run of one month cannot do"
            return Problem("tariff_counts_by_year", reason)
        needs = tuple((need.name, need.period) for need in facts_needed(tariff, self._period))
        return Offer(product=found, tariff=tariff, needs=needs)

    def _all_versions(self, connection: Connection, *, time_zone: str) -> Mapping[int, PriceVersion]:
        if time_zone not in self._versions:
            code = self._adapter.code
            rows = queries.versions(connection, adapter=code, period=self._period, time_zone=time_zone)
            self._versions[time_zone] = known_on(versions_of(rows), known_at=self._known_at)
        return self._versions[time_zone]

    def _version_on(
        self, connection: Connection, *, name: str, day: date, time_zone: str
    ) -> tuple[int, PriceVersion] | None:
        """Find the version of a list that held on a day, as it is known now: the one that became known last."""
        key = (name, day, time_zone)
        if key not in self._agreed:
            days = Period(day, day + timedelta(days=1))
            rows = queries.versions(connection, adapter=self._adapter.code, period=days, time_zone=time_zone)
            held = known_on(versions_of(row for row in rows if row.list == name), known_at=self._known_at)
            latest = max(held.items(), key=lambda one: (one[1].known_from or date.min, one[0]), default=None)
            self._agreed[key] = latest
        return self._agreed[key]

    def _all_series(
        self, connection: Connection, *, offer: Offer, time_zone: str
    ) -> tuple[tuple[Series, ...], tuple[int, ...]]:
        key = (time_zone, tuple(sorted({name for name, _ in offer.needs})))
        if key not in self._series:
            known = queries.KnownOn(period=self._period, known_at=self._known_at, time_zone=time_zone)
            rows = queries.series(connection, names=key[1], known=known)
            self._series[key] = (series_of(rows), tuple(row.id for row in rows))
        return self._series[key]

    def _mistake(
        self, offer: Offer, *, versions: tuple[PriceVersion, ...], version_ids: tuple[int, ...]
    ) -> Mistake | None:
        """Find what is wrong in the prices; one that is only missing is told by the first bill that needs it."""
        key = (offer.product.code, version_ids)
        if key not in self._mistakes and offer.tariff is not None:
            found = vet(offer.tariff, versions, self._adapter.utility)
            self._mistakes[key] = next((mistake for mistake in found if mistake.code != "missing_price"), None)
        return self._mistakes.get(key)


class PricesGoingOn(PriceBook):
    """Prices of days to come: where a list has none for a day yet, its last one before that goes on."""

    def _all_versions(self, connection: Connection, *, time_zone: str) -> Mapping[int, PriceVersion]:
        if time_zone not in self._versions:
            days = Period(self._period.start - LAST_PRICE_WITHIN, self._period.end)
            rows = queries.versions(connection, adapter=self._adapter.code, period=days, time_zone=time_zone)
            self._versions[time_zone] = going_on(known_on(versions_of(rows), known_at=self._known_at))
        return self._versions[time_zone]


def _asked_of(offer: Offer, *, versions: Iterable[PriceVersion]) -> list[Period]:
    """Give the days of the versions of those lists that a tariff asks; an adapter that prices itself may ask any."""
    if offer.tariff is None:
        return [version.period for version in versions]
    lists = {price.list for component in offer.tariff.components for price in find(component, Price)}
    return [version.period for version in versions if version.list in lists]
