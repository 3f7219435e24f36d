"""What may be booked, and on which accounts."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mains_server.ledger import rules
from mains_server.ledger.records import Booking, BookingKind, Entry
from mains_server.money.records import NotMoney

AMOUNTS = st.lists(st.decimals(min_value=-(10**6), max_value=10**6, places=2, allow_nan=False), max_size=8)


def booking(*entries: tuple[str, str, str]) -> Booking:
    return rules.booking_of(
        customer_id=1,
        kind=BookingKind.INVOICE,
        document_id=7,
        effective_on=date(2024, 1, 31),
        entries=tuple(Entry(account, currency, Decimal(amount)) for account, currency, amount in entries),
    )


def test_accounts_are_named_by_what_they_hold():
    assert rules.bank("CARD") == "bank:card"
    assert rules.revenue("Heat") == "revenue:heat"
    assert rules.tax("VAT") == "tax:vat"
    assert rules.support("state") == "support:state"


def test_a_documents_booking_is_named_by_kind_and_id():
    assert booking(("receivable", "EUR", "1")).key == "invoice:7"


def test_what_balances_in_each_currency_is_bookable():
    rules.require_bookable(
        booking(
            ("receivable", "EUR", "1.21"),
            ("revenue:heat", "EUR", "-1.00"),
            ("tax:vat", "EUR", "-0.21"),
            ("receivable", "SEK", "5"),
            ("bank:card", "SEK", "-5"),
        )
    )


@pytest.mark.parametrize(
    ("entries", "refusal"),
    [
        ([], rules.BookingRefused),
        ([("receivable", "EUR", "1")], rules.BookingNotBalanced),
        ([("receivable", "EUR", "1"), ("bank:card", "SEK", "-1")], rules.BookingNotBalanced),
        ([("receivable", "EUR", "1"), ("petty cash", "EUR", "-1")], rules.AccountUnknown),
        ([("receivable", "EUR", "1"), ("bank:", "EUR", "-1")], rules.AccountUnknown),
        ([("receivable", "EUR", "NaN"), ("bank:card", "EUR", "NaN")], NotMoney),
        ([("receivable", "EUR", "0.001"), ("bank:card", "EUR", "-0.001")], NotMoney),
    ],
)
def test_everything_else_is_refused(entries, refusal):
    with pytest.raises(refusal):
        rules.require_bookable(booking(*entries))


@given(AMOUNTS)
def test_a_booking_and_its_reverse_leave_nothing(amounts):
    entries = tuple(Entry("receivable", "EUR", amount) for amount in amounts)

    assert sum(entry.amount for entry in entries + rules.reversed_entries(entries)) == 0


def test_the_order_of_entries_does_not_make_another_booking():
    one = booking(("receivable", "EUR", "1"), ("bank:card", "EUR", "-1"))
    turned = booking(("bank:card", "EUR", "-1"), ("receivable", "EUR", "1.00"))

    rules.require_same(booked=one, asked=turned)


def test_a_key_stands_for_one_booking():
    one = booking(("receivable", "EUR", "1"), ("bank:card", "EUR", "-1"))
    other = booking(("receivable", "EUR", "2"), ("bank:card", "EUR", "-2"))

    with pytest.raises(rules.BookingKeyReused):
        rules.require_same(booked=one, asked=other)


def test_the_rooms_page_tells_how_each_kind_posts():
    """An accountant's question starts there; a kind without a row has nobody who wrote down what it does."""
    page = (Path(__file__).parents[3] / "server/mains_server/ledger/README.md").read_text(encoding="utf-8")

    assert [kind.name for kind in BookingKind if f"| `{kind.name}`, " not in page] == []
