"""A billed estimate, then the truth: a household gets a credit note, a new invoice, and a right balance."""

import asyncio
import json
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import orjson
import psycopg
import pytest
from mains_kit.stored import replay_document
from mains_server.billing.preview import preview_with_usage
from mains_server.billing.records import PreviewRequest
from mains_server.db.engine import make_engine
from mains_server.db.unit_of_work import read_session
from mains_server.invoices.queries import draft_of, invoice_by_number
from mains_server.invoices.records import InvoiceKind
from mains_spi import Period

from tests.databases import copy_of

pytestmark = [pytest.mark.asyncio, pytest.mark.slow]


@pytest.fixture(scope="module")
def demo_address(test_databases, demo_template):
    """Give a demo of its own, since documents are added to it."""
    with copy_of(test_databases.server, template=demo_template) as address:
        yield address


CONTRACT = """
{ viewer { contracts(first: 3) { nodes { number invoices(first: 3) { nodes {
    id number kind status total { amount } corrects { number } replaces { number } creditedBy { number }
    replacedBy { number } corrections { outcome difference { amount } } lines { quantity { value } }
  } } supplies { supplyPoint { meters { registers { id } } } } } }
  customers(first: 5) { nodes { number balances { owed { amount } } } } } }
"""
VERIFIED = """query ($id: ID!) { node(id: $id) { ... on Invoice {
  verification { outcome differences { position stored now } reason } } } }"""
EXPLAINED = """
{ viewer { contracts(first: 2) { nodes { invoices(first: 2) { nodes {
    lines { code net { amount } explanation { text document } } } } } } } }
"""
SUBMIT = """mutation ($input: ReadingSubmitInput!) { readingSubmit(input: $input) {
  reading { status quality } userErrors { code message } } }"""
SETTLE = """mutation ($input: CorrectionsSettleInput!) { correctionsSettle(input: $input) {
  replaced onNextBill unchanged stillDue { number code } userErrors { code } } }"""
CORRECT = """mutation ($input: InvoiceCorrectInput!) { invoiceCorrect(input: $input) {
  correction { outcome } userErrors { code message path } } }"""
DUE = "{ staff { correctionsDue(first: 9) { nodes { settledAt invoice { number } } } } }"


async def contract_of(portal, number):
    viewer = (await portal.ask(CONTRACT))["viewer"]
    (contract,) = [node for node in viewer["contracts"]["nodes"] if node["number"] == number]
    return contract, viewer["customers"]["nodes"]


def estimated(address, number):
    """Have the last billed month's end be an estimate that nobody has read yet, as a run books it."""
    with psycopg.connect(address) as connection:
        return connection.execute(
            "update reading a set quality = 'ESTIMATED', source = 'ESTIMATION' from contract c"
            " join contract_supply_point s on s.contract_id = c.id"
            " where c.number = %s and a.supply_point_id = s.supply_point_id and a.counts_for = '2023-03-01'"
            " returning a.register_id, a.value",
            [number],
        ).fetchall()


async def test_a_preview_equals_the_issue_for_everybody_in_every_month(demo_address, demo_host, tmp_path):
    """Every bill of the demo's year, worked out again as if it had not been issued, is the bill that was issued.

    What `mains-kit rate` makes of the explanations of its lines are the lines' cents.
    """
    wanted = """
        select i.document_number, i.contract_id, i.adapter, i.period_from, i.period_to, i.issued_on from invoice i
        where i.kind <> 'CREDIT' and i.corrects_invoice_id is null and not exists (
            select from invoice c where c.corrects_invoice_id = i.id)
        order by i.id
    """
    engine = make_engine(address=demo_address, connections_max=1)
    differ, replayed = [], 0
    with psycopg.connect(demo_address) as connection:
        rows = connection.execute(wanted).fetchall()
        async with read_session(engine) as session:
            for number, contract, adapter, starts, ends, issued_on in rows:
                request = PreviewRequest(
                    contract_id=contract, period=Period(starts, ends), issued_on=issued_on, is_anew=True
                )
                found = preview_with_usage(connection, adapter=demo_host.adapter(adapter), request=request)
                issued = await draft_of(session, invoice=await invoice_by_number(session, document_number=number))
                lines = nets_by_the_kit(found, path=tmp_path / "lines.json")
                replayed += len(lines)
                # Only the settlement itself knows that it is one; a preview of the same days is a regular bill.
                is_settled = issued.kind is InvoiceKind.SETTLEMENT
                bill = replace(found.bill, kind=issued.kind) if is_settled else found.bill
                if (bill, lines) != (issued, [line.net for line in issued.lines]):
                    differ.append(number)
    await engine.dispose()

    assert len(rows) > 990
    assert replayed > 5000
    assert differ == []


def nets_by_the_kit(found, *, path):
    """Have a file with the explanations of a bill's lines replayed, as `mains-kit rate` does."""
    path.write_bytes(orjson.dumps([dict(reason.why) for reason in found.reasons]))
    return [line.net for line in replay_document(path=path, adapter=None, product=None)]


async def test_a_true_reading_corrects_an_estimate_by_documents(front_end, demo_address, demo_rows):
    ((_, value),) = estimated(demo_address, "E-200001")
    async with front_end("owner@demo.example") as portal:
        before, customers = await contract_of(portal, "E-200001")
        owed = {one["number"]: Decimal(one["balances"][0]["owed"]["amount"]) for one in customers}
        (register,) = before["supplies"][0]["supplyPoint"]["meters"][0]["registers"]
        told = {
            "registerId": register["id"],
            "value": str(value - 10),
            "unit": "kWh",
            "takenAt": "2023-02-28T10:00:00Z",
        }
        sent = (await portal.ask(SUBMIT, input={**told, "unit": "kWh", "idempotencyKey": "the-truth"}))["readingSubmit"]
    wrong = before["invoices"]["nodes"][0]

    async with front_end("clerk@demo.example") as staff:
        due = (await staff.ask(DUE))["staff"]["correctionsDue"]["nodes"]
        first = (await staff.ask(SETTLE, input={"idempotencyKey": "monday"}))["correctionsSettle"]
        again = (await staff.ask(SETTLE, input={"idempotencyKey": "tuesday"}))["correctionsSettle"]
        asked = {"reason": "READING", "note": "twice", "idempotencyKey": "once-more"}
        refused = (await staff.ask(CORRECT, input={**asked, "invoiceId": wrong["id"]}))["invoiceCorrect"]
    async with front_end("owner@demo.example") as portal:
        after, customers = await contract_of(portal, "E-200001")
        now_owed = {one["number"]: Decimal(one["balances"][0]["owed"]["amount"]) for one in customers}
        verified = {
            node["number"]: (await portal.ask(VERIFIED, id=node["id"]))["node"]["verification"]["outcome"]
            for node in after["invoices"]["nodes"]
        }
        forbidden = await portal.answer(CORRECT, input={**asked, "invoiceId": wrong["id"]})

    assert (sent["reading"]["status"], sent["userErrors"]) == ("ACCEPTED", [])
    assert [(one["invoice"]["number"], one["settledAt"]) for one in due] == [(wrong["number"], None)]
    assert (first["replaced"], first["stillDue"], again["replaced"]) == (1, [], 0)
    documents = {node["number"]: node for node in after["invoices"]["nodes"]}
    old = documents[wrong["number"]]
    note, new = documents[old["creditedBy"]["number"]], documents[old["replacedBy"]["number"]]
    assert (old["status"], note["kind"], new["kind"]) == ("CREDITED", "CREDIT", "REGULAR")
    assert (note["corrects"], new["replaces"]) == ({"number": old["number"]}, {"number": old["number"]})
    difference = Decimal(new["total"]["amount"]) - Decimal(old["total"]["amount"])
    assert difference < 0
    assert [one["outcome"] for one in old["corrections"]] == ["REPLACED"]
    assert Decimal(old["corrections"][0]["difference"]["amount"]) == difference
    energy = [Decimal(one["lines"][0]["quantity"]["value"]) for one in (old, new)]
    assert energy[0] - energy[1] == 10
    assert sum(now_owed.values()) - sum(owed.values()) == difference
    assert refused["userErrors"][0]["code"] == "INVOICE_CREDITED"
    assert new["number"] in refused["userErrors"][0]["message"]
    assert forbidden["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert [verified[node["number"]] for node in (new, old, note)] == ["EQUAL", "EQUAL", "NOT_VERIFIABLE"]


async def test_what_the_api_explains_is_replayed_by_the_kit(front_end, tmp_path):
    """The answer of the API is a file that `mains-kit rate` works out again, to the cents that stand beside it."""
    async with front_end("owner@demo.example") as portal:
        answer = await portal.ask(EXPLAINED)
    file = tmp_path / "answer.json"
    file.write_text(json.dumps(answer))
    lines = [
        line
        for contract in answer["viewer"]["contracts"]["nodes"]
        for invoice in contract["invoices"]["nodes"]
        for line in invoice["lines"]
        if line["explanation"] is not None
    ]

    command = [str(Path(sys.executable).parent / "mains-kit"), "rate", str(file), "--json"]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    replayed = json.loads(done.stdout)
    assert len(replayed["lines"]) == len(lines) > 5
    assert sum(Decimal(line["net"]) for line in replayed["lines"]) == sum(
        Decimal(line["net"]["amount"]) for line in lines
    )
