"""A building is rated whole, and its premises add up to it to the cent."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mains_spi import (
    ALWAYS,
    AllocateBuilding,
    Amount,
    Attribute,
    CannotRate,
    ChargeTax,
    Const,
    Fact,
    FactValue,
    Figure,
    Group,
    GroupQty,
    Member,
    Monthly,
    Occupant,
    Period,
    PerUnit,
    Pool,
    Price,
    PriceRow,
    PriceVersion,
    Qty,
    Quality,
    RatingRequest,
    Rebate,
    Tariff,
    TaxRate,
    Usage,
    When,
    evaluate,
    replay,
)

D = Decimal
JULY, JANUARY = Period(date(2022, 7, 1), date(2022, 8, 1)), Period(date(2023, 1, 1), date(2023, 2, 1))
T, area, one = Price("heat.tariff", "EUR/MWh"), Qty("area", "m2"), Const(1)
hot = Pool(
    "hot_water",
    Qty("dhw", "m3"),
    GroupQty("house_dhw", "m3") * T * Price("heat.k", "MWh/m3"),
    price_places=4,
    remainder="rest",
)
total = GroupQty("heat", "MWh") * T
summer, winter = ((When("season", (s,)),) for s in ("summer", "winter"))
circulation = Fact("circulation_MWh", "MWh", (6, 7, 8), back=1, reduce="mean")
HEAT = Tariff(
    "heat",
    "EUR",
    (
        AllocateBuilding("house", total, (hot, Pool("circulation", one, rest=True)), when=summer),
        AllocateBuilding(
            "house",
            total,
            (
                hot,
                Pool("circulation", one, circulation * T),
                Pool("heating", one, rest=True),
                Pool("fixed", area, Amount("heating") * Price("heat.fixed_share", "1"), of="heating"),
                Pool("metered", Qty("units", "unit"), rest=True, of="heating"),
            ),
            when=winter,
        ),
        Figure(
            "circulation_MWh",
            GroupQty("heat", "MWh") - GroupQty("house_dhw", "m3") * Price("heat.k", "MWh/m3"),
            when=summer,
        ),
    ),
)
PRICES = (
    PriceVersion(
        id="heat",
        list="heat",
        period=ALWAYS,
        rows=(
            PriceRow("tariff", D("94.15"), "EUR/MWh"),
            PriceRow("k", D("0.0582"), "MWh/m3"),
            PriceRow("fixed_share", D("0.3"), "1"),
        ),
    ),
)
TAXES = (TaxRate("heat", ALWAYS, D("0.12"), "private"), TaxRate("heat", ALWAYS, D("0.21")))
FACTS = tuple(
    FactValue("circulation_MWh", Period(date(2022, m, 1), date(2022, m + 1, 1)), D(v), "MWh")
    for m, v in ((6, "5.1"), (7, "4.8"), (8, "5.4"))
)


def flat(name, dhw, size, units="10", kind="private", days=JANUARY, **more):
    usage = (Usage("dhw", days, D(dhw), "m3"), Usage("units", days, D(units), "unit"))
    return Member(name, (Attribute("area", size), Attribute("kind", kind)), usage, **more)


FLATS = (
    flat("F1", "3.00", "44.6"),
    flat("F2", "5.25", "61.9", "17"),
    flat("F3", "0", "30.15", "0"),
    flat("SHOP", "1.111", "120.0", "55", "business"),
)


def house(members=FLATS, *, days=JANUARY, season="winter", heat="20", dhw="10", tariff=HEAT, **more):
    usage = (Usage("heat", days, D(heat), "MWh"), Usage("house_dhw", days, D(dhw), "m3"))
    group = Group("house", (Attribute("season", season),), usage, tuple(members))
    more = {"facts": FACTS, "prices": PRICES, **more}
    request = RatingRequest(
        contract="H", period=days, taxes=TAXES, tax_codes=(ChargeTax("*", "heat"),), group=group, **more
    )
    return evaluate(tariff, request)


def nets(bill):
    return {(member.id, line.code): line.net for member in bill.members for line in member.lines}


def pool_total(bill, code):
    return sum(line.net for member in bill.members for line in member.lines if line.code == code)


def test_winter_month_in_plain_numbers():
    bill = house()

    assert bill.net == D("1883.00")  # 20 MWh x 94.15
    # hot water: 10 m3 x 0.0582 x 94.15 = 54.7953 over 9.361 m3 = 5.8536 a m3
    assert [nets(bill)[(f, "hot_water")] for f in ("F1", "F2", "F3", "SHOP")] == [
        D("17.56"),
        D("30.73"),
        D("0.00"),
        D("6.50"),
    ]
    # circulation: mean of June to August 5.1 MWh x 94.15 = 480.165, rounded 480.17; 120.0425 each, a cent to F1
    assert [nets(bill)[(f, "circulation")] for f in ("F1", "F2", "F3", "SHOP")] == [
        D("120.05"),
        D("120.04"),
        D("120.04"),
        D("120.04"),
    ]
    # heating: 1883.00 - 54.79 - 480.17 = 1348.04, of which 30 % by area
    assert pool_total(bill, "fixed") == D("404.41")
    assert pool_total(bill, "metered") == D("943.63")
    assert bill.lines == ()


def test_summer_rest_is_circulation_and_is_kept_as_a_fact():
    bill = house([flat(m.id, "2", "50", days=JULY) for m in FLATS], days=JULY, season="summer", heat="6")

    assert {line.code for member in bill.members for line in member.lines} == {"hot_water", "circulation"}
    (kept,) = bill.figures
    assert (kept.code, kept.value, kept.unit) == ("circulation_MWh", D("5.418"), "MWh")  # 6 - 10 x 0.0582
    assert replay(kept.why) == D("5.418")


def test_tax_of_a_premise_is_that_of_its_kind():
    bill = house()

    assert [member.taxes[0].rate for member in bill.members] == [D("0.12"), D("0.12"), D("0.12"), D("0.21")]
    assert bill.total == sum(member.total for member in bill.members)
    assert bill.tax == sum(t.tax for t in bill.taxes)


def own_figures(member):
    return {f"{value.normalize():f}" for value in (*(u.value for u in member.usage), D(member.attributes[0].value))}


def test_explanations_show_neighbours_only_as_totals():
    bill = house()
    # 0, 10 and 3 also stand in the tariff itself (three months of summer)
    figures = {member.id: own_figures(member) - {"0", "3", "10"} for member in FLATS}

    for member in bill.members:
        foreign = set().union(*(figures[other] for other in figures if other != member.id)) - figures[member.id]
        given = {i["value"] for line in member.lines for i in line.why["inputs"]}
        assert not foreign & given
        assert all(replay(line.why) == line.net for line in member.lines)


@settings(max_examples=220, deadline=None)
@given(st.data())
def test_premises_add_up_to_the_house_in_any_order(data):
    volumes = st.decimals(min_value="0.001", max_value=30, places=3)
    sizes = st.decimals(min_value=12, max_value=180, places=2)
    count = data.draw(st.integers(1, 24))
    flats = [
        flat(f"F{i:02}", str(data.draw(volumes)), str(data.draw(sizes)), str(data.draw(st.integers(0, 90)) + (i == 0)))
        for i in range(count)
    ]
    rule = data.draw(st.sampled_from(["largest", "biggest", "leave"]))
    pools = tuple(
        Pool(p.code, p.weight, p.amount, p.rest, p.of, p.price_places, p.remainder if p is hot else rule)
        for p in HEAT.components[1].pools
    )
    tariff = Tariff("heat", "EUR", (AllocateBuilding("house", total, pools, when=winter),))
    measured = {"heat": str(data.draw(st.decimals(min_value=40, max_value=400, places=2))), "dhw": "50.5"}

    bill = house(flats, tariff=tariff, **measured)
    turned = house(data.draw(st.permutations(flats)), tariff=tariff, **measured)

    shared = sum(line.net for member in bill.members for line in member.lines)
    assert shared + sum(line.net for line in bill.lines) == bill.net
    assert bill.net == (D(measured["heat"]) * D("94.15")).quantize(D("0.01"), "ROUND_HALF_UP")
    assert nets(turned) == nets(bill)
    assert turned.lines == bill.lines
    assert all(replay(line.why) == line.net for member in bill.members for line in member.lines)


def test_one_missing_input_holds_the_building():
    lacking = Member("F9", (Attribute("area", "50"), Attribute("kind", "private")))

    with pytest.raises(CannotRate) as held:
        house([*FLATS, lacking])

    assert (held.value.code, held.value.component) == ("missing_usage", "house")


def test_pools_that_take_too_much_hold():
    with pytest.raises(CannotRate) as held:
        house(heat="0.1")

    assert held.value.code == "negative_rest"


def test_negative_weight_holds():
    with pytest.raises(CannotRate, match="negative_weight"):
        house([flat("A", "-1", "50"), flat("B", "2", "50")])


def test_a_single_occupant_gives_its_attributes_to_the_premise():
    support = Rebate("support", Amount("rest") / 2, when=(When("kind", ("private",)),))
    pool = Pool("rest", one, rest=True)
    tariff = Tariff("T", "EUR", (AllocateBuilding("house", Const(100, "EUR"), (pool,)), support))
    let = flat("A", "1", "50", "1", "business", occupants=(Occupant("C1", JANUARY, (Attribute("kind", "private"),)),))

    bill = house([let], tariff=tariff)

    assert [(line.code, line.net, line.rate) for line in bill.members[0].lines] == [
        ("rest", D("100.00"), D("0.12")),
        ("support", D("-50.00"), D("0.12")),
    ]


SOLD = date(2023, 1, 16)
SELLER, BUYER = Period(JANUARY.start, SOLD), Period(SOLD, JANUARY.end)
FINE = PerUnit("fine", Qty("fine", "EUR"), Const(1, "1"), if_given=True)


def sold(*given, more=()):
    """Rate a flat that is sold on the sixteenth, with sums noted over some days; give each occupant's lines."""
    tariff = Tariff(
        "T", "EUR", (AllocateBuilding("house", Const(31, "EUR"), (Pool("rest", one, rest=True),)), FINE, *more)
    )
    two = Member(
        "A",
        (Attribute("kind", "private"),),
        tuple(Usage("fine", days, D(amount), "EUR") for days, amount in given),
        (Occupant("seller", SELLER), Occupant("buyer", BUYER)),
    )
    bills = house([two], tariff=tariff).members
    return {bill.contract: {line.code: (line.quantity, line.net) for line in bill.lines} for bill in bills}


def test_what_is_noted_on_one_occupant_is_not_shared_with_the_next():
    """31.00 by days are 15.00 and 16.00; of the fines each pays the own one."""
    assert sold((SELLER, "40.00"), (BUYER, "1.50")) == {
        "seller": {"rest": (D("0.483871"), D("15.00")), "fine": (D("40.00"), D("40.00"))},
        "buyer": {"rest": (D("0.516129"), D("16.00")), "fine": (D("1.50"), D("1.50"))},
    }


def test_what_only_one_occupant_has_does_not_hold_the_house():
    found = sold((SELLER, "40.00"))

    assert {contract: lines.get("fine") for contract, lines in found.items()} == {
        "seller": (D("40.00"), D("40.00")),
        "buyer": None,
    }


def test_what_is_noted_on_the_premise_as_a_whole_is_shared_by_days():
    """62.00 by days are 30.00 and 32.00."""
    found = sold((JANUARY, "62.00"))

    assert [lines["fine"][1] for lines in found.values()] == [D("30.00"), D("32.00")]


def test_a_rebate_on_what_occupants_have_apart_sees_all_of_it():
    """Half of 40.00 + 2.00 are 21.00, by days 10.16 and 10.84."""
    found = sold((SELLER, "40.00"), (BUYER, "2.00"), more=(Rebate("half", Amount("fine") / 2),))

    assert [lines["half"][1] for lines in found.values()] == [D("-10.16"), D("-10.84")]


def test_each_premise_pays_its_own_components_too():
    fee = Monthly("bill_fee", Const(D("0.50"), "EUR/month"))
    support = Rebate("support", Amount("rest") * D("0.5"), when=(When("kind", ("private",)),))
    tariff = Tariff(
        "T",
        "EUR",
        (AllocateBuilding("house", Const(100, "EUR"), (Pool("rest", area, rest=True),)), fee, support),
    )

    bill = house([flat("A", "1", "60"), flat("B", "1", "40", kind="business")], tariff=tariff)

    assert nets(bill) == {
        ("A", "rest"): D("60.00"),
        ("A", "bill_fee"): D("0.50"),
        ("A", "support"): D("-30.00"),
        ("B", "rest"): D("40.00"),
        ("B", "bill_fee"): D("0.50"),
    }
    assert bill.net == D("71.00")


def test_a_method_voted_in_mid_month_holds_from_its_day():
    seasons = (
        Attribute("season", "summer", Period(date(2023, 1, 1), date(2023, 1, 16))),
        Attribute("season", "winter", Period(date(2023, 1, 16), date(2023, 2, 1))),
    )
    usage = (Usage("heat", JANUARY, D(20), "MWh"), Usage("house_dhw", JANUARY, D(10), "m3"))
    request = RatingRequest(
        contract="H",
        period=JANUARY,
        prices=PRICES,
        taxes=TAXES,
        tax_codes=(ChargeTax("*", "heat"),),
        facts=FACTS,
        group=Group("house", seasons, usage, FLATS),
    )
    tariff = Tariff("heat", "EUR", HEAT.components[:2])

    bill = evaluate(tariff, request)

    starts = {(line.code, line.period.start.day) for member in bill.members for line in member.lines}
    assert {("circulation", 1), ("hot_water", 1), ("fixed", 16), ("metered", 16)} <= starts
    assert ("fixed", 1) not in starts
    assert bill.net == D("1883.00")  # 9.677 + 10.323 MWh x 94.15 = 911.09 + 971.91


def test_estimated_neighbour_marks_shared_lines_only():
    guessed = Member(
        "F9",
        (Attribute("area", "50"), Attribute("kind", "private")),
        (Usage("dhw", JANUARY, D(2), "m3", quality=Quality.ESTIMATED), Usage("units", JANUARY, D(4), "unit")),
    )

    bill = house([*FLATS, guessed])

    marked = {(m.id, line.code) for m in bill.members for line in m.lines if line.estimated}
    assert ("F9", "hot_water") in marked
    assert ("F1", "hot_water") in marked  # its price rests on the neighbour's estimate


def test_premises_need_ids_of_their_own():
    with pytest.raises(CannotRate, match="premise_twice"):
        house([FLATS[0], FLATS[0]])


def test_a_building_tariff_needs_the_building(make):
    with pytest.raises(CannotRate, match="no_building"):
        evaluate(HEAT, make.request(attributes={"season": "winter"}))


def test_a_wrong_pool_is_refused_at_the_bill_too():
    pools = (Pool("hot", one, rest=True, of="heating"), Pool("heating", one, rest=True))

    with pytest.raises(CannotRate, match="unknown_pool"):
        house(tariff=Tariff("T", "EUR", (AllocateBuilding("house", total, pools),)))
    with pytest.raises(CannotRate, match="pool_without_amount"):
        house(tariff=Tariff("T", "EUR", (AllocateBuilding("house", total, (Pool("hot", one),)),)))
