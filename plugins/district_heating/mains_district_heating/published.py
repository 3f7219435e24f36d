"""Other publishers' forms of a heat bill, against which the tariffs are measured: `mains_district_heating.published`.

It is an adapter of its own, installed nowhere, so that their examples in lats stand beside a tariff in euros.
"""

from __future__ import annotations

from dataclasses import replace

from mains_spi import (
    ChargeCode,
    ContractAttribute,
    Labels,
    PerUnit,
    Price,
    Product,
    ProductsRequest,
    Qty,
    QuantityKind,
    Rounding,
    Tariff,
    TariffRequest,
    Utility,
    When,
    hookimpl,
)

from mains_district_heating import card
from mains_district_heating.choices import ATTRIBUTES
from mains_district_heating.tariffs import building_tariff

LVL = "LVL"
METERED = Labels("Karstā ūdens skaitītājs", "Hot-water meter", "Счётчик горячей воды")
NORM = Labels("Karstais ūdens bez skaitītāja", "Hot water without a meter", "Горячая вода без счётчика")

UTILITY = replace(
    card.UTILITY,
    code="published_heat",
    quantities=(*card.QUANTITIES, QuantityKind("residents", "person", 0, "premise", NORM)),
    charges=(*card.CHARGES, ChargeCode("hot_water_norm", card.TAX, "hot_water", NORM)),
    attributes=(
        *ATTRIBUTES,
        ContractAttribute(name="metered", labels=METERED, values=("yes", "no"), default="yes", scope="premise"),
    ),
    price_lists=("heat", "norms", "lv", "water"),
)


def _metered(answer: str) -> tuple[When, ...]:
    return (When("metered", (answer,)),)


# Bauskas siltums: the house's tariff as it stands here, but in lats; hot water by m3, all the rest by area.
BAUSKA = building_tariff(code="bauska", currency=LVL)

# Ventspils: hot water by m3, or by person where there is no meter; VAT is rounded on each line.
VENTSPILS = Tariff(
    "ventspils",
    LVL,
    (
        PerUnit("hot_water", Qty("hot_water", "m3"), Price("water.per_m3", "LVL/m3"), when=_metered("yes")),
        PerUnit(
            "hot_water_norm", Qty("residents", "person"), Price("water.per_person", "LVL/person"), when=_metered("no")
        ),
    ),
    rounding=Rounding("line-vat", tax="per_line"),
)

TARIFFS = {"bauska": BAUSKA, "ventspils": VENTSPILS}


@hookimpl
def describe_utility() -> Utility:
    """Give the identity card."""
    return UTILITY


@hookimpl
def products(request: ProductsRequest) -> tuple[Product, ...]:
    """Give one product for each publisher."""
    return tuple(Product(code=code, labels=UTILITY.labels, tariff=code, price_list="heat") for code in TARIFFS)


@hookimpl
def tariff(request: TariffRequest) -> Tariff:
    """Give the tariff of a publisher."""
    return TARIFFS[request.product]
