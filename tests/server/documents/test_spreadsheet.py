"""Spreadsheets open with a double click, and nothing in them is a formula."""

import csv
import io
from decimal import Decimal

import pytest
from mains_server.documents.records import DocumentLanguage
from mains_server.documents.spreadsheet import spreadsheet

from tests.server.documents import made

LV, EN, RU = DocumentLanguage.LV, DocumentLanguage.EN, DocumentLanguage.RU


def rows(content: bytes, delimiter: str) -> list[dict[str, str]]:
    text = content.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter))


def test_latvians_have_a_decimal_comma_and_semicolons():
    content = spreadsheet([made.two_rates()], language=LV)
    found = rows(content, ";")

    assert content.startswith(b"\xef\xbb\xbf")
    assert len(found) == 4
    assert found[0]["Rēķins"] == "E-000007"
    assert found[0]["Daudzums"] == "100,000000"
    assert found[0]["Pakalpojums"] == "Elektroenerģija"
    assert found[3]["Summa bez PVN"] == "-12,50"
    assert found[3]["PVN, %"] == "12,0000"
    assert found[0]["Rēķina kopsumma"] == "122,20"


def test_over_several_places_each_line_has_its_own_address():
    found = rows(spreadsheet([made.two_places()], language=LV), ";")

    assert [row["Piegādes adrese"] for row in found] == [
        made.two_places().supply_address,
        "Čiekuru iela 5-3, Jelgava, LV-3002",
        "Ežmalas, Ozolnieki, LV-3018",
    ]


def test_a_bill_below_nothing_is_below_nothing_and_asks_for_nothing():
    found = rows(spreadsheet([made.below_nothing()], language=EN), ",")

    assert [(row["Net amount"], row["Invoice total"], row["To pay"]) for row in found] == [
        ("-30.00", "-30.25", "0.00"),
        ("5.00", "-30.25", "0.00"),
    ]


def test_english_has_a_point_and_commas():
    found = rows(spreadsheet([made.prepaid("30.00")], language=EN), ",")

    assert found[0]["Net amount"] == "15.00"
    assert (found[0]["Paid already"], found[0]["To pay"]) == ("30.00", "0.00")
    assert (found[0]["From"], found[0]["To (exclusive)"]) == ("2023-03-01", "2023-04-01")
    assert found[0]["How known"] == "ESTIMATED"


def test_the_sum_of_net_is_that_of_the_invoices_less_support_after_tax():
    sheets = [made.sheet(), made.supported_after_tax(), made.credit_note()]
    found = rows(spreadsheet(sheets, language=EN), ",")

    # 20.00 + (20.00 - 20.00) - (20.00 - 20.00) = 20.00
    assert sum(Decimal(row["Net amount"]) for row in found) == Decimal("20.00")


@pytest.mark.parametrize("name", ["=1+1", "+371 2", "-2", "@SUM(A1)", "\t=1", "\r=1", " =1", '=cmd|"/c calc"!A1'])
def test_no_text_is_a_formula(name):
    found = rows(spreadsheet([made.named(name)], language=RU), ";")

    assert found[0]["Клиент"].startswith("'")


@pytest.mark.parametrize("name", [made.EVIL, "x" * 10_000, 'a;b"c\nd', "a\x00b"])
def test_any_text_stays_in_its_cell(name):
    found = rows(spreadsheet([made.named(name)], language=LV), ";")

    assert len(found) == 2
    assert all(None not in row for row in found)
