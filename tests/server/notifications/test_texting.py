"""Text messages leave by the sandbox's gateway over HTTP, and its signed reports end them."""

import json
import threading
from dataclasses import dataclass
from datetime import timedelta

import httpx2
import pytest
import pytest_asyncio
from mains_server.adapters.channels import load_channels
from mains_server.db.unit_of_work import unit_of_work
from mains_server.notifications.operations import tell
from mains_server.notifications.records import Channel, Message, Recipient, Topic
from mains_server.notifications.sending import Office, send_notices
from mains_server.notifications.texting import TextCarrier, gateways_of
from mains_server.routes.reports import report_route
from mains_sms_sandbox.serving import SmsSandbox
from mains_sms_sandbox.signing import HEADER, signature
from starlette.applications import Starlette

from tests.server.notifications.conftest import NOON, SEAL, Desk

pytestmark = pytest.mark.asyncio
KEY = "key-of-the-sandbox"
PHONE = "+37120000000"


@dataclass
class Post:
    """The room with a gateway that is really there, which tells nothing by itself."""

    desk: Desk
    sandbox: SmsSandbox

    @property
    def gateways(self):
        code = "sms_sandbox"
        return gateways_of(load_channels(), secrets={f"{code}.key": KEY}, addresses={code: self.sandbox.address})

    @property
    def texts(self):
        return [one.text for one in self.sandbox.messages.kept]

    async def tell(self, *, phone=PHONE, topic=Topic.REMINDER, delegate="Juris", occasion="ended 1", **given):
        """Tell a customer something by text message first."""
        customer = await self.desk.customer(occasion, phone=phone, language=given.pop("language", "en"))
        message = Message(
            occasion=occasion,
            topic=topic,
            template="delegation_ended",
            to=Recipient(customer_id=customer),
            values={"delegate": delegate},
            channels=(Channel.SMS, Channel.POST),
            **given,
        )
        async with unit_of_work(self.desk.engine) as session:
            await tell(session, message=message, seal=SEAL, now=NOON)

    async def send(self, *, now=NOON, **how):
        """Send what is due."""
        carrier = TextCarrier(gateway=self.gateways["sms_sandbox"], sender="Mains", **how)
        office = Office(engine=self.desk.engine, carriers={Channel.SMS: carrier}, seal=SEAL, now=now)
        return dict(await send_notices(office))

    async def report(self, *, id="dlr_1", status="delivered", key=KEY, at=NOON, gateway="sms_sandbox", **given):
        """Let the gateway report of the last message."""
        told = {"id": id, "status": status, "messageId": "sms_1", "occurredAt": NOON.isoformat(), **given}
        told.setdefault("reference", self.sandbox.messages.kept[0].reference if self.sandbox.messages.kept else "1-x")
        body = json.dumps(told).encode()
        route = report_route(engine=self.desk.engine, gateways=self.gateways, seal=SEAL, clock=lambda: at)
        transport = httpx2.ASGITransport(app=Starlette(routes=[route]))
        headers = {HEADER: signature(key=key, body=body, timestamp=int(NOON.timestamp()))}
        async with httpx2.AsyncClient(transport=transport, base_url="http://mains.example") as client:
            answer = await client.post(f"/notices/reports/{gateway}", content=body, headers=headers)
        return answer.status_code, answer.json()["code"]


@pytest.fixture(scope="module")
def gateway():
    """Run a gateway for all tests of this file."""
    sandbox = SmsSandbox(port=0, webhook="http://127.0.0.1:9/", key=KEY)
    threading.Thread(target=sandbox.serve, daemon=True).start()
    yield sandbox
    sandbox.stop()


@pytest_asyncio.fixture
async def post(desk, gateway):
    """Give the room with a gateway that has taken nothing yet."""
    gateway.messages.__init__()
    gateway.messages.behaviour.silent = True
    return Post(desk, gateway)


async def test_a_text_message_leaves_by_the_gateway_and_is_reported(post):
    await post.tell()

    assert await post.send() == {"sent": 1}
    assert post.texts == ["Juris can no longer act on your account."]
    receipt = await post.desk.rows("select state, gateway, segments, cost::text, currency, detail from notice")
    assert receipt == [("SENT", "sms_sandbox", 1, "0.03850000", "EUR", "accepted")]

    assert await post.report() == (200, "APPLIED")
    assert await post.desk.rows("select state, delivered_at, reported_at, detail from notice") == [
        ("DELIVERED", NOON, NOON, "delivered")
    ]


async def test_a_report_counts_once(post):
    await post.tell()
    await post.send()

    codes = [
        (await post.report(id=id, status=status))[1]
        for id, status in (
            ("a", "buffered"),
            ("a", "buffered"),
            ("b", "delivered"),
            ("b", "delivered"),
            ("c", "undelivered"),
        )
    ]

    assert codes == ["APPLIED", "KNOWN", "APPLIED", "KNOWN", "STALE"]
    assert await post.desk.states() == [("ended 1", "SMS", "DELIVERED")]
    assert await post.desk.rows("select report_id, outcome from notice_report order by id") == [
        ("a", "ON_ITS_WAY"),
        ("b", "DELIVERED"),
        ("c", "FAILED"),
    ]


async def test_what_did_not_arrive_goes_by_letter_once(post):
    await post.tell()
    await post.send()

    await post.report(status="undelivered", reason="the phone was not reached")
    await post.report(status="undelivered", reason="the phone was not reached")

    assert await post.desk.states() == [("ended 1", "SMS", "FAILED"), ("ended 1", "POST", "WAITING")]
    assert await post.desk.rows("select detail from notice order by number") == [
        ("the phone was not reached",),
        (None,),
    ]


async def test_a_report_of_what_we_do_not_know_was_taken_ends_it(post):
    """The server died between the gateway's answer and its commit: the notice waits, and the report comes first."""
    await post.tell()
    await post.send()
    await post.desk.utility.run("update notice set state = 'WAITING', next_try_at = created_at, sent_at = null")

    await post.report()

    assert await post.send() == {}
    assert await post.desk.states() == [("ended 1", "SMS", "DELIVERED")]


async def test_what_is_sent_again_is_the_same_message(post):
    await post.tell()
    await post.send()
    await post.desk.utility.run("update notice set state = 'WAITING', next_try_at = created_at")

    assert await post.send() == {"sent": 1}
    assert [one.asked for one in post.sandbox.messages.kept] == [2]


@pytest.mark.parametrize(
    ("given", "status", "code"),
    [
        ({"key": "another"}, 401, "SIGNATURE_WRONG"),
        ({"at": NOON + timedelta(seconds=301)}, 401, "TIMESTAMP_TOO_FAR"),
        ({"status": "eaten"}, 400, "EVENT_MALFORMED"),
        ({"occurredAt": "2024-02-10T12:00:00"}, 400, "EVENT_MALFORMED"),
        ({"gateway": "another"}, 404, "GATEWAY_UNKNOWN"),
        ({"reference": "1-abc"}, 200, "UNMATCHED"),
        ({"reference": "99999999-abc"}, 200, "UNMATCHED"),
        ({"reference": "not ours"}, 200, "UNMATCHED"),
        ({"reference": "9" * 400}, 200, "UNMATCHED"),
    ],
)
async def test_a_report_that_is_wrong_changes_nothing(post, given, status, code):
    await post.tell()
    await post.send()

    assert await post.report(**given) == (status, code)
    assert await post.desk.rows("select state, reported_at, (select count(*) from notice_report) from notice") == [
        ("SENT", None, 0)
    ]


async def test_a_refused_number_gets_a_letter(post):
    await post.tell(phone="+37120000013")

    assert await post.send() == {"failed": 1}
    assert await post.desk.states() == [("ended 1", "SMS", "FAILED"), ("ended 1", "POST", "WAITING")]
    assert await post.desk.rows("select detail from notice where number = 1") == [("number_not_served",)]


async def test_a_gateway_that_is_down_does_not_use_up_tries(post):
    for number in range(12):
        await post.tell(occasion=f"ended {number}")
    post.sandbox.messages.behaviour.down = True

    assert await post.send() == {"waiting": 5}
    assert await post.desk.rows("select tries, count(*) from notice group by 1 order by 1") == [(0, 7), (1, 5)]

    post.sandbox.messages.behaviour.down = False
    assert await post.send(now=NOON + timedelta(minutes=1)) == {"sent": 12}
    assert len(post.texts) == 12


@pytest.mark.parametrize(
    ("leaves_out", "segments", "kept"),
    [(False, 2, "{long} vairs nevar rīkoties Jūsu kontā."), (True, 1, "{plain} vairs nevar rikoties Jusu konta.")],
)
async def test_accents_are_left_out_where_asked_and_the_receipt_says_so(post, leaves_out, segments, kept):
    long = "Ģirts Krūmiņš-Bērziņš un Ļoti Garš Uzņēmums"
    await post.tell(delegate=long, language="lv")

    await post.send(leaves_accents_out=leaves_out)

    words = kept.format(long=long, plain="Girts Krumins-Berzins un Loti Gars Uznemums")
    assert await post.desk.rows("select body, segments from notice") == [(words, segments)]
    assert post.texts == [words]


async def test_what_is_too_long_for_the_gateway_goes_by_letter(post):
    await post.tell(delegate="ā" * 500)

    assert await post.send() == {"failed": 1}
    assert post.texts == []
    assert await post.desk.rows("select detail from notice where number = 1") == [
        ("the text takes 8 segments; sms_sandbox carries 6",)
    ]
