"""The pure rules of a contract's life: days, fees, and how long one may withdraw."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mains_server.contracts import life
from mains_spi import ContractRules, FeeFall, Labels, Product

RULES = ContractRules()
PRODUCT = Product(
    code="p", labels=Labels("p", "p", "p"), tariff="p", price_list="p", price_fixed_months=24, exit_fee=Decimal(15)
)
FALLING = replace(PRODUCT, exit_fee_falls=FeeFall(share=Decimal("0.25"), months=3))
DAYS = st.dates(min_value=date(2000, 1, 1), max_value=date(2100, 12, 31))


@pytest.mark.parametrize(
    ("told_on", "starts"),
    [
        (date(2023, 3, 1), date(2023, 4, 1)),
        (date(2023, 3, 15), date(2023, 4, 1)),
        (date(2023, 3, 16), date(2023, 5, 1)),
        (date(2023, 3, 31), date(2023, 5, 1)),
        (date(2023, 12, 15), date(2024, 1, 1)),
        (date(2023, 12, 16), date(2024, 2, 1)),
        (date(2023, 11, 30), date(2024, 1, 1)),
        (date(2024, 1, 31), date(2024, 3, 1)),
        (date(2024, 2, 29), date(2024, 4, 1)),
    ],
)
def test_what_is_told_by_the_fifteenth_starts_on_the_next_first(told_on, starts):
    assert life.earliest_first(told_on=told_on, rules=RULES) == starts


def test_a_utility_may_have_no_bound():
    assert life.earliest_first(told_on=date(2023, 3, 31), rules=ContractRules(told_by_day=0)) == date(2023, 4, 1)


@given(day=DAYS)
def test_it_starts_on_a_first_of_one_of_the_next_two_months(day):
    starts = life.earliest_first(told_on=day, rules=RULES)

    assert starts.day == 1 and timedelta(0) < starts - day <= timedelta(days=46)


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        (date(2023, 1, 31), 1, date(2023, 2, 28)),
        (date(2024, 1, 31), 1, date(2024, 2, 29)),
        (date(2023, 12, 1), 1, date(2024, 1, 1)),
        (date(2023, 3, 1), 24, date(2025, 3, 1)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
    ],
)
def test_months_later(day, months, later):
    assert life.months_later(day, months=months) == later


@given(day=DAYS, months=st.integers(min_value=0, max_value=60))
def test_months_between_counts_months_later(day, months):
    assert life.months_between(day, life.months_later(day, months=months)) == months


@pytest.mark.parametrize(
    ("leaves_on", "fee"),
    [
        (date(2023, 1, 2), "15.00"),
        (date(2023, 3, 31), "15.00"),
        (date(2023, 4, 1), "11.25"),
        (date(2023, 6, 30), "11.25"),
        (date(2023, 7, 1), "7.50"),
        (date(2023, 10, 1), "3.75"),
        (date(2024, 1, 1), "0.00"),
        (date(2024, 6, 1), "0.00"),
        (date(2025, 1, 1), "0"),
    ],
)
def test_a_falling_fee_loses_a_quarter_of_itself_every_three_months(leaves_on, fee):
    # 220 Enerģija: 15 EUR, less 25 % per 3 months: 15.00, 11.25, 7.50, 3.75, nothing.
    owed = life.exit_fee(FALLING, agreed_on=date(2023, 1, 1), price_fixed_until=date(2025, 1, 1), leaves_on=leaves_on)

    assert owed == Decimal(fee)


def test_a_flat_fee_is_owed_until_the_price_runs_out():
    given_ = {"agreed_on": date(2023, 1, 1), "price_fixed_until": date(2025, 1, 1)}

    assert life.exit_fee(PRODUCT, **given_, leaves_on=date(2024, 12, 31)) == Decimal("15.00")
    assert life.exit_fee(PRODUCT, **given_, leaves_on=date(2025, 1, 1)) == 0
    assert life.exit_fee(replace(PRODUCT, exit_fee=None), **given_, leaves_on=date(2023, 2, 1)) == 0
    assert life.exit_fee(PRODUCT, agreed_on=date(2023, 1, 1), price_fixed_until=None, leaves_on=date(2023, 2, 1)) == 0


@given(leaves=st.integers(min_value=1, max_value=900), later=st.integers(min_value=0, max_value=300))
def test_a_falling_fee_never_rises_nor_goes_below_nothing(leaves, later):
    def owed(days):
        starts = date(2023, 1, 1)
        until = date(2025, 1, 1)
        return life.exit_fee(
            FALLING, agreed_on=starts, price_fixed_until=until, leaves_on=starts + timedelta(days=days)
        )

    assert 0 <= owed(leaves + later) <= owed(leaves) <= 15


@pytest.mark.parametrize(
    ("today", "is_distance", "is_refused"),
    [
        (date(2023, 3, 1), True, False),
        (date(2023, 3, 15), True, False),
        (date(2023, 3, 16), True, True),
        (date(2023, 3, 1), False, True),
    ],
)
def test_a_distance_contract_may_be_withdrawn_from_for_fourteen_days(today, is_distance, is_refused):
    def check():
        life.check_withdrawal(is_distance=is_distance, concluded_on=date(2023, 3, 1), today=today, rules=RULES)

    if not is_refused:
        check()
        return
    with pytest.raises(life.WithdrawnTooLate):
        check()


@pytest.mark.parametrize(
    ("day", "billed_until", "next_allowed"),
    [
        (date(2023, 3, 1), None, None),
        (date(2023, 3, 1), date(2023, 3, 1), None),
        (date(2023, 3, 1), date(2023, 4, 1), date(2023, 4, 1)),
        (date(2023, 3, 1), date(2023, 3, 12), date(2023, 4, 1)),
    ],
)
def test_what_is_billed_is_not_agreed_otherwise(day, billed_until, next_allowed):
    if next_allowed is None:
        life.check_unbilled(day, billed_until=billed_until)
        return
    with pytest.raises(life.DaysBilled) as refused:
        life.check_unbilled(day, billed_until=billed_until)
    assert refused.value.next_allowed == next_allowed
