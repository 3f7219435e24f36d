"""Whatever the owners vote for, and whenever, the flats of any house add up to the house to the cent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

import mains_district_heating
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mains_district_heating.card import UTILITY
from mains_district_heating.sharing import (
    CIRCULATION,
    CIRCULATION_SHARING,
    HEATING_SHARING,
    HOT_WATER_HEAT,
    UNMETERED_WATER,
)
from mains_district_heating.tariffs import BUILDING
from mains_spi import (
    Attribute,
    Bill,
    CannotRate,
    ContractCheck,
    FactValue,
    Group,
    Member,
    Period,
    PriceVersion,
    RatingRequest,
    TaxRate,
    Usage,
    evaluate,
    evaluate_amounts,
    replay,
    tax_codes,
)

D = Decimal
DECEMBER = Period(date(2022, 12, 1), date(2023, 1, 1))
TARIFF = D("102.69")


@dataclass(frozen=True)
class Premise:
    """A premise as hypothesis thinks it up; without m3 or units it has no meter or no allocators."""

    kind: str
    area: Decimal
    m3: Decimal | None
    units: Decimal | None
    residents: int
    heated_share: Decimal | None

    def member(self, number: int) -> Member:
        said = [Attribute("kind", self.kind), Attribute("area", str(self.area), unit="m2")]
        said += [Attribute("residents", str(self.residents), unit="person")]
        said += [] if self.heated_share is None else [Attribute("heated_share", str(self.heated_share), unit="1")]
        used = (("hot_water", self.m3, "m3"), ("allocator_units", self.units, "unit"))
        usage = tuple(Usage(name, DECEMBER, value, unit) for name, value, unit in used if value is not None)
        return Member(f"{number:03}", tuple(said), usage)


@dataclass(frozen=True)
class Voted:
    """A method the owners have for some days."""

    dhw_method: str
    circulation: str
    circulation_sharing: str
    heating_sharing: str
    unmetered_water: str
    heating_fixed_share: str

    def attributes(self, days: Period) -> tuple[Attribute, ...]:
        words = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return tuple(Attribute(name, value, days, decision="minutes 7") for name, value in words.items())


def decimals(least: str, most: str, places: int) -> st.SearchStrategy[Decimal]:
    return st.decimals(min_value=D(least), max_value=D(most), places=places)


premises = st.lists(
    st.builds(
        Premise,
        kind=st.sampled_from(["private", "business"]),
        area=decimals("8", "250", 2),
        m3=st.none() | st.just(D(0)) | decimals("0", "25", 3),
        units=st.none() | decimals("0", "900", 0),
        residents=st.integers(0, 6),
        heated_share=st.none() | st.just(D(0)) | st.just(D("0.15")),
    ),
    max_size=15,
)
methods = st.builds(
    Voted,
    dhw_method=st.sampled_from(HOT_WATER_HEAT),
    circulation=st.sampled_from(CIRCULATION),
    circulation_sharing=st.sampled_from(CIRCULATION_SHARING),
    heating_sharing=st.sampled_from(HEATING_SHARING),
    unmetered_water=st.sampled_from(UNMETERED_WATER[1:]),
    heating_fixed_share=st.sampled_from(["0", "0.3", "0.4", "0.5", "1"]),
)
ORDINARY = Premise("private", D("50.5"), D("4"), D("120"), 2, None)


class Billing:
    """Asks for December's bill of a house."""

    def __init__(self, versions: tuple[PriceVersion, ...], taxes: tuple[TaxRate, ...]) -> None:
        self.versions, self.taxes = versions, taxes

    def request(
        self, shape: list[Premise], attributes: tuple[Attribute, ...], heat: Decimal, m3: Decimal
    ) -> RatingRequest:
        used = (("heat", heat, "MWh"), ("hot_water", m3, "m3"), ("hot_water_heat", heat_in(m3), "MWh"))
        own = (
            *(Attribute(name, value) for name, value in (("season", "winter"), ("support_rounding", "parts"))),
            *(Attribute(name, "5", unit="m3/person/month") for name in ("hot_water_norm", "hot_water_cap")),
            Attribute("kind", "business"),
            *attributes,
        )
        usage = tuple(Usage(name, DECEMBER, value, unit) for name, value, unit in used)
        members = tuple(premise.member(number) for number, premise in enumerate(shape))
        summer = FactValue("circulation", Period(date(2022, 6, 1), date(2022, 9, 1)), D("0.4"), "MWh")
        return RatingRequest(
            contract="1",
            period=DECEMBER,
            prices=self.versions,
            taxes=self.taxes,
            tax_codes=tax_codes(UTILITY),
            facts=(summer,),
            group=Group("house", own, usage, members),
        )


def heat_in(m3: Decimal) -> Decimal:
    return (m3 * D("0.0582")).quantize(D("0.001"))


@pytest.fixture(scope="module")
def billing(price_versions: tuple[PriceVersion, ...], tax_rates: tuple[TaxRate, ...]) -> Billing:
    return Billing(price_versions, tax_rates)


def charged(bill: Bill) -> Decimal:
    return sum((li.net for m in bill.members for li in m.lines if li.code != "state_support"), D(0))


def cost_of(heat: Decimal, day: int) -> Decimal:
    """Work out the house's cost: heat x tariff, in two rounded parts where the method changes within the month."""
    first = (heat * (day - 1) / 31).quantize(D("0.001"), ROUND_HALF_UP)
    parts = [heat] if day == 1 else [first, heat - first]
    return sum(((part * TARIFF).quantize(D("0.01"), ROUND_HALF_UP) for part in parts), D(0))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    shape=premises,
    before=methods,
    after=methods,
    day=st.integers(1, 31),
    spare=decimals("3", "90", 3),
    house_m3=decimals("1", "300", 2),
)
def test_flats_add_up_to_the_house_by_every_method_and_on_every_day_of_change(
    shape, before: Voted, after: Voted, day: int, spare: Decimal, house_m3: Decimal, billing: Billing
) -> None:
    members, heat, change = [ORDINARY, *shape], heat_in(house_m3) + spare, date(2022, 12, day)
    voted = (*before.attributes(Period(date(2022, 1, 1), change)), *after.attributes(Period(change, date(2023, 6, 1))))

    request = billing.request(members, voted, heat, house_m3)
    bill = evaluate_amounts(BUILDING, request)

    assert charged(bill) == cost_of(heat, 1 if before == after else day)
    assert bill.net == sum(member.net for member in bill.members)
    assert bill.lines == ()
    for premise, member in zip(members, bill.members, strict=True):
        assert all(line.net >= 0 for line in member.lines if line.code != "state_support")
        water = [line for line in member.lines if line.code == "hot_water"]
        assert all(line.estimated == (premise.m3 is None) for line in water)
        assert all(line.estimated == (premise.units is None) for line in member.lines if line.code == "heating_metered")
        assert not any(line.estimated for line in member.lines if line.code in ("circulation", "heating_fixed"))


@pytest.mark.parametrize("heating", HEATING_SHARING)
@pytest.mark.parametrize("unmetered", UNMETERED_WATER[1:])
def test_every_line_is_explained_with_the_method_and_its_decision(
    heating: str, unmetered: str, billing: Billing
) -> None:
    voted = Voted("coefficient", "constant", "area", heating, unmetered, "0.3").attributes(DECEMBER)
    without = Premise("private", D("40"), None, None, 3, D("0.15"))

    bill = evaluate(BUILDING, billing.request([ORDINARY, without], voted, D("9.5"), D("20")))

    for line in (line for member in bill.members for line in member.lines):
        assert replay(line.why) == line.net
        if line.code != "state_support":
            told = {(c["name"], c["value"]): c.get("decision") for c in line.why["conditions"]}
            assert told[("heating_sharing", heating)] == "minutes 7"
            assert told[("season", "winter")] is None
    norms = [i for m in bill.members for li in m.lines for i in li.why["inputs"] if i["name"] == "heating_fixed_share"]
    assert all(given["decision"] == "minutes 7" for given in norms)
    assert bool(norms) == (heating == "allocators")


def test_a_house_whose_allocators_counted_nothing_is_held(billing: Billing) -> None:
    voted = Voted("coefficient", "none", "premise", "allocators", "norm", "0.3").attributes(DECEMBER)

    with pytest.raises(CannotRate, match="no_weight"):
        idle = Premise("private", D("50.5"), D("4"), D(0), 2, None)
        evaluate(BUILDING, billing.request([idle], voted, D("9.5"), D("20")))
    with pytest.raises(CannotRate, match="division_by_zero"):
        none = Premise("private", D("50.5"), D("4"), None, 2, None)
        evaluate(BUILDING, billing.request([none], voted, D("9.5"), D("20")))


def test_without_a_voted_rule_a_flat_without_a_meter_holds_the_house(billing: Billing) -> None:
    voted = Voted("coefficient", "none", "premise", "area", "hold", "0.3").attributes(DECEMBER)
    without = Premise("private", D("40"), None, None, 3, None)

    with pytest.raises(CannotRate, match="missing_usage"):
        evaluate(BUILDING, billing.request([ORDINARY, without], voted, D("9.5"), D("20")))


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({"heating_sharing": "allocators"}, ["fixed_share_missing"]),
        ({"heating_sharing": "allocators", "heating_fixed_share": "0.3"}, []),
        ({"heating_fixed_share": "30"}, ["share_unreadable"]),
        ({"heating_fixed_share": "-0.1"}, ["share_unreadable"]),
        ({"heating_fixed_share": "a third"}, ["share_unreadable"]),
        ({"unmetered_water": "norm"}, ["norm_missing"]),
        ({"unmetered_water": "norm", "hot_water_norm": "3.0"}, []),
        ({"unmetered_water": "norm", "hot_water_norm": "0"}, ["norm_unreadable"]),
        ({"unmetered_water": "residual", "hot_water_norm": "3.0"}, ["cap_missing"]),
        ({"unmetered_water": "residual", "hot_water_cap": "Infinity"}, ["norm_unreadable"]),
        ({"unmetered_water": "residual", "hot_water_cap": "5.0"}, []),
    ],
)
def test_a_method_names_all_the_numbers_it_needs(said: dict[str, str], problem: list[str]) -> None:
    attributes = tuple(Attribute(name, value) for name, value in {"season": "winter", **said}.items())
    request = ContractCheck(product="heat_house", on=date(2022, 12, 1), attributes=attributes)

    assert [found.code for found in mains_district_heating.check_contract(request)] == problem


@pytest.mark.parametrize(("share", "problems"), [("0.15", []), ("0", []), ("15", ["share_unreadable"])])
def test_the_share_of_a_disconnected_flat_is_a_share(share: str, problems: list[str]) -> None:
    attributes = (Attribute("area", "76.70"), Attribute("heated_share", share))
    request = ContractCheck(product="heat_flat", on=date(2022, 12, 1), attributes=attributes)

    assert [found.code for found in mains_district_heating.check_contract(request)] == problems
