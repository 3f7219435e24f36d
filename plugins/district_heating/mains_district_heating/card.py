"""The identity card: labels, quantities, charges, attributes and products."""

from __future__ import annotations

from decimal import Decimal

from mains_spi import (
    SPI_MAJOR,
    Capability,
    ChargeCode,
    Contacts,
    InvoicingRules,
    Labels,
    Product,
    QuantityKind,
    ReadingRules,
    Utility,
)

from mains_district_heating.choices import ATTRIBUTES
from mains_district_heating.forms import APPLICATIONS
from mains_district_heating.notices import NOTICE_TEXTS

CODE = "district_heating"
TAX = "heat"

LATE = "late_payment"
"""The tax of what is owed for paying late; its rate is data like any other, and nothing until somebody says more."""

HEAT = Labels("Siltumenerģija", "Heat", "Теплоэнергия")
HOT_WATER = Labels("Karstais ūdens", "Hot water", "Горячая вода")
HOT_WATER_HEAT_METER = Labels("Siltumenerģija karstajam ūdenim", "Heat for hot water", "Теплоэнергия для горячей воды")

LATE_INTEREST = Labels("Nokavējuma procenti", "Late interest", "Проценты за просрочку")
LATE_INTEREST_BACK = Labels("Nokavējuma procentu atmaksa", "Late interest taken off", "Возврат процентов за просрочку")
ALLOCATORS = Labels("Alokatoru vienības", "Units of heat-cost allocators", "Единицы аллокаторов")

QUANTITIES = (
    QuantityKind("heat", "MWh", 3, "building", HEAT),
    QuantityKind("hot_water_heat", "MWh", 3, "building", HOT_WATER_HEAT_METER),
    QuantityKind("hot_water", "m3", 3, "premise", HOT_WATER),
    QuantityKind("allocator_units", "unit", 3, "premise", ALLOCATORS),
    QuantityKind("late_interest", "EUR", 2, "premise", LATE_INTEREST),
    QuantityKind("late_interest_back", "EUR", 2, "premise", LATE_INTEREST_BACK),
)

CHARGES = (
    ChargeCode("heating", TAX, "heating", Labels("Apkure", "Heating", "Отопление")),
    ChargeCode(
        "heating_fixed",
        TAX,
        "heating",
        Labels("Apkure, pastāvīgā daļa", "Heating, fixed part", "Отопление, постоянная часть"),
    ),
    ChargeCode(
        "heating_metered",
        TAX,
        "heating",
        Labels("Apkure pēc alokatoriem", "Heating by allocators", "Отопление по аллокаторам"),
    ),
    ChargeCode("hot_water", TAX, "hot_water", Labels("Ūdens uzsildīšana", "Heating of hot water", "Подогрев воды")),
    ChargeCode("circulation", TAX, "circulation", Labels("Cirkulācija", "Circulation", "Циркуляция")),
    ChargeCode("heat", TAX, "heat", HEAT),
    ChargeCode(
        "state_support",
        TAX,
        "state_support",
        Labels("Valsts atbalsts siltumenerģijai", "State support for heat", "Государственная поддержка теплоэнергии"),
    ),
    ChargeCode("late_interest", LATE, "late_interest", LATE_INTEREST),
    ChargeCode("late_interest_back", LATE, "late_interest", LATE_INTEREST_BACK),
)

READING_RULES = ReadingRules(
    from_day=25,
    upto_day=1,
    estimates=True,
    times_average_max=Decimal(10),
    times_last_year_max=Decimal(4),
)
"""Heat is read at the month's end, so the first is the last day that still counts for it."""

UTILITY = Utility(
    code=CODE,
    spi_major=SPI_MAJOR,
    labels=Labels("Siltumapgāde", "District heating", "Теплоснабжение"),
    quantities=QUANTITIES,
    charges=CHARGES,
    price_lists=("heat", "norms", "lv"),
    attributes=ATTRIBUTES,
    capabilities=(Capability.SUBMIT_READINGS, Capability.BUILDINGS),
    correction="next_bill",
    reading_rules=READING_RULES,
    invoicing_rules=InvoicingRules(by_day=15, holidays="LV"),
    contacts=Contacts(operator="Gren Jelgava", phone="63007055"),
    notice_texts=NOTICE_TEXTS,
    applications=APPLICATIONS,
)

PRODUCTS = (
    Product(
        code="heat_flat",
        labels=Labels("Siltumenerģija telpām", "Heat for a flat or shop", "Теплоэнергия для помещения"),
        tariff="building",
        price_list="heat",
    ),
    Product(
        code="heat_house",
        labels=Labels("Siltumenerģija mājai", "Heat for a whole house", "Теплоэнергия для дома"),
        tariff="building",
        price_list="heat",
    ),
    Product(
        code="heat_single",
        labels=Labels(
            "Siltumenerģija ar savu skaitītāju", "Heat with a meter of one's own", "Теплоэнергия по счётчику"
        ),
        tariff="single",
        price_list="heat",
    ),
)
