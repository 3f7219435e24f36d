"""Sixteen clients pay one invoice and one credit balance over HTTP, forty times each; nothing is lost or below zero.

So it is too where a clerk takes the invoice back while they pay it: what they paid is credit.

The server listens on a port, and so does the sandbox, which tells by webhooks while the clients look themselves.
"""

import asyncio
import secrets
import socket
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from decimal import Decimal

import httpx2
import pytest
import uvicorn
from mains_schema.declaring.node import encode_id
from mains_server.adapters.host import AdapterHost
from mains_server.app import make_app
from mains_server.billing.corrections import CorrectionRequest
from mains_server.billing.crediting import take_back_invoice
from mains_server.billing.records import CorrectionReason
from mains_server.db.engine import make_engine
from mains_server.db.unit_of_work import read_session
from mains_server.routes.answers import utc_now
from mains_server.settings import Settings
from mains_server.signin.rules import token_hash
from sqlalchemy import text

from tests.server.paying.conftest import KEY

pytestmark = pytest.mark.asyncio
PRICE = Decimal("3.00")
PAY = """
mutation ($input: PaymentCreateInput!) { paymentCreate(input: $input) {
    paymentIntent { id status pageUrl } userErrors { code } } }
"""
LOOK = """
mutation ($input: PaymentRefreshInput!) { paymentRefresh(input: $input) {
    paymentIntent { status payment { id } } userErrors { code } } }
"""
BACK = """
mutation ($input: RefundCreateInput!) { refundCreate(input: $input) { refund { status } userErrors { code } } }
"""


@asynccontextmanager
async def served(desk, database_url):
    """Serve the whole application on a port, to which the sandbox tells."""
    listening = socket.create_server(("127.0.0.1", 0))
    address = f"http://127.0.0.1:{listening.getsockname()[1]}"
    desk.sandbox.messenger.webhooks = f"{address}/payments/webhooks"
    codes = ("sandbox", "sandbox_card")
    settings = Settings(
        payment_addresses=dict.fromkeys(codes, desk.sandbox.address),
        payment_secrets={f"{code}.key": KEY for code in codes},
    )
    engine = make_engine(address=database_url, connections_max=10)
    app = make_app(engine=engine, settings=settings, host=AdapterHost(adapters=(), live={}))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="on"))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield address
    finally:
        server.should_exit = True
        with suppress(asyncio.CancelledError):
            await serving


async def token_of_an_owner(desk, customer):
    token, now = secrets.token_urlsafe(32), utc_now()
    await desk.utility.run(
        "insert into access_grant (person_id, customer_id, role, permissions, starts_at)"
        " values (:p, :c, 'OWNER', array['VIEW', 'PAY'], :now)",
        p=desk.person_id,
        c=customer,
        now=desk.utility.now,
    )
    await desk.utility.run(
        "insert into session (person_id, token_hash, device, created_at, expires_at, ends_at, last_used_at, proved_at)"
        " values (:p, :hash, 'Phone', :now, :until, :until, :now, :now)",
        p=desk.person_id,
        hash=token_hash(token),
        now=now,
        until=now + timedelta(hours=2),
    )
    return token


class Payer:
    """A client that pays, looks, and now and then wants money back."""

    def __init__(self, http, number):
        self.http, self.number, self.refunded = http, number, Decimal(0)

    async def ask(self, query, field, **given):
        answer = (await self.http.post("/graphql", json={"query": query, "variables": {"input": given}})).json()
        assert "errors" not in answer, answer
        return answer["data"][field]

    async def pay(self, turn, *, invoice, contract):
        """Pay a part of the invoice as long as it is open, and in advance from then on."""
        key, provider = f"{self.number}-{turn}", ("sandbox", "sandbox_card")[turn % 2]
        part = {"invoices": [{"invoiceId": invoice, "amount": str(PRICE)}]}
        begun = await self.ask(PAY, "paymentCreate", provider=provider, idempotencyKey=key, **part)
        if begun["userErrors"]:
            assert begun["userErrors"][0]["code"] in {"NOTHING_TO_PAY", "MORE_THAN_OPEN"}
            ahead = {"contractId": contract, "amount": str(PRICE), "idempotencyKey": f"{key}-ahead"}
            begun = await self.ask(PAY, "paymentCreate", provider=provider, **ahead)
        intent = begun["paymentIntent"]
        choice = {"choice": "pay", "manner": ("prompt", "twice")[turn % 3 == 0]}
        await self.http.post(intent["pageUrl"], data=choice)
        looks = (self.ask(LOOK, "paymentRefresh", intentId=intent["id"]) for _ in range(1 + turn % 2))
        seen = (await asyncio.gather(*looks))[-1]["paymentIntent"]
        if turn % 10 == 3 and seen["payment"] is not None:
            await self.want_back(seen["payment"]["id"], key=key)

    async def want_back(self, payment, *, key):
        """Ask twice at once for most of a payment: at most one of them goes, and only what is credit."""
        asked = [
            {"paymentId": payment, "amount": "2.00", "reason": "?", "idempotencyKey": f"{key}-{n}"} for n in (1, 2)
        ]
        for answer in await asyncio.gather(*(self.ask(BACK, "refundCreate", **one) for one in asked)):
            if answer["userErrors"]:
                assert answer["userErrors"][0]["code"] == "NOT_CREDIT"
            else:
                self.refunded += Decimal("2.00")


async def settled(desk, count):
    """Wait until every payment has come to its end; the provider's last webhooks may be on their way still."""
    over = "select count(*) from payment_intent where status in ('CAPTURED', 'VOIDED') and next_check_at is null"
    async with asyncio.timeout(600):
        while await desk.utility.run(over) < count:  # noqa: ASYNC110 - the database has no event for this
            await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    ("clients", "payments"), [(4, 4), pytest.param(16, 40, marks=pytest.mark.slow)], ids=["few", "crowd"]
)
async def test_a_crowd_loses_nothing(desk, database_url, clients, payments):
    net = Decimal(clients * payments * 2)
    customer, contract, (bill,) = await desk.owned(str(net))
    crowd = await crowded(desk, database_url, customer=customer, pays=(bill, contract), counts=(clients, payments))

    # With 21 % tax the bill is 2.42 a payment of 3.00; cards that find it paid are let go of.
    await nothing_is_lost(desk, crowd, customer=customer, due=net * Decimal("1.21"))


@pytest.mark.parametrize(
    ("clients", "payments"), [(3, 3), pytest.param(16, 20, marks=pytest.mark.slow)], ids=["few", "crowd"]
)
async def test_an_invoice_that_is_credited_while_a_crowd_pays_it_leaves_credit(desk, database_url, clients, payments):
    customer, contract, (bill,) = await desk.owned(str(clients * payments * 4))

    async def taken_back():
        request = CorrectionRequest(
            document_number=bill.document_number,
            reason=CorrectionReason.MISTAKE,
            note="not theirs",
            issued_on=bill.issued_on,
            now=desk.utility.now,
        )
        await take_back_invoice(desk.utility.engine, request=request)

    crowd = await crowded(
        desk, database_url, customer=customer, pays=(bill, contract), counts=(clients, payments), midway=taken_back
    )

    await nothing_is_lost(desk, crowd, customer=customer, due=Decimal(0))
    notes = "select count(*) from invoice where kind = 'CREDIT' and corrects_invoice_id = :id"
    assert await desk.utility.run(notes, id=bill.id) == 1
    settled = "select coalesce(sum(amount), 0)::int from payment_allocation where invoice_id = :id"
    assert await desk.utility.run(settled, id=bill.id) == 0


async def crowded(desk, database_url, *, customer, pays, counts, midway=None):
    """Have clients pay at once, so many times each; what happens midway comes when the first has made half of its."""
    (bill, contract), (clients, payments) = pays, counts
    token = await token_of_an_owner(desk, customer)
    invoice = encode_id(type_name="Invoice", number=bill.id)
    own = encode_id(type_name="Contract", number=contract)

    async with served(desk, database_url) as address:
        headers = {"Authorization": f"Bearer {token}"}
        # A connection that is kept may be closed by the server just as it is used again; these are used once.
        once = httpx2.Limits(max_keepalive_connections=0)
        client = httpx2.AsyncClient(base_url=address, headers=headers, timeout=600, trust_env=False, limits=once)
        async with client as http:
            crowd = [Payer(http, number) for number in range(clients)]

            async def work(payer):
                for turn in range(payments):
                    if midway is not None and (payer.number, turn) == (0, payments // 2):
                        await midway()
                    await payer.pay(turn, invoice=invoice, contract=own)

            await asyncio.gather(*(work(payer) for payer in crowd))
            await settled(desk, clients * payments)
    return crowd


async def nothing_is_lost(desk, crowd, *, customer, due):
    """Have what came, less what was due and given back, as credit, in the ledger and at the provider alike."""
    captures = sorted((one["reference"], one["amount"]) for one in desk.sandbox.till.captures())
    came = PRICE * len(captures)
    refunded = sum((payer.refunded for payer in crowd), Decimal(0))
    still_open, credit, accounts = await desk.owed(customer)
    assert came > due + refunded
    assert (still_open, credit) == ([], f"{came - due - refunded:.2f}")
    assert Decimal(accounts["receivable"]) == -(came - due - refunded)
    assert sum(Decimal(amount) for name, amount in accounts.items() if name.startswith("clearing")) == came - refunded
    assert "refunds" not in accounts
    assert await captures_of_the_ledger(desk) == captures


async def captures_of_the_ledger(desk):
    wanted = text(
        "select i.reference, p.amount::text from payment p join payment_intent i on i.payment_id = p.id order by 1"
    )
    async with read_session(desk.utility.engine) as session:
        return [tuple(row) for row in await session.execute(wanted)]
