"""Documents are made of what was booked, once, and stay as they are."""

import asyncio
from dataclasses import replace
from datetime import date
from decimal import Decimal
from hashlib import sha256

import psycopg
import pytest
from mains_server.db.unit_of_work import read_session, unit_of_work
from mains_server.documents import queries
from mains_server.documents.operations import (
    AdapterSilent,
    InvoiceUnknown,
    document_of,
    make_document,
    make_documents,
    sheets_of_invoices,
)
from mains_server.documents.records import DocumentKind, DocumentLanguage, DocumentWanted
from mains_server.invoices.records import CreditRequest, InvoiceKind, LineQuality
from mains_server.payments.operations import credit_invoice
from mains_spi import Labels, Note, PerUnit, Price, Qty, ReadingRules, Tariff, hookimpl

from tests.server.documents.validating import mistakes, terms

pytestmark = pytest.mark.asyncio

D = Decimal
PDF, XML, CSV = DocumentKind.PDF, DocumentKind.XML, DocumentKind.CSV
LV, EN, RU = DocumentLanguage.LV, DocumentLanguage.EN, DocumentLanguage.RU


def wanted(invoice: int, kind: DocumentKind = XML, language: DocumentLanguage = LV) -> DocumentWanted:
    return DocumentWanted(invoice_id=invoice, kind=kind, language=language)


async def sheet_of(press, invoice: int):
    return (await sheets_of_invoices(press, invoice_ids=[invoice]))[invoice]


async def test_a_sheet_says_what_was_booked_and_how_it_came_about(town, bill, press):
    town.household(used="100", before="1000")
    (invoice,) = bill()

    sheet = await sheet_of(press(), invoice)

    # 100 kWh at 0.15 are 15.00, a month is 1.20, the connection of 16 A 2.00: 18.20, and 3.82 tax.
    assert (sheet.net, sheet.tax, sheet.total, sheet.prepaid) == (D("18.20"), D("3.82"), D("22.02"), D("0.00"))
    assert [line.net for line in sheet.lines] == [D("15.00"), D("1.20"), D("2.00"), D("0.00")]
    assert sheet.lines[0].explanation == "100 kWh x 0.15 EUR/kWh"
    (meter,) = sheet.lines[0].meters
    assert (meter.serial, meter.first, meter.last, meter.quantity) == ("M1", D(1000), D(1100), D(100))
    assert sheet.lines[0].label.ru == "ru"
    assert sheet.supply_points == ("P00001",)
    assert sheet.buyer.address == "Meža iela 2, Jelgava, LV-3001"


async def test_an_estimated_bill_says_from_where_to_where_its_meter_was_estimated(town, bill, press, small):
    class Guessing(small.SmallUtility):  # type: ignore[name-defined]
        @hookimpl
        def describe_utility(self):
            rules = ReadingRules(from_day=25, upto_day=3, estimates=True)
            return replace(small.SmallUtility.describe_utility(self), reading_rules=rules)

    point = town.point()
    town.contract(customer=town.customer(), points=(point,))
    shown = ((date(2022, 1, 1), "1000"), (date(2022, 2, 1), "1093"), (date(2023, 1, 1), "2095"))
    town.read(town.meter(point), *shown)
    (invoice,) = bill(plugin=Guessing())

    sheet = await sheet_of(press(Guessing()), invoice)

    # 93 kWh were used in January of the year before.
    (meter,) = sheet.lines[0].meters
    assert (meter.first, meter.last, meter.quantity, meter.is_estimated) == (D(2095), D(2188), D(93), True)
    content = make_document(sheet, kind=XML, language=LV)
    assert "2095 – 2188 = 93 kWh (ESTIMATED)" in terms(content, "Value") and mistakes(content) == []


async def test_what_was_used_before_is_drawn_of_the_contracts_own_days(town, bill, press):
    point = town.point()
    town.contract(customer=town.customer(), points=(point,), starts=date(2022, 11, 1))
    register = town.meter(point)
    shown = ((date(2022, 9, 1), "700"), (date(2022, 10, 1), "790"), (date(2022, 11, 1), "800"))
    town.read(register, *shown, (date(2022, 12, 1), "850"), (date(2023, 1, 1), "920"), (date(2023, 2, 1), "1000"))
    (invoice,) = bill()

    (chart,) = (await sheet_of(press(), invoice)).charts

    # Who lived there in September and October is not shown.
    assert [(bar.month, bar.value) for bar in chart.bars] == [
        (date(2022, 11, 1), D(50)),
        (date(2022, 12, 1), D(70)),
        (date(2023, 1, 1), D(80)),
    ]


async def test_every_kind_of_document_is_made_and_kept_with_its_hash(town, bill, press, engine):
    town.household()
    (invoice,) = bill()
    all_kinds = [wanted(invoice, kind) for kind in DocumentKind]

    assert await make_documents(press(), wanted=all_kinds) == 3
    assert await make_documents(press(), wanted=all_kinds) == 0

    async with read_session(engine) as session:
        stored = await queries.documents_of(session, invoice_ids=[invoice])
    assert [(one.kind, one.file_name) for one in stored] == [
        (CSV, "S-000001-lv.csv"),
        (PDF, "S-000001-lv.pdf"),
        (XML, "S-000001.xml"),
    ]
    for one in stored:
        file = await document_of(press(), wanted=wanted(invoice, one.kind))
        assert (len(file.content), sha256(file.content).hexdigest()) == (one.size, one.sha256)
    assert mistakes((await document_of(press(), wanted=wanted(invoice))).content) == []


async def test_a_document_made_again_of_its_sheet_has_the_same_bytes(town, bill, press):
    town.household()
    (invoice,) = bill()
    files = [await document_of(press(), wanted=wanted(invoice, kind, RU)) for kind in (PDF, CSV)]

    sheet = await sheet_of(press(), invoice)

    assert [make_document(sheet, kind=kind, language=RU) for kind in (PDF, CSV)] == [file.content for file in files]


async def test_a_sheet_stays_as_it_was_written(town, bill, press):
    contract = town.household()
    (invoice,) = bill()
    before = await sheet_of(press(), invoice)
    town.connection.execute("update customer set name = 'Somebody else', address_line = 'Elsewhere'")
    town.connection.execute("update contract set product = 'dynamic' where id = %s", [contract])

    assert await sheet_of(press(), invoice) == before


async def test_two_at_once_make_one(town, bill, press, engine):
    town.household()
    (invoice,) = bill()
    asked = [wanted(invoice, kind) for kind in DocumentKind]

    added = await asyncio.gather(*(make_documents(press(), wanted=asked) for _ in range(4)))

    assert sum(added) == 3
    assert town.connection.execute("select count(*) from invoice_sheet").fetchall() == [(1,)]
    assert town.connection.execute("select count(*) from invoice_document").fetchall() == [(3,)]


@pytest.mark.parametrize("table", ["invoice_sheet", "invoice_document"])
@pytest.mark.parametrize("change", ["update {} set customer_id = 99", "delete from {}", "truncate {}"])
async def test_nothing_printed_can_be_changed(town, bill, press, table, change):
    town.household()
    (invoice,) = bill()
    await make_documents(press(), wanted=[wanted(invoice)])

    with pytest.raises(psycopg.errors.RestrictViolation, match="is append-only"):
        town.connection.execute(change.format(table))


async def test_money_paid_ahead_is_told_even_if_the_run_has_not_settled_it_yet(town, bill, press):
    town.household()
    town.insert(
        "payment", customer_id=1, amount=D("30.00"), currency="EUR", method="BANK_TRANSFER",
        received_on=date(2023, 2, 1), reference="x", idempotency_key="k", booked_at=press().now,
    )  # fmt: skip
    (invoice,) = bill()

    sheet = await sheet_of(press(), invoice)

    assert (sheet.total, sheet.prepaid, sheet.payable) == (D("22.02"), D("22.02"), D("0.00"))


async def test_money_that_came_after_issue_is_not_what_was_paid_ahead(town, bill, press):
    town.household()
    (invoice,) = bill()
    town.insert(
        "payment", customer_id=1, amount=D("22.02"), currency="EUR", method="BANK_TRANSFER",
        received_on=date(2023, 2, 11), reference="x", idempotency_key="k", booked_at=press().now,
    )  # fmt: skip

    assert (await sheet_of(press(), invoice)).prepaid == D("0.00")


async def test_support_after_tax_of_a_real_bill_keeps_the_rules(town, bill, press):
    town.attribute(town.household(), "protected", "low_income")
    (invoice,) = bill()
    content = (await document_of(press(), wanted=wanted(invoice))).content

    # 100 kWh x 0.02 = 2.00 are taken off before tax: 16.20 + 3.40 = 19.60; 5.00 after it, so 14.60 are left.
    assert mistakes(content) == []
    assert terms(content, "TaxInclusiveAmount") == ["19.60"]
    assert terms(content, "PrepaidAmount") == ["5.00"]
    assert terms(content, "PayableAmount") == ["14.60"]


async def test_a_credit_note_is_explained_by_what_it_takes_back(town, bill, press, engine):
    town.household()
    bill()
    async with unit_of_work(engine) as session:
        request = CreditRequest(document_number="S-000001", issued_on=date(2023, 2, 12))
        note = await credit_invoice(session, request=request, now=press().now)

    sheet = await sheet_of(press(), note.id)

    assert (sheet.kind, sheet.total, sheet.corrects.number) == (InvoiceKind.CREDIT, D("-22.02"), "S-000001")
    assert sheet.lines[0].explanation == "100 kWh x 0.15 EUR/kWh"
    assert (sheet.notes, sheet.charts) == ((), ())
    content = (await document_of(press(), wanted=wanted(note.id))).content
    assert mistakes(content) == []
    assert terms(content, "ID")[:2] == ["S-000002", "S-000001"]


async def test_the_flats_of_a_house_are_printed(town, bill, press):
    town.house()
    invoices = bill()

    sheets = await sheets_of_invoices(press(), invoice_ids=invoices)

    # 10.1 MWh at 80 are 808.00, by 50, 30.5 and 19.5 of 100 m2.
    assert sorted(sheet.net for sheet in sheets.values()) == [D("157.56"), D("246.44"), D("404.00")]
    assert all(sheet.lines[0].explanation for sheet in sheets.values())


async def test_what_the_adapter_says_is_printed_and_kept(town, bill, press, small):
    class Talker(small.SmallUtility):  # type: ignore[name-defined]
        @hookimpl
        def invoice_notes(self, request):
            assert request.product == "fixed" and request.bill.payable == D("22.02")
            return (Note("thanks", Labels("Paldies", "Thank you", "Спасибо")),)

    class Other(small.SmallUtility):  # type: ignore[name-defined]
        @hookimpl
        def invoice_notes(self, request):
            return (Note("no", Labels("Citādi", "Otherwise", "Иначе")),)

    town.household()
    (invoice,) = bill()

    assert [note.lv for note in (await sheet_of(press(Talker()), invoice)).notes] == ["Paldies"]
    assert [note.ru for note in (await sheet_of(press(Other()), invoice)).notes] == ["Спасибо"]


async def test_an_adapter_that_cannot_speak_costs_only_its_words(town, bill, press, small):
    class Mute(small.SmallUtility):  # type: ignore[name-defined]
        @hookimpl
        def invoice_notes(self, request):
            raise RuntimeError("I lost my voice")

    town.household()
    (invoice,) = bill()

    sheet = await sheet_of(press(Mute()), invoice)

    assert sheet.notes == ()
    assert sheet.lines[0].explanation != ""


async def test_an_invoice_that_would_be_another_today_is_printed_without_explanations(town, bill, press, small):
    class Dearer(small.SmallUtility):  # type: ignore[name-defined]
        @hookimpl
        def tariff(self, request):
            twice = PerUnit("energy", Qty("energy", "kWh"), Price("product.energy", "EUR/kWh") * 2)
            return Tariff("fixed", "EUR", (twice, *small.FIXED.components[1:]))

    town.household()
    other = town.household(product="fixed", used="50")
    bills = bill()
    assert other

    sheets = await sheets_of_invoices(press(Dearer()), invoice_ids=bills)

    for sheet in sheets.values():
        assert {line.explanation for line in sheet.lines} == {""}
        assert sheet.net in (D("18.20"), D("10.70"))
        assert mistakes(make_document(sheet, kind=XML, language=LV)) == []
        assert make_document(sheet, kind=PDF, language=EN).startswith(b"%PDF")


async def test_without_its_adapter_an_invoice_is_printed_with_codes(town, bill, engine, press, small):
    class Stranger(small.SmallUtility):  # type: ignore[name-defined]
        code = "stranger"

    town.household()
    (invoice,) = bill()

    sheet = await sheet_of(press(Stranger()), invoice)

    assert [line.label.lv for line in sheet.lines] == ["energy", "fee", "network", "paper"]
    assert sheet.utility.en == "small"


async def test_of_a_broken_adapter_nothing_is_printed_for_good(town, bill, press):
    town.household()
    (invoice,) = bill()

    with pytest.raises(AdapterSilent, match="small is set aside"):
        await sheet_of(press(object()), invoice)

    assert town.connection.execute("select count(*) from invoice_sheet").fetchall() == [(0,)]
    assert (await sheet_of(press(), invoice)).lines[0].label.ru == "ru"


async def test_an_estimate_is_marked(town, bill, press):
    point = town.point()
    town.contract(customer=town.customer(), points=(point,))
    register = town.meter(point)
    town.read(register, (date(2023, 1, 1), "100"))
    town.read(register, (date(2023, 2, 1), "200"), quality="ESTIMATED")
    (invoice,) = bill()

    sheet = await sheet_of(press(), invoice)

    assert sheet.lines[0].quality is LineQuality.ESTIMATED
    assert sheet.lines[0].meters[0].is_estimated
    assert sheet.lines[1].quality is LineQuality.NOT_METERED


async def test_an_invoice_that_is_not_there_is_not_made(press, town):
    with pytest.raises(InvoiceUnknown):
        await make_documents(press(), wanted=[wanted(4711)])

    assert town.connection.execute("select count(*) from invoice_sheet").fetchall() == [(0,)]
