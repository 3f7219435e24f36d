"""A customer has invoices shown in the internet bank; the utility makes the bank's file and hands it over."""

import psycopg
import pytest
from lxml import etree
from mains_server.demo.cast import CLERK, OWNER

pytestmark = pytest.mark.asyncio
SWEDBANK, SEB = "LV62 HABA 0551 2345 6789 0", "LV02UNLA0050123456789"
NEWEST = "{ viewer { contracts(first: 1) { nodes { id delivery invoices(first: 1) { nodes { id number } } } } } }"
CHOOSE = """mutation ($input: ContractDeliveryChangeInput!) { contractDeliveryChange(input: $input) {
  contract { delivery } userErrors { code path } } }"""
SEND = """mutation ($input: InvoiceDeliverInput!) { invoiceDeliver(input: $input) {
  deliveries { channel state } userErrors { code } } }"""
MAKE = """mutation ($input: BankEinvoiceFilesMakeInput!) { bankEinvoiceFilesMake(input: $input) {
  files { number fileName bank invoices total { amount currency } url handedOverAt } userErrors { code } } }"""
HAND = """mutation ($input: BankEinvoiceFileHandOverInput!) { bankEinvoiceFileHandOver(input: $input) {
  files { number handedOverAt } userErrors { code } } }"""
DELIVERIES = """query ($id: ID!) { node(id: $id) { ... on Invoice { deliveries { channel state
  receipts { address outcome detail files } } } } }"""


async def choose(owner, contract, key, **given):
    """Choose a delivery, and give what became of it."""
    asked = {"contractId": contract, "idempotencyKey": key, **given}
    answer = (await owner.ask(CHOOSE, input=asked))["contractDeliveryChange"]
    return answer["contract"], [(one["code"], one["path"]) for one in answer["userErrors"]]


async def test_an_invoice_in_the_internet_bank(front_end, demo_address):
    async with front_end(OWNER.email) as owner, front_end(CLERK.email) as clerk:
        (contract,) = (await owner.ask(NEWEST))["viewer"]["contracts"]["nodes"]
        (invoice,) = contract["invoices"]["nodes"]
        await has_its_account_chosen(owner, contract["id"])
        be_due_later(demo_address, invoice["number"])
        asked = {"invoiceId": invoice["id"], "channel": "BANK", "idempotencyKey": "bank"}
        assert (await clerk.ask(SEND, input=asked))["invoiceDeliver"]["deliveries"][-1]["state"] == "WAITING"

        file = await made_once(owner, clerk)
        await downloaded_alike(owner, clerk, file=file, invoice=invoice["number"])
        done = await handed_over_once(clerk, file["number"])

        seen = (await owner.ask(DELIVERIES, id=invoice["id"]))["node"]["deliveries"]
        listed = (await clerk.ask("{ staff { bankEinvoiceFiles { number handedOverAt } } }"))["staff"]
        back = await choose(owner, contract["id"], "f", delivery=contract["delivery"])
    assert back == ({"delivery": contract["delivery"]}, [])
    assert listed["bankEinvoiceFiles"] == [done]
    assert [(one["channel"], one["state"]) for one in seen] == [("BANK", "DELIVERED")]
    assert seen[0]["receipts"] == [
        {
            "address": "LV62HABA…7890",
            "outcome": "HANDED_OVER",
            "detail": f"HABALV22, file {file['number']}",
            "files": [file["fileName"]],
        }
    ]


async def has_its_account_chosen(owner, contract):
    """Choose accounts, of which the last one is at Swedbank; what cannot be is refused by name."""
    assert await choose(owner, contract, "a", delivery="BANK") == (None, [("IBAN_MALFORMED", "iban")])
    elsewhere = await choose(owner, contract, "b", delivery="BANK", iban="DE89370400440532013000")
    assert elsewhere == (None, [("BANK_NOT_SERVED", "iban")])
    assert await choose(owner, contract, "c", delivery="BANK", iban=SEB) == ({"delivery": "BANK"}, [])
    same = await choose(owner, contract, "d", delivery="BANK", iban=SEB)
    assert same == (None, [("NOTHING_CHANGES", None)])
    assert await choose(owner, contract, "e", delivery="BANK", iban=SWEDBANK) == ({"delivery": "BANK"}, [])


def be_due_later(address, number):
    """Have an invoice due in two weeks: the demo's were due long ago, and no bank takes those."""
    with psycopg.connect(address) as connection:
        connection.execute("alter table invoice disable trigger user")
        connection.execute(
            "update invoice set due_on = current_date + 14 where document_number = %s",
            (number,),
        )
        connection.execute("alter table invoice enable trigger user")


async def made_once(owner, clerk):
    """Make the bank's file, which customers may not."""
    refused = await owner.answer(MAKE, input={"idempotencyKey": "owner"})
    made = (await clerk.ask(MAKE, input={"idempotencyKey": "make"}))["bankEinvoiceFilesMake"]
    again = (await clerk.ask(MAKE, input={"idempotencyKey": "make"}))["bankEinvoiceFilesMake"]
    none = (await clerk.ask(MAKE, input={"idempotencyKey": "more"}))["bankEinvoiceFilesMake"]
    (file,) = made["files"]
    assert refused["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert (again, none["userErrors"]) == (made, [{"code": "NO_BANK_INVOICES"}])
    assert (file["bank"], file["invoices"], file["handedOverAt"]) == ("HABALV22", 1, None)
    return file


async def downloaded_alike(owner, clerk, *, file, invoice):
    """Take the file twice, byte for byte the same, which only employees may."""
    for headers in ({}, owner.headers):
        assert (await owner.client.get(file["url"], headers=headers)).status_code == 404
    first = await clerk.client.get(file["url"], headers=clerk.headers)
    second = await clerk.client.get(file["url"], headers=clerk.headers)
    assert first.content == second.content and file["fileName"] in first.headers["content-disposition"]
    written = etree.fromstring(first.content)
    assert written.find("Invoice").get("invoiceId") == invoice
    assert written.find("Invoice").get("channelAddress") == SWEDBANK.replace(" ", "")
    assert written.findtext("Footer/TotalAmount") == file["total"]["amount"]


async def handed_over_once(clerk, number):
    """Mark the file as handed over; a second time is refused."""
    asked = {"number": number, "idempotencyKey": "hand"}
    (done,) = (await clerk.ask(HAND, input=asked))["bankEinvoiceFileHandOver"]["files"]
    twice = (await clerk.ask(HAND, input={**asked, "idempotencyKey": "twice"}))["bankEinvoiceFileHandOver"]
    assert done["handedOverAt"] is not None and twice["userErrors"] == [{"code": "BANK_FILE_HANDED_OVER"}]
    return done
