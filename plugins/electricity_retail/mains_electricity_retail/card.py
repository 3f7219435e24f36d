"""The identity card: labels, quantities, charges and attributes."""

from __future__ import annotations

from decimal import Decimal

from mains_spi import (
    SPI_MAJOR,
    Capability,
    ChargeCode,
    Comparing,
    Contacts,
    ContractAttribute,
    ContractRules,
    InvoicingRules,
    Labels,
    LevelledRules,
    Price,
    QuantityKind,
    ReadingRules,
    Utility,
)

from mains_electricity_retail.offers import PRODUCTS
from mains_electricity_retail.support import PROTECTED_GROUPS
from mains_electricity_retail.tariffs import DAY, NIGHT

CODE = "electricity_retail"
TAX = "standard"
CONTRACTUAL = "contractual"
"""The tax of what is owed for leaving early; its rate is data like any other, and nothing until somebody says more."""
LATE_INTEREST = Labels("Nokavējuma procenti", "Late interest", "Проценты за просрочку")
LATE_INTEREST_BACK = Labels("Nokavējuma procentu atmaksa", "Late interest taken off", "Возврат процентов за просрочку")
REGULATED = ("dso", "oik", "network_support", "price_cap", "protected")


def _charge(code: str, account: str, *labels: str) -> ChargeCode:
    return ChargeCode(code, TAX, account, Labels(*labels))


CHARGES = (
    _charge("energy", "energy", "Elektroenerģija", "Energy", "Электроэнергия"),
    _charge("energy_day", "energy", "Elektroenerģija, diena", "Energy, day", "Электроэнергия, день"),
    _charge(
        *("energy_night", "energy", "Elektroenerģija, nakts un brīvdienas", "Energy, night and weekend"),
        "Электроэнергия, ночь и выходные",
    ),
    _charge("monthly_fee", "trading", "Mēneša maksa", "Monthly fee", "Ежемесячная плата"),
    _charge("trading_fee", "trading", "Tirdzniecības pakalpojums", "Trading service", "Услуга торговли"),
    _charge("dso_fixed", "network", "Jaudas uzturēšana", "Network: connection capacity", "Сеть: поддержание мощности"),
    _charge(
        "dso_variable", "network", "Elektroenerģijas piegāde", "Network: delivery", "Сеть: доставка электроэнергии"
    ),
    _charge("dso_variable_day", "network", "Piegāde, diena", "Network: delivery, day", "Сеть: доставка, день"),
    _charge(
        *("dso_variable_night", "network", "Piegāde, nakts un brīvdienas", "Network: delivery, night and weekend"),
        "Сеть: доставка, ночь и выходные",
    ),
    _charge("oik_energy", "oik", "OIK, enerģija", "Mandatory procurement: energy", "КОЗ: энергия"),
    _charge("oik_capacity", "oik", "OIK, jauda", "Mandatory procurement: capacity", "КОЗ: мощность"),
    _charge("oik_discount", "oik", "OIK atlaide", "Mandatory procurement: discount", "КОЗ: скидка"),
    _charge("paper", "paper", "Rēķins pa pastu", "Invoice by post", "Счёт по почте"),
    _charge("reminder_sms", "reminders", "Atgādinājuma īsziņa", "Reminder by SMS", "СМС-напоминание"),
    ChargeCode(
        *("exit_fee", CONTRACTUAL, "contract_fees"),
        Labels("Līguma izbeigšana pirms termiņa", "Contract ended early", "Досрочное расторжение договора"),
    ),
    ChargeCode(
        *("switch_fee", CONTRACTUAL, "contract_fees"),
        Labels("Produkta maiņa pirms termiņa", "Product changed early", "Досрочная смена продукта"),
    ),
    ChargeCode("late_interest", CONTRACTUAL, "late_interest", LATE_INTEREST),
    ChargeCode("late_interest_back", CONTRACTUAL, "late_interest", LATE_INTEREST_BACK),
    _charge(
        *("network_support", "network_support", "Valsts atbalsts sistēmas pakalpojumiem"),
        *("State support for network charges", "Государственная поддержка: сеть"),
    ),
    _charge(
        *("price_cap_support", "price_cap", "Valsts atbalsts elektroenerģijas cenai"),
        *("State support for the energy price", "Государственная поддержка: цена энергии"),
    ),
    _charge(
        *("protected_support", "protected", "Atbalsts aizsargātajam lietotājam"),
        *("Support of protected customers: first kWh", "Поддержка защищённых пользователей: первые кВт·ч"),
    ),
    _charge(
        *("protected_sum", "protected", "Atbalsts aizsargātajam lietotājam, summa"),
        *("Support of protected customers: sum", "Поддержка защищённых пользователей: сумма"),
    ),
)

QUANTITIES = (
    QuantityKind("energy", "kWh", 3, "contract", Labels("Elektroenerģija", "Energy", "Электроэнергия")),
    QuantityKind("paper_invoices", "pcs", 0, "contract", Labels("Papīra rēķini", "Paper invoices", "Бумажные счета")),
    QuantityKind("reminder_sms", "pcs", 0, "contract", Labels("Atgādinājumi", "Reminders by SMS", "СМС-напоминания")),
    QuantityKind(
        *("exit_fee", "EUR", 2, "contract"),
        Labels("Maksa par izbeigšanu", "Fee for leaving early", "Плата за досрочное расторжение"),
    ),
    QuantityKind(
        *("switch_fee", "EUR", 2, "contract"),
        Labels("Maksa par produkta maiņu", "Fee for changing the product early", "Плата за смену продукта"),
    ),
    QuantityKind("late_interest", "EUR", 2, "contract", LATE_INTEREST),
    QuantityKind("late_interest_back", "EUR", 2, "contract", LATE_INTEREST_BACK),
)

ATTRIBUTES = (
    ContractAttribute(name="phases", labels=Labels("Fāzes", "Phases", "Фазы"), values=("1", "3")),
    ContractAttribute(name="amperes", labels=Labels("Strāvas stiprums", "Amperes", "Сила тока"), unit="A"),
    ContractAttribute(
        name="zones", labels=Labels("Laika zonas", "Time zones", "Временные зоны"), values=("1", "2"), default="1"
    ),
    ContractAttribute(
        name="exchange_step",
        labels=Labels("Biržas cenas solis", "Step of the exchange price", "Шаг биржевой цены"),
        values=("hour", "quarter"),
        default="hour",
    ),
    ContractAttribute(
        name="protected",
        labels=Labels("Aizsargātais lietotājs", "Protected customer", "Защищённый пользователь"),
        values=("none", *PROTECTED_GROUPS),
        default="none",
    ),
    ContractAttribute(
        name="delivery",
        labels=Labels("Rēķina saņemšana", "Delivery of invoices", "Доставка счёта"),
        values=("portal", "email", "post", "bank"),
        default="portal",
    ),
)

READING_RULES = ReadingRules(
    from_day=25,
    upto_day=3,
    estimates=True,
    times_average_max=Decimal(5),
    times_last_year_max=Decimal(4),
)
"""Readings are due by the 3rd; without one a month is billed on what the customer uses on average."""

INVOICING_RULES = InvoicingRules(
    by_day=15, e_invoice_days=5, e_invoice_term_max=20, e_invoice_on_readings=True, holidays="LV"
)
"""Bills come by the 15th; a business's e-invoice on the working day after its readings, with five days more to pay."""
LEVELLED_RULES = LevelledRules(due_day=20, significant_share=Decimal("0.25"))
"""The seller publishes neither its due day nor what is a significant difference: these are the demonstration's."""

CONTRACT_RULES = ContractRules(universal_product="universalais")
"""Told by the 15th to start on the 1st; Universālais has the terms of the universal service: 12 months, no exit fee."""

UTILITY = Utility(
    code=CODE,
    spi_major=SPI_MAJOR,
    labels=Labels("Elektroenerģija", "Electricity", "Электроэнергия"),
    quantities=QUANTITIES,
    charges=CHARGES,
    price_lists=("product", *(product.price_list for product in PRODUCTS), *REGULATED, "fees"),
    attributes=ATTRIBUTES,
    capabilities=(
        Capability.SUBMIT_READINGS,
        Capability.TWO_ZONES,
        Capability.SPOT_PRICE,
        Capability.LEVELLED,
        Capability.INTERVALS,
        Capability.INSTANT_INVOICE,
    ),
    reading_rules=READING_RULES,
    comparing=Comparing(
        quantity="energy",
        zones="zones",
        day=DAY,
        night=NIGHT,
        protected="protected",
        allowance=Price("protected.kwh", "kWh", ("protected",)),
    ),
    invoicing_rules=INVOICING_RULES,
    contract_rules=CONTRACT_RULES,
    levelled_rules=LEVELLED_RULES,
    text_reminder_fee="reminder_sms",
    contacts=Contacts(operator="AS Sadales tīkls", fault_phone="8404", phone="80200400"),
)
