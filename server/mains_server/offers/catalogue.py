"""The price table of a product as it holds on a day: its own prices, without and with tax, for one kind of customer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import psycopg
from mains_spi import Labels, Period, Price, PriceRow, PriceVersion, Record, Tariff, TimeOfUse, When
from mains_spi.walk import find, name_of
from psycopg import Connection

from mains_server.adapters.host import AdapterHost
from mains_server.adapters.live import LiveAdapter
from mains_server.billing.due import Problem
from mains_server.billing.pricebook import Offer, PriceBook
from mains_server.db.addresses import psycopg_dsn
from mains_server.money.rules import round_half_up
from mains_server.offers.records import CustomerSort

PRICE_PLACES = 8
OWN_LIST = "product"
TIME_ZONE = "Europe/Riga"
KINDS = {CustomerSort.PRIVATE: "private", CustomerSort.BUSINESS: "business"}


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferedPrice:
    """A price of a product's own list, and the charge that it makes; both amounts to eight decimals."""

    name: str
    charge: str
    labels: Labels
    unit: str
    net: Decimal
    gross: Decimal
    tax_rate: Decimal
    conditions: tuple[When, ...]
    version: str
    decision: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Whose prices on which day."""

    on: date
    sort: CustomerSort


def offered_prices(
    address: str, *, host: AdapterHost, products: Sequence[tuple[str, str]], asked: Asked
) -> list[tuple[OfferedPrice, ...]]:
    """Give the price tables of products named by utility and code; what cannot be priced on the day has none."""
    with psycopg.connect(psycopg_dsn(address)) as connection:
        connection.read_only = True
        tables: dict[tuple[str, str], tuple[OfferedPrice, ...]] = {}
        for code in {adapter for adapter, _ in products}:
            adapter = host.live.get(code)
            if adapter is not None:
                wanted = [product for name, product in products if name == code]
                tables |= _tables(connection, adapter=adapter, products=wanted, asked=asked)
        return [tables.get(product, ()) for product in products]


def _tables(
    connection: Connection, *, adapter: LiveAdapter, products: Sequence[str], asked: Asked
) -> dict[tuple[str, str], tuple[OfferedPrice, ...]]:
    day = Period(asked.on, asked.on + timedelta(days=1))
    book = PriceBook(adapter=adapter, period=day, known_at=asked.on)
    taxes = {
        (rate.code, rate.kind): rate.rate for rate in book.taxes(connection) if rate.kind in (None, KINDS[asked.sort])
    }
    tables = {}
    for product in products:
        offer = book.offer(product)
        if isinstance(offer, Offer) and offer.tariff is not None:
            prices = book.prices(connection, offer=offer, period=day, time_zone=TIME_ZONE)
            if not isinstance(prices, Problem):
                own = _latest(prices.versions)
                tables[adapter.code, product] = tuple(
                    _rows(own, adapter=adapter, tariff=offer.tariff, taxes=taxes, kind=KINDS[asked.sort])
                )
    return tables


def _latest(versions: Sequence[PriceVersion]) -> PriceVersion | None:
    """Give the version of the product's own list that counts: the one known last."""
    own = [version for version in versions if version.list == OWN_LIST]
    return max(own, key=lambda version: version.known_from or date.min, default=None)


def _rows(
    version: PriceVersion | None,
    *,
    adapter: LiveAdapter,
    tariff: Tariff,
    taxes: dict[tuple[str, str | None], Decimal],
    kind: str,
) -> Iterator[OfferedPrice]:
    if version is None:
        return
    charges = {charge.code: charge for charge in adapter.utility.charges}
    made_by = _charges_by_price(tariff)
    for row in version.rows:
        charge = charges.get(made_by.get(row.name, ""))
        if charge is not None:
            rate = taxes.get((charge.tax, kind), taxes.get((charge.tax, None)))
            if rate is not None:
                net = _net(row)
                yield OfferedPrice(
                    name=row.name,
                    charge=charge.code,
                    labels=charge.labels,
                    unit=row.unit,
                    net=round_half_up(net, places=PRICE_PLACES),
                    gross=round_half_up(net * (1 + Fraction(rate)), places=PRICE_PLACES),
                    tax_rate=rate,
                    conditions=row.when,
                    version=version.id,
                    decision=version.decision or "",
                )


def _net(row: PriceRow) -> Fraction:
    value = Fraction(row.value)
    return value if row.tax_included is None else value / (1 + Fraction(row.tax_included))


def _charges_by_price(tariff: Tariff) -> dict[str, str]:
    """Tell which charge each price of the product's own list makes, by the first component that asks for it."""
    found: dict[str, str] = {}
    for component in tariff.components:
        parts: list[tuple[str, Record]] = [(name_of(component), component)]
        if isinstance(component, TimeOfUse):
            parts = [(zone.code, zone) for zone in component.zones]
        for code, part in parts:
            for price in find(part, Price):
                if price.list == OWN_LIST:
                    found.setdefault(price.row, code)
    return found
