"""Typed consumptions, months, allowances, ranges and the tax of components."""

from datetime import date
from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mains_server.offers.records import ComparisonProblem, ComparisonRefused, Consumption, MonthUse
from mains_server.offers.rules import (
    above_allowance,
    component_costs,
    filled,
    is_in_range,
    months_before,
    scaled,
    typed_use,
)
from mains_spi import Labels, Period, Product

WORDS = Labels("lv", "en", "ru")


def test_twelve_whole_months_end_before_the_month_of_the_day():
    frame = months_before(date(2024, 3, 31))

    assert (frame[0], frame[-1]) == (
        Period(date(2023, 3, 1), date(2023, 4, 1)),
        Period(date(2024, 2, 1), date(2024, 3, 1)),
    )
    assert len(frame) == 12


@given(st.decimals(0, 12_000_000, places=3))
def test_a_year_is_twelve_months_that_add_up_to_it(year):
    use = typed_use(Consumption(a_year=year))

    assert use.total == year
    assert max(month.total for month in use.months) - min(month.total for month in use.months) <= D("0.011")


@given(st.integers(0, 100_000), st.integers(0, 100_000))
def test_a_split_keeps_its_night(day, night):
    use = typed_use(Consumption(a_month=D(day + night), day=D(day), night=D(night)))

    assert use.night == 12 * night


@pytest.mark.parametrize(
    ("told", "problem"),
    [
        ({}, "CONSUMPTION_MISSING"),
        ({"a_month": D(1), "a_year": D(12)}, "CONSUMPTION_TWICE"),
        ({"a_month": D(-1)}, "CONSUMPTION_OUT_OF_RANGE"),
        ({"a_month": D("0.0001")}, "CONSUMPTION_OUT_OF_RANGE"),
        ({"a_month": D(1_000_001)}, "CONSUMPTION_OUT_OF_RANGE"),
        ({"a_year": D(12_000_001)}, "CONSUMPTION_OUT_OF_RANGE"),
        ({"months": (D(1),) * 11}, "MONTHS_NOT_TWELVE"),
        ({"months": (D(1),) * 13}, "MONTHS_NOT_TWELVE"),
        ({"months": (D(1),) * 11 + (D(-1),)}, "CONSUMPTION_OUT_OF_RANGE"),
        ({"a_month": D(100), "day": D(50)}, "SPLIT_DOES_NOT_ADD_UP"),
        ({"a_month": D(100), "day": D(50), "night": D(49)}, "SPLIT_DOES_NOT_ADD_UP"),
        ({"a_month": D(100), "day": D(150), "night": D(-50)}, "SPLIT_DOES_NOT_ADD_UP"),
        ({"a_month": D(100), "day": D(50), "night": D(50), "night_share": D("0.5")}, "SPLIT_DOES_NOT_ADD_UP"),
        ({"months": (D(1),) * 12, "day": D(6), "night": D(6)}, "SPLIT_DOES_NOT_ADD_UP"),
        ({"a_month": D(100), "night_share": D("1.1")}, "CONSUMPTION_OUT_OF_RANGE"),
    ],
)
def test_a_consumption_that_cannot_be_is_refused(told, problem):
    with pytest.raises(ComparisonRefused) as refused:
        typed_use(Consumption(**told))

    assert refused.value.problem is ComparisonProblem[problem]


def test_what_lies_above_an_allowance_is_counted_month_by_month():
    use = typed_use(Consumption(months=(D(100), D(365), *(D(300),) * 10)))

    above = above_allowance(use, allowance=D(300))

    assert [month.total for month in above.months] == [D(0), D(65), *[D(0)] * 10]


def test_a_year_keeps_its_shape_when_it_grows():
    """One month of 300 and eleven of nothing: at 50 a month on average it is one of 600."""
    use = typed_use(Consumption(months=(D(300), *(D(0),) * 11), night_share=D("0.25")))

    grown = scaled(use, a_month=50)

    assert (grown.months[0].total, grown.months[0].night, grown.total) == (D(600), D(150), D(600))


def test_months_nobody_measured_are_the_daily_mean_of_the_others():
    """February 56 kWh in 28 days are 2 a day, so January is 62."""
    february = Period(date(2023, 2, 1), date(2023, 3, 1))
    known = {february: MonthUse(month=2, total=D(56), night=D(28))}

    months = filled(known, frame=months_before(date(2023, 3, 1)))

    assert (months[0].total, months[0].night, months[0].is_estimated) == (D(62), D(31), True)
    assert (months[1].total, months[1].is_estimated) == (D(56), False)


@pytest.mark.parametrize(
    ("least", "most", "a_month", "expected"),
    [
        (None, None, 100, None),
        (None, 200, 200, True),
        (None, 200, 201, False),
        (200, 600, 200, False),
        (200, 600, 600, True),
        (600, None, 601, True),
    ],
)
def test_a_range_is_above_its_lower_and_up_to_its_upper_bound(least, most, a_month, expected):
    product = Product(
        code="p", labels=WORDS, tariff="t", price_list="l", recommended_from=least and D(least),
        recommended_upto=most and D(most),
    )  # fmt: skip

    assert is_in_range(product, a_month=D(a_month)) is expected


def test_the_taxes_of_components_add_up_to_the_tax_that_was_billed():
    """10.02 x 21 % = 2.1042 = 2.10, 5.02 x 21 % = 1.0542 = 1.05; twelve bills came to 3.18: the larger takes 0.03."""
    found = component_costs(
        nets={("energy", "vat", D("0.21")): D("10.02"), ("fee", "vat", D("0.21")): D("5.02")},
        taxes={("vat", D("0.21")): D("3.18")},
        after_tax={"gift": D("-5.00")},
        labels={"energy": WORDS, "fee": WORDS, "gift": WORDS},
    )

    assert [(part.code, part.net, part.tax, part.is_support) for part in found] == [
        ("energy", D("10.02"), D("2.13"), False),
        ("fee", D("5.02"), D("1.05"), False),
        ("gift", D("-5.00"), D("0"), True),
    ]
