"""The price table of a product on a day, as the offers room gives it."""

from __future__ import annotations

import asyncio
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import strawberry
from mains_server.offers.catalogue import Asked, OfferedPrice, offered_prices
from mains_server.offers.records import CustomerSort
from mains_spi import When

from mains_schema.common.words import in_language
from mains_schema.declaring.given import Given
from mains_schema.declaring.scalars import UnitPrice

if TYPE_CHECKING:
    from mains_schema.declaring.resolve import Reads

PRICE_ROWS = 100
GIVEN = (
    Given("on", date | None, "Day on which the prices hold; by default today."),
    Given("customer", CustomerSort | None, "For whom, since taxes differ; by default PRIVATE."),
)


@strawberry.type(description="When a price applies: an attribute has one of some values, or lies within bounds.")
class PriceCondition:
    """One condition; all of a price's hold together."""

    attribute: str = strawberry.field(description="Code of the attribute, such as `amperes`.")
    among: list[str] = strawberry.field(description="Values of which it has one; empty where bounds count.")
    above: Decimal | None = strawberry.field(description="It is greater than this; null without such a bound.")
    upto: Decimal | None = strawberry.field(description="It is at most this; null likewise.")


@strawberry.type(description="A price of a product on a day.")
class ProductPrice:
    """One row of a price table."""

    name: str = strawberry.field(description="Name of the price in its list: `energy`, `monthly_fee`.")
    charge: str = strawberry.field(description="Code of the charge that it makes.")
    label: str = strawberry.field(description="The charge in the viewer's language.")
    price: UnitPrice = strawberry.field(description="Without tax, to eight decimals.")
    price_with_tax: UnitPrice = strawberry.field(description="With the tax of the day and customer, to eight decimals.")
    tax_rate: Decimal = strawberry.field(description="That tax as a share of one.")
    conditions: list[PriceCondition] = strawberry.field(description="When it applies; empty if always.")
    version: str = strawberry.field(description="List and code of the price version that it stands in.")
    decision: str = strawberry.field(description="The decision behind it.")


async def product_prices(
    reads: Reads, adapter: str, code: str, *, on: date | None = None, customer: CustomerSort | None = None
) -> list[ProductPrice]:
    """Ask for the price tables of all products of a request together."""
    asked = Asked(on=on or reads.today, sort=customer or CustomerSort.PRIVATE)

    async def run(products: list[tuple[str, str]]) -> list[list[ProductPrice]]:
        if reads.host is None:
            return [[] for _ in products]
        address = reads.engine.url.render_as_string(hide_password=False)
        found = await asyncio.to_thread(offered_prices, address, host=reads.host, products=products, asked=asked)
        return [[_price(reads, price) for price in prices] for prices in found]

    prices: list[ProductPrice] = await reads.load(("product prices", asked), (adapter, code), run)
    return prices


def _price(reads: Reads, price: OfferedPrice) -> ProductPrice:
    return ProductPrice(
        name=price.name,
        charge=price.charge,
        label=in_language(reads, price.labels.lv, price.labels.en, price.labels.ru),
        price=UnitPrice(amount=price.net, unit=price.unit),
        price_with_tax=UnitPrice(amount=price.gross, unit=price.unit),
        tax_rate=price.tax_rate,
        conditions=[_condition(when) for when in price.conditions],
        version=price.version,
        decision=price.decision,
    )


def _condition(when: When) -> PriceCondition:
    return PriceCondition(
        attribute=when.name, among=list(when.among), above=_decimal(when.above), upto=_decimal(when.upto)
    )


def _decimal(value: Decimal | int | None) -> Decimal | None:
    return None if value is None else Decimal(value)
