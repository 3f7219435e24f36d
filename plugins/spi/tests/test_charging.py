"""Fees by time, tiers, rebates: each kind of component in plain numbers."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from mains_spi import (
    Amount,
    Attribute,
    Begun,
    Block,
    CannotRate,
    Const,
    Monthly,
    PerAmpere,
    PerUnit,
    Place,
    Price,
    Qty,
    Rebate,
    Tariff,
    Tier,
    Tiered,
    Used,
    When,
    compile_cohort,
    evaluate,
    request_from_json,
    request_to_json,
)

D = Decimal
kwh = Qty("kwh", "kWh")
low, high = Const(D("0.10"), "EUR/kWh"), Const(D("0.20"), "EUR/kWh")


def bill_for(make, *components, **more):
    return evaluate(Tariff("T", "EUR", components), make.request(**more))


@pytest.mark.parametrize(
    ("unit", "value", "prorate", "start", "end", "quantity", "base", "net"),
    [
        ("EUR/month", "31", "month", "2023-01-01", "2023-02-01", "1", "1", "31.00"),
        ("EUR/month", "31", "month", "2023-01-01", "2023-04-01", "3", "1", "93.00"),
        ("EUR/month", "31", "month", "2023-01-11", "2023-02-01", "21", "31", "21.00"),
        ("EUR/month", "31", "month", "2023-01-11", "2023-03-01", "1.677419", "1", "52.00"),  # 21/31 + 1 month
        ("EUR/year", "14.88", "month", "2023-01-01", "2023-02-01", "1", "12", "1.24"),
        ("EUR/year", "14.88", "month", "2023-02-01", "2023-02-15", "14", "336", "0.62"),  # half of February
        ("EUR/year", "36.50", "year", "2023-02-01", "2023-03-01", "28", "365", "2.80"),
        ("EUR/year", "36.60", "year", "2024-02-01", "2024-03-01", "29", "366", "2.90"),
        ("EUR/year", "36.50", "year", "2023-01-01", "2024-01-01", "1", "1", "36.50"),
        ("EUR/month", "31", "never", "2023-01-11", "2023-02-01", "1", "1", "31.00"),
        ("EUR/month", "31", "never", "2023-01-31", "2023-03-02", "3", "1", "93.00"),
    ],
)
def test_fees_by_time(make, unit, value, prorate, start, end, quantity, base, net):
    (line,) = bill_for(make, Monthly("fee", Const(D(value), unit), prorate), days=make.period(start, end)).lines

    assert (line.quantity, line.base, line.net) == (D(quantity), D(base), D(net))


def test_a_month_begun_is_paid_at_the_price_of_its_first_billed_day(make):
    prices = [
        make.version("p", make.row("fee", "5", "EUR/month"), days=make.period("2023-01-01", "2023-01-20")),
        make.version("p", make.row("fee", "9", "EUR/month"), days=make.period("2023-01-20", "2023-03-01")),
    ]

    fee = Monthly("fee", Price("p.fee", "EUR/month"), prorate="never")
    bill = bill_for(make, fee, prices=prices, days=make.period("2023-01-10", "2023-03-01"))

    assert [(line.quantity, line.net) for line in bill.lines] == [(D(1), D("5.00")), (D(1), D("9.00"))]


@pytest.mark.parametrize(
    ("start", "end", "begun", "net"),
    [
        ("2023-01-12", "2023-02-01", (), "9.00"),
        ("2023-01-12", "2023-02-01", (Begun("fee"),), None),
        ("2023-01-12", "2023-02-01", (Begun("other"), Begun("fee", "P1")), "9.00"),
        ("2023-01-12", "2023-03-01", (Begun("fee"),), "9.00"),
        ("2023-02-01", "2023-03-01", (), "9.00"),
    ],
)
def test_a_month_begun_is_paid_once_however_many_bills_it_has(make, start, end, begun, net):
    """9.00 for a month begun: January's second bill has it only if the first had not; February has its own."""
    tariff = Tariff("T", "EUR", (Monthly("fee", Const(D("9"), "EUR/month"), "never"),))
    request = make.request(days=make.period(start, end), begun=begun)

    lines = [line.net for line in evaluate(tariff, request).lines]

    assert lines == ([] if net is None else [D(net)])
    assert request_from_json(request_to_json(request)) == request
    (bill,) = compile_cohort(tariff=tariff, conditions=request).rate([()])
    assert bill[1] == tuple(int(line * 100) for line in lines)


def test_a_fee_for_a_month_begun_is_decided_on_its_first_billed_day(make):
    """Who begins to live there on the 15th pays from the next month on: 5.00 for February alone."""
    fee = Monthly("fee", Const(D("5"), "EUR/month"), "never", when=(When("lives_there", among=("yes",)),))
    attributes = (
        Attribute("lives_there", "no", make.period("2023-01-01", "2023-01-15")),
        Attribute("lives_there", "yes", make.period("2023-01-15", "2023-03-01")),
    )
    request = replace(make.request(days=make.period("2023-01-01", "2023-03-01")), attributes=attributes)

    (line,) = evaluate(Tariff("T", "EUR", (fee,)), request).lines

    assert (line.quantity, line.net) == (D(1), D("5.00"))


def test_a_place_that_joins_within_a_month_begins_its_own(make):
    """Two places at 5.00 a month begun, one since the 1st and one since the 12th: each pays one month."""
    fee = Monthly("fee", Const(D("5"), "EUR/month"), "never", each_place=True)
    whole = make.period("2023-01-01", "2023-02-01")
    places = (Place("A"), Place("B", (), make.period("2023-01-12", "2023-02-01")))
    request = replace(make.request(days=whole), places=places)

    again = replace(request, period=make.period("2023-01-20", "2023-02-01"), begun=(Begun("fee", "A"),))

    assert [(line.place, line.net) for line in evaluate(Tariff("T", "EUR", (fee,)), request).lines] == [
        ("A", D("5.00")),
        ("B", D("5.00")),
    ]
    assert [line.place for line in evaluate(Tariff("T", "EUR", (fee,)), again).lines] == ["B"]


def test_fee_per_ampere(make):
    fee = PerAmpere("fixed", Qty("amperes", "A"), Const(D("2.40"), "EUR/A/year"))

    (line,) = bill_for(make, fee, attributes={"amperes": "25"}).lines

    assert (line.quantity, line.unit, line.base, line.net) == (D(25), "A*month", D(12), D("5.00"))


def test_fee_chosen_by_phases_and_ampere_range(make):
    rows = (
        make.row("fixed", "14.88", "EUR/year", phases="1"),
        make.row("fixed", "38.40", "EUR/year", phases="3"),
    )
    fee = Monthly("fixed", Price("dso.fixed", "EUR/year", ("phases",)))

    assert bill_for(make, fee, prices=[make.version("dso", *rows)], attributes={"phases": "3"}).net == D("3.20")


TIERS = Tiered(kwh, (Tier("first", low, 100), Tier("second", high, 300), Tier("third", high * 2)))


@pytest.mark.parametrize(
    ("used", "expected"),
    [
        ("0", [("first", "0", "0.00")]),
        ("100", [("first", "100", "10.00")]),
        ("100.5", [("first", "100", "10.00"), ("second", "0.5", "0.10")]),
        ("350", [("first", "100", "10.00"), ("second", "200", "40.00"), ("third", "50", "20.00")]),
    ],
)
def test_tiers(make, used, expected):
    bill = bill_for(make, TIERS, usage=(make.usage("kwh", used, "kWh"),))

    assert [(x.code, x.quantity, x.net) for x in bill.lines] == [(c, D(q), D(n)) for c, q, n in expected]


def test_tiers_begin_anew_each_month(make):
    rows = (
        make.usage("kwh", "150", "kWh", make.period("2023-01-01", "2023-02-01")),
        make.usage("kwh", "80", "kWh", make.period("2023-02-01", "2023-03-01")),
    )

    bill = bill_for(make, TIERS, days=make.period("2023-01-01", "2023-03-01"), usage=rows)

    assert [(x.code, x.period.start.month, x.quantity) for x in bill.lines] == [
        ("first", 1, D(100)),
        ("second", 1, D(50)),
        ("first", 2, D(80)),
    ]


def test_yearly_tier_carries_over_what_was_used(make):
    starta = Tiered(kwh, (Tier("starta", low, 1200), Tier("pamata", high)), window="year")
    days = make.period("2023-06-01", "2023-07-01")

    bill = bill_for(
        make, starta, days=days, usage=(make.usage("kwh", "300", "kWh", days),), used=(Used("kwh", "year", D(1100)),)
    )

    assert [(x.code, x.quantity) for x in bill.lines] == [("starta", D(100)), ("pamata", D(200))]


def test_carried_use_is_never_taken_for_zero(make):
    starta = Tiered(kwh, (Tier("starta", low, 1200), Tier("pamata", high)), window="year")
    days = make.period("2023-06-01", "2023-07-01")

    with pytest.raises(CannotRate) as held:
        bill_for(make, starta, days=days, usage=(make.usage("kwh", "300", "kWh", days),))

    assert (held.value.code, held.value.component) == ("missing_used", "starta")


def test_allowance_is_not_divided_at_a_price_change(make):
    """100 kWh at the support price whatever changes in the month: the first days use it up."""
    prices = [
        make.version("p", make.row("energy", "0.20", "EUR/kWh"), days=make.period("2023-01-01", "2023-01-11")),
        make.version("p", make.row("energy", "0.30", "EUR/kWh"), days=make.period("2023-01-11", "2023-02-01")),
    ]
    energy = Price("p.energy", "EUR/kWh")
    allowance = Qty("allowance", "kWh")
    rebate = Rebate("protected", Block(kwh, upto=allowance) * (energy - Const(D("0.05"), "EUR/kWh")))
    rows = (
        make.usage("kwh", "60", "kWh", make.period("2023-01-01", "2023-01-11")),
        make.usage("kwh", "90", "kWh", make.period("2023-01-11", "2023-02-01")),
    )

    bill = bill_for(
        make, PerUnit("energy", kwh, energy), rebate, prices=prices, usage=rows, attributes={"allowance": "100"}
    )

    # 60 x 0.15 = 9.00; (100 - 60) x 0.25 = 10.00
    assert [(x.code, x.net) for x in bill.lines if x.code == "protected"] == [
        ("protected", D("-9.00")),
        ("protected", D("-10.00")),
    ]


def test_allowance_of_a_part_month_is_reduced_by_days_if_declared(make):
    days = make.period("2023-04-16", "2023-05-01")
    block = PerUnit("cheap", Block(kwh, upto=100, prorate=True), low)

    bill = bill_for(
        make, block, days=days, usage=(make.usage("kwh", "90", "kWh", days),), used=(Used("kwh", "month", D(0)),)
    )

    assert bill.lines[0].quantity == D(50)  # 15 of 30 days


def test_rebate_never_takes_off_more_than_its_cap(make):
    fee = Monthly("fee", Const(10, "EUR/month"))
    support = Rebate("support", Const(15, "EUR"), cap=Amount("fee"))

    bill = bill_for(make, fee, support)

    assert (bill.net, bill.tax, bill.total) == (D("0.00"), D("0.00"), D("0.00"))


def test_rebate_never_charges(make):
    rebate = Rebate("protected", kwh * (Const(D("0.01"), "EUR/kWh") - low))

    assert bill_for(make, rebate, usage=(make.usage("kwh", "100", "kWh"),)).lines == ()


def test_support_after_tax_lowers_the_payable_not_the_tax(make):
    fee = Monthly("fee", Const(100, "EUR/month"))
    support = Rebate("support", Const(20, "EUR"), cap=Amount("fee"), after_tax=True)

    bill = bill_for(make, fee, support)

    assert (bill.net, bill.tax, bill.total, bill.payable) == (D("100.00"), D("21.00"), D("121.00"), D("101.00"))
    assert (bill.lines[1].after_tax, bill.lines[1].tax_code) == (True, None)


def test_a_component_applies_only_while_its_conditions_hold(make):
    fee = Monthly("fee", Const(10, "EUR/month"), when=(When("kind", ("private",)),))

    assert bill_for(make, fee, attributes={"kind": "business"}).lines == ()
    with pytest.raises(CannotRate, match="missing_attribute"):
        bill_for(make, fee)


def test_condition_on_a_range(make):
    fee = Monthly("fee", Const(10, "EUR/month"), when=(When("amperes", above=16, upto=63),))

    shown = [bool(bill_for(make, fee, attributes={"amperes": a}).lines) for a in ("16", "16.5", "63", "64")]

    assert shown == [False, True, True, False]
