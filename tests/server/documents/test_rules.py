"""Numbers, dates and texts as they stand on paper."""

from datetime import date
from decimal import Decimal

import pytest
from mains_server.documents import rules
from mains_server.documents.records import DocumentKind, DocumentLanguage, InvoiceOwned

from tests.server.documents import made

LV, EN, RU = DocumentLanguage.LV, DocumentLanguage.EN, DocumentLanguage.RU
D = Decimal


@pytest.mark.parametrize(
    ("amount", "lv", "en"),
    [
        ("0.00", "0,00", "0.00"),
        ("-12.50", "−12,50", "−12.50"),
        ("1234567.05", "1 234 567,05", "1,234,567.05"),
        ("999999999999.99", "999 999 999 999,99", "999,999,999,999.99"),
    ],
)
def test_amounts(amount, lv, en):
    assert rules.amount_text(D(amount), language=LV).replace("\xa0", " ") == lv
    assert rules.amount_text(D(amount), language=EN) == en


@pytest.mark.parametrize(
    ("value", "text"), [("100.000000", "100"), ("0.15000000", "0,15"), ("6.61277877", "6,61277877")]
)
def test_quantities_have_the_decimals_they_have(value, text):
    assert rules.number_text(D(value), language=LV) == text


def test_days_are_told_with_the_last_one_included():
    told = rules.days_text(date(2023, 2, 1), date(2023, 3, 1), language=EN)

    assert told == "1 Feb 2023 – 28 Feb 2023"


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("Ķ\u0123 a\u0304", "Ķģ ā"),
        ("a\x00b\u202ec", "abc"),
        ("a \n\t b", "a b"),
        ("漢 🏠", "? ?"),
        ("", ""),
    ],
)
def test_what_cannot_be_printed_is_not(text, printed):
    assert rules.printable(text) == printed


def test_a_long_text_ends_in_dots():
    assert rules.printable("x" * 500, longest=10) == "xxxxxxxxx…"


@pytest.mark.parametrize(("text", "language"), [("lv", LV), ("ru-RU", RU), ("EN", EN), ("de", EN), ("", EN)])
def test_who_speaks_another_language_is_written_to_in_english(text, language):
    assert rules.language_of(text) is language


def test_the_e_invoice_is_one_for_everybody():
    owned = InvoiceOwned(invoice_id=7, customer_id=1, contract_id=2, adapter="small", language=RU)

    assert rules.wanted(owned, kind=DocumentKind.XML, language=LV).language is RU
    assert rules.wanted(owned, kind=DocumentKind.PDF, language=LV).language is LV
    assert [(one.kind, one.language) for one in rules.wanted_at_issue(owned)] == [
        (DocumentKind.PDF, RU),
        (DocumentKind.XML, RU),
        (DocumentKind.CSV, RU),
    ]


def test_files_are_named_for_the_invoice():
    names = [rules.file_name(made.sheet(), kind=kind, language=LV) for kind in DocumentKind]

    assert names == ["E-000007-lv.pdf", "E-000007.xml", "E-000007-lv.csv"]


def test_nothing_is_asked_for_below_zero():
    assert rules.to_pay(made.prepaid("10.00")) == D("14.20")
    assert rules.to_pay(made.prepaid("30.00")) == D("0.00")
    assert rules.to_the_good(made.prepaid("30.00")) == D("5.80")
    assert rules.to_pay(made.credit_note()) == D("0.00")
    assert rules.to_the_good(made.credit_note()) == D("4.20")
