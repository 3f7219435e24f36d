"""Somebody moves out after estimates that were too high: the last bill is below nothing, and the money comes back."""

from datetime import UTC, date, datetime
from decimal import Decimal

import psycopg
import pytest
from mains_schema.declaring.node import encode_id
from mains_server.billing.records import RunRequest
from mains_server.billing.workers import bill_period
from mains_server.books.queries import check_books
from mains_server.db.engine import make_engine
from mains_server.db.unit_of_work import read_session
from mains_server.payments.queries import balances_of
from mains_server.worker import work_off
from mains_spi import Period
from sqlalchemy import text

from tests.databases import copy_of

pytestmark = [pytest.mark.asyncio, pytest.mark.slow]
MARCH = Period(date(2023, 3, 1), date(2023, 4, 1))
ISSUED = datetime(2023, 4, 10, 8, tzinfo=UTC)
ACCOUNT = """
{ viewer { customers(first: 5) { nodes { number balances { owed { amount } }
    payments(first: 1, orderBy: NEWEST) { nodes { id method amount { amount } unallocated { amount } receivedOn
      reference invoice { number } returned { amount } } } } }
  contracts(first: 3) { nodes { number supplies { supplyPoint { meters { registers { id } } } }
    invoices(first: 1, orderBy: NEWEST) { nodes { number kind status total { amount } openAmount { amount } } } } } } }
"""
SUBMIT = """mutation ($input: ReadingSubmitInput!) { readingSubmit(input: $input) {
  reading { status quality } userErrors { code message } } }"""
HELD = """{ staff { billingRuns(first: 50) { nodes { adapter period { from } heldContracts(first: 9) {
  nodes { id code isAcceptable total { amount } releasedAt acceptedBy contract { number } } } } } } }"""
ACCEPT = """mutation ($input: BillingHoldAcceptInput!) { billingHoldAccept(input: $input) {
  heldContract { acceptedTotal { amount } } userErrors { code message } } }"""
REFUND = """mutation ($input: RefundCreateInput!) { refundCreate(input: $input) {
  refund { id status amount { amount } } userErrors { code message } } }"""
MAKE = """mutation ($input: PayoutFileMakeInput!) { payoutFileMake(input: $input) {
  payoutFile { number url total { amount } } userErrors { code } } }"""
CONFIRM = """mutation ($input: PayoutFileConfirmInput!) { payoutFileConfirm(input: $input) {
  payoutFile { state } userErrors { code } } }"""
CREDIT = """mutation ($input: InvoiceCreditInput!) { invoiceCredit(input: $input) {
  correction { outcome } userErrors { code } } }"""


@pytest.fixture(scope="module")
def demo_address(test_databases, demo_template):
    """Give a demo of its own, since bills are added to it."""
    with copy_of(test_databases.server, template=demo_template) as address:
        yield address


@pytest.fixture
def estimated(demo_address):
    """Have nobody read E-200001 since the first of February: March's first, 40,217, was an estimate. It ends in March.

    Nobody waits for the demo's documents; what the worker makes here is of this story.
    """
    with psycopg.connect(demo_address, autocommit=True) as connection:
        ((register,),) = connection.execute(
            "select r.id from register r join contract_supply_point s"
            " on s.supply_point_id = r.supply_point_id join contract c on c.id = s.contract_id"
            " where c.number = 'E-200001'"
        ).fetchall()
        connection.execute(
            "update reading set quality = 'ESTIMATED', source = 'ESTIMATION'"
            " where register_id = %s and counts_for = '2023-03-01'",
            [register],
        )
        connection.execute("delete from reading where register_id = %s and counts_for > '2023-03-01'", [register])
        connection.execute("update contract set ends = '2023-04-01' where number = 'E-200001'")
        connection.execute("delete from procrastinate_jobs")
    return register


async def runs(address, host):
    """Bill March, as `mains bill` does."""
    engine = make_engine(address=address, connections_max=4)
    request = RunRequest(adapter="electricity_retail", period=MARCH, issued_on=ISSUED.date(), now=ISSUED)
    state = await bill_period(engine, address=address, request=request, host=host)
    await engine.dispose()
    return state


async def proved(address):
    """Prove the books, and give what the customer is owed by the ledger, the documents and the statement, all equal."""
    engine = make_engine(address=address, connections_max=2)
    async with read_session(engine) as session:
        assert (await check_books(session)).findings == ()
        (customer,) = (await session.execute(text("select id from customer where number = '100012'"))).one()
        (balance,) = await balances_of(session, customer_id=customer)
    await engine.dispose()
    assert balance.is_equal
    return balance.ledger, balance.credit


async def of_contract(portal):
    """Give the customer, the contract's newest invoice, and its register."""
    viewer = (await portal.ask(ACCOUNT))["viewer"]
    (contract,) = [node for node in viewer["contracts"]["nodes"] if node["number"] == "E-200001"]
    (register,) = contract["supplies"][0]["supplyPoint"]["meters"][0]["registers"]
    return viewer["customers"]["nodes"][0], contract["invoices"]["nodes"][0], register["id"]


async def held_in_march(clerk):
    nodes = (await clerk.ask(HELD))["staff"]["billingRuns"]["nodes"]
    (run,) = [one for one in nodes if (one["adapter"], one["period"]["from"]) == ("electricity_retail", "2023-03-01")]
    (held,) = [node for node in run["heldContracts"]["nodes"] if node["contract"]["number"] == "E-200001"]
    return held


async def test_the_last_bill_gives_back_what_the_estimates_took(front_end, demo_address, demo_host, estimated):
    async with front_end("owner@demo.example") as portal:
        _, _, register = await of_contract(portal)
        truth = {"registerId": register, "value": "39980", "unit": "kWh", "takenAt": "2023-03-31T10:00:00Z"}
        sent = (await portal.ask(SUBMIT, input={**truth, "idempotencyKey": "moving-out"}))["readingSubmit"]
    assert (sent["userErrors"], sent["reading"]["status"]) == ([], "ACCEPTED")
    await runs(demo_address, demo_host)

    async with front_end("clerk@demo.example") as clerk:
        held = await held_in_march(clerk)
        assert (held["code"], held["isAcceptable"]) == ("negative_total", True)
        total = held["total"]["amount"]
        # 237 kWh fewer at 0.238 and 0.04076 are -56.41 and -9.66, the network's month 1.24: -64.83, with 21 % -78.44.
        assert total == "-78.44"
        asked = {"holdId": held["id"], "total": total, "note": "read as he moved out", "idempotencyKey": "a"}
        accepted = (await clerk.ask(ACCEPT, input=asked))["billingHoldAccept"]
        assert (accepted["userErrors"], accepted["heldContract"]["acceptedTotal"]) == ([], {"amount": total})
        await work_off(address=demo_address, until_empty=True)
        held = await held_in_march(clerk)
        assert held["releasedAt"] is not None

    given = Decimal("78.44")
    assert await proved(demo_address) == (-given, given)
    payment = await seen(front_end, total=total)
    await refunded(front_end, demo_address, payment=payment, amount=str(given))
    assert await proved(demo_address) == (Decimal("0.00"), Decimal(0))


async def seen(front_end, *, total):
    """Have the customer see the bill, what it gave, and that nothing is to be paid; give the payment."""
    async with front_end("owner@demo.example") as portal:
        customer, invoice, _ = await of_contract(portal)
    (payment,) = customer["payments"]["nodes"]
    amount = total.removeprefix("-")
    assert (invoice["kind"], invoice["status"], invoice["total"]["amount"]) == ("FINAL", "PAID", total)
    assert invoice["openAmount"]["amount"] == "0.00"
    assert customer["balances"] == [{"owed": {"amount": total}}]
    assert (payment["method"], payment["invoice"]["number"]) == ("INVOICE", invoice["number"])
    assert (payment["amount"]["amount"], payment["unallocated"]["amount"]) == (amount, amount)
    return payment


async def refunded(front_end, address, *, payment, amount):
    """Have a clerk ask for the refund, and an administrator send it; then the bill cannot be taken back any more."""
    with psycopg.connect(address) as connection:
        ((ours, invoice),) = connection.execute(
            "select s.iban, i.id from invoice i join seller s on s.id = i.seller_id where i.document_number = %s",
            [payment["invoice"]["number"]],
        ).fetchall()
    asked = {
        "paymentId": payment["id"],
        "amount": amount,
        "reason": "moved out",
        "iban": "DE89370400440532013000",
        "payeeName": "Jānis Bērziņš",
        "idempotencyKey": "r",
    }
    async with front_end("clerk@demo.example") as clerk, front_end("admin@demo.example") as admin:
        refund = (await clerk.ask(REFUND, input=asked))["refundCreate"]
        assert (refund["userErrors"], refund["refund"]["amount"]) == ([], {"amount": amount})
        made = (await admin.ask(MAKE, input={"fromIban": ours, "idempotencyKey": "f"}))["payoutFileMake"]
        assert (made["userErrors"], made["payoutFile"]["total"]) == ([], {"amount": amount})
        await admin.client.get(made["payoutFile"]["url"], headers=admin.headers)
        sent = (await admin.ask(CONFIRM, input={"number": made["payoutFile"]["number"]}))["payoutFileConfirm"]
        assert (sent["userErrors"], sent["payoutFile"]["state"]) == ([], "CONFIRMED")
        back = {"invoiceId": encode_id(type_name="Invoice", number=invoice), "note": "no", "idempotencyKey": "c"}
        refused = (await clerk.ask(CREDIT, input=back))["invoiceCredit"]
    assert [one["code"] for one in refused["userErrors"]] == ["CREDIT_REFUNDED"]
