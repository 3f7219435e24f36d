"""Late interest, worked out by hand: leap years, parts paid in between, a changed rate, the bound of the law."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mains_server.dunning.interest import LateDebt, charged_until, interest_until
from mains_server.dunning.records import DayCount
from mains_server.money.rules import round_half_up

from tests.server.dunning.debts import policy

D = Decimal
ACTUAL = {"day_count": DayCount.ACTUAL}
OFF = {"household_rate": None, "business_rate": None}


def debt(asked, due_on, *, paid=(), pauses=(), is_business=False):
    return LateDebt(asked=D(asked), due_on=due_on, is_business=is_business, paid=paid, pauses=pauses)


def owed(one, until, *policies):
    return interest_until(one, policies=policies or (policy(),), until=until)


def test_simple_interest_by_the_day():
    # January 21st to February 29th are 11 + 29 = 40 days: 100 x 0.06 x 40 / 365 = 0.6575.
    assert owed(debt("100.00", date(2024, 1, 20)), date(2024, 3, 1)) == D("0.66")


def test_a_business_pays_its_own_rate():
    # 100 x 0.12 x 40 / 365 = 1.3151.
    assert owed(debt("100.00", date(2024, 1, 20), is_business=True), date(2024, 3, 1)) == D("1.32")


def test_a_leap_year_has_366_days_only_where_the_year_counts_its_own():
    late = debt("1000.00", date(2023, 12, 31))

    # 31 + 29 = 60 days: 60000 x 0.06 / 365 = 9.8630; / 366 = 9.8361.
    assert owed(late, date(2024, 3, 1)) == D("9.86")
    assert owed(late, date(2024, 3, 1), policy(interest=ACTUAL)) == D("9.84")


def test_days_of_two_years_count_by_the_year_of_each():
    # 10 days of 2023 and 10 of 2024: 1000 x 0.06 x (10 / 365 + 10 / 366) = 1.6438 + 1.6393 = 3.2832.
    assert owed(debt("1000.00", date(2023, 12, 21)), date(2024, 1, 11), policy(interest=ACTUAL)) == D("3.28")


def test_parts_paid_in_between():
    late = debt("300.00", date(2024, 3, 10), paid=((date(2024, 3, 20), D("100.00")), (date(2024, 4, 9), D("200.00"))))

    # Ten days on 300 and twenty on 200: 7000 x 0.06 / 365 = 1.1507; nothing more after that.
    assert owed(late, date(2024, 4, 10)) == owed(late, date(2025, 4, 10)) == D("1.15")


def test_what_is_paid_by_the_last_day_bears_none():
    late = debt("300.00", date(2024, 3, 10), paid=((date(2024, 3, 10), D("300.00")),))

    assert owed(late, date(2025, 1, 1)) == D("0.00")


def test_a_day_late_is_a_day():
    # 36500 x 0.06 / 365 = 6.00 a day.
    late = debt("36500.00", date(2024, 3, 10), paid=((date(2024, 3, 11), D("36500.00")),))

    assert owed(late, date(2025, 1, 1)) == D("6.00")


def test_a_rate_changes_midway():
    policies = (policy(), policy(date(2023, 7, 1), interest={"household_rate": D("0.08")}))

    # Twenty days at 6 % and twenty at 8 %: 1000 x (20 x 0.06 + 20 x 0.08) / 365 = 7.6712.
    assert owed(debt("1000.00", date(2023, 6, 10)), date(2023, 7, 21), *policies) == D("7.67")


def test_a_winter_without_interest():
    policies = (policy(), policy(date(2023, 11, 1), interest=OFF), policy(date(2024, 3, 1)))

    # October 22nd to 31st and March 1st to 10th are 20 days: 1000 x 0.06 x 20 / 365 = 3.2877.
    assert owed(debt("1000.00", date(2023, 10, 21)), date(2024, 3, 11), *policies) == D("3.29")


def test_an_arrangement_pauses_it():
    late = debt("1000.00", date(2023, 6, 10), pauses=((date(2023, 6, 21), date(2023, 7, 11)),))

    # Ten days before and ten after: 1000 x 0.06 x 20 / 365 = 3.2877.
    assert owed(late, date(2023, 7, 21)) == D("3.29")


def test_the_bound_is_a_share_of_the_principal_and_is_cut_down():
    # Three years at 6 % would be 18.01; a tenth of 100.05 is 10.005, of which no more than 10.00 may be asked.
    assert owed(debt("100.05", date(2020, 1, 1)), date(2023, 1, 1)) == D("10.00")


def test_the_principal_of_the_bound_is_what_was_late():
    late = debt("200.00", date(2020, 1, 1), paid=((date(2019, 12, 30), D("100.00")),))

    assert owed(late, date(2029, 1, 1)) == D("10.00")


def test_no_policy_no_interest():
    assert owed(debt("100.00", date(2018, 1, 1)), date(2020, 1, 1)) == D("0.00")


@pytest.mark.parametrize(
    ("today", "until"),
    [(date(2024, 3, 1), date(2024, 3, 1)), (date(2024, 3, 31), date(2024, 3, 1)), (date(2024, 3, 4), date(2024, 2, 5))],
)
def test_open_debts_are_charged_up_to_a_day_of_the_month(today, until):
    assert charged_until(policy(interest={"charge_day": until.day}), today=today) == until


DAYS = st.dates(date(2023, 6, 1), date(2025, 6, 1))
AMOUNTS = st.integers(1, 500_00).map(lambda cents: D(cents).scaleb(-2))


@given(asked=AMOUNTS, paid=st.lists(st.tuples(DAYS, AMOUNTS), max_size=4), until=DAYS, is_actual=st.booleans())
def test_stretches_sum_as_single_days_do(asked, paid, until, is_actual):
    late = debt(asked, date(2023, 12, 15), paid=tuple(paid))
    rules = policy(interest={"day_count": DayCount.ACTUAL if is_actual else DayCount.FIXED_365, "cap_share": None})

    total, day = Fraction(0), date(2023, 12, 16)
    while day < until:
        year = 366 if is_actual and day.year == 2024 else 365
        total += Fraction(late.open_at_start_of(day)) * Fraction(6, 100) / year
        day += timedelta(days=1)

    assert owed(late, until, rules) == round_half_up(total)


@given(asked=AMOUNTS, paid=st.lists(st.tuples(DAYS, AMOUNTS), max_size=3), first=DAYS, second=DAYS)
def test_interest_never_falls_with_time_and_never_passes_its_bound(asked, paid, first, second):
    late = debt(asked, date(2023, 12, 15), paid=tuple(paid))
    sooner, later = (owed(late, day) for day in sorted((first, second)))

    assert D(0) <= sooner <= later <= asked * D("0.10")
