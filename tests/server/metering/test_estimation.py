"""What was used where nobody read the meter; every value is worked out by hand beside it."""

from datetime import date, timedelta
from decimal import Decimal as D
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mains_server.metering import rules
from mains_server.metering.estimation import Estimate, Gap, estimate, estimate_of, true_stretches
from mains_server.metering.rules import usage_between
from mains_spi.hooks import ReadingPoint, RegisterReadings
from mains_spi.record import Period
from mains_spi.requests import Quality, Usage

FEBRUARY = Period(date(2023, 2, 1), date(2023, 3, 1))


def used(start, end, value):
    return Usage(name="energy", period=Period(date(*start), date(*end)), value=D(value), unit="kWh")


def gap(**changes):
    own = {
        "days": FEBRUARY, "unit": "kWh", "start": D(1000), "digits": 6, "multiplier": D(1), "places": 3,
    }  # fmt: skip
    return Gap(**own | changes)


def test_the_same_days_a_year_before_come_first():
    year = (used((2022, 2, 1), (2022, 3, 1), "84"), used((2022, 3, 1), (2023, 2, 1), "3000"))

    # 84 kWh in the 28 days of February 2022 are 3 a day; 28 days of February 2023 give 84.
    assert estimate(gap(used=year)) == Estimate(
        usage=D("84.000"),
        value=D("1084.000"),
        rule="as a year before, 84 kWh on 28 days from 2022-02-01 to 2022-03-01",
    )


def test_a_leap_year_has_a_day_more():
    days = Period(date(2024, 2, 1), date(2024, 3, 1))

    # 84 kWh in 28 days are 3 a day; the 29 days of February 2024 give 87.
    assert estimate(gap(days=days, used=(used((2023, 2, 1), (2023, 3, 1), "84"),))).usage == D("87.000")


def test_a_year_before_counts_by_the_days_of_its_stretches():
    halves = (used((2022, 1, 15), (2022, 2, 15), "62"), used((2022, 2, 15), (2022, 3, 15), "140"))

    # Until the 15th 14 days at 62/31 = 2, from then 14 days at 140/28 = 5: 28 + 70 = 98.
    assert estimate(gap(used=halves)).usage == D("98.000")


def test_a_season_needs_all_its_days_and_no_long_stretches():
    partly = (used((2022, 2, 8), (2022, 3, 1), "21"),)
    yearly = (used((2022, 1, 1), (2023, 1, 1), "730"),)

    # The 21 days known of February 2022 are no season and no 28 days; a stretch of a year is one of 2 kWh a day.
    assert estimate(gap(used=partly)) is None
    # Of that stretch 334 days lie in the twelve months before: 668 kWh / 334 * 28 = 56.
    assert estimate(gap(used=yearly)) == Estimate(
        usage=D("56.000"),
        value=D("1056.000"),
        rule="the daily average of the year before, 668 kWh on 334 days from 2022-02-01 to 2023-02-01",
    )


def test_the_average_takes_the_days_that_are_known():
    some = (used((2022, 11, 1), (2022, 12, 1), "90"), used((2022, 12, 1), (2023, 1, 1), "110"))

    # 200 kWh in 61 days, 28 of them: 91.8032786... rounds to 91.803.
    assert estimate(gap(used=some)).usage == D("91.803")


def test_the_forecast_comes_last():
    # 2400 kWh a year, 28 days of 365: 184.1095... rounds to 184.110.
    assert estimate(gap(forecast=D(2400))) == Estimate(
        usage=D("184.110"), value=D("1184.110"), rule="the contract's forecast of 2400 kWh a year"
    )
    assert estimate(gap()) is None


def test_a_later_reading_is_shared_out_by_days():
    year = (used((2022, 2, 1), (2022, 3, 1), "84"),)

    # 118 kWh in the 59 days until 1 April, 28 of them: 56. What is known beats what was a year before.
    assert estimate(gap(used=year, later=(date(2023, 4, 1), D(1118)))) == Estimate(
        usage=D("56.000"), value=D("1056.000"), rule="by days until the reading of 1118 for 2023-04-01"
    )
    # The start was an estimate, and too high: nothing is added to it.
    assert estimate(gap(later=(date(2023, 4, 1), D(990)))).usage == D(0)
    # From 999990 over zero to 49 are 59: 28 of them.
    assert estimate(gap(start=D(999990), later=(date(2023, 4, 1), D(49)))).value == D(18)
    # An estimate that went over zero too early: from 5 back to 999990.
    assert estimate(gap(start=D(5), later=(date(2023, 4, 1), D(999990)))).usage == D(0)


def test_the_register_goes_on_over_zero():
    # 99 990 and 84 more on five digits: 100 074 shows as 74.
    found = estimate(gap(start=D(99990), digits=5, used=(used((2022, 2, 1), (2022, 3, 1), "84"),)))

    assert (found.usage, found.value) == (D(84), D(74))


def test_the_usage_is_what_the_rounded_step_of_the_register_comes_to():
    # 100 kWh by transformers of 40 are 2.5 on the register; with whole units it moves by 3, which is 120 kWh.
    found = estimate(gap(multiplier=D(40), places=0, used=(used((2022, 2, 1), (2022, 3, 1), "100"),)))

    assert (found.usage, found.value) == (D(120), D(1003))


@pytest.mark.parametrize(("usage", "expected"), [("-1", None), ("500001", None), ("500000", D(500000))])
def test_a_register_goes_neither_back_nor_more_than_half_round(usage, expected):
    found = estimate_of(gap(start=D(0)), usage=Fraction(usage), rule="as told")

    assert (None if found is None else found.usage) == expected


def test_stretches_run_between_true_readings_only():
    def register(*points, **words):
        readings = tuple(ReadingPoint(date(*day), D(value), quality) for day, value, quality in points)
        return RegisterReadings(
            quantity="energy",
            unit="kWh",
            readings=readings,
            installed=Period.since(date(2022, 1, 1)),
            digits=5,
            **words,
        )

    true, guess = Quality.ACTUAL, Quality.ESTIMATED
    old = register(((2022, 1, 1), "99990", true), ((2022, 2, 1), "500", guess), ((2022, 3, 1), "10", true))
    new = register(((2022, 3, 1), "0", true), ((2022, 4, 1), "7", true), ((2022, 5, 1), "6", true), multiplier=D(2))

    assert [(u.period.start, u.period.end, u.value) for u in true_stretches([new, old])] == [
        (date(2022, 1, 1), date(2022, 3, 1), D(20)),
        (date(2022, 3, 1), date(2022, 4, 1), D(14)),
    ]


def test_the_day_a_year_before_a_leap_day():
    assert rules.a_year_before(date(2024, 2, 29)) == date(2023, 2, 28)


@given(
    start=st.one_of(st.decimals(0, 99999, places=3), st.decimals(99000, 99999, places=3)),
    before=st.decimals(0, 9000, places=3),
    later=st.decimals(0, 9000, places=3),
    multiplier=st.sampled_from([D(1), D(40), D("0.001")]),
)
def test_estimated_and_later_true_usage_make_the_true_usage(start, before, later, multiplier):
    stretch = Usage(name="energy", period=Period(date(2022, 2, 1), date(2022, 3, 1)), value=before, unit="kWh")
    found = estimate(gap(start=start, digits=5, multiplier=multiplier, used=(stretch,)))
    if found is None:
        return
    true_end = (start + later) % 100000
    readings = (
        ReadingPoint(FEBRUARY.start, start),
        ReadingPoint(FEBRUARY.end, found.value, Quality.ESTIMATED),
        ReadingPoint(FEBRUARY.end + timedelta(days=31), true_end),
    )
    register = RegisterReadings(
        quantity="energy", unit="kWh", readings=readings, installed=Period.since(date(2022, 1, 1)), digits=5,
        multiplier=multiplier,
    )  # fmt: skip

    first = usage_between(register=register, period=FEBRUARY)
    second = usage_between(register=register, period=Period(FEBRUARY.end, readings[2].counts_for))

    assert first.value == found.usage
    assert first.value + second.value == later * multiplier
