"""Load checks of price lists against the tariff that reads them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import combinations

from mains_spi.hooks import Utility
from mains_spi.prices import PriceRow, PriceVersion
from mains_spi.results import Mistake
from mains_spi.tariff import Tariff
from mains_spi.terms import Price
from mains_spi.vet_conditions import vet_condition
from mains_spi.walk import find, name_of

PRODUCT = "product"


def vet_prices(tariff: Tariff, prices: tuple[PriceVersion, ...], utility: Utility) -> Iterator[Mistake]:
    """Find prices that are missing, twice, in another unit, or asked for by attributes the tariff does not name."""
    lists: dict[str, list[PriceVersion]] = defaultdict(list)
    for version in prices:
        lists[version.list].append(version)
    for component in tariff.components:
        for price in find(component, Price):
            if price.list != PRODUCT and price.list not in utility.price_lists:
                remedy = (
                    f"the utility declares no price list `{price.list}`: add it to price_lists, or correct the name"
                )
                yield Mistake("unknown_list", name_of(component), remedy)
            elif prices:
                yield from _price(price, lists[price.list], name_of(component))
    for name, versions in lists.items():
        yield from _versions(name, versions, utility)


def _price(price: Price, versions: list[PriceVersion], component: str) -> Iterator[Mistake]:
    if not versions:
        yield Mistake("missing_price", component, f"price list `{price.list}` has no version: give one")
    for version in versions:
        rows = [row for row in version.rows if row.name == price.row]
        if not rows:
            remedy = f"version {version.id} of `{price.list}` has no row `{price.row}`: add it"
            yield Mistake("missing_price", component, remedy)
        for row in rows:
            yield from _row(price, row, version, component)
        for one, other in combinations(rows, 2):
            if one.when == other.when:
                yield Mistake("price_twice", component, f"version {version.id} has `{price.row}` twice: leave one")


def _row(price: Price, row: PriceRow, version: PriceVersion, component: str) -> Iterator[Mistake]:
    if row.unit != price.unit:
        remedy = f"price `{price.name}` of {version.id} is in {row.unit} but the tariff says {price.unit}"
        yield Mistake("unit_mismatch", component, f"{remedy}: make them the same")
    for when in row.when:
        if when.name not in price.by:
            remedy = f"row `{row.name}` of {version.id} asks for `{when.name}`: add by=('{when.name}',) to its Price"
            yield Mistake("wrong_when", component, remedy)


def _versions(name: str, versions: list[PriceVersion], utility: Utility) -> Iterator[Mistake]:
    for one, other in combinations(versions, 2):
        if one.period.meets(other.period) and one.known_from == other.known_from:
            remedy = f"versions {one.id} and {other.id} overlap: end the first where the second starts"
            yield Mistake("versions_overlap", name, f"{remedy}, or say from when each is known")
    for version in versions:
        yield from vet_condition(version, name, utility)
        for row in version.rows:
            if row.tax_included is not None and row.tax_included < 0:
                yield Mistake("bad_tax", name, f"row `{row.name}` of {version.id} includes a negative tax: correct it")
