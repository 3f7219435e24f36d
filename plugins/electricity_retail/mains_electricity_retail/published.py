"""Other publishers' forms of an electricity bill, against which the tariffs are measured.

`mains_electricity_retail.published` is an adapter of its own, installed nowhere.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from mains_spi import (
    Capability,
    Const,
    ContractRules,
    FeeFall,
    Monthly,
    PerUnit,
    Price,
    Product,
    ProductsRequest,
    Qty,
    Rounding,
    Spot,
    Tariff,
    TariffRequest,
    Utility,
    hookimpl,
)

from mains_electricity_retail import card
from mains_electricity_retail.tariffs import ENERGY

# 220 Enerģija sells at one price a kWh: VAT is added to that price, with five decimals, before it is multiplied.
ALL_IN = Price("product.energy", "EUR/kWh") + Price("dso.variable", "EUR/kWh") + Price("oik.energy", "EUR/kWh")
ALL_INCLUSIVE = Tariff(
    "220",
    "EUR",
    (
        PerUnit("energy", ENERGY, ALL_IN),
        Monthly("dso_fixed", Price("dso.fixed_per_year", "EUR/year")),
        Monthly("oik_capacity", Price("oik.capacity", "EUR/year")),
        Monthly("monthly_fee", Price("product.monthly_fee", "EUR/month")),
        PerUnit("exit_fee", Qty("exit_fee", "EUR"), Const(1, "1"), if_given=True),
    ),
    rounding=Rounding("unit-vat", tax="per_unit", tax_places=5),
)

# Elektrum prints mandatory procurement in two parts and as a price with VAT, with five decimals.
PARTS = Price("oik.cogeneration", "EUR/kWh") + Price("oik.renewable", "EUR/kWh")
OIK = Tariff("oik", "EUR", (PerUnit("oik_energy", ENERGY, PARTS),), rounding=Rounding("unit-vat", 5, "per_unit", 5, 5))

# A British textbook: pence a kWh, everything rounded at the very end.
WTMATHS = Tariff(
    "wtmaths",
    "GBP",
    (PerUnit("energy", ENERGY, Price("product.energy", "GBP/kWh")),),
    rounding=Rounding("at-the-end", line=None, tax="end"),
)

# Quarter-hour prices folded to the hour with four decimals before they bill an hour's usage.
QUARTERS = Tariff(
    "quarters",
    "EUR",
    (Spot("energy", ENERGY, "nordpool.lv", "EUR/kWh", places=4, weights="profile.lv", fold_places=4),),
    rounding=Rounding("unit-vat", 4, "per_unit", 4, 4),
)

TARIFFS = {"220": ALL_INCLUSIVE, "oik": OIK, "wtmaths": WTMATHS, "quarters": QUARTERS}
LISTS = ("product", "dso", *TARIFFS)
CAN = (Capability.SPOT_PRICE, Capability.SUBMIT_READINGS, Capability.INTERVALS)
UTILITY = replace(
    card.UTILITY,
    code="published_electricity",
    price_lists=LISTS,
    capabilities=CAN,
    contract_rules=ContractRules(),
    text_reminder_fee=None,
)


@hookimpl
def describe_utility() -> Utility:
    """Give the identity card."""
    return UTILITY


@hookimpl
def products(request: ProductsRequest) -> tuple[Product, ...]:
    """Give one product for each publisher."""
    return tuple(_product(code) for code in TARIFFS)


@hookimpl
def tariff(request: TariffRequest) -> Tariff:
    """Give the tariff of a publisher."""
    return TARIFFS[request.product]


def _product(code: str) -> Product:
    """Give a publisher's product; 220's fee for leaving falls to nothing in a year, so that is how long it agrees."""
    product = Product(code=code, labels=UTILITY.labels, tariff=code, price_list=code)
    if code != "220":
        return product
    falls = FeeFall(share=Decimal("0.25"), months=3)
    return replace(product, price_fixed_months=12, exit_fee=Decimal("15.00"), exit_fee_falls=falls)
