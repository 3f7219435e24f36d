from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import pytest
from mains_spi import (
    AllocateBuilding,
    Amount,
    Block,
    Calendar,
    ChargeCode,
    Component,
    Const,
    ContractAttribute,
    Fact,
    GroupQty,
    InexactNumber,
    Labels,
    Least,
    Monthly,
    PerUnit,
    Pool,
    Price,
    PriceRow,
    Qty,
    QuantityKind,
    Rebate,
    Round,
    Rounding,
    Spot,
    Tariff,
    Tier,
    Tiered,
    TimeOfUse,
    Usage,
    Utility,
    When,
    Zone,
    ZoneRule,
    vet,
)
from mains_spi.terms import Term

WORD = Labels("vārds", "word", "слово")
CHARGES = ("energy", "oik", "fee", "support", "hot", "heating", "fixed", "day", "night")
UTILITY = Utility(
    code="test",
    spi_major=1,
    labels=WORD,
    quantities=(QuantityKind("kwh", "kWh"), QuantityKind("heat", "MWh"), QuantityKind("m3", "m3")),
    charges=tuple(ChargeCode(code, "standard", "6110", WORD) for code in CHARGES),
    price_lists=("oik", "dso"),
    attributes=(
        ContractAttribute(name="phases", labels=WORD, values=("1", "3")),
        ContractAttribute(name="area", labels=WORD, unit="m2", scope="premise"),
    ),
)
kwh = Qty("kwh", "kWh")
energy = Price("product.energy", "EUR/kWh")
ENERGY = PerUnit("energy", kwh, energy)
area = Qty("area", "m2")
heat = GroupQty("heat", "MWh") * Const(60, "EUR/MWh")


@pytest.fixture
def prices(make):
    return (
        make.version("product", make.row("energy", "0.10", "EUR/kWh"), make.row("fee", "3", "EUR/month")),
        make.version("oik", make.row("energy", "0.02", "EUR/kWh")),
        make.version(
            "dso", make.row("fixed", "2", "EUR/month", phases="1"), make.row("fixed", "6", "EUR/month", phases="3")
        ),
    )


def tariff(*components, **more):
    return Tariff("T", "EUR", components, **more)


def mistakes(declared, prices=()):
    return [(m.code, m.component) for m in vet(declared, tuple(prices), UTILITY)]


def test_good_tariff_has_no_mistake(prices):
    declared = tariff(
        ENERGY,
        Monthly("fee", Price("product.fee", "EUR/month")),
        Monthly("fixed", Price("dso.fixed", "EUR/month", ("phases",))),
        Rebate("support", Amount("fixed") * D("0.6"), when=(When("kind", ("private",)),)),
    )

    assert vet(declared, prices, UTILITY) == ()


D = Decimal
smuggled = Rounding()
object.__setattr__(smuggled, "line", 2.0)


@dataclass(frozen=True, slots=True)
class Guess(Term):
    unit: str = "kWh"


@dataclass(frozen=True, slots=True)
class Tip(Component):
    code: str


def calendar(*rules, **more):
    return Calendar("zones", rules, **more)


DAY = ZoneRule("day", days=(1, 2, 3, 4, 5), hours=((7, 23),))
NIGHT = ZoneRule("night")
ZONES = (Zone("day", "day", energy), Zone("night", "night", energy))


@pytest.mark.parametrize(
    ("code", "component", "declared"),
    [
        ("float", "T", tariff(ENERGY, rounding=smuggled)),
        ("unknown_term", "energy", tariff(PerUnit("energy", Guess(), energy))),
        ("unknown_list", "oik", tariff(PerUnit("oik", kwh, Price("oiks.energy", "EUR/kWh")))),
        ("missing_price", "oik", tariff(PerUnit("oik", kwh, Price("oik.capacity", "EUR/kWh")))),
        ("unit_mismatch", "oik", tariff(PerUnit("oik", kwh, Price("oik.energy", "EUR/MWh")))),
        ("unit_mismatch", "energy", tariff(PerUnit("energy", kwh + Qty("heat", "MWh"), energy))),
        ("unit_mismatch", "energy", tariff(PerUnit("energy", Qty("kwh", "MWh"), Const(1, "EUR/MWh")))),
        ("unit_mismatch", "fee", tariff(Monthly("fee", Price("product.fee", "EUR/month"), prorate="year"))),
        ("unit_mismatch", "support", tariff(Rebate("support", kwh))),
        ("unit_mismatch", "energy", tariff(Tiered(kwh, (Tier("energy", energy, area), Tier("oik", energy))))),
        ("unit_mismatch", "energy", tariff(Spot("energy", kwh, "spot", "EUR/MWh"))),
        ("unknown_quantity", "energy", tariff(PerUnit("energy", Qty("kw", "kWh"), energy))),
        ("unknown_charge", "tip", tariff(PerUnit("tip", kwh, energy))),
        ("no_one_rest", "house", tariff(AllocateBuilding("house", heat, (Pool("heating", area, heat),)))),
        (
            "no_one_rest",
            "house",
            tariff(AllocateBuilding("house", heat, (Pool("heating", area, rest=True), Pool("hot", area, heat)))),
        ),
        (
            "unknown_pool",
            "house",
            tariff(
                AllocateBuilding(
                    "house", heat, (Pool("hot", area, rest=True, of="heating"), Pool("heating", area, rest=True))
                )
            ),
        ),
        (
            "pool_amount",
            "house",
            tariff(AllocateBuilding("house", heat, (Pool("hot", area), Pool("heating", area, rest=True)))),
        ),
        (
            "pool_remainder",
            "house",
            tariff(AllocateBuilding("house", heat, (Pool("heating", area, rest=True, remainder="rest"),))),
        ),
        ("unknown_amount", "support", tariff(Rebate("support", Amount("energy")), ENERGY)),
        ("unknown_amount", "support", tariff(Rebate("support", Amount("support")))),
        ("wrong_when", "energy", tariff(PerUnit("energy", kwh, energy, when=(When("colour", ("red",)),)))),
        ("wrong_when", "energy", tariff(PerUnit("energy", kwh, energy, when=(When("phases", ("2",)),)))),
        ("wrong_when", "energy", tariff(PerUnit("energy", kwh, energy, when=(When("phases"),)))),
        ("wrong_when", "fixed", tariff(Monthly("fixed", Price("dso.fixed", "EUR/month")))),
        ("pool_amount", "house", tariff(AllocateBuilding("house", heat, (Pool("heating", area, heat, rest=True),)))),
        (
            "pool_twice",
            "house",
            tariff(AllocateBuilding("house", heat, (Pool("hot", area, heat), Pool("hot", area, rest=True)))),
        ),
        ("unit_mismatch", "energy", tariff(PerUnit("energy", Least(()), energy))),
        ("unit_mismatch", "energy", tariff(PerUnit("energy", Qty("kwh", "kWh per"), energy))),
        ("unknown_component", "tip", tariff(Tip("tip"))),
        (
            "tiers_order",
            "energy",
            tariff(Tiered(kwh, (Tier("energy", energy), Tier("oik", energy)))),
        ),
        ("bad_fact", "energy", tariff(PerUnit("energy", Fact("kwh", "kWh", back=-1), energy))),
        ("bad_time_of_use", "day", tariff(TimeOfUse(kwh + kwh, "zones", ZONES), calendars=(calendar(DAY, NIGHT),))),
        (
            "bad_calendar",
            "zones",
            tariff(TimeOfUse(kwh, "zones", ZONES), calendars=(calendar(ZoneRule("day", days=(8,)), NIGHT),)),
        ),
        (
            "bad_calendar",
            "zones",
            tariff(TimeOfUse(kwh, "zones", ZONES), calendars=(calendar(DAY, NIGHT, holiday_as=0),)),
        ),
        ("bad_places", "energy", tariff(PerUnit("energy", kwh, Round(energy, -1)))),
        ("bad_places", "T", tariff(ENERGY, rounding=Rounding(total=13))),
        ("bad_places", "T", tariff(ENERGY, places=(("kwh", -3),))),
        ("bad_places", "energy", tariff(Spot("energy", kwh, "spot", "EUR/kWh", places=40))),
        ("bad_rounding", "T", tariff(ENERGY, rounding=Rounding(line=None))),
        ("tiers_order", "energy", tariff(Tiered(kwh, (Tier("energy", energy, 100),)))),
        (
            "tiers_order",
            "energy",
            tariff(Tiered(kwh, (Tier("energy", energy, 300), Tier("oik", energy, 100), Tier("day", energy)))),
        ),
        ("tiers_order", "energy", tariff(Tiered(kwh, (Tier("energy", energy, -5), Tier("oik", energy))))),
        ("tiers_order", "energy", tariff(PerUnit("energy", Block(kwh, above=300, upto=100), energy))),
        ("unknown_word", "fee", tariff(Monthly("fee", Price("product.fee", "EUR/month"), prorate="week"))),
        ("bad_fact", "energy", tariff(PerUnit("energy", Fact("kwh", "kWh", (6, 8)), energy))),
        ("bad_fact", "energy", tariff(PerUnit("energy", Fact("kwh", "kWh", parts=True), energy))),
        ("bad_fact", "energy", tariff(PerUnit("energy", Fact("kwh", "kWh", (6,), back=1, parts=True), energy))),
        ("unknown_calendar", "day", tariff(TimeOfUse(kwh, "zones", ZONES))),
        ("bad_calendar", "zones", tariff(TimeOfUse(kwh, "zones", ZONES), calendars=(calendar(NIGHT, DAY),))),
        (
            "bad_calendar",
            "zones",
            tariff(TimeOfUse(kwh, "zones", ZONES), calendars=(calendar(DAY, NIGHT, tz="Europe/Jelgava"),)),
        ),
        (
            "zone_without_price",
            "night",
            tariff(TimeOfUse(kwh, "zones", ZONES[1:]), calendars=(calendar(DAY, NIGHT),)),
        ),
    ],
)
def test_mistake_is_named(prices, code, component, declared):
    assert (code, component) in mistakes(declared, prices)


def test_unit_mismatch_says_both_units():
    (mistake,) = vet(tariff(PerUnit("oik", kwh, Price("oik.energy", "EUR/MWh"))), (), UTILITY)

    assert str(mistake) == (
        "oik: quantity is in kWh but price `oik.energy` is per MWh: "
        "give the price in EUR/kWh, or convert the quantity [unit_mismatch]"
    )


def test_overlapping_versions(make):
    one = make.version("product", make.row("energy", "0.10", "EUR/kWh"), days=make.period("2023-01-01", "2023-06-01"))
    two = make.version("product", make.row("energy", "0.11", "EUR/kWh"), days=make.period("2023-05-31", "2023-07-01"))

    assert mistakes(tariff(ENERGY), (one, two)) == [("versions_overlap", "product")]


def test_version_known_later_may_overlap(make):
    one = make.version("product", make.row("energy", "0.10", "EUR/kWh"))
    two = make.version("product", make.row("energy", "0.11", "EUR/kWh"), known_from=make.january.end, id="later")

    assert mistakes(tariff(ENERGY), (one, two)) == []


def test_price_in_another_unit_than_the_tariff_says(make):
    prices = (make.version("product", make.row("energy", "100", "EUR/MWh")),)

    assert mistakes(tariff(ENERGY), prices) == [("unit_mismatch", "energy")]


def test_price_given_twice(make):
    rows = make.row("energy", "0.10", "EUR/kWh"), make.row("energy", "0.11", "EUR/kWh")

    assert mistakes(tariff(ENERGY), (make.version("product", *rows),)) == [("price_twice", "energy")]


@pytest.mark.parametrize(
    ("build", "field"),
    [
        (lambda days: Const(0.1, "EUR/kWh"), "Const.value"),
        (lambda days: Block(kwh, upto=100.0), "Block.upto"),
        (lambda days: Tier("energy", energy, 100.0), "Tier.upto"),
        (lambda days: When("amperes", upto=16.0), "When.upto"),
        (lambda days: PriceRow("energy", 0.1, "EUR/kWh"), "PriceRow.value"),
        (lambda days: PriceRow("energy", Decimal("NaN"), "EUR/kWh"), "PriceRow.value"),
        (lambda days: Usage("kwh", days, 100.0, "kWh"), "Usage.value"),
        (lambda days: Usage("kwh", days, "100", "kWh"), "Usage.value"),
        (lambda days: Usage("kwh", days, Decimal("Infinity"), "kWh"), "Usage.value"),
        (lambda days: Fact("f", "kWh", (6.0,)), "Fact.months"),
        (lambda days: energy * 1.21, "float"),
    ],
)
def test_constructors_refuse_inexact_numbers(make, build, field):
    with pytest.raises(InexactNumber, match=field):
        build(make.january)


def test_price_list_without_a_version(make):
    other = make.version("oik", make.row("energy", "0.02", "EUR/kWh"))

    assert mistakes(tariff(ENERGY), (other,)) == [("missing_price", "energy")]


def test_price_including_a_negative_tax(make):
    prices = (make.version("product", make.row("energy", "0.10", "EUR/kWh", "-0.21")),)

    assert mistakes(tariff(ENERGY), prices) == [("bad_tax", "product")]


def test_float_smuggled_into_a_component_names_it():
    fee = Const(1, "EUR/month")
    object.__setattr__(fee, "value", 1.5)

    assert mistakes(tariff(ENERGY, Monthly("fee", fee))) == [("float", "fee")]
