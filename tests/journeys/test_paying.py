"""Paying over HTTP on the demo's utility: from the portal, for a grandmother, a year ahead, back, and taken back."""

import json
import threading
import urllib.parse
import urllib.request
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from queue import Queue
from typing import Any

import httpx2
import pytest
from mains_payment_sandbox.serving import Sandbox
from mains_payment_sandbox.signing import signature
from mains_schema.declaring.node import encode_id
from mains_server.app import make_app
from mains_server.db.engine import make_engine
from mains_server.settings import Mode, Settings

from tests.databases import copy_of
from tests.journeys.conftest import FrontEnd

pytestmark = pytest.mark.asyncio
KEY = "key-of-the-journeys-sandbox"
MINE = """
{ viewer { customers(first: 1) { nodes { id number balances { owed { amount } }
    payments(first: 1, filter: { receivedFrom: "2026-01-01" }) { nodes { id amount { amount } unallocated { amount }
        returned { amount } allocations { invoice { number } } } } } }
  contracts(first: 9) { nodes { id number } } } }
"""
OPEN = (
    "{ viewer { customers(first: 1) { nodes { invoices(first: 40) { nodes { id number openAmount { amount } } } } } } }"
)
PAY = """
mutation ($input: PaymentCreateInput!) { paymentCreate(input: $input) {
    paymentIntent { id status pageUrl amount { amount } payee reference payment { id } }
    userErrors { code path } } }
"""
STATUS = "query ($id: ID!) { node(id: $id) { ... on PaymentIntent { status payment { id amount { amount } } } } }"
REFUND = """
mutation ($input: RefundCreateInput!) { refundCreate(input: $input) {
    refund { status amount { amount } payment { unallocated { amount } returned { amount } } } userErrors { code } } }
"""
PAYABLE = "query ($r: String!) { payable(reference: $r) { payee reference amount { amount currency } dueOn } }"


@pytest.fixture
def sandbox():
    served: Any = Sandbox(port=0, webhooks="http://127.0.0.1:9/payments/webhooks", key=KEY)
    heard: Any = Queue()

    def tell(events, *, provider, **how):
        for kind, told in events:
            if told:
                heard.put((provider, kind, told))

    served.messenger.tell = tell
    threading.Thread(target=served.serve, daemon=True).start()
    served.heard = heard
    yield served
    served.stop()


@pytest.fixture(scope="module")
def demo_address(test_databases, demo_template):
    """Give the demo's year to these stories alone: what is open is theirs to pay."""
    with copy_of(test_databases.server, template=demo_template) as address:
        yield address


@pytest.fixture
def counter(demo_address, demo_host, sandbox):
    """Give what opens a front end of a server that knows the sandbox."""

    @asynccontextmanager
    async def opened(email):
        codes = ("sandbox", "sandbox_card")
        settings = Settings(
            mode=Mode.DEMO,
            payment_addresses=dict.fromkeys(codes, sandbox.address),
            payment_secrets={f"{code}.key": KEY for code in codes},
        )
        engine = make_engine(address=demo_address, connections_max=5)
        app = make_app(engine=engine, settings=settings, host=demo_host)
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://mains.test") as client:
            found = FrontEnd(client)
            await found.sign_in(email)
            yield found
        await engine.dispose()

    return opened


def press(page_url, choice="pay"):
    """Look at the hosted page as a payer does, and press a button."""
    with urllib.request.urlopen(page_url) as answer:
        page = answer.read().decode()
    body = urllib.parse.urlencode({"choice": choice, "manner": "prompt"}).encode()
    with urllib.request.urlopen(page_url, data=body) as answer:
        return page, answer.read().decode()


async def tell(portal, sandbox, kind):
    """Bring the provider's next event of a kind to the server, signed as it signs."""
    while True:
        provider, found, told = sandbox.heard.get(timeout=30)
        if found == kind:
            break
    now = datetime.now(UTC)
    about = "refund" if "refundReference" in told else "payment"
    event = {"id": f"evt_{kind}_{now.timestamp()}", "type": kind, "occurredAt": now.isoformat(), about: told}
    body = json.dumps(event).encode()
    headers = {"sandbox-signature": signature(key=KEY, body=body, timestamp=int(now.timestamp()))}
    answer = await portal.client.post(f"/payments/webhooks/{provider}", content=body, headers=headers)
    return answer.status_code, answer.json()["code"]


async def mine(portal):
    data = (await portal.ask(MINE))["viewer"]
    customer = data["customers"]["nodes"][0]
    contracts = {one["number"]: one["id"] for one in data["contracts"]["nodes"]}
    return customer, contracts


async def paid(portal, sandbox, **what):
    """Begin a payment, pay on the hosted page, and let the provider tell."""
    answer = (await portal.ask(PAY, input={"provider": "sandbox", **what}))["paymentCreate"]
    assert answer["userErrors"] == [], answer
    intent = answer["paymentIntent"]
    assert intent["status"] == "PENDING"
    page, after = press(intent["pageUrl"])
    assert intent["amount"]["amount"] in page
    assert "paid" in after
    assert await tell(portal, sandbox, "payment.captured") == (200, "APPLIED")
    found = (await portal.ask(STATUS, id=intent["id"]))["node"]
    assert found["status"] == "CAPTURED"
    return intent, found


async def test_a_year_ahead_is_paid_refunded_taken_back_by_the_bank_and_given_again(counter, sandbox):
    async with counter("neighbour@demo.example") as portal:
        before, contracts = await mine(portal)
        owed = Decimal(before["balances"][0]["owed"]["amount"])
        contract = next(iter(contracts.values()))

        _, found = await paid(portal, sandbox, contractId=contract, amount="1200.00", idempotencyKey="year")
        after, _ = await mine(portal)
        assert Decimal(after["balances"][0]["owed"]["amount"]) == owed - Decimal("1200.00")
        credit = Decimal(after["payments"]["nodes"][0]["unallocated"]["amount"])
        assert credit == Decimal("1200.00") - max(owed, Decimal(0))

        asked = {"paymentId": found["payment"]["id"], "amount": "100.00", "reason": "moving", "idempotencyKey": "r"}
        answers = [(await portal.ask(REFUND, input=asked))["refundCreate"] for _ in range(2)]
        assert answers[0] == answers[1]
        assert answers[0]["refund"]["status"] == "REFUNDED"
        assert answers[0]["refund"]["payment"]["returned"]["amount"] == "100.00"
        too_much = {**asked, "amount": "5000.00", "idempotencyKey": "r2"}
        refused = (await portal.ask(REFUND, input=too_much))["refundCreate"]
        assert refused == {"refund": None, "userErrors": [{"code": "NOT_CREDIT"}]}

        payment = next(one for one in sandbox.till._by_id.values() if one.amount == Decimal("1200.00"))
        dispute(sandbox, payment.id, "1100.00")
        assert await tell(portal, sandbox, "payment.disputed") == (200, "APPLIED")
        again, _ = await mine(portal)
        assert Decimal(again["balances"][0]["owed"]["amount"]) == owed
        assert again["payments"]["nodes"][0]["returned"]["amount"] == "1200.00"
        assert again["payments"]["nodes"][0]["unallocated"]["amount"] == "0.00"

        dispute(sandbox, payment.id, "5.00", deed="disputes-won")
        assert await tell(portal, sandbox, "payment.dispute_won") == (200, "APPLIED")
        won, _ = await mine(portal)
        assert Decimal(won["balances"][0]["owed"]["amount"]) == owed - Decimal("5.00")
        assert won["payments"]["nodes"][0]["returned"]["amount"] == "1195.00"


def dispute(sandbox, id_, amount, *, deed="disputes"):
    body = json.dumps({"amount": amount}).encode()
    request = urllib.request.Request(
        f"{sandbox.address}/v1/payments/{id_}/{deed}", data=body, headers={"authorization": f"Bearer {KEY}"}
    )
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 200


async def test_an_invoice_is_paid_by_another_who_knows_its_reference(counter, sandbox, demo_rows):
    (contract, reference, amount) = demo_rows(
        "select c.number, i.payment_reference, i.open_amount from invoice_state i"
        " join contract c on c.id = i.contract_id"
        " where i.open_amount > 0 and c.settlement = 'INVOICE' order by i.id desc limit 1"
    )[0]
    async with counter("business@demo.example") as stranger:
        told = (await stranger.ask(PAYABLE, r=reference))["payable"]
        assert (told["amount"]["amount"], told["reference"]) == (str(amount), reference)
        assert set(told) == {"payee", "reference", "amount", "dueOn"}
        assert (await stranger.ask(PAYABLE, r="RF00H000000"))["payable"] is None
        assert Decimal((await stranger.ask(PAYABLE, r=contract))["payable"]["amount"]["amount"]) >= amount

        part = {"reference": reference, "amount": "1.00", "provider": "sandbox_card", "idempotencyKey": "grandmother"}
        intent = (await stranger.ask(PAY, input=part))["paymentCreate"]["paymentIntent"]
        press(intent["pageUrl"])
        assert await tell(stranger, sandbox, "payment.authorized") == (200, "APPLIED")
        # The payer sees that it came, and nothing of the account it came to.
        found = (await stranger.ask(STATUS, id=intent["id"]))["node"]
        assert found == {"status": "CAPTURED", "payment": None}
        left = (await stranger.ask(PAYABLE, r=reference))["payable"]["amount"]["amount"]
        assert Decimal(left) == amount - Decimal("1.00")

    async with counter("owner@demo.example") as portal:
        invoices = (await portal.ask(OPEN))["viewer"]["customers"]["nodes"][0]["invoices"]["nodes"]
        settled = next(one for one in invoices if one["openAmount"]["amount"] == "0.00")
        nothing = {"provider": "sandbox", "invoices": [{"invoiceId": settled["id"]}], "idempotencyKey": "nothing"}
        refused = (await portal.ask(PAY, input=nothing))["paymentCreate"]
        assert refused["userErrors"] == [{"code": "NOTHING_TO_PAY", "path": None}]


async def test_an_invoice_is_paid_in_the_portal_by_whose_it_is(counter, sandbox, demo_rows):
    email, invoice_id, amount = demo_rows(
        "select p.email, i.id, i.open_amount from invoice_state i"
        " join access_grant g on g.customer_id = i.customer_id and g.role = 'OWNER' and g.ends_at is null"
        " join person p on p.id = g.person_id where i.open_amount > 0 and p.email like '%%@demo.example'"
        " order by i.id desc limit 1"
    )[0]
    async with counter(email) as portal:
        asked = [{"invoiceId": encode_id(type_name="Invoice", number=invoice_id)}]
        intent, found = await paid(portal, sandbox, invoices=asked, idempotencyKey="portal")

    assert intent["amount"]["amount"] == found["payment"]["amount"]["amount"] == str(amount)
    assert demo_rows("select open_amount from invoice_state where id = %s", invoice_id) == [(Decimal("0.00"),)]


WAITING = """
{ staff { paymentEvents(first: 5, filter: { outcome: [HELD, UNMATCHED] }) { nodes { id toldAmount toldReference } }
    customers(first: 1) { nodes { id } } } }
"""
BOOK = """
mutation ($input: PaymentEventBookInput!) { paymentEventBook(input: $input) {
    paymentEvent { outcome settlement settledBecause payment { amount { amount } reference } }
    userErrors { code path retryable } } }
"""


async def test_a_clerk_books_money_that_is_nobodys(counter, sandbox):
    told = {
        "id": "pay_x",
        "reference": "a till of old",
        "status": "captured",
        "amount": "17.00",
        "currency": "EUR",
        "pageUrl": None,
    }
    sandbox.heard.put(("sandbox", "payment.captured", told))

    async with counter("clerk@demo.example") as clerk:
        assert await tell(clerk, sandbox, "payment.captured") == (200, "UNMATCHED")
        seen = (await clerk.ask(WAITING))["staff"]
        (event,) = seen["paymentEvents"]["nodes"]
        assert (event["toldAmount"], event["toldReference"]) == ("17.00", "a till of old")
        asked = {
            "eventId": event["id"],
            "customerId": seen["customers"]["nodes"][0]["id"],
            "reason": "the old till's",
            "idempotencyKey": "till",
        }
        done = [(await clerk.ask(BOOK, input=asked))["paymentEventBook"] for _ in range(2)]
        again = (await clerk.ask(BOOK, input={**asked, "idempotencyKey": "other"}))["paymentEventBook"]
        assert (await clerk.ask(WAITING))["staff"]["paymentEvents"]["nodes"] == []

    booked = {"amount": {"amount": "17.00"}, "reference": "a till of old"}
    event = {"outcome": "SETTLED", "settlement": "BOOKED", "settledBecause": "the old till's", "payment": booked}
    assert done == [{"paymentEvent": event, "userErrors": []}] * 2
    assert again["userErrors"] == [{"code": "EVENT_NOT_WAITING", "path": "eventId", "retryable": False}]

    async with counter("neighbour@demo.example") as portal:
        answer = await portal.answer(BOOK, input=asked)
        assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"
