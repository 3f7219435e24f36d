"""A component is cut only where its own inputs change."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mains_spi import (
    ALWAYS,
    Amount,
    Attribute,
    ChargeTax,
    Monthly,
    Period,
    PerUnit,
    Price,
    PriceRow,
    PriceVersion,
    Qty,
    RatingRequest,
    Rebate,
    Tariff,
    TaxRate,
    Usage,
    When,
    evaluate,
)

D = Decimal
kwh = Qty("kwh", "kWh")
ENERGY = PerUnit("energy", kwh, Price("product.energy", "EUR/kWh"))
FEE = Monthly("fee", Price("dso.fee", "EUR/month"))


def lines(bill):
    return [(line.code, line.period.start.day, line.quantity, line.net) for line in bill.lines]


def two_versions(make, first, second, name="energy", price_list="product", unit="EUR/kWh", on="2023-01-11"):
    return [
        make.version(price_list, make.row(name, first, unit), days=make.period("2022-01-01", on)),
        make.version(price_list, make.row(name, second, unit), days=make.period(on, "2024-01-01")),
    ]


def test_usage_is_divided_by_days_at_a_price_change(make):
    prices = two_versions(make, "0.10", "0.20")

    bill = evaluate(
        Tariff("T", "EUR", (ENERGY,)), make.request(prices=prices, usage=(make.usage("kwh", "100", "kWh"),))
    )

    # 100 kWh x 10/31 = 32.258 (rounded to 3 places), the rest 67.742; 3.2258 and 13.5484 EUR
    assert lines(bill) == [("energy", 1, D("32.258"), D("3.23")), ("energy", 11, D("67.742"), D("13.55"))]
    assert [line.apportioned for line in bill.lines] == [True, True]
    assert bill.lines[0].why["inputs"][0]["quality"] == "APPORTIONED"


def test_usage_rows_inside_the_segments_count_exactly(make):
    prices = two_versions(make, "0.10", "0.20")
    rows = (
        make.usage("kwh", "90", "kWh", make.period("2023-01-01", "2023-01-11")),
        make.usage("kwh", "10", "kWh", make.period("2023-01-11", "2023-02-01")),
    )

    bill = evaluate(Tariff("T", "EUR", (ENERGY,)), make.request(prices=prices, usage=rows))

    assert lines(bill) == [("energy", 1, D(90), D("9.00")), ("energy", 11, D(10), D("2.00"))]
    assert not any(line.apportioned for line in bill.lines)


def test_a_version_that_changes_nothing_cuts_nothing(make):
    prices = [*two_versions(make, "0.10", "0.10"), make.version("dso", make.row("fee", "3", "EUR/month"))]

    bill = evaluate(
        Tariff("T", "EUR", (ENERGY, FEE)), make.request(prices=prices, usage=(make.usage("kwh", "100", "kWh"),))
    )

    assert lines(bill) == [("energy", 1, D(100), D("10.00")), ("fee", 1, D(1), D("3.00"))]


def test_other_components_are_not_cut(make):
    prices = [*two_versions(make, "0.10", "0.20"), make.version("dso", make.row("fee", "3", "EUR/month"))]

    bill = evaluate(
        Tariff("T", "EUR", (ENERGY, FEE)), make.request(prices=prices, usage=(make.usage("kwh", "100", "kWh"),))
    )

    assert [line.code for line in bill.lines] == ["energy", "energy", "fee"]


def test_a_component_is_cut_with_those_that_ask_for_its_amount(make):
    support = Rebate("support", Amount("fee") * Price("lv.share", "1"))
    prices = [
        make.version("dso", make.row("fee", "31", "EUR/month")),
        *two_versions(make, "0.50", "0.10", name="share", price_list="lv", unit="1"),
    ]

    bill = evaluate(Tariff("T", "EUR", (FEE, support)), make.request(prices=prices))

    assert [(line.code, line.net) for line in bill.lines] == [
        ("fee", D("10.00")),
        ("fee", D("21.00")),
        ("support", D("-5.00")),
        ("support", D("-2.10")),
    ]


def test_tax_is_that_of_the_day_of_consumption(make):
    taxes = (
        TaxRate("heat", Period(date(2000, 1, 1), date(2011, 1, 1)), D("0.10")),
        TaxRate("heat", Period.since(date(2011, 1, 1)), D("0.12")),
    )
    days = make.period("2010-12-01", "2011-02-01")
    rows = (
        make.usage("kwh", "100", "kWh", make.period("2010-12-01", "2011-01-01")),
        make.usage("kwh", "200", "kWh", make.period("2011-01-01", "2011-02-01")),
    )
    prices = [make.version("product", make.row("energy", "1", "EUR/kWh"))]

    bill = evaluate(
        Tariff("T", "EUR", (ENERGY,)),
        make.request(days=days, prices=prices, usage=rows, taxes=taxes, tax_codes=(ChargeTax("*", "heat"),)),
    )

    assert [(t.rate, t.net, t.tax) for t in bill.taxes] == [
        (D("0.1"), D("100.00"), D("10.00")),
        (D("0.12"), D("200.00"), D("24.00")),
    ]
    assert bill.total == D("334.00")


@pytest.mark.parametrize(("kind", "tax"), [("private", "12.00"), ("business", "21.00"), ("farm", "21.00")])
def test_tax_is_that_of_the_customer_kind(make, kind, tax):
    taxes = (TaxRate("heat", ALWAYS, D("0.12"), "private"), TaxRate("heat", ALWAYS, D("0.21")))
    prices = [make.version("product", make.row("energy", "1", "EUR/kWh"))]

    bill = evaluate(
        Tariff("T", "EUR", (ENERGY,)),
        make.request(
            prices=prices,
            usage=(make.usage("kwh", "100", "kWh"),),
            attributes={"kind": kind},
            taxes=taxes,
            tax_codes=(ChargeTax("*", "heat"),),
        ),
    )

    assert bill.tax == D(tax)


def test_a_condition_that_changes_in_the_month_cuts_by_its_truth(make):
    discount = Rebate("discount", Amount("fee") / 2, when=(When("kind", ("private",)),))
    kinds = (
        Attribute("kind", "farm", make.period("2023-01-01", "2023-01-05")),
        Attribute("kind", "business", make.period("2023-01-05", "2023-01-16")),
        Attribute("kind", "private", make.period("2023-01-16", "2023-02-01")),
    )
    prices = [make.version("dso", make.row("fee", "31", "EUR/month"))]
    request = make.request(prices=prices)
    object.__setattr__(request, "attributes", kinds)

    bill = evaluate(Tariff("T", "EUR", (FEE, discount)), request)

    assert [(line.code, line.period.start.day, line.net) for line in bill.lines] == [
        ("fee", 1, D("15.00")),
        ("fee", 16, D("16.00")),
        ("discount", 16, D("-8.00")),
    ]


def test_prices_not_yet_known_are_not_used(make):
    versions = [
        make.version("product", make.row("energy", "0.10", "EUR/kWh"), id="first"),
        make.version("product", make.row("energy", "0.30", "EUR/kWh"), id="corrected", known_from=date(2023, 3, 1)),
    ]
    tariff, usage = Tariff("T", "EUR", (ENERGY,)), (make.usage("kwh", "100", "kWh"),)

    then = evaluate(tariff, make.request(prices=versions, usage=usage, known_at=date(2023, 2, 10)))
    later = evaluate(tariff, make.request(prices=versions, usage=usage, known_at=date(2023, 3, 1)))

    assert (then.net, later.net) == (D("10.00"), D("30.00"))


money = st.decimals(min_value=0, max_value=2, places=5)


@settings(max_examples=60, deadline=None)
@given(
    price=money, used=st.decimals(min_value=0, max_value=9999, places=3), days=st.sets(st.integers(1, 30), max_size=4)
)
def test_versions_without_change_never_change_a_bill(price, used, days):
    whole = Period(date(2023, 1, 1), date(2023, 2, 1))
    starts = [whole.start, *(date(2023, 1, 1 + day) for day in sorted(days))]
    versions = tuple(
        PriceVersion(
            id=str(start), list="product", period=Period(start, end), rows=(PriceRow("energy", price, "EUR/kWh"),)
        )
        for start, end in zip(starts, [*starts[1:], whole.end], strict=True)
    )
    one = (PriceVersion(id="one", list="product", period=whole, rows=versions[0].rows),)
    bills = [
        evaluate(
            Tariff("T", "EUR", (ENERGY,)),
            RatingRequest(
                contract="C",
                period=whole,
                prices=prices,
                usage=(Usage("kwh", whole, used, "kWh"),),
                taxes=(TaxRate("s", ALWAYS, D("0.21")),),
                tax_codes=(ChargeTax("*", "s"),),
            ),
        )
        for prices in (one, versions)
    ]

    assert bills[0].total == bills[1].total
    assert len(bills[1].lines) == 1
