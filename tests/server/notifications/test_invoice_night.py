"""An invoice night: thousands of text messages, a gateway that is down for a while, and senders that die.

The gateway is a server on a port; what it keeps is held against the receipts. The clock is the test's.
"""

import json
import threading
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import httpx2
import pytest
from mains_server.adapters.channels import load_channels
from mains_server.db.unit_of_work import unit_of_work
from mains_server.notifications.operations import tell_all
from mains_server.notifications.records import Amount, Channel, Message, Recipient, Topic
from mains_server.notifications.sending import Office, send_notices
from mains_server.notifications.texting import TextCarrier, gateways_of
from mains_server.routes.reports import report_route
from mains_sms_sandbox.serving import SmsSandbox
from mains_sms_sandbox.signing import HEADER, signature
from starlette.applications import Starlette

from tests.server.notifications.conftest import NOON, SEAL

pytestmark = pytest.mark.asyncio
KEY, CODE = "key-of-the-sandbox", "sms_sandbox"
MINUTE = timedelta(minutes=1)
CUSTOMERS = """
with made as (
    insert into customer (number, kind, name, language, phone, email, address_line, address_city, address_postcode,
        address_country, created_at)
    select 'N-' || n, kind, 'Customer ' || n, 'lv', '+3712' || lpad((1000000 + n * 100)::text, 7, '0'), null,
        'Lielā iela ' || n, 'Jelgava', 'LV-3001', 'LV', created_at
    from customer, generate_series(1, {count}) n where number = 'C-0' returning id
) select max(id) from made
"""


class Died(Exception):
    """The sender died after the gateway had taken a message and before anybody wrote that down."""


@dataclass
class Dying:
    """Carries, and dies after every so many messages."""

    carrier: TextCarrier
    every: int
    carried: int = 0

    async def carry(self, notice, *, subject, body, now):
        handed = await self.carrier.carry(notice, subject=subject, body=body, now=now)
        self.carried += 1
        if self.carried % self.every == 0:
            raise Died
        return handed


@pytest.fixture
def sandbox():
    """Run a gateway that reports nothing by itself."""
    gateway = SmsSandbox(port=0, webhook="http://127.0.0.1:9/", key=KEY)
    gateway.messages.behaviour.silent = True
    threading.Thread(target=gateway.serve, daemon=True).start()
    yield gateway
    gateway.stop()


def ready(customer, number):
    """Make the message of an invoice."""
    return Message(
        occasion=f"invoice ready {number}",
        topic=Topic.INVOICE,
        template="invoice_ready",
        to=Recipient(customer_id=customer),
        values={
            "invoice": f"G-{number}",
            "amount": Amount(amount=Decimal("42.10"), currency="EUR"),
            "due": NOON.date(),
        },
        channels=(Channel.SMS, Channel.POST),
    )


@pytest.mark.parametrize("count", [60, pytest.param(10_000, marks=pytest.mark.slow)])
async def test_everybody_hears_once_though_the_gateway_was_down_and_senders_died(desk, sandbox, count):
    await desk.customer("C-0")
    await desk.utility.run(CUSTOMERS.format(count=count))
    customers = [row[0] for row in await desk.rows("select id from customer where number like 'N-%' order by id")]
    async with unit_of_work(desk.engine) as session:
        messages = [ready(customer, number) for number, customer in enumerate(customers)]
        assert await tell_all(session, messages=messages, seal=SEAL, now=NOON) == count
    gateways = gateways_of(load_channels(), secrets={f"{CODE}.key": KEY}, addresses={CODE: sandbox.address})
    carrier = Dying(TextCarrier(gateway=gateways[CODE], sender="Mains"), every=count // 6)
    counts, deaths = Counter(), 0

    sandbox.messages.behaviour.takes_at_most = count // 3
    now = NOON
    for minute in range(120):
        now = NOON + minute * MINUTE
        if minute == 10:
            sandbox.messages.behaviour.takes_at_most = None
        office = Office(engine=desk.engine, carriers={Channel.SMS: carrier}, seal=SEAL, now=now)
        try:
            counts += await send_notices(office)
        except Died:
            deaths += 1
        if not await desk.rows("select 1 from notice where state = 'WAITING' limit 1"):
            break

    assert deaths >= 5
    assert counts["waiting"] > 0
    assert now >= NOON + 10 * MINUTE
    kept = list(sandbox.messages.kept)
    assert len(kept) == len({one.to for one in kept}) == count
    assert await desk.rows("select channel, state, count(*) from notice group by 1, 2") == [("SMS", "SENT", count)]
    assert (await desk.rows("select max(tries) from notice"))[0][0] < 10
    assert sum(one.asked - 1 for one in kept) <= deaths

    await report_all(desk, kept, gateways=gateways, lost={one.reference for one in kept[:3]})
    assert sorted(await desk.rows("select channel, state, count(*) from notice group by 1, 2")) == [
        ("POST", "WAITING", 3),
        ("SMS", "DELIVERED", count - 3),
        ("SMS", "FAILED", 3),
    ]


async def report_all(desk, kept, *, gateways, lost):
    """Let the gateway report of each message twice over HTTP, signed; the second time it is known."""
    at = datetime(2024, 2, 10, 13, 0, tzinfo=UTC)
    app = Starlette(routes=[report_route(engine=desk.engine, gateways=gateways, seal=SEAL, clock=lambda: at)])
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://mains.test") as client:
        for sent in kept:
            told = {
                "id": f"dlr {sent.id}",
                "status": "undelivered" if sent.reference in lost else "delivered",
                "messageId": sent.id,
                "reference": sent.reference,
                "occurredAt": at.isoformat(),
            }
            body = json.dumps(told).encode()
            headers = {HEADER: signature(key=KEY, body=body, timestamp=int(at.timestamp()))}
            for wanted in ("APPLIED", "KNOWN"):
                answer = await client.post(f"/notices/reports/{CODE}", content=body, headers=headers)
                assert (answer.status_code, answer.json()) == (200, {"code": wanted})
