"""The tariffs of the seller's products: the parts every electricity bill has, in the order of the bill."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from mains_spi import (
    Amount,
    Calendar,
    Component,
    Const,
    Monthly,
    PerUnit,
    Price,
    Qty,
    Rebate,
    Rounding,
    Spot,
    Tariff,
    Term,
    TimeOfUse,
    When,
    Zone,
    ZoneRule,
)

from mains_electricity_retail.support import EnergyPart, household_supports, protected_supports

AGREED_SUMS = ("exit_fee", "switch_fee", "late_interest")
"""Fees that are noted as what they come to; the quantity is the sum."""
ENERGY = Qty("energy", "kWh")
AMPERES = Qty("amperes", "A")
BY_CONNECTION = ("phases", "amperes")
YEAR = Const(12, "month/year")

ONE_ZONE = (When("zones", ("1",)),)
TWO_ZONES = (When("zones", ("2",)),)
DAY, NIGHT = "T1", "T2"

# Night is 23-7 by the clock on the wall, and the whole weekend. Whether meters follow summer time and what public
# holidays count as is not published: both are settings of this calendar.
TWO_ZONE_CALENDAR = Calendar(
    "two_zone",
    (ZoneRule(NIGHT, days=(6, 7)), ZoneRule(NIGHT, hours=((23, 7),)), ZoneRule(DAY)),
    tz="Europe/Riga",
    clock="local",
)


def fixed_tariff(*, code: str, monthly_fee: bool, carries: bool = False) -> Tariff:
    """Build the tariff of a product with an agreed price per kWh."""
    price = Price("product.energy", "EUR/kWh")
    fee = (Monthly("monthly_fee", Price("product.monthly_fee", "EUR/month")),) if monthly_fee else ()
    energy: tuple[Component, ...] = (
        PerUnit("energy", ENERGY, price, when=ONE_ZONE),
        _by_zone("energy", "product.energy"),
    )
    fees = ("monthly_fee",) if monthly_fee else ()
    part = EnergyPart(quantity=ENERGY, energy=("energy", "energy_day", "energy_night"), fees=fees, price=price)
    return _tariff(code, (*energy, *fee), part, carries=carries)


def exchange_tariff(*, code: str, carries: bool = False) -> Tariff:
    """Build the tariff of a product at the exchange's price: one weighted price a month, printed with five decimals."""
    trading = PerUnit("trading_fee", ENERGY, Price("product.trading_fee", "EUR/kWh"))
    part = EnergyPart(quantity=ENERGY, energy=("energy",), fees=("trading_fee",), price=None)
    by_hour, by_quarter = _weighted("nordpool.lv", "hour"), _weighted("nordpool.lv.quarters", "quarter")
    return _tariff(code, (by_hour, by_quarter, trading), part, carries=carries)


def _weighted(series: str, step: str) -> Spot:
    """Weigh the exchange's prices of an hour or a quarter-hour; which of the two a contract has is agreed with it."""
    return Spot(
        "energy",
        ENERGY,
        series,
        "EUR/MWh",
        places=5,
        scale=Const(Decimal("0.001"), "MWh/kWh"),
        weights="profile.lv",
        when=(When("exchange_step", (step,)),),
    )


def yearly_or_monthly(*, monthly: str | None, yearly: str, per_ampere: str, by: tuple[str, ...]) -> Term:
    """Give one fee a month from the forms in which it is published: per month, per year, per ampere and year."""
    a_year = Price(yearly, "EUR/year", by) + AMPERES * Price(per_ampere, "EUR/A/year", by)
    if monthly is None:
        return a_year / YEAR
    return Price(monthly, "EUR/month", by) + a_year / YEAR


def _tariff(code: str, energy: tuple[Component, ...], part: EnergyPart, *, carries: bool) -> Tariff:
    components = (
        *energy,
        *_network(),
        *_mandatory_procurement(),
        PerUnit(
            "paper", Qty("paper_invoices", "pcs"), Price("fees.paper", "EUR/pcs"), when=(When("delivery", ("post",)),)
        ),
        *_noted_fees(),
        *household_supports(part),
        *protected_supports(part, carries=carries),
    )
    counted = (("energy", 3), ("paper_invoices", 0), ("reminder_sms", 0))
    places = counted + tuple((name, 2) for name in (*AGREED_SUMS, "late_interest_back"))
    return Tariff(code, "EUR", components, rounding=Rounding(), places=places, calendars=(TWO_ZONE_CALENDAR,))


def _noted_fees() -> tuple[Component, ...]:
    """Charge what is noted on a contract now and then: reminders at their price, and agreed sums as they are."""
    return (
        PerUnit("reminder_sms", Qty("reminder_sms", "pcs"), Price("fees.reminder_sms", "EUR/pcs"), if_given=True),
        *(PerUnit(code, Qty(code, "EUR"), Const(1, "1"), if_given=True) for code in AGREED_SUMS),
        PerUnit("late_interest_back", Const(-1, "1") * Qty("late_interest_back", "EUR"), Const(1, "1"), if_given=True),
    )


def _by_zone(code: str, price: str, by: tuple[str, ...] = (), *, each_place: bool = False) -> TimeOfUse:
    zones = (
        Zone(DAY, f"{code}_day", Price(f"{price}_day", "EUR/kWh", by)),
        Zone(NIGHT, f"{code}_night", Price(f"{price}_night", "EUR/kWh", by)),
    )
    return TimeOfUse(ENERGY, TWO_ZONE_CALENDAR.name, zones, when=TWO_ZONES, each_place=each_place)


def _network() -> tuple[Component, ...]:
    """Charge Sadales tīkls at each place: a fee by phases and amperes, and the kWh delivered."""
    fee = yearly_or_monthly(
        monthly="dso.fixed", yearly="dso.fixed_per_year", per_ampere="dso.fixed_per_ampere", by=BY_CONNECTION
    )
    return (
        Monthly("dso_fixed", fee, each_place=True),
        PerUnit("dso_variable", ENERGY, Price("dso.variable", "EUR/kWh"), when=ONE_ZONE, each_place=True),
        _by_zone("dso_variable", "dso.variable", ("phases",), each_place=True),
    )


def _mandatory_procurement() -> tuple[Component, ...]:
    """Charge OIK: by kWh and by connection, less the state's discount as a negative line."""
    by = (*BY_CONNECTION, "kind")
    capacity = yearly_or_monthly(monthly=None, yearly="oik.capacity", per_ampere="oik.capacity_per_ampere", by=by)
    return (
        PerUnit("oik_energy", ENERGY, Price("oik.energy", "EUR/kWh")),
        Monthly("oik_capacity", capacity, each_place=True),
        Rebate("oik_discount", (Amount("oik_energy") + Amount("oik_capacity")) * Price("oik.discount", "1", ("kind",))),
    )


def _of_product(*, carries: bool) -> dict[str, Tariff]:
    fixed = fixed_tariff(code="fixed", monthly_fee=False, carries=carries)
    with_fee = fixed_tariff(code="fixed_with_fee", monthly_fee=True, carries=carries)
    return {
        "universalais": fixed,
        "ekonomiskais": fixed,
        "izdevigais_200": with_fee,
        "izdevigais_600": with_fee,
        "klasiskais": fixed,
        "dinamiskais": exchange_tariff(code="exchange", carries=carries),
    }


OF_PRODUCT = _of_product(carries=False)
FIXED, FIXED_WITH_FEE, EXCHANGE = (OF_PRODUCT[one] for one in ("universalais", "izdevigais_200", "dinamiskais"))
CARRYING = _of_product(carries=True)
CARRIES_FROM, CARRIES_TO = date(2021, 11, 1), date(2023, 1, 1)
"""From the first month of which a protected customer's sum is carried to the next; December 2022 spends the last."""


def tariff_on(product: str, *, on: date) -> Tariff:
    """Give the tariff of a product as it is on a day: while unspent support is carried on it asks for what was left."""
    return (CARRYING if CARRIES_FROM <= on < CARRIES_TO else OF_PRODUCT)[product]
