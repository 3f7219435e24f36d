"""What may be received, and how a payment is shared over the invoices it names."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mains_server.invoices.records import InvoiceKind, InvoiceStatus, OpenInvoice
from mains_server.ledger.rules import require_bookable
from mains_server.money.rules import creditor_reference
from mains_server.payments import rules
from mains_server.payments.records import Held, PaymentMethod, PaymentRequest, ReceivedPayment, Settle

TODAY = date(2024, 2, 10)
REQUEST = PaymentRequest(
    customer_id=1,
    amount=Decimal("43.10"),
    currency="EUR",
    method=PaymentMethod.CARD,
    received_on=TODAY,
    reference="",
    idempotency_key="k1",
)


def opened(number: int, amount: str, currency: str = "EUR") -> OpenInvoice:
    return OpenInvoice(
        id=number,
        customer_id=1,
        contract_id=9,
        document_number=f"T-{number:06d}",
        kind=InvoiceKind.REGULAR,
        adapter="test_heat",
        issued_on=TODAY,
        due_on=TODAY,
        currency=currency,
        total=Decimal(amount),
        open_amount=Decimal(amount),
        status=InvoiceStatus.OPEN,
    )


def shared(amount: str, *named: tuple[str | None, OpenInvoice]) -> list[tuple[int, str]]:
    pairs = [
        (Settle(document_number=invoice.document_number, amount=None if part is None else Decimal(part)), invoice)
        for part, invoice in named
    ]
    allocations = rules.allocate_as_named(amount=Decimal(amount), currency="EUR", named=pairs)
    return [(allocation.invoice_id, str(allocation.amount)) for allocation in allocations]


def test_an_ordinary_payment_is_receivable():
    rules.require_receivable(REQUEST, today=TODAY)
    rules.require_receivable(replace(REQUEST, received_on=date(2024, 2, 11)), today=TODAY)


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"amount": Decimal(0)}, rules.AmountNotPayable),
        ({"amount": Decimal("-0.01")}, rules.AmountNotPayable),
        ({"amount": Decimal("0.001")}, rules.AmountNotPayable),
        ({"amount": Decimal("NaN")}, rules.AmountNotPayable),
        ({"amount": Decimal("Infinity")}, rules.AmountNotPayable),
        ({"amount": Decimal("1e5000")}, rules.AmountNotPayable),
        ({"amount": float("1.5")}, rules.AmountNotPayable),
        ({"currency": "SEK"}, rules.CurrencyNotAccepted),
        ({"currency": ""}, rules.CurrencyNotAccepted),
        ({"idempotency_key": ""}, rules.KeyNotUsable),
        ({"idempotency_key": "k" * 201}, rules.KeyNotUsable),
        ({"received_on": date(2024, 2, 12)}, rules.ReceivedInTheFuture),
        ({"settles": (Settle(document_number="T-1"), Settle(document_number="T-1"))}, rules.InvoiceNamedTwice),
        ({"settles": (Settle(document_number="T-1", amount=Decimal(0)),)}, rules.AmountNotPayable),
    ],
)
def test_other_payments_are_refused(change, refusal):
    with pytest.raises(refusal):
        rules.require_receivable(replace(REQUEST, **change), today=TODAY)


def test_named_invoices_take_what_is_stated_or_open_and_the_rest_is_credit():
    assert shared("100.00", (None, opened(1, "30.00")), (None, opened(2, "20.00"))) == [(1, "30.00"), (2, "20.00")]
    assert shared("40.00", (None, opened(1, "30.00")), (None, opened(2, "20.00"))) == [(1, "30.00"), (2, "10.00")]
    assert shared("40.00", (None, opened(1, "30.00")), ("15.00", opened(2, "20.00"))) == [(1, "25.00"), (2, "15.00")]


@pytest.mark.parametrize(
    ("named", "refusal"),
    [
        ([("30.01", opened(1, "30.00"))], rules.MoreThanOpen),
        ([(None, opened(1, "0.00"))], rules.MoreThanOpen),
        ([(None, opened(1, "-5.00"))], rules.MoreThanOpen),
        ([("40.00", opened(1, "50.00")), ("0.01", opened(2, "50.00"))], rules.MoreThanPaid),
        ([("40.00", opened(1, "50.00")), (None, opened(2, "50.00"))], rules.MoreThanPaid),
        ([(None, opened(1, "30.00", "SEK"))], rules.CurrencyNotAccepted),
    ],
)
def test_what_cannot_be_shared_is_refused(named, refusal):
    with pytest.raises(refusal):
        shared("40.00", *named)


@given(
    cents=st.integers(1, 10**6),
    named=st.lists(st.tuples(st.none() | st.integers(1, 10**5), st.integers(1, 10**5)), min_size=1, max_size=8),
)
def test_no_sharing_exceeds_the_payment_or_an_invoice(cents, named):
    asked = [
        (None if part is None else str(Decimal(part).scaleb(-2)), opened(number, str(Decimal(due).scaleb(-2))))
        for number, (part, due) in enumerate(named, start=1)
    ]
    try:
        parts = shared(str(Decimal(cents).scaleb(-2)), *asked)
    except rules.PaymentRefused:
        return

    assert sum(Decimal(part) for _, part in parts) <= Decimal(cents).scaleb(-2)
    for (stated, invoice), (invoice_id, part) in zip(asked, parts, strict=True):
        assert invoice_id == invoice.id
        assert 0 < Decimal(part) <= invoice.open_amount
        assert stated is None or Decimal(part) == Decimal(stated)


def test_a_payment_posts_bank_against_receivable():
    booking = rules.booking_of_payment(REQUEST, payment_id=5)

    require_bookable(booking)
    assert booking.key == "payment:5"
    assert [(entry.account, str(entry.amount)) for entry in booking.entries] == [
        ("bank:card", "43.10"),
        ("receivable", "-43.10"),
    ]


RECEIVED = ReceivedPayment(
    id=5,
    customer_id=1,
    amount=Decimal("43.10"),
    currency="EUR",
    method=PaymentMethod.CARD,
    received_on=TODAY,
    reference="",
    payer_name=None,
    allocations=(),
    prepaid=(),
    credit=Decimal("43.10"),
    is_new=False,
)


@pytest.mark.parametrize(
    "change", [{"amount": Decimal(1)}, {"method": PaymentMethod.CASH}, {"reference": "x"}, {"payer_name": "Jānis"}]
)
def test_a_key_stands_for_one_payment(change):
    rules.require_same_payment(received=RECEIVED, asked=REQUEST, named=(), contract_id=None)
    with pytest.raises(rules.PaymentKeyReused):
        rules.require_same_payment(received=RECEIVED, asked=replace(REQUEST, **change), named=(), contract_id=None)
    with pytest.raises(rules.PaymentKeyReused):
        rules.require_same_payment(received=RECEIVED, asked=REQUEST, named=[opened(1, "1.00")], contract_id=None)


def test_a_key_stands_for_one_contract():
    held = Held(document_id=5, contract_id=7, amount=Decimal("43.10"))
    received = replace(RECEIVED, prepaid=(held,), credit=Decimal(0))

    rules.require_same_payment(received=received, asked=REQUEST, named=(), contract_id=7)
    for other in (None, 8):
        with pytest.raises(rules.PaymentKeyReused):
            rules.require_same_payment(received=received, asked=REQUEST, named=(), contract_id=other)


@pytest.mark.parametrize(
    ("before", "change", "entries"),
    [
        ("0.00", "30.00", {"receivable": "30.00", "prepaid": "-30.00"}),
        ("-20.00", "15.00", {"receivable": "15.00", "deferred": "-15.00"}),
        ("-20.00", "30.00", {"receivable": "30.00", "prepaid": "-10.00", "deferred": "-20.00"}),
        ("100.00", "-80.00", {"receivable": "-80.00", "prepaid": "80.00"}),
        ("100.00", "-130.00", {"receivable": "-130.00", "prepaid": "100.00", "deferred": "30.00"}),
        ("-30.00", "-5.00", {"receivable": "-5.00", "deferred": "5.00"}),
    ],
)
def test_what_is_prepaid_and_what_is_deferred_are_kept_apart(before, change, entries):
    found = rules.entries_of_move(before=Decimal(before), change=Decimal(change), currency="EUR")

    assert {entry.account: str(entry.amount) for entry in found} == entries


@given(st.lists(st.integers(-100_000, 100_000).filter(bool), min_size=1, max_size=8))
def test_moves_in_any_order_leave_the_same_accounts(cents):
    def sums(changes):
        balance, accounts = Decimal(0), {"prepaid": Decimal(0), "deferred": Decimal(0), "receivable": Decimal(0)}
        for change in changes:
            entries = rules.entries_of_move(before=balance, change=change, currency="EUR")
            assert sum(entry.amount for entry in entries) == 0
            for entry in entries:
                accounts[entry.account] += entry.amount
            balance += change
        return balance, accounts

    changes = [Decimal(part).scaleb(-2) for part in cents]
    balance, accounts = sums(changes)

    assert sums(reversed(changes)) == sums(sorted(changes)) == (balance, accounts)
    assert -accounts["prepaid"] == max(balance, 0)
    assert accounts["deferred"] == max(-balance, 0)


def test_taking_from_parts_takes_the_first_whole():
    parts = [Held(document_id=n, contract_id=1, amount=Decimal(n)) for n in (3, 2, 1)]

    taken = rules.taken_from(parts, amount=Decimal("4.50"))

    assert [(part.document_id, str(part.amount)) for part in taken] == [(3, "3"), (2, "1.50")]


def test_a_contracts_reference_is_no_invoices():
    # The same letters and digits make another reference where they are an invoice's.
    assert rules.contract_reference("E-200001") == creditor_reference("0E200001") != creditor_reference("E-200001")
    assert rules.contract_reference("X" * 21) is None


def test_a_payment_is_for_invoices_or_for_a_contract():
    request = replace(REQUEST, contract_number="K-1", settles=(Settle(document_number="T-000001"),))

    with pytest.raises(rules.InvoiceAndContractNamed):
        rules.require_receivable(request, today=TODAY)
