"""Caps to the cent, months where the utility bills, and addresses."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mains_server.access.records import PaymentLimits
from mains_server.delegation.rules import AboveCapPerMonth, AboveCapPerPayment, check_caps, month_of, plain_phone

CENTS = st.integers(1, 20_000).map(lambda cents: Decimal(cents) / 100)


def test_a_month_begins_where_the_utility_bills():
    assert month_of(datetime(2024, 1, 31, 21, 59, tzinfo=UTC)) == date(2024, 1, 1)
    assert month_of(datetime(2024, 1, 31, 22, 0, tzinfo=UTC)) == date(2024, 2, 1)


@pytest.mark.parametrize(
    ("amount", "spent", "refusal"),
    [
        ("20.00", "30.00", None),  # 20 + 30 is the 50 of the month, and the 20 at a time
        ("20.01", "0.00", AboveCapPerPayment),
        ("20.00", "30.01", AboveCapPerMonth),
        ("0.01", "50.00", AboveCapPerMonth),
    ],
)
def test_exactly_the_cap_may_be_paid(amount, spent, refusal):
    limits = PaymentLimits(cap_payment=Decimal("20.00"), cap_month=Decimal("50.00"))

    if refusal is None:
        check_caps(Decimal(amount), limits=limits, spent_this_month=Decimal(spent))
        return
    with pytest.raises(refusal):
        check_caps(Decimal(amount), limits=limits, spent_this_month=Decimal(spent))


@given(st.lists(CENTS), CENTS)
def test_whatever_is_paid_a_month_never_exceeds_its_cap(amounts, cap):
    spent = Decimal(0)
    for amount in amounts:
        try:
            check_caps(amount, limits=PaymentLimits(cap_month=cap), spent_this_month=spent)
        except AboveCapPerMonth:
            assert spent + amount > cap
            continue
        spent += amount

    assert spent <= cap


def test_a_phone_number_is_kept_one_way():
    assert plain_phone("+371 (2000) 00-01") == "+37120000001"
