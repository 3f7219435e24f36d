"""A pool is shared out to the cent by its stated rule, and a premise among its occupants by days."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from mains_spi import (
    ALWAYS,
    AllocateBuilding,
    Assumed,
    Attribute,
    CannotRate,
    ChargeTax,
    Const,
    Group,
    GroupQty,
    Least,
    Member,
    Occupant,
    OrElse,
    Period,
    Pool,
    Qty,
    RatingRequest,
    Tariff,
    TaxRate,
    Total,
    Usage,
    When,
    evaluate,
    replay,
)

D = Decimal
JANUARY = Period(date(2023, 1, 1), date(2023, 2, 1))
TAXES = (TaxRate("heat", ALWAYS, D("0.12"), "private"), TaxRate("heat", ALWAYS, D("0.21")))
area, one = Qty("area", "m2"), Const(1)


def flat(name, dhw, size, kind="private", **more):
    usage = (Usage("dhw", JANUARY, D(dhw), "m3"),)
    return Member(name, (Attribute("area", size), Attribute("kind", kind)), usage, **more)


def nets(bill):
    return {(member.id, line.code): line.net for member in bill.members for line in member.lines}


def share(pool, members, amount="100.00", **more):
    tariff = Tariff("T", "EUR", (AllocateBuilding("house", Const(D(amount), "EUR"), (pool,), **more),))
    usage = (Usage("house_dhw", JANUARY, D(10), "m3"),)
    request = RatingRequest(
        contract="H",
        period=JANUARY,
        taxes=TAXES,
        tax_codes=(ChargeTax("*", "heat"),),
        group=Group("house", (), usage, tuple(members)),
    )
    return evaluate(tariff, request)


THREE = [flat(name, "1", "50") for name in ("A", "B", "C")]


@pytest.mark.parametrize(
    ("remainder", "expected", "left"),
    [
        ("largest", ["33.34", "33.33", "33.33"], []),
        ("biggest", ["33.34", "33.33", "33.33"], []),
        ("leave", ["33.33", "33.33", "33.33"], ["0.01"]),
    ],
)
def test_remainder_rules(remainder, expected, left):
    bill = share(Pool("rest", one, rest=True, remainder=remainder), THREE)

    assert [member.net for member in bill.members] == [D(e) for e in expected]
    assert [line.net for line in bill.lines] == [D(x) for x in left]
    assert bill.net == D("100.00")


def test_biggest_takes_the_cent_whatever_its_fraction():
    flats = [flat("A", "1", "10"), flat("B", "1", "71"), flat("C", "1", "10")]

    bill = share(Pool("rest", area, rest=True, remainder="biggest"), flats)

    assert [member.net for member in bill.members] == [D("10.99"), D("78.02"), D("10.99")]


def test_only_premises_that_fulfil_the_pool_conditions_share():
    flats = [flat("A", "1", "50"), flat("B", "1", "50", kind="business"), flat("C", "1", "50")]

    bill = share(Pool("rest", one, rest=True, members=(When("kind", ("private",)),)), flats)

    assert nets(bill) == {("A", "rest"): D("50.00"), ("C", "rest"): D("50.00")}


def test_no_weight_holds_or_shares_equally():
    flats = [flat(name, "0", "50") for name in ("A", "B")]
    pool = Pool("rest", Qty("dhw", "m3"), rest=True)

    with pytest.raises(CannotRate, match="no_weight"):
        share(pool, flats)

    assert [m.net for m in share(pool, flats, no_weight="equal").members] == [D("50.00"), D("50.00")]


def test_nothing_to_share_needs_no_weight():
    flats = [flat(name, "0", "50") for name in ("A", "B")]

    bill = share(Pool("rest", Qty("dhw", "m3"), rest=True), flats, amount="0")

    assert [m.net for m in bill.members] == [D("0.00"), D("0.00")]


def test_unmetered_flats_pay_by_residents_within_a_limit():
    """Bauska's second variant: (house - sum of meters) / residents of unmetered flats, capped."""
    own = Qty("dhw", "m3")
    metered = Total(OrElse(own, Const(0, "m3")))
    residents = Qty("residents", "person")
    norm = Least(((GroupQty("house_dhw", "m3") - metered) / Total(residents, lacking=own), Const(5, "m3/person")))
    pool = Pool("hot", OrElse(own, residents * norm), rest=True)

    def unmetered(name, people):
        return Member(name, (Attribute("residents", people), Attribute("kind", "private")))

    flats = [flat("A", "3", "50"), unmetered("B", "2"), unmetered("C", "1")]
    bill = share(pool, flats, amount="100")  # 10 m3 - 3 = 7 m3 over 3 people

    assert [m.lines[0].quantity for m in bill.members] == [D(3), D("4.666667"), D("2.333333")]
    assert [m.net for m in bill.members] == [D("30.00"), D("46.67"), D("23.33")]


def test_what_is_assumed_marks_its_own_line_and_no_neighbour():
    """B has no meter: its 2 m3 are assumed. What an estimated reading says of the shared price stays said."""
    own = Qty("dhw", "m3")
    hot = Pool("hot", OrElse(own, Assumed(Const(2, "m3"))), Const(D("30"), "EUR"), price_places=4, remainder="rest")
    rest = Pool("rest", one, rest=True)
    tariff = Tariff("T", "EUR", (AllocateBuilding("house", Const(D("100.00"), "EUR"), (hot, rest)),))
    without = Member("B", (Attribute("area", "50"), Attribute("kind", "private")))
    request = RatingRequest(
        contract="H",
        period=JANUARY,
        taxes=TAXES,
        tax_codes=(ChargeTax("*", "heat"),),
        group=Group("house", (), (), (flat("A", "1", "50"), without)),
    )

    bill = evaluate(tariff, request)

    estimated = {(member.id, line.code): line.estimated for member in bill.members for line in member.lines}
    assert estimated == {("A", "hot"): False, ("B", "hot"): True, ("A", "rest"): False, ("B", "rest"): False}
    assert nets(bill) == {("A", "hot"): D(10), ("B", "hot"): D(20), ("A", "rest"): D(35), ("B", "rest"): D(35)}
    assert [replay(line.why) for member in bill.members for line in member.lines] == [10, 35, 20, 35]


def test_a_total_over_assumed_premises_says_nothing_of_the_others():
    own = Qty("dhw", "m3")
    everybody = Total(OrElse(own, Assumed(Const(2, "m3"))))
    pool = Pool("rest", everybody / Const(1, "m3"), rest=True)
    without = Member("B", (Attribute("kind", "private"),))

    bill = share(pool, [flat("A", "1", "50"), without])

    assert [line.estimated for member in bill.members for line in member.lines] == [False, False]


def test_a_line_of_a_building_says_by_which_method_it_was_shared():
    by_area = AllocateBuilding(
        "house", Const(D("100.00"), "EUR"), (Pool("rest", area, rest=True),), when=(When("method", ("area",)),)
    )
    equally = AllocateBuilding(
        "house", Const(D("100.00"), "EUR"), (Pool("rest", one, rest=True),), when=(When("method", ("equal",)),)
    )
    days = (Period(date(2023, 1, 1), date(2023, 1, 11)), Period(date(2023, 1, 11), date(2023, 2, 1)))
    voted = Attribute("method", "equal", days[1], decision="minutes 7")
    group = Group("house", (Attribute("method", "area", days[0]), voted), (), tuple(THREE))
    request = RatingRequest(contract="H", period=JANUARY, taxes=TAXES, tax_codes=(ChargeTax("*", "heat"),), group=group)

    bill = evaluate(Tariff("T", "EUR", (by_area, equally)), request)

    assert [line.why["conditions"] for line in bill.members[0].lines] == [
        [{"name": "method", "value": "area"}],
        [{"name": "method", "value": "equal", "decision": "minutes 7"}],
    ]


def test_occupants_share_a_premise_by_days():
    """The old owner has ten days, the new one 21; each has the tax of the own kind."""
    ten, rest = Period(date(2023, 1, 1), date(2023, 1, 11)), Period(date(2023, 1, 11), date(2023, 2, 1))
    moved = flat(
        "A",
        "1",
        "50",
        occupants=(
            Occupant("C2", rest, (Attribute("kind", "business"),)),
            Occupant("C1", ten, (Attribute("kind", "private"),)),
        ),
    )

    bill = share(Pool("rest", one, rest=True), [moved, flat("B", "1", "50")], amount="200.01")

    # A has 100.01: 100.01 x 10/31 = 32.26, the rest 67.75
    assert [(m.id, m.contract, m.net, m.taxes[0].rate) for m in bill.members] == [
        ("A", "C1", D("32.26"), D("0.12")),
        ("A", "C2", D("67.75"), D("0.21")),
        ("B", None, D("100.00"), D("0.12")),
    ]
    assert bill.members[0].lines[0].period == ten
    assert all(replay(line.why) == line.net for m in bill.members for line in m.lines)
    assert bill.net == D("200.01")


def test_occupants_must_cover_the_period():
    gap = flat("A", "1", "50", occupants=(Occupant("C1", Period(date(2023, 1, 2), date(2023, 2, 1))),))

    with pytest.raises(CannotRate, match="occupants_have_gaps"):
        share(Pool("rest", one, rest=True), [gap])
