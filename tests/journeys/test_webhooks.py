"""A partner is told of bills and payments by signed messages: taken, missed, sent again, and at last switched off.

All that people do goes over HTTP, and so do the messages, to a real server of the partner's; it proves them by its own
reading of Standard Webhooks. The clock is the story's, so that days of back-off pass at once.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from ipaddress import ip_network
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from mains_schema.declaring.node import encode_id
from mains_schema.http.view import GraphQLView
from mains_schema.live.posted import DocumentReader
from mains_schema.served import graphql_app
from mains_server.consumption.links import ChartLinks
from mains_server.db.engine import make_engine
from mains_server.db.unit_of_work import unit_of_work
from mains_server.demo.cast import ADMIN, MANAGER, OWNER, PASSWORD
from mains_server.notifications.sealing import Seal
from mains_server.payments.operations import receive_payment
from mains_server.payments.records import PaymentMethod, PaymentRequest
from mains_server.webhooks.addresses import Gate
from mains_server.webhooks.rules import PAUSES
from mains_server.webhooks.sending import Office, send_webhooks
from mains_spi import Period
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.journeys.small_house import bill_month, settle_small_house
from tests.server.webhooks.receiver import Receiver, is_signed, receiving

pytestmark = [pytest.mark.asyncio, pytest.mark.slow]

SECRET = b"a secret of the journeys' server, 32 letters at least"
GATE = Gate(allowed=(ip_network("127.0.0.1/32"),), takes_http=True)
DECEMBER = Period(date(2023, 12, 1), date(2024, 1, 1))
SIGN_IN = "mutation ($input: SessionCreateInput!) { sessionCreate(input: $input) { token } }"
ENDPOINT = """endpoint { id state disabledBecause failures pausedUntil
  deliveries(first: 20, orderBy: OLDEST) { nodes { id messageId kind state tries status detail } } }"""
ERRORS = "userErrors { code path }"
CREATE = f"mutation ($input: WebhookCreateInput!) {{ webhookCreate(input: $input) {{ {ENDPOINT} secret {ERRORS} }} }}"
ROTATE = f"mutation ($input: WebhookInput!) {{ webhookSecretRotate(input: $input) {{ secret {ERRORS} }} }}"
TEST = f"mutation ($input: WebhookInput!) {{ webhookTest(input: $input) {{ delivery {{ messageId }} {ERRORS} }} }}"
ENABLE = f"mutation ($input: WebhookInput!) {{ webhookEnable(input: $input) {{ {ENDPOINT} {ERRORS} }} }}"
RESEND = f"""mutation ($input: WebhookDeliveryInput!) {{
  webhookDeliveryResend(input: $input) {{ delivery {{ messageId state tries }} {ERRORS} }} }}"""
SHOWN = "query ($id: ID!) { node(id: $id) { ... on WebhookEndpoint { " + ENDPOINT[11:-1] + " } } }"
BILLS = "{ viewer { contracts(first: 5) { nodes { invoices(first: 5) { nodes { number total { amount } } } } } } }"
TOLD_BILL = "subscription { invoiceIssued { number total { amount } } }"
TOLD_PAYMENT = "subscription { paymentChanged { id amount { amount currency } } }"


@dataclass
class Town:
    """The small house over HTTP on a day of the story, with the worker that posts."""

    address: str
    engine: AsyncEngine
    view: GraphQLView
    client: httpx2.AsyncClient
    now: datetime
    asked: int = 0

    async def sign_in(self, email: str) -> None:
        given = {"input": {"email": email, "password": PASSWORD}}
        answer = (await self.client.post("/", json={"query": SIGN_IN, "variables": given})).json()
        self.client.headers["authorization"] = f"Bearer {answer['data']['sessionCreate']['token']}"

    async def ask(self, query: str, **variables: Any) -> Any:
        """Ask for one field, and give its answer."""
        answer = (await self.client.post("/", json={"query": query, "variables": variables})).json()
        assert "errors" not in answer, answer
        (found,) = answer["data"].values()
        return found

    async def step(self, query: str, **given: Any) -> Any:
        """Take a step under a key of its own."""
        self.asked += 1
        return await self.ask(query, input={**given, "idempotencyKey": f"step {self.asked}"})

    async def endpoint(self, id_: str) -> Any:
        return await self.ask(SHOWN, id=id_)

    async def works(self, *, after: timedelta = timedelta(0)) -> dict[str, int]:
        """Let the worker post what is due after a while."""
        self.now += after
        render = DocumentReader(self.view).read
        office = Office(engine=self.engine, seal=Seal(SECRET), render=render, gate=GATE, clock=lambda: self.now)
        return dict(await send_webhooks(office))

    async def pays(self, cents: int) -> str:
        """Let money of the second customer, who lives in flat 1, come in."""
        async with unit_of_work(self.engine) as session:
            customer = await session.scalar(text("select id from customer where number = '900001'"))
            request = PaymentRequest(
                customer_id=customer, amount=Decimal(cents) / 100, currency="EUR", method=PaymentMethod.BANK_TRANSFER,
                received_on=self.now.date(), reference="", idempotency_key=f"paid {cents}",
            )  # fmt: skip
            payment = await receive_payment(session, request=request, now=self.now)
        return encode_id(type_name="Payment", number=payment.id)


@asynccontextmanager
async def served(address: str, host: Any) -> AsyncIterator[Town]:
    engine = make_engine(address=address, connections_max=20)
    async with unit_of_work(engine) as session:
        await settle_small_house(session, host=host)
    town: Town
    view = graphql_app(
        engine=engine,
        host=host,
        session_lifetime=timedelta(days=400),
        links=ChartLinks(SECRET),
        clock=lambda: town.now,
    )
    view.services = replace(view.services, webhook_gate=GATE)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=view), base_url="http://mains") as client:
        town = Town(address, engine, view, client, datetime(2024, 1, 9, 9, tzinfo=UTC))
        yield town
    await engine.dispose()


@pytest_asyncio.fixture
async def town(psycopg_dsn, demo_host):
    async with served(psycopg_dsn, demo_host) as found:
        yield found


@pytest_asyncio.fixture
async def receiver():
    async with receiving() as found:
        yield found


async def partner(town: Town, receiver: Receiver) -> tuple[str, str]:
    """Have the administrator register a partner that hears of all bills and payments; give its id and secret."""
    await town.sign_in(ADMIN.email)
    events = [
        {"kind": "INVOICE_ISSUED", "document": TOLD_BILL},
        {"kind": "PAYMENT_CHANGED", "document": TOLD_PAYMENT},
    ]
    made = await town.step(
        CREATE, url=receiver.url, description="Energy manager", events=events, coverage="ALL_CUSTOMERS"
    )
    assert made["userErrors"] == []
    return made["endpoint"]["id"], made["secret"]


async def test_a_partner_pings_and_is_told_of_bills_and_payments_as_graphql_tells_them(town, receiver, demo_host):
    id_, secret = await partner(town, receiver)
    inner = await town.step(
        CREATE, url="http://10.0.0.8/hook", description="x", events=[{"kind": "PAYMENT_CHANGED"}],
        coverage="ALL_CUSTOMERS",
    )  # fmt: skip
    assert inner["userErrors"] == [{"code": "URL_NOT_ALLOWED", "path": "url"}]

    ping = (await town.step(TEST, endpointId=id_))["delivery"]["messageId"]
    assert await town.works() == {"delivered": 1}
    bill_month(town.address, host=demo_host, month=DECEMBER)
    payment = await town.pays(1_234)
    assert await town.works(after=timedelta(minutes=1)) == {"queued": 5, "delivered": 5}

    assert all(is_signed(headers, body, secret) for headers, body in receiver.came)
    assert receiver.bodies[0]["type"] == "webhook.test"
    assert receiver.bodies[0]["data"] == {"ping": ping}
    told = [one["data"]["invoiceIssued"] for one in receiver.bodies if one["type"] == "invoice.issued"]
    paid = [one["data"]["paymentChanged"] for one in receiver.bodies if one["type"] == "payment.changed"]
    assert paid == [{"id": payment, "amount": {"amount": "12.34", "currency": "EUR"}}]
    await town.sign_in(OWNER.email)
    contracts = (await town.ask(BILLS))["contracts"]["nodes"]
    mine = [bill for contract in contracts for bill in contract["invoices"]["nodes"]]
    assert len(told) == 4
    assert len(mine) == 2  # of flat 1 and flat 3, whose owner signed in
    assert all(bill in told for bill in mine)


async def test_a_partner_that_is_away_gets_everything_in_the_end_or_sees_what_it_did_not(town, receiver, monkeypatch):
    id_, secret = await partner(town, receiver)
    payment = await town.pays(100)

    async with receiving() as inner:
        receiver.will(500)
        receiver.will(302, location=inner.url)
        receiver.will(307, location="http://169.254.169.254/latest/meta-data/")
        for pause in (timedelta(0), timedelta(seconds=6), timedelta(minutes=6)):
            await town.works(after=pause)
        assert (inner.came, inner.connections) == ([], 0)
    (waiting,) = (await town.endpoint(id_))["deliveries"]["nodes"]
    assert (waiting["state"], waiting["tries"], waiting["status"]) == ("WAITING", 3, 307)
    assert waiting["detail"] == "answered 307; redirects are not followed"
    receiver.hangs = True
    monkeypatch.setattr("mains_server.webhooks.posting.POST_SECONDS_MAX", 0.2)
    assert await town.works(after=timedelta(minutes=29)) == {}
    assert await town.works(after=timedelta(minutes=5)) == {"waiting": 1}
    monkeypatch.undo()
    receiver.hangs = False
    assert await town.works(after=timedelta(hours=3)) == {"delivered": 1}
    assert len(set(receiver.ids)) == 1
    assert all(is_signed(headers, body, secret) for headers, body in receiver.came)
    assert receiver.bodies[-1]["data"]["paymentChanged"]["id"] == payment


async def test_a_dead_letter_is_seen_and_sent_again_under_the_same_id(town, receiver):
    id_, _secret = await partner(town, receiver)
    payment = await town.pays(100)
    receiver.will(*[503] * 10)
    for pause in (timedelta(0), *PAUSES):
        await town.works(after=pause + pause / 10)
    (letter,) = (await town.endpoint(id_))["deliveries"]["nodes"]
    assert (letter["state"], letter["tries"], letter["status"]) == ("FAILED", 10, 503)

    again = await town.step(RESEND, deliveryId=letter["id"])
    assert again["delivery"] == {"messageId": letter["messageId"], "state": "WAITING", "tries": 0}
    assert await town.works(after=timedelta(hours=2)) == {"delivered": 1}

    assert set(receiver.ids) == {letter["messageId"]}
    assert receiver.bodies[-1]["data"]["paymentChanged"]["id"] == payment
    assert (await town.step(RESEND, deliveryId=letter["id"]))["userErrors"][0]["code"] == "DELIVERY_NOT_FAILED"


async def test_a_secret_is_replaced_while_both_sign_for_a_day(town, receiver):
    id_, old = await partner(town, receiver)
    new = (await town.step(ROTATE, endpointId=id_))["secret"]
    await town.pays(100)
    await town.works()
    await town.pays(200)
    await town.works(after=timedelta(hours=25))

    proven = [[is_signed(headers, body, one) for one in (old, new)] for headers, body in receiver.came]
    assert proven == [[True, True], [False, True]]


async def test_who_fails_for_days_is_switched_off_told_so_and_goes_on_when_asked(town, receiver):
    await town.sign_in(MANAGER.email)
    customer = (await town.ask("{ viewer { customers(first: 1) { nodes { id } } } }"))["customers"]["nodes"][0]["id"]
    mine = await town.step(
        CREATE, customerId=customer, url=receiver.url, description="House books", events=[{"kind": "BALANCE_CHANGED"}]
    )
    id_ = mine["endpoint"]["id"]
    async with unit_of_work(town.engine) as session:
        request = PaymentRequest(
            customer_id=int(await session.scalar(text("select id from customer where number = '900000'"))),
            amount=Decimal("5.00"), currency="EUR", method=PaymentMethod.BANK_TRANSFER, received_on=town.now.date(),
            reference="", idempotency_key="managers",
        )  # fmt: skip
        await receive_payment(session, request=request, now=town.now)
    receiver.will(*[500] * 100)
    for _ in range(20):
        await town.works(after=timedelta(hours=8))
        await town.step(TEST, endpointId=id_) if (await town.endpoint(id_))["state"] == "ACTIVE" else None
    off = await town.endpoint(id_)
    assert (off["state"], off["disabledBecause"]) == ("DISABLED", "FAILING")
    refused = await town.step(TEST, endpointId=id_)
    assert refused["userErrors"] == [{"code": "ENDPOINT_DISABLED", "path": "endpointId"}]
    async with unit_of_work(town.engine) as session:
        notices = (await session.execute(text("select template, address from notice"))).all()
    assert [tuple(one) for one in notices] == [("webhook_failing", MANAGER.email)]

    receiver.answers.clear()
    on = await town.step(ENABLE, endpointId=id_)
    assert (on["endpoint"]["state"], on["endpoint"]["failures"]) == ("ACTIVE", 0)
    await town.step(TEST, endpointId=id_)
    assert (await town.works(after=timedelta(days=2)))["delivered"] >= 1
