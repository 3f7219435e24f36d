from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from mains_spi import (
    CannotRate,
    Const,
    Fact,
    FactNeed,
    FactValue,
    Period,
    PerUnit,
    Qty,
    Spot,
    Tariff,
    evaluate,
    facts_needed,
)

D = Decimal
WHOLE = Const(1, "EUR/MWh")


def month(year, number):
    return Period(date(year, number, 1), date(year + number // 12, number % 12 + 1, 1))


def tariff(*facts):
    return Tariff("T", "EUR", tuple(PerUnit(f"c{i}", fact, WHOLE) for i, fact in enumerate(facts)))


def value_of(make, fact, values, days=("2023-01-01", "2023-02-01")):
    facts = tuple(FactValue("f", period, D(v), "MWh") for period, v in values)
    return evaluate(tariff(fact), make.request(days=make.period(*days), facts=facts)).lines[0].quantity


@pytest.mark.parametrize(
    ("days", "summer"),
    [(("2022-10-01", "2022-11-01"), 2022), (("2023-01-01", "2023-02-01"), 2022), (("2022-07-01", "2022-08-01"), 2021)],
)
def test_the_previous_summer_is_the_last_that_is_over(make, days, summer):
    values = [(month(year, m), str(m + (year - 2020) * 10)) for year in (2021, 2022) for m in (6, 7, 8)]
    fact = Fact("f", "MWh", (6, 7, 8), back=1, reduce="mean")

    assert value_of(make, fact, values, days) == 7 + (summer - 2020) * 10


@pytest.mark.parametrize(("reduce", "expected"), [("sum", 21), ("mean", 7), ("most", 8)])
def test_months_are_reduced(make, reduce, expected):
    values = [(month(2022, m), str(m)) for m in (6, 7, 8)]

    assert value_of(make, Fact("f", "MWh", (6, 7, 8), back=1, reduce=reduce), values) == expected


def test_run_over_the_turn_of_the_year(make):
    values = [(month(2021, 12), "1"), (month(2022, 1), "2"), (month(2022, 12), "10")]

    assert value_of(make, Fact("f", "MWh", (12, 1), back=1), values) == 3


def test_a_figure_that_holds_longer_counts_for_each_month(make):
    summer = [(Period(date(2022, 6, 1), date(2022, 9, 1)), "0.4")]

    assert value_of(make, Fact("f", "MWh", (6, 7, 8), back=1, reduce="mean"), summer) == D("0.4")


def test_figures_kept_in_parts_of_a_month_add_up(make):
    parts = [
        (Period(date(2022, 7, 1), date(2022, 7, 11)), "1.5"),
        (Period(date(2022, 7, 11), date(2022, 8, 1)), "2.5"),
    ]

    assert value_of(make, Fact("f", "MWh", (7,), back=1), parts) == 4


@pytest.mark.parametrize(
    ("kept", "expected"),
    [
        (((16, 31, "2.5"),), D("2.5")),
        (((1, 11, "1.5"), (11, 16, "0.25")), D("1.75")),
        (((1, 5, "1.5"), (20, 31, "2")), D("3.5")),
    ],
)
def test_what_was_kept_of_some_days_of_a_month_adds_up(make, kept, expected):
    values = [(Period(date(2022, 12, start), date(2022, 12, end)), value) for start, end, value in kept]
    others = [(month(2022, 11), "100"), (month(2023, 1), "1000")]

    assert value_of(make, Fact("f", "MWh", back=1, parts=True), [*values, *others]) == expected


@pytest.mark.parametrize(("kept", "code"), [((), "missing_fact"), (((1, 16, "1"), (15, 20, "2")), "fact_twice")])
def test_parts_of_a_month_that_do_not_add_up_hold(make, kept, code):
    values = [(Period(date(2022, 12, start), date(2022, 12, end)), value) for start, end, value in kept]

    with pytest.raises(CannotRate, match=code):
        value_of(make, Fact("f", "MWh", back=1, parts=True), [(month(2022, 11), "9"), *values])


@pytest.mark.parametrize(("back", "expected"), [(0, 5), (1, 4), (2, 3)])
def test_fact_of_this_month_or_of_an_earlier_one(make, back, expected):
    values = [(month(2022, 11), "3"), (month(2022, 12), "4"), (month(2023, 1), "5")]

    assert value_of(make, Fact("f", "MWh", back=back), values) == expected


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ([], "missing_fact"),
        ([(month(2022, 6), "1"), (month(2022, 8), "1")], "missing_fact"),
    ],
)
def test_missing_month_holds(make, values, code):
    with pytest.raises(CannotRate, match=code):
        value_of(make, Fact("f", "MWh", (6, 7, 8), back=1), values)


def test_fact_given_twice_holds(make):
    with pytest.raises(CannotRate, match="fact_twice"):
        value_of(make, Fact("f", "MWh"), [(month(2023, 1), "1"), (month(2023, 1), "2")])


def test_fact_in_another_unit_holds(make):
    facts = (FactValue("f", month(2023, 1), D(1), "kWh"),)

    with pytest.raises(CannotRate, match="unit_mismatch"):
        evaluate(tariff(Fact("f", "MWh")), make.request(facts=facts))


def test_a_component_is_cut_where_its_fact_changes(make):
    facts = (FactValue("f", month(2023, 1), D(1), "MWh"), FactValue("f", month(2023, 2), D(2), "MWh"))

    bill = evaluate(tariff(Fact("f", "MWh")), make.request(days=make.period("2023-01-01", "2023-03-01"), facts=facts))

    assert [line.quantity for line in bill.lines] == [D(1), D(2)]


def test_needs_are_found_in_the_terms():
    kwh = Qty("kwh", "kWh")
    declared = Tariff(
        "T",
        "EUR",
        (
            PerUnit("a", Fact("f", "MWh", (6, 7, 8), back=1) * 2, WHOLE),
            PerUnit("b", Fact("g", "MWh"), WHOLE),
            PerUnit("c", Fact("g", "MWh", back=1), WHOLE),
            Spot("d", kwh, "nordpool", "EUR/kWh", weights="profile"),
        ),
    )

    january = month(2023, 1)

    assert facts_needed(declared, january) == (
        *(FactNeed("f", "MWh", month(2022, m)) for m in (6, 7, 8)),
        FactNeed("g", "MWh", january),
        FactNeed("g", "MWh", month(2022, 12)),
        FactNeed("nordpool", "EUR/kWh", january),
        FactNeed("profile", "1", january),
    )
