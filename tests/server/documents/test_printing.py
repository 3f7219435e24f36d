"""PDFs show what the sheet says, in real letters, whatever somebody is called."""

import io
import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pypdf
import pytest
from mains_server.documents.phrases import COLUMNS, PHRASES
from mains_server.documents.printing import payment_code, print_invoice, transfer_text
from mains_server.documents.records import Corrected, DocumentLanguage
from mains_server.documents.rules import PRINTED, PRINTED_SIGNS
from mains_server.documents.ubl import e_invoice
from mains_server.invoices.records import InvoiceKind

from tests.server.documents import made

D = Decimal
LV, EN, RU = DocumentLanguage.LV, DocumentLanguage.EN, DocumentLanguage.RU


def printed(sheet, language=LV) -> pypdf.PdfReader:
    return pypdf.PdfReader(io.BytesIO(print_invoice(sheet, language=language, e_invoice=e_invoice(sheet))))


def text_of(sheet, language=LV) -> str:
    """Give the words of all pages, with one space between them."""
    found = " ".join(page.extract_text() for page in printed(sheet, language).pages)
    return re.sub(r"\s+", " ", found)


def test_a_latvian_invoice_says_it_in_latvian_letters():
    text = text_of(made.sheet())

    for words in ("Rēķins", "E-000007", "Ģirts Ķiķauka-Žagariņš", "10.04.2023.", "01.03.2023. – 31.03.2023."):
        assert words in text
    for words in ("Apmaksai 24,20 EUR", "Apmaksāt līdz 30.04.2023.", "100 kWh × 0,15 EUR/kWh", "novērtēts"):
        assert words in text
    for words in ("LV80 BANK 0000 4351 9500 1", "RF24 E000 007", "PVN 21 % no 20,00 4,20", "Kopā ar PVN 24,20"):
        assert words in text
    assert "EL-1 500 600 100 kWh novērtēts" in text
    assert "Paziņojums lv" in text


def test_it_speaks_russian_and_english():
    russian, english = text_of(made.sheet(), RU), text_of(made.sheet(), EN)

    assert "Счёт" in russian and "Электроэнергия" in russian and "К оплате 24,20 EUR" in russian
    assert "Invoice" in english and "Energy" in english and "To pay 24.20 EUR" in english
    assert "Pay until 30 Apr 2023" in english


def test_an_interest_note_says_for_which_invoice_and_days_it_is():
    text = text_of(made.interest_note())

    for said in ("Rēķins par kavētu maksājumu", "Periods 01.03.2023. – 31.03.2023.", "E-000005: 0,88 EUR", "1,18 EUR"):
        assert said in text
    assert "01.03.2023. – 10.03.2023." in text
    assert "10.04.2023. – 10.04.2023." not in text
    assert "EUR/EUR" not in text


def test_a_credit_note_of_an_interest_note_is_for_the_days_on_which_it_grew():
    corrects = Corrected(number="E-000007", issued_on=date(2023, 4, 10), is_interest=True)

    text = text_of(replace(made.credit_note(made.interest_note()), corrects=corrects))

    assert "Periods 01.03.2023. – 31.03.2023." in text
    assert "10.04.2023. – 10.04.2023." not in text


@pytest.mark.parametrize(
    ("language", "interest", "reminder"),
    [
        (LV, "Par rēķinu E-000005", "Par rēķinu E-000005: 1 gab. × 0,06 EUR/gab. / 1,21"),
        (EN, "For invoice E-000005", "For invoice E-000005: 1 pcs × 0.06 EUR/pcs / 1.21"),
        (RU, "По счёту E-000005", "По счёту E-000005: 1 шт. × 0,06 EUR/шт. / 1,21"),
    ],
)
def test_what_is_charged_for_an_invoice_says_which_in_words(language, interest, reminder):
    plain = made.reminded()
    lines = tuple(replace(line, about="E-000005") for line in plain.lines)

    text = text_of(replace(plain, lines=lines), language)

    assert f"{interest} " in text.replace(reminder, "") and reminder in text
    assert "E-000005: 0" not in text and "EUR × 1" not in text


def test_a_sum_is_not_one_piece_of_itself():
    support = made.line(2, net="-11.81", label=made.words("Atbalsts"), explanation="-1 x 11.81 EUR")
    shared = replace(support, position=3, net=D("6.62"), quantity=D(1), unit_price=D("6.61277877"), code="c")
    shared = replace(shared, label=made.words("Cirkulācija"), explanation="1 x 244.67281463 EUR / 37")

    text = text_of(made.sheet(lines=(support, shared)))

    assert "−11,81" in text and "11,81 EUR" not in text and "−1 " not in text
    assert "1 × 244,67281463 EUR / 37" in text and "6,61277877 EUR" in text


def test_prices_have_the_decimals_of_money():
    monthly = made.line(2, net="2.00", unit="month", price_unit="EUR/month", explanation="1 month x 2 EUR/month")
    shared = replace(monthly, position=3, unit_price=D("3.63636364"), explanation="29.5 m2 x 400.5 EUR / 110.125")

    text = text_of(made.sheet(lines=(monthly, shared)), EN)

    assert "1 month × 2.00 EUR/month" in text and "29.5 m² × 400.50 EUR / 110.125" in text
    assert "1 month 2.00 EUR/month" in text and "3.63636364" in text


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (LV, "Nav apliekams ar PVN: 1,18 0,00"),
        (EN, "Not subject to VAT: 1.18 0.00"),
        (RU, "Не облагается НДС: 1,18 0,00"),
    ],
)
def test_what_is_outside_vat_is_not_called_taxed_at_nothing(language, said):
    text = text_of(made.with_interest(), language)

    assert said in text
    assert "0 %" not in text


@pytest.mark.parametrize("language", [LV, EN, RU])
def test_a_bill_of_a_flat_with_three_meters_and_its_chart_is_one_page(language):
    (meter,) = made.ENERGY.meters
    meters = tuple(replace(meter, serial=f"EL-{number}") for number in range(3))
    plain = made.sheet()
    lines = tuple(
        replace(plain.lines[0], position=place, meters=meters, label=made.words("Maksa")) for place in range(4)
    )

    assert len(printed(replace(plain, lines=lines, notes=()), language).pages) == 1


def test_support_before_and_after_tax_and_both_rates_are_told():
    both = text_of(made.two_rates(), EN)
    after = text_of(made.supported_after_tax(), EN)

    assert "−12.50" in both
    assert "VAT 12 % of 87.50 10.50" in both and "VAT 21 % of 20.00 4.20" in both
    assert "Maksa 3 en (after VAT) −20.00" in after
    assert "To pay 4.20 EUR" in after


@pytest.mark.parametrize(("paid", "remark"), [("24.20", "nothing to pay"), ("30.00", "To your credit: 5.80 EUR")])
def test_who_owes_nothing_is_asked_for_nothing(paid, remark):
    sheet = made.prepaid(paid)
    text = text_of(sheet, EN)

    assert "To pay 0.00 EUR" in text
    assert remark in text
    assert f"Paid already −{paid}" in text
    assert "Payment reference" not in text
    assert payment_code(sheet) is None


def test_a_credit_note_names_what_it_takes_back_and_asks_for_nothing():
    text = text_of(made.credit_note(), EN)

    assert "Credit note" in text
    assert "Takes back invoice E-000007 of 10 Apr 2023 Invoice E-000007 is not to be paid any more." in text
    assert "To your credit 4.20 EUR There is nothing to pay." in text
    assert "Total with VAT −4.20" in text
    assert "Payment reference" not in text


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (LV, "Jums par labu 30,25 EUR Ar šo summu apmaksāsim citus Jūsu rēķinus"),
        (EN, "To your credit 30.25 EUR It pays your other invoices"),
        (RU, "В вашу пользу 30,25 EUR Эта сумма оплатит другие ваши счета"),
    ],
)
def test_a_bill_below_nothing_says_what_becomes_of_its_amount_and_asks_for_nothing(language, said):
    text = text_of(made.below_nothing(), language)

    assert said in text
    assert PHRASES[language]["pay_until"] not in text
    assert "LV80 BANK" not in text and "RF24" not in text
    assert payment_code(made.below_nothing()) is None


def test_the_credit_note_of_a_bill_below_nothing_says_what_is_withdrawn():
    text = text_of(made.credit_note(made.below_nothing()), EN)

    assert "To pay 0.00 EUR No longer to your credit: 30.25 EUR" in text
    assert "Total with VAT 30.25" in text


def test_the_e_invoice_is_attached_and_the_file_is_for_the_archive():
    sheet = made.sheet()
    reader = printed(sheet)

    assert {name: parts[0] for name, parts in reader.attachments.items()} == {"E-000007.xml": e_invoice(sheet)}
    root: Any = reader.trailer["/Root"]
    metadata = root["/Metadata"].get_data().decode()
    assert "<pdfaid:part>3</pdfaid:part>" in metadata and "<pdfaid:conformance>B</pdfaid:conformance>" in metadata
    assert root["/Lang"] == "lv"
    assert reader.metadata.title == "Rēķins E-000007"


def test_the_same_sheet_gives_the_same_bytes():
    sheet = made.two_rates()
    first, second = (print_invoice(sheet, language=RU, e_invoice=e_invoice(sheet)) for _ in range(2))

    assert first == second


def test_over_several_places_each_line_says_its_address_and_meter():
    text = text_of(made.two_places())

    assert "Skaitītājs EL-1, EL-2" in text
    assert "Čiekuru iela 5-3, Jelgava, LV-3002 (P1) · Skaitītājs EL-1" in text
    assert text.count("Ežmalas, Ozolnieki, LV-3018 (P2)") == 2
    assert "EL-2 Ežmalas, Ozolnieki, LV-3018 (P2) 0 40 40 kWh nolasīts" in text
    assert "Skaitītājs EL-1" not in text_of(made.sheet())


def test_many_lines_go_over_several_pages_each_with_its_head_and_number():
    lines = tuple(made.line(place, net="1.00") for place in range(1, 81))
    sheet = made.sheet(lines=lines, net=D("80.00"), tax=D("16.80"), total=D("96.80"))
    pages = [page.extract_text() for page in printed(sheet, EN).pages]

    assert len(pages) >= 3
    assert all("E-000007" in page for page in pages)
    assert f"page 2 / {len(pages)}" in pages[1]
    assert all("Price, excl. VAT" in page for page in pages[:2])
    assert "Maksa 80 en" in "".join(pages)


@pytest.mark.parametrize(
    "name",
    [
        made.EVIL,
        "x" * 10_000,
        "Ārija " * 2_000,
        "עברית \u202egnp.exe 🏠👨\u200d👩\u200d👧 ﷽ 漢字",
        "a\x00b\x1fc\x7f\u2028d",
        "",
        " ",
        "#{} \\ \" ' </svg> %00 \N{RIGHT-TO-LEFT OVERRIDE}",
    ],
    ids=["markup", "one long word", "many words", "other scripts", "controls", "nothing", "a space", "escapes"],
)
def test_no_name_breaks_the_print(name):
    text = text_of(made.named(name), EN)

    assert "To pay 24.20 EUR" in text
    assert len(text) < 6_000


def test_markup_in_a_name_is_printed_and_not_obeyed():
    text = text_of(made.named("*bold* #text(red)[x] $x^2$ @nobody // gone"))

    assert "*bold* #text(red)[x] $x^2$ @nobody // gone" in text


def test_the_font_has_every_sign_that_is_let_through():
    signs = "".join(chr(code) for first, last in PRINTED for code in range(first, last + 1)) + "".join(PRINTED_SIGNS)
    parts = [signs[start : start + 60] for start in range(0, len(signs), 60)]
    lines = tuple(made.line(place, net="1.00", label=made.words(part)) for place, part in enumerate(parts, start=1))

    printed(made.sheet(lines=lines))  # PDF/A refuses a sign that no font has.


def test_a_transfer_is_written_as_the_banks_read_it():
    assert transfer_text(made.sheet()).split("\n") == [
        "BCD",
        "002",
        "1",
        "SCT",
        "",
        "SIA Tirgotājs",
        "LV80BANK0000435195001",
        "EUR24.20",
        "",
        "RF24E000007",
    ]
    assert payment_code(made.sheet()).startswith("<svg")


@pytest.mark.parametrize("more", [{"currency": "SEK"}, {"total": D("1000000000.00")}])
def test_there_is_no_code_where_there_is_no_such_transfer(more):
    assert payment_code(made.sheet(**more)) is None
    assert payment_code(replace(made.sheet(), seller=replace(made.sheet().seller, iban=""))) is None


def test_what_levelled_payment_covers_is_told_and_not_asked_for():
    text = text_of(made.sheet(levelled=D("24.20"), kind=InvoiceKind.SETTLEMENT), EN)

    assert "Settlement of levelled payment" in text
    assert "Covered by levelled payment −24.20" in text
    assert "To pay 0.00 EUR" in text


@pytest.mark.parametrize("language", DocumentLanguage)
def test_every_kind_of_invoice_has_a_name(language):
    names = {PHRASES[language][f"kind_{kind.value.lower()}"] for kind in InvoiceKind}

    assert len(names) == len(InvoiceKind)
    assert PHRASES[language].keys() == PHRASES[EN].keys()
    assert len(COLUMNS[language]) == len(COLUMNS[EN])


def test_a_line_of_other_days_says_them():
    part = replace(made.ENERGY, period_from=date(2023, 3, 16))

    assert "16 Mar 2023 – 31 Mar 2023" in text_of(made.sheet(lines=(part,)), EN)
