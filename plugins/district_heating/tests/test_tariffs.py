"""Houses of any shape add up to the cent, and can be billed in every month of the demonstration."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

import mains_district_heating
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mains_district_heating.card import PRODUCTS, UTILITY
from mains_district_heating.sharing import CIRCULATION, HOT_WATER_HEAT
from mains_district_heating.tariffs import BUILDING, SINGLE
from mains_spi import (
    Attribute,
    Bill,
    CannotRate,
    FactValue,
    Group,
    Member,
    Occupant,
    Period,
    PriceVersion,
    RatingRequest,
    Tariff,
    TariffRequest,
    TaxRate,
    Usage,
    evaluate,
    facts_needed,
    replay,
    tax_codes,
    vet,
)

FIRST, LAST = date(2022, 3, 1), date(2024, 6, 1)
CENT = Decimal("0.01")
DECEMBER = Period(date(2022, 12, 1), date(2023, 1, 1))
JULY = Period(date(2022, 7, 1), date(2022, 8, 1))


def months() -> list[Period]:
    found, start = [], FIRST
    while start <= LAST:
        end = (start + timedelta(days=32)).replace(day=1)
        found.append(Period(start, end))
        start = end
    return found


def premise(name: str, kind: str, area: str, m3: str, month: Period) -> Member:
    attributes = (Attribute("kind", kind), Attribute("area", area, unit="m2"))
    return Member(name, attributes, (Usage("hot_water", month, Decimal(m3), "m3"),))


class House:
    """Asks for the bill of a house with the shipped prices."""

    def __init__(self, versions: tuple[PriceVersion, ...], taxes: tuple[TaxRate, ...]) -> None:
        self.versions = versions
        self.taxes = taxes

    def request(self, month: Period, members: tuple[Member, ...], usage: dict[str, str], **said: str) -> RatingRequest:
        units = {"heat": "MWh", "hot_water_heat": "MWh", "hot_water": "m3"}
        how = {
            "season": "winter",
            "dhw_method": "coefficient",
            "circulation": "constant",
            "circulation_sharing": "premise",
            "heating_sharing": "area",
            "unmetered_water": "hold",
            "support_rounding": "parts",
            "kind": "business",
            **said,
        }
        group = Group(
            "house",
            tuple(Attribute(name, value) for name, value in how.items()),
            tuple(Usage(name, month, Decimal(value), units[name]) for name, value in usage.items()),
            members,
        )
        return RatingRequest(
            contract="1",
            period=month,
            prices=self.versions,
            taxes=self.taxes,
            tax_codes=tax_codes(UTILITY),
            group=group,
            facts=tuple(_circulation(month.start.year - back) for back in (0, 1)),
            known_at=month.end + timedelta(days=14),
        )

    def bill(self, month: Period, members: tuple[Member, ...], usage: dict[str, str], **said: str) -> Bill:
        return evaluate(BUILDING, self.request(month, members, usage, **said))


def _circulation(year: int) -> FactValue:
    return FactValue("circulation", Period(date(year, 6, 1), date(year, 9, 1)), Decimal("0.4"), "MWh")


@pytest.fixture(scope="module")
def house(price_versions: tuple[PriceVersion, ...], tax_rates: tuple[TaxRate, ...]) -> House:
    return House(price_versions, tax_rates)


def charged(bill: Bill) -> Decimal:
    """Add up what the premises are charged before any support."""
    return sum((li.net for m in bill.members for li in m.lines if li.code != "state_support"), Decimal(0))


def three_flats(month: Period) -> tuple[Member, ...]:
    return (
        premise("1", "private", "50.0", "8", month),
        premise("2", "private", "65.5", "10", month),
        premise("shop", "business", "120.0", "0", month),
    )


premises = st.lists(
    st.tuples(
        st.sampled_from(["private", "business"]),
        st.decimals(min_value=Decimal("8"), max_value=Decimal("250"), places=2),
        st.decimals(min_value=Decimal("0"), max_value=Decimal("25"), places=3),
    ),
    min_size=1,
    max_size=60,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    shape=premises,
    season=st.sampled_from(["summer", "winter"]),
    method=st.sampled_from(HOT_WATER_HEAT),
    circulation=st.sampled_from(CIRCULATION),
    spare=st.decimals(min_value=Decimal("0.5"), max_value=Decimal("90"), places=3),
    lost=st.decimals(min_value=Decimal("0.9"), max_value=Decimal("1.3"), places=2),
)
def test_the_flats_of_any_house_add_up_to_the_house(
    shape, season: str, method: str, circulation: str, spare: Decimal, lost: Decimal, house: House
) -> None:
    month = DECEMBER if season == "winter" else JULY
    members = tuple(premise(f"{n:03}", kind, str(a), str(m3), month) for n, (kind, a, m3) in enumerate(shape))
    m3 = (sum((m3 for _, _, m3 in shape), Decimal(0)) * lost).quantize(Decimal("0.001"))
    heat = (m3 * Decimal("0.0582")).quantize(Decimal("0.001")) + spare
    usage = {"heat": str(heat), "hot_water": str(m3), "hot_water_heat": str(heat - spare)}

    bill = house.bill(month, members, usage, season=season, dhw_method=method, circulation=circulation)

    tariff = Decimal("102.69") if season == "winter" else Decimal("67.63")
    assert charged(bill) == (heat * tariff).quantize(CENT, ROUND_HALF_UP)
    assert bill.net == sum(member.net for member in bill.members)
    assert bill.lines == ()
    for member, (kind, _, _) in zip(bill.members, shape, strict=True):
        support = sum((line.net for line in member.lines if line.code == "state_support"), Decimal(0))
        before = member.net - support
        assert Decimal(0) <= -support <= before
        assert support == 0 or kind == "private"
        assert all(line.net >= 0 for line in member.lines if line.code != "state_support")


@pytest.mark.parametrize("month", months(), ids=lambda month: month.start.isoformat())
def test_every_month_can_be_billed_in_every_way(month: Period, house: House) -> None:
    usage = {"heat": "9.5", "hot_water": "20", "hot_water_heat": "1.2"}
    for season in ("summer", "winter"):
        for method in HOT_WATER_HEAT:
            for circulation in CIRCULATION:
                ways = {"season": season, "dhw_method": method, "circulation": circulation}
                assert house.bill(month, three_flats(month), usage, **ways).total > 0


def test_the_order_of_premises_does_not_matter(house: House) -> None:
    usage = {"heat": "9.5", "hot_water": "20"}
    members = three_flats(DECEMBER)

    assert house.bill(DECEMBER, members, usage) == house.bill(DECEMBER, members[::-1], usage)


def test_a_shop_pays_the_full_tariff_and_its_own_vat(house: House) -> None:
    bill = house.bill(DECEMBER, three_flats(DECEMBER), {"heat": "9.5", "hot_water": "20"})

    shop = next(member for member in bill.members if member.id == "shop")

    assert {line.code for line in shop.lines} == {"hot_water", "circulation", "heating"}
    assert {tax.rate for tax in shop.taxes} == {Decimal("0.21")}
    assert {tax.rate for tax in bill.members[0].taxes} == {Decimal("0.12")}


@pytest.mark.parametrize("rounding", ["parts", "sum", "final"])
def test_support_is_an_exact_share_of_what_was_charged(rounding: str, house: House) -> None:
    bill = house.bill(DECEMBER, three_flats(DECEMBER), {"heat": "9.5", "hot_water": "20"}, support_rounding=rounding)
    per_mwh = Decimal("17.34") if rounding == "final" else Decimal("17.35")

    for member in bill.members[:2]:
        full = sum(line.net for line in member.lines[:-1])
        assert -member.lines[-1].net == (full * per_mwh / Decimal("102.69")).quantize(CENT, ROUND_HALF_UP)


def test_circulation_never_takes_more_than_hot_water_left(house: House) -> None:
    usage = {"heat": "1.30", "hot_water": "20"}

    bill = house.bill(DECEMBER, three_flats(DECEMBER), usage, circulation="last_summer")

    heating = [line.net for member in bill.members for line in member.lines if line.code == "heating"]
    assert heating == [0, 0, 0]
    assert charged(bill) == Decimal("133.50")  # 1.30 x 102.69 = 133.497


def test_a_winter_without_last_summer_is_held(house: House) -> None:
    month = DECEMBER
    request = house.request(month, three_flats(month), {"heat": "9.5", "hot_water": "20"}, circulation="last_summer")
    without = RatingRequest(
        contract="1",
        period=month,
        prices=request.prices,
        taxes=request.taxes,
        tax_codes=request.tax_codes,
        group=request.group,
    )

    with pytest.raises(CannotRate, match="missing_fact"):
        evaluate(BUILDING, without)


def test_hot_water_beyond_the_house_meter_is_held(house: House) -> None:
    with pytest.raises(CannotRate, match="negative_rest"):
        house.bill(DECEMBER, three_flats(DECEMBER), {"heat": "1.0", "hot_water": "20"}, circulation="none")


def test_a_missing_flat_reading_holds_the_house(house: House) -> None:
    flat = Member("1", (Attribute("kind", "private"), Attribute("area", "50", unit="m2")))

    with pytest.raises(CannotRate, match="missing_usage"):
        house.bill(DECEMBER, (flat,), {"heat": "9.5", "hot_water": "20"})


def test_two_owners_of_one_month_share_its_support_by_days(house: House) -> None:
    flat = premise("1", "private", "50.0", "8", DECEMBER)
    middle = date(2022, 12, 11)
    owners = (Occupant("A", Period(DECEMBER.start, middle)), Occupant("B", Period(middle, DECEMBER.end)))
    shared = Member("1", flat.attributes, flat.usage, owners)
    rest = three_flats(DECEMBER)[1:]
    usage = {"heat": "9.5", "hot_water": "20"}

    whole = house.bill(DECEMBER, (flat, *rest), usage)
    parts = house.bill(DECEMBER, (shared, *rest), usage)

    assert [member.contract for member in parts.members[:2]] == ["A", "B"]
    assert parts.members[0].net + parts.members[1].net == whole.members[0].net
    assert parts.net == whole.net


def test_the_season_may_change_in_mid_month(house: House) -> None:
    middle = date(2022, 10, 11)
    month = Period(date(2022, 10, 1), date(2022, 11, 1))
    request = house.request(month, three_flats(month), {"heat": "9.500", "hot_water": "20"})
    others = tuple(a for a in request.group.attributes if a.name != "season")
    seasons = (
        Attribute("season", "summer", Period(month.start, middle)),
        Attribute("season", "winter", Period(middle, month.end)),
    )
    group = Group("house", (*others, *seasons), request.group.usage, request.group.members)

    bill = evaluate(
        BUILDING,
        RatingRequest(
            contract="1",
            period=month,
            prices=request.prices,
            taxes=request.taxes,
            tax_codes=request.tax_codes,
            group=group,
            facts=request.facts,
        ),
    )

    # 10 of 31 days: 9.5 x 10 / 31 = 3.065 MWh before the heating, 6.435 MWh after.
    heat = [(Decimal("3.065") * Decimal("94.90")), (Decimal("6.435") * Decimal("94.90"))]
    assert charged(bill) == sum(part.quantize(CENT, ROUND_HALF_UP) for part in heat)
    assert [figure.period for figure in bill.figures] == [Period(month.start, middle)]


def test_every_line_replays_to_its_cents(house: House) -> None:
    bill = house.bill(DECEMBER, three_flats(DECEMBER), {"heat": "9.5", "hot_water": "20"})

    for member in bill.members:
        for line in member.lines:
            assert replay(line.why) == line.net


@pytest.mark.parametrize("tariff", [BUILDING, SINGLE], ids=lambda tariff: tariff.code)
def test_the_tariffs_and_the_shipped_prices_go_together(tariff: Tariff, house: House) -> None:
    assert vet(tariff, house.versions, UTILITY) == ()


def test_winter_asks_for_the_circulation_of_last_summer() -> None:
    needs = facts_needed(BUILDING, DECEMBER)

    assert {need.name for need in needs} == {"circulation"}
    assert {need.unit for need in needs} == {"MWh"}


def test_the_adapter_gives_the_tariff_of_each_product() -> None:
    for product in PRODUCTS:
        assert mains_district_heating.tariff(TariffRequest(product.code, FIRST)).code == product.tariff
