"""What an invoice posts, how it is numbered and when it is due."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mains_server.invoices import rules
from mains_spi import InvoicingRules

LINES = st.lists(
    st.tuples(st.sampled_from(["heat", "Hot_water", "fees"]), st.integers(-(10**9), 10**9), st.booleans()), max_size=30
)
TAXES = st.lists(st.tuples(st.sampled_from(["STANDARD", "reduced"]), st.integers(-(10**8), 10**8)), max_size=4)


def test_an_invoice_posts_its_total_against_revenue_tax_and_support():
    entries = rules.entries_of_invoice(
        total=Decimal("32.10"),
        lines=[
            ("energy", Decimal("20.00"), False),
            ("network", Decimal("10.00"), False),
            ("energy", Decimal("5.00"), False),
            ("fees", Decimal("0.00"), False),
            ("state_support", Decimal("-10.25"), True),
        ],
        taxes=[("VAT", Decimal("7.35"))],
    )

    # 20 + 10 + 5 + 7.35 - 10.25 = 32.10
    assert entries == [
        ("receivable", Decimal("32.10")),
        ("revenue:energy", Decimal("-25.00")),
        ("revenue:network", Decimal("-10.00")),
        ("support:state_support", Decimal("10.25")),
        ("tax:vat", Decimal("-7.35")),
    ]


def test_whole_cents_post_alike():
    assert rules.entries_of_invoice(total=121, lines=[("heat", 100, False)], taxes=[("vat", 21)]) == [
        ("receivable", 121),
        ("revenue:heat", -100),
        ("tax:vat", -21),
    ]


def test_a_zero_invoice_still_posts_its_receivable():
    assert rules.entries_of_invoice(total=0, lines=[], taxes=[]) == [("receivable", 0)]


def test_an_invoice_that_does_not_add_up_is_refused():
    with pytest.raises(rules.InvoiceDoesNotAddUp, match="the total 122 is 1 more"):
        rules.entries_of_invoice(total=122, lines=[("heat", 100, False)], taxes=[("vat", 21)])


@given(lines=LINES, taxes=TAXES)
def test_every_invoice_that_adds_up_posts_to_zero(lines, taxes):
    total = sum(net for _, net, _ in lines) + sum(tax for _, tax in taxes)

    entries = rules.entries_of_invoice(total=total, lines=lines, taxes=taxes)

    assert sum(amount for _, amount in entries) == 0
    assert entries[0] == ("receivable", total)
    assert all(amount for _, amount in entries[1:])
    assert len({account for account, _ in entries}) == len(entries)


@pytest.mark.parametrize(("number", "text"), [(1, "H-000001"), (123, "H-000123"), (1234567, "H-1234567")])
def test_numbers_are_written_and_read(number, text):
    assert rules.document_number(series="H", number=number) == text
    assert rules.parse_document_number(text) == ("H", number)


@pytest.mark.parametrize("text", ["", "H-1", "H000123", "h-000123", "H-0000123", "H-00012٣", "-000123", "H-000123 "])
def test_other_texts_are_not_numbers(text):
    with pytest.raises(rules.NotADocumentNumber):
        rules.parse_document_number(text)


def test_a_reference_quotes_the_number():
    # H000123RF00 -> 17 000123 27 15 00; 98 - 17000123271500 % 97 = 4
    assert rules.payment_reference("H-000123") == "RF04H000123"


def test_a_bill_is_due_its_term_after_issue():
    assert rules.due_on(issued_on=date(2024, 2, 15), payment_term_days=15) == date(2024, 3, 1)

    with pytest.raises(rules.PaymentTermNotPossible):
        rules.due_on(issued_on=date(2024, 2, 15), payment_term_days=-1)


@pytest.mark.parametrize(
    ("days", "is_business_by_email", "expected"),
    [(15, True, 20), (16, True, 16), (17, True, 17), (14, True, 19), (25, True, 25), (15, False, 15), (17, False, 17)],
)
def test_terms_of_business_e_invoices(days, is_business_by_email, expected):
    """Five days more if the whole term is then at most twenty: whole or not at all (docs/decisions/0009)."""
    latvenergo = InvoicingRules(e_invoice_days=5, e_invoice_term_max=20)

    assert rules.payment_term(days, is_business_by_email=is_business_by_email, rules=latvenergo) == expected
    assert rules.payment_term(days, is_business_by_email=is_business_by_email, rules=InvoicingRules()) == days
