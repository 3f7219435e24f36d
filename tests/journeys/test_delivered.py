"""An invoice is sent once more by mail and opened by its reader; another is printed and posted."""

import zipfile
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from io import BytesIO
from typing import Any

import psycopg
import pytest
from lxml import etree
from mains_server.commands.delivery import day_of_mail
from mains_server.db.engine import make_engine
from mains_server.demo.cast import OPERATOR, OWNER
from mains_server.settings import Settings

from tests.server.delivery.conftest import Desk, mail_server

pytestmark = pytest.mark.asyncio
NEWEST = "{ viewer { contracts(first: 1) { nodes { invoices(first: 1) { nodes { id number } } } } } }"
SEND = """mutation ($input: InvoiceDeliverInput!) { invoiceDeliver(input: $input) {
  deliveries { channel state } userErrors { code } } }"""
PRINT = """mutation ($input: PrintMailingMakeInput!) { printMailingMake(input: $input) {
  mailing { number letters url } userErrors { code } } }"""
DELIVERIES = """query ($id: ID!) { node(id: $id) { ... on Invoice { deliveries { number channel state
  receipts { address outcome detail files } } } } }"""


async def test_an_invoice_by_mail_and_by_post(front_end, demo_address):
    async with front_end(OWNER.email) as owner, front_end(OPERATOR.email) as operator:
        (contract,) = (await owner.ask(NEWEST))["viewer"]["contracts"]["nodes"]
        (invoice,) = contract["invoices"]["nodes"]
        refused = await owner.answer(
            SEND, input={"invoiceId": invoice["id"], "channel": "EMAIL", "idempotencyKey": "m"}
        )
        assert refused["errors"][0]["extensions"]["code"] == "FORBIDDEN"
        give_address(demo_address, invoice["number"])

        sent: dict[str, Any] = {}
        for channel in ("EMAIL", "POST"):
            for _ in range(2):
                asked = {"invoiceId": invoice["id"], "channel": channel, "idempotencyKey": f"send {channel}"}
                sent = (await operator.ask(SEND, input=asked))["invoiceDeliver"]
                assert sent["userErrors"] == []
        begun = {one["channel"]: one["state"] for one in sent["deliveries"]}
        assert (begun["EMAIL"], begun["POST"]) == ("WAITING", "WAITING")

        mail = await the_mail_of(demo_address)
        assert mail["to"] == "anna@example.lv" and invoice["number"] in mail["subject"]
        pdf, xml = mail.iter_attachments()
        assert pdf.get_content()[:5] == b"%PDF-"
        numbers = etree.fromstring(xml.get_payload(decode=True)).xpath("/*/*[local-name()='ID']/text()")
        assert numbers == [invoice["number"]]

        made = (await operator.ask(PRINT, input={"idempotencyKey": "print"}))["printMailingMake"]
        again = (await operator.ask(PRINT, input={"idempotencyKey": "print again"}))["printMailingMake"]
        assert (made["mailing"]["letters"], again["userErrors"]) == (1, [{"code": "NO_LETTERS"}])
        path = made["mailing"]["url"]
        assert (await owner.client.get(path, headers=owner.headers)).status_code == 404
        assert (await owner.client.get(path)).status_code == 404
        packed = await operator.client.get(path, headers=operator.headers)
        with zipfile.ZipFile(BytesIO(packed.content)) as archive:
            index, letter = archive.namelist()
            assert invoice["number"] in archive.read(index).decode("utf-8-sig")
            assert archive.read(letter)[:5] == b"%PDF-"

        found = (await owner.ask(DELIVERIES, id=invoice["id"]))["node"]["deliveries"]
        seen = [one for one in found if one["channel"] in ("EMAIL", "POST")]  # other journeys use this demo, too
    assert [(one["channel"], one["state"], one["receipts"][0]["outcome"]) for one in seen] == [
        ("EMAIL", "DELIVERED", "ACCEPTED"), ("POST", "DELIVERED", "PRINTED"),
    ]  # fmt: skip
    assert seen[0]["receipts"][0]["address"] == "anna@example.lv"
    assert len(seen[0]["receipts"][0]["files"]) == 2


def give_address(address: str, number: str) -> None:
    """Give the invoice's customer an address."""
    with psycopg.connect(address) as connection:
        connection.execute(
            "update customer set email = 'anna@example.lv' where id ="
            " (select customer_id from invoice where document_number = %s)",
            [number],
        )


async def the_mail_of(address: str):
    """Send what is due to a mail server on this machine, and give the one mail."""
    engine, desk = make_engine(address=address, connections_max=3), Desk()
    async with mail_server(desk) as port:
        settings = Settings(smtp_host="127.0.0.1", smtp_port=port, smtp_tls="none", mail_sender="a@demo.example")
        counts = await day_of_mail(engine, settings=settings, now=datetime.now(UTC))
    await engine.dispose()
    assert counts == {"delivered": 1}
    (content,) = desk.taken
    return message_from_bytes(content, policy=default)
