"""People take a year's invoices away, over HTTP, on the demo's year; strangers take nothing."""

import csv
import io
import zipfile
from datetime import date
from decimal import Decimal
from hashlib import sha256

import psycopg
import pypdf
import pytest
from mains_server.adapters.loading import load_adapters
from mains_server.db.addresses import asyncpg_url
from mains_server.db.engine import make_engine
from mains_server.documents.operations import Press, sheets_of_invoices
from mains_server.documents.ubl import e_invoice

from tests.server.documents.made import credit_note
from tests.server.documents.validating import mistakes

pytestmark = pytest.mark.asyncio

DOCUMENTS = "documents(language: $language) { kind language mediaType url expiresAt sha256 size }"
YEAR = f"""query ($language: DocumentLanguage) {{ viewer {{ contracts(first: 5) {{ nodes {{
  number
  invoices(first: 12, orderBy: OLDEST) {{ nodes {{ id number total {{ amount }} {DOCUMENTS} }} }}
  invoiceArchive(period: {{from: "2022-04-01", to: "2023-04-01"}}, language: $language) {{ zipUrl csvUrl }}
}} }} customers(first: 1) {{ nodes {{
  invoiceArchive(period: {{from: "2022-04-01", to: "2023-04-01"}}) {{ zipUrl csvUrl expiresAt }} }} }} }} }}"""
BY_ID = f"query ($id: ID!, $language: DocumentLanguage) {{ node(id: $id) {{ ... on Invoice {{ {DOCUMENTS} }} }} }}"
SIGN_OUT = "mutation { sessionRevoke { userErrors { code } } }"


async def year_of(portal, language=None):
    viewer = (await portal.ask(YEAR, language=language))["viewer"]
    return {contract["number"]: contract for contract in viewer["contracts"]["nodes"]}, viewer["customers"]["nodes"]


async def saved(portal, url):
    answer = await portal.client.get(url)
    assert answer.status_code == 200, answer.text
    return answer.content


async def test_the_owner_takes_a_years_invoices_away(front_end):
    async with front_end("owner@demo.example") as portal:
        contracts, _ = await year_of(portal)
        heat = contracts["H-100012"]["invoices"]["nodes"]
        last = {one["kind"]: one for one in heat[-1]["documents"]}
        pdf, xml, table = [await saved(portal, last[kind]["url"]) for kind in ("PDF", "XML", "CSV")]
        again = (await portal.ask(BY_ID, id=heat[-1]["id"]))["node"]["documents"]

    assert len(heat) == 12
    text = "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages)
    assert heat[-1]["number"] in text and "Valsts atbalsts siltumenerģijai" in text
    assert list(pypdf.PdfReader(io.BytesIO(pdf)).attachments) == [f"{heat[-1]['number']}.xml"]
    assert mistakes(xml) == []
    rows = list(csv.DictReader(io.StringIO(table.decode("utf-8-sig")), delimiter=";"))
    assert [row["Pakalpojums"] for row in rows][-1] == "Valsts atbalsts siltumenerģijai"
    for content, one in zip((pdf, xml, table), again, strict=True):
        assert (one["sha256"], one["size"]) == (sha256(content).hexdigest(), len(content))


async def test_the_owner_opens_the_archive_of_the_year(front_end):
    async with front_end("owner@demo.example") as portal:
        contracts, (customer,) = await year_of(portal, "EN")
        power = contracts["E-200001"]
        packed = await saved(portal, power["invoiceArchive"]["zipUrl"])
        table = await saved(portal, customer["invoiceArchive"]["csvUrl"])

    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        names = archive.namelist()
        assert len(names) == 36
        assert archive.read(f"{power['invoices']['nodes'][0]['number']}-en.pdf").startswith(b"%PDF")
    rows = list(csv.DictReader(io.StringIO(table.decode("utf-8-sig")), delimiter=";"))
    totals = {row["Rēķins"]: Decimal(row["Rēķina kopsumma"].replace(",", ".")) for row in rows}
    wanted = {
        one["number"]: Decimal(one["total"]["amount"]) for c in contracts.values() for one in c["invoices"]["nodes"]
    }
    assert totals == wanted


async def test_a_stranger_gets_no_link_and_opens_none(front_end):
    async with front_end("owner@demo.example") as portal:
        contracts, _ = await year_of(portal)
        invoice = contracts["H-100012"]["invoices"]["nodes"][0]
        url = invoice["documents"][0]["url"]
        changed = await portal.client.get(url[:-1] + ("A" if url[-1] != "A" else "B"))

    async with front_end("neighbour@demo.example") as portal:
        assert await portal.ask(BY_ID, id=invoice["id"]) == {"node": None}
    assert (changed.status_code, changed.json()["code"]) == (404, "DOCUMENT_UNKNOWN")


async def test_the_link_ends_when_the_asker_signs_out(front_end):
    async with front_end("owner@demo.example") as portal:
        contracts, _ = await year_of(portal)
        url = contracts["E-200001"]["invoices"]["nodes"][0]["documents"][1]["url"]
        assert (await portal.client.get(url)).status_code == 200

        await portal.ask(SIGN_OUT)

        assert (await portal.client.get(url)).json()["code"] == "DOCUMENT_UNKNOWN"


async def test_a_delegate_whose_right_ends_gets_nothing_from_then_on(front_end, demo_address):
    async with front_end("delegate@demo.example") as portal:
        contracts, _ = await year_of(portal)
        url = contracts["H-100012"]["invoices"]["nodes"][0]["documents"][2]["url"]
        assert (await portal.client.get(url)).status_code == 200
        ends = "update access_grant set ends_at = {} where role = 'DELEGATE' returning id"
        with psycopg.connect(demo_address, autocommit=True) as connection:
            connection.execute(ends.format("now()"))
            try:
                answer = await portal.client.get(url)
            finally:
                connection.execute(ends.format("null"))

    assert (answer.status_code, answer.json()["code"]) == (404, "DOCUMENT_UNKNOWN")


async def test_an_employee_takes_any_invoice_away(front_end):
    asked = "{ staff { invoices(first: 1) { nodes { documents { kind url } } } } }"
    async with front_end("operator@demo.example") as desk:
        (invoice,) = (await desk.ask(asked))["staff"]["invoices"]["nodes"]
        content = await saved(desk, invoice["documents"][1]["url"])

    assert mistakes(content) == []


async def test_a_period_that_cannot_be_is_refused(front_end):
    archive = 'invoiceArchive(period: {from: "2023-04-01", to: "%s"}) { zipUrl }'
    asked = f"{{ viewer {{ contracts(first: 1) {{ nodes {{ {archive} }} }} }} }}"
    async with front_end("owner@demo.example") as portal:
        codes = [
            (await portal.answer(asked % ends))["errors"][0]["extensions"]["code"]
            for ends in ("2023-04-01", "2022-04-01", "2040-04-01")
        ]

    assert codes == ["BAD_INPUT"] * 3


@pytest.mark.slow
async def test_every_e_invoice_of_the_year_and_its_credit_note_keep_the_rules(demo_address, demo_rows, today):
    engine = make_engine(address=asyncpg_url(demo_address).render_as_string(hide_password=False), connections_max=2)
    press = Press(engine=engine, host=load_adapters(on=date(2023, 3, 1)), now=today)
    ids = [row[0] for row in demo_rows("select id from invoice order by id")]
    found = {}
    for start in range(0, len(ids), 100):
        sheets = await sheets_of_invoices(press, invoice_ids=ids[start : start + 100])
        assert all(line.explanation for sheet in sheets.values() for line in sheet.lines)
        notes = [credit_note(sheet) for sheet in sheets.values()]
        found |= {
            (one.number, one.kind): wrong for one in (*sheets.values(), *notes) if (wrong := mistakes(e_invoice(one)))
        }
    await engine.dispose()

    assert len(ids) >= 996
    assert found == {}
