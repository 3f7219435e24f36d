"""How a plan's amounts follow from costs, use and payments."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mains_server.levelling import rules
from mains_server.levelling.records import Amounts

cents = st.integers(0, 10_000_000).map(lambda number: Decimal(number).scaleb(-2))


def test_base_and_difference_are_spread_over_twelve_months():
    # 600.00 a year, 660.00 used, 540.00 paid: 600.00 / 12 + 120.00 / 12 = 50.00 + 10.00
    amounts = rules.amounts_by_rule(cost=Decimal("600.00"), used=Decimal("660.00"), paid=Decimal("540.00"))

    months = list(rules.instalments(amounts, starts=date(2023, 2, 1), due_day=20))

    assert {(str(one.amount), str(one.base_part), str(one.difference_part)) for one in months} == {
        ("60.00", "50.00", "10.00")
    }
    assert [one.due_on for one in months[:2]] == [date(2023, 2, 20), date(2023, 3, 20)]
    assert months[-1].due_on == date(2024, 1, 20)


def test_cents_that_do_not_divide_fall_on_the_first_months():
    # 264.26 / 12 = 22.0216...: 12 x 22.02 = 264.24, two cents are left
    amounts = rules.amounts_by_rule(cost=Decimal("264.26"), used=Decimal(0), paid=Decimal(0))

    months = list(rules.instalments(amounts, starts=date(2023, 2, 1), due_day=20))

    assert [str(one.amount) for one in months] == ["22.03"] * 2 + ["22.02"] * 10


def test_who_has_paid_more_than_a_year_costs_pays_nothing_and_the_rest_stays():
    # 600.00 a year; 800.00 more paid than used: 200.00 are left after a year of nothing
    amounts = rules.amounts_by_rule(cost=Decimal("600.00"), used=Decimal("100.00"), paid=Decimal("900.00"))

    (first, *_) = rules.instalments(amounts, starts=date(2023, 2, 1), due_day=20)

    assert (amounts.total, amounts.left_over) == (Decimal("0.00"), Decimal("-200.00"))
    assert (str(first.amount), str(first.base_part), str(first.difference_part)) == ("0.00", "50.00", "-50.00")


def test_after_twelve_months_the_base_part_goes_on_alone():
    amounts = rules.amounts_by_rule(cost=Decimal("600.00"), used=Decimal("660.00"), paid=Decimal("540.00"))

    later = list(rules.instalments(amounts, starts=date(2023, 2, 1), due_day=20, months=13))[-1]

    assert (str(later.amount), str(later.difference_part)) == ("50.00", "0.00")


def test_an_amount_of_ones_own_leaves_over_what_it_does_not_cover():
    amounts = rules.amounts_by_customer(
        monthly=Decimal("0.00"), cost=Decimal("600.00"), used=Decimal("10.00"), paid=Decimal(0)
    )

    assert (amounts.total, amounts.left_over) == (Decimal("0.00"), Decimal("610.00"))


@given(cost=cents, used=cents, paid=cents)
def test_instalments_and_what_is_left_are_cost_and_difference_to_the_cent(cost, used, paid):
    amounts = rules.amounts_by_rule(cost=cost, used=used, paid=paid)
    months = list(rules.instalments(amounts, starts=date(2023, 1, 1), due_day=28))

    assert sum(one.amount for one in months) + amounts.left_over == cost + used - paid
    assert all(one.amount >= 0 for one in months)
    assert all(one.base_part + one.difference_part == one.amount for one in months)
    assert max(one.amount for one in months) - min(one.amount for one in months) <= Decimal("0.01")
    assert amounts.left_over <= 0


@given(total=cents, months=st.integers(0, 40))
def test_shares_add_up(total, months):
    assert rules.upto(total, months=months) == sum(
        (rules.twelfth(total, month=month) for month in range(months)), Decimal(0)
    )


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("-0.01", "below nothing"),
        ("10.005", "finer than a cent"),
        ("NaN", "not a finite amount"),
        ("Infinity", "not a finite amount"),
        ("100000.01", "more than 100000.00 a month"),
        ("1E+30", "more than"),
    ],
)
def test_an_amount_that_nobody_can_pay_is_named(amount, words):
    assert words in (rules.amount_problem(Decimal(amount)) or "")


@pytest.mark.parametrize("amount", ["0", "0.00", "43.10", "100000"])
def test_other_amounts_are_fine(amount):
    assert rules.amount_problem(Decimal(amount)) is None


@pytest.mark.parametrize(
    ("today", "first"),
    [
        (date(2023, 1, 19), date(2023, 1, 1)),
        (date(2023, 1, 20), date(2023, 2, 1)),
        (date(2023, 12, 31), date(2024, 1, 1)),
    ],
)
def test_a_change_begins_with_the_next_instalment_that_is_not_due(today, first):
    assert rules.first_month(today=today, due_day=20) == first


def test_only_a_difference_beyond_the_share_is_significant():
    expected = Decimal(100)

    assert not rules.is_significant(actual=Decimal(120), expected=expected, share=Decimal("0.20"))
    assert rules.is_significant(actual=Decimal("120.01"), expected=expected, share=Decimal("0.20"))
    assert rules.is_significant(actual=Decimal("79.99"), expected=expected, share=Decimal("0.20"))
    assert not rules.is_significant(actual=Decimal(900), expected=expected, share=Decimal(0))


def test_what_counts_as_used_grows_by_the_base_parts():
    used = rules.used_upto(
        used_before=Decimal("100.00"),
        cost=Decimal("600.00"),
        version_starts=date(2023, 2, 1),
        starts=date(2023, 5, 1),
    )

    assert used == Decimal("250.00")
    assert Amounts(
        base_total=Decimal(1), difference=Decimal(2), total=Decimal(3), going_on=Decimal(1)
    ).left_over == Decimal(0)
