"""A credit note and the bill in its place say why, in the reader's language, and what somebody wrote stands whole."""

from dataclasses import replace
from datetime import UTC, date, datetime

import orjson
import pytest
from mains_server.billing import corrections
from mains_server.billing.corrections import READ, CorrectionRequest, correct_invoice
from mains_server.billing.crediting import take_back_invoice
from mains_server.billing.records import NO_NOTE, OF_NEIGHBOURS, CorrectionReason
from mains_server.documents.operations import make_document, sheets_of_invoices
from mains_server.documents.queries import SHEETS
from mains_server.documents.reasons import BY_ITSELF
from mains_server.documents.records import Cause, DocumentKind, DocumentLanguage, Why
from mains_server.documents.ubl import e_invoice

from tests.server.documents import made
from tests.server.documents.test_printing import printed, text_of
from tests.server.documents.validating import mistakes, terms

LATER = datetime(2023, 3, 10, 8, tzinfo=UTC)
LV, EN, RU = DocumentLanguage.LV, DocumentLanguage.EN, DocumentLanguage.RU
MISTAKE, READING = CorrectionReason.MISTAKE, CorrectionReason.READING


def asked(*, note, reason=MISTAKE, number="S-000001"):
    return CorrectionRequest(document_number=number, reason=reason, note=note, issued_on=LATER.date(), now=LATER)


def noted(note, *, cause=Cause.MISTAKE, is_house=False):
    return replace(made.credit_note(made.sheet()), why=Why(cause=cause, note=note, is_house=is_house))


def notes_of(sheet):
    (told,) = [note for note in terms(e_invoice(sheet), "Note") if note.startswith(("Iemesls", "Reason", "Причина"))]
    return told


async def whys(press, connection):
    """Give why each document was issued, by its number."""
    ids = [row[0] for row in connection.execute("select id from invoice order by id").fetchall()]
    sheets = await sheets_of_invoices(press, invoice_ids=ids)
    return {sheet.number: sheet.why for sheet in sheets.values()}


@pytest.mark.asyncio
async def test_who_gets_a_credit_note_reads_what_the_employee_wrote(town, bill, press, engine):
    town.household()
    bill()
    await take_back_invoice(engine, request=asked(note=" Izrakstīts iepriekšējam īrniekam. "))

    found = await whys(press(), town.connection)
    sheet = (await sheets_of_invoices(press(), invoice_ids=[2]))[2]

    why = Why(cause=Cause.MISTAKE, note="Izrakstīts iepriekšējam īrniekam.", is_house=False)
    assert found == {"S-000001": None, "S-000002": why}
    said = (
        "Atceļ rēķinu S-000001, izrakstītu 10.02.2023. Iemesls: rēķins bija kļūdains. Izrakstīts iepriekšējam īrniekam."
    )
    assert said in text_of(sheet)
    assert notes_of(sheet) == "Iemesls: rēķins bija kļūdains. Izrakstīts iepriekšējam īrniekam."
    assert mistakes(e_invoice(sheet)) == []


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("note", "why"),
    [
        ("98 was read as 89", Why(cause=Cause.READING, note="98 was read as 89", is_house=False)),
        (READ, Why(cause=Cause.READ, note="", is_house=False)),
        (NO_NOTE, Why(cause=Cause.READING, note="", is_house=False)),
    ],
)
async def test_both_documents_of_a_replaced_bill_say_why(town, bill, press, engine, small, note, why):
    town.household()
    bill()
    town.connection.execute("update reading set value = 1098 where counts_for = %s", [date(2023, 2, 1)])
    await correct_invoice(engine, host=small.host_of(), request=asked(note=note, reason=READING))

    assert await whys(press(), town.connection) == {"S-000001": None, "S-000002": why, "S-000003": why}


@pytest.mark.asyncio
async def test_what_was_written_of_one_flat_is_not_printed_for_its_neighbours(town, bill, press, engine, small):
    """The last flat's area is wrong, and no flat has a next bill: each gets a credit note and another bill."""
    town.house()
    bill()
    town.connection.execute("update supply_point set area_m2 = 29.5 where premise = '3'")
    town.connection.execute("update contract set ends = %s where product = 'flat'", [date(2023, 2, 1)])
    note = "Customer 4 measured her flat anew"
    request = asked(note=note, reason=CorrectionReason.ATTRIBUTE, number="S-000003")
    await correct_invoice(engine, host=small.host_of(), request=request)

    found = await whys(press(), town.connection)

    notes = town.connection.execute("select note from correction order by invoice_id").fetchall()
    assert notes == [(OF_NEIGHBOURS,), (OF_NEIGHBOURS,), (note,)]
    why = Why(cause=Cause.ATTRIBUTE, note="", is_house=True)
    assert found == {
        **{f"S-00000{number}": None for number in (1, 2, 3)},
        **{f"S-00000{number}": why for number in (4, 5, 6, 7, 8, 9)},
    }


@pytest.mark.asyncio
async def test_a_sheet_that_was_written_without_a_reason_stays_without(town, bill, press, engine):
    """A credit note of an earlier release: its sheet has no `why`, and its documents are made of that alone."""
    town.household()
    bill()
    await take_back_invoice(engine, request=asked(note="billed by mistake"))
    gathered = (await sheets_of_invoices(press(), invoice_ids=[2]))[2]
    former = {name: value for name, value in orjson.loads(SHEETS.dump_json(gathered)).items() if name != "why"}

    sheet = SHEETS.validate_python(former)

    assert sheet == replace(gathered, why=None)
    assert "Iemesls" not in text_of(sheet) and b"Iemesls" not in e_invoice(sheet)
    for kind in DocumentKind:
        assert make_document(sheet, kind=kind, language=RU) == make_document(
            replace(gathered, why=None), kind=kind, language=RU
        )
        assert make_document(gathered, kind=kind, language=RU) == make_document(gathered, kind=kind, language=RU)


def test_every_note_that_nobody_wrote_has_a_cause():
    """A new one would reach customers as English words of an employee's."""
    assert set(BY_ITSELF) == corrections.BY_ITSELF


@pytest.mark.parametrize("cause", Cause)
@pytest.mark.parametrize(("language", "word"), [(LV, "Iemesls: "), (EN, "Reason: "), (RU, "Причина: ")])
def test_every_cause_is_worded_in_every_language(cause, language, word):
    sheet = replace(noted("", cause=cause, is_house=True), language=language)

    text = text_of(sheet, language)

    assert notes_of(sheet).startswith(word)
    assert notes_of(sheet).split(word)[1] in text
    assert len({notes_of(replace(noted("", cause=one), language=language)) for one in Cause}) == len(Cause)


@pytest.mark.parametrize(
    ("note", "on_paper", "in_xml"),
    [
        (made.EVIL, made.EVIL, made.EVIL),
        ("Причина: счёт\n\nдва раза", "Причина: счёт два раза", "Причина: счёт два раза"),
        ("first\r\nsecond\u2028third", "first second third", "first second third"),
        ("a\x00b\x1fc\x7fd", "ab cd", "ab cd"),
        ("left\u202eright\u200f", "leftright", "left\u202eright\u200f"),
        ("#set page()\n= Title\n/ a: b", "#set page() = Title / a: b", "#set page() = Title / a: b"),
    ],
    ids=["markup", "Cyrillic", "line breaks", "controls", "right to left", "headings"],
)
def test_what_an_employee_wrote_is_data(note, on_paper, in_xml):
    sheet = noted(note)

    said = text_of(sheet, EN)

    assert f"Reason: the invoice was wrong. {on_paper} Invoice E-000007 is not to be paid any more." in said
    assert notes_of(sheet).split(". ", maxsplit=1)[1].split() == in_xml.split()
    assert mistakes(e_invoice(sheet)) == []


@pytest.mark.parametrize(
    "note", ["W" * 1000, "Ķēniņš " * 141 + "beidzas", "Щ" * 1000], ids=["one word", "many", "wide"]
)
def test_a_thousand_signs_stand_whole_within_the_page(note):
    sheet = noted(note)

    pages = printed(sheet, LV).pages
    text = "".join(page.extract_text() for page in pages)

    assert "".join(note.split()) in "".join(text.split())
    assert len(pages) <= 2
    assert note in notes_of(sheet) and mistakes(e_invoice(sheet)) == []
