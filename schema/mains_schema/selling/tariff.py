"""What utilities sell, and their dated prices with the decision behind them."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import strawberry
from mains_server.tariffs.tables import PriceRow as R
from mains_server.tariffs.tables import PriceVersion as V
from mains_server.tariffs.tables import Product as PR

from mains_schema.common.words import in_language
from mains_schema.declaring.given import asked_with
from mains_schema.declaring.mapping import (
    OrderBy,
    ascending,
    at_least,
    before,
    column,
    computed,
    embed,
    filters,
    key,
    many,
    mapped,
    one_of,
    orders,
    where,
)
from mains_schema.declaring.node import Node
from mains_schema.declaring.scalars import Period, UnitPrice
from mains_schema.declaring.scope import EVERYONE
from mains_schema.selling.catalogue import GIVEN as PRICES_GIVEN
from mains_schema.selling.catalogue import PRICE_ROWS, ProductPrice, product_prices


@orders
class ProductOrder(OrderBy):
    """Order of products."""

    CODE = ascending("By utility and code.", PR.adapter, PR.code)


@filters
class ProductFilter:
    """Which products; conditions add up."""

    adapter: list[str] | None = where("Of one of these utilities, by code.", one_of(PR.adapter))


@mapped(PR, scope=EVERYONE)
class Product(Node):
    """What a utility sells."""

    id: strawberry.ID = key("Global id.", PR.id)
    adapter: str = column("Code of the utility.", PR.adapter)
    code: str = column("Code of the product, unique for its utility.", PR.code)
    name: str = computed("Name in the viewer's language.", in_language, PR.name_lv, PR.name_en, PR.name_ru)
    is_offered: bool = column("Whether new contracts can be made on it.", PR.is_offered)
    price_list: str = column("The price list that is its own; `priceVersions` gives its prices.", PR.price_list)
    price_fixed_months: int | None = column(
        "How many months the agreed price holds; null if it may change any time.", PR.price_fixed_months
    )
    exit_fee: Decimal | None = column(
        "Fee for leaving before the price period ends, without tax, in the utility's currency; null if there is none.",
        PR.exit_fee,
    )
    exit_fee_fall_share: Decimal | None = column(
        "Share of the exit fee, from 0 to 1, that falls away for every `exitFeeFallMonths` whole months since the price"
        " was agreed; null if it stays the same.",
        PR.exit_fee_fall_share,
    )
    exit_fee_fall_months: int | None = column(
        "Months after which the exit fee falls, each time; null if it stays the same.", PR.exit_fee_fall_months
    )
    switch_fee: Decimal | None = column(
        "Fee for changing to another product before the price period ends, likewise; null if there is none.",
        PR.switch_fee,
    )
    recommended_from: Decimal | None = column(
        "Monthly usage from which it is advised, in the unit the utility bills; null if any.", PR.monthly_usage_from
    )
    recommended_upto: Decimal | None = column(
        "Monthly usage up to which it is advised, in the unit the utility bills; null if any.", PR.monthly_usage_upto
    )
    settlements: list[str] = column("How its contracts may be paid: `INVOICE`, `LEVELLED`.", PR.settlements)
    prices: list[ProductPrice] = asked_with(
        "Its own prices in force on a day, without and with tax, for one kind of customer; a handful. Charges of the"
        " network and other regulated ones are in `priceVersions`. Empty where none hold on the day.",
        product_prices,
        PR.adapter,
        PR.code,
        given=PRICES_GIVEN,
        rows=PRICE_ROWS,
    )
    channels: list[str] = column("Where it can be had: `PORTAL`, `EMAIL`, `POST`, `PHONE`.", PR.channels)


@orders
class PriceVersionOrder(OrderBy):
    """Order of price versions."""

    LIST = ascending("By utility, list and first day.", V.adapter, V.list, V.starts)


@filters
class PriceVersionFilter:
    """Which price versions; conditions add up."""

    adapter: list[str] | None = where("Of one of these utilities, by code.", one_of(V.adapter))
    list_name: list[str] | None = where("Of one of these price lists.", one_of(V.list))
    starts_from: date | None = where("Holding from this day or a later one.", at_least(V.starts))
    starts_before: date | None = where("Holding from an earlier day.", before(V.starts))


@mapped(R, scope=EVERYONE)
class PriceRow:
    """One price of a version."""

    position: int = column("Place in the version, from 1.", R.position)
    name: str = column("Name by which the tariff asks for it.", R.name)
    price: UnitPrice = embed(
        "The price as it is published; without tax unless `taxIncluded` says how much is in it.",
        UnitPrice,
        amount=R.value,
        unit=R.unit,
    )
    tax_included: Decimal | None = column(
        "Rate of the tax that the published price contains, as a share of one; null if it is without.", R.tax_included
    )


@mapped(V, scope=EVERYONE)
class PriceVersion(Node):
    """A price list as it holds from one day on until the next version; never edited."""

    id: strawberry.ID = key("Global id.", V.id)
    adapter: str = column("Code of the utility.", V.adapter)
    list_name: str = column("Name of the price list.", V.list)
    code: str = column("Code of the version, unique in its list.", V.code)
    period: Period = embed("Days on which it holds.", Period, start=V.starts, end=V.ends)
    known_from: datetime = column("When it became known; bills before that did not use it.", V.known_from)
    decision: str = column("The regulator's or the utility's decision.", V.decision)
    source: str = column("Where the figures are published; `demo` for invented ones.", V.source)
    rows: list[PriceRow] = many(
        "Its prices in order; at most a few dozen.", R.version_id, order=(R.position,), about=10
    )
