"""The demonstration's inbox: everything it sent, over GraphQL and as pages; nobody else has one."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from email.message import EmailMessage

import httpx2
import pytest
from mains_schema.served import schema
from mains_server.access.records import Viewer
from mains_server.adapters.host import AdapterHost
from mains_server.app import make_app
from mains_server.db.unit_of_work import unit_of_work
from mains_server.delivery.records import ReceiptOutcome
from mains_server.notifications.operations import tell_all
from mains_server.notifications.records import Amount, Channel, Message, Recipient, Topic
from mains_server.notifications.sealing import Seal
from mains_server.routes.inbox import Inbox, Witness
from mains_server.settings import Mode, Settings, UnsafeSettings, has_demo_inbox, insist_on_safety

from tests.schema.asking import NO_ADAPTERS, Asker
from tests.server.notifications.conftest import Hand, desk  # noqa: F401

NOBODY = Viewer()
SECRET = "a secret of this test, long enough"
ASKED = """query ($channel: NoticeChannel, $to: String) {
  demoInbox(channel: $channel, to: $to) { channel to subject text files { name mediaType path } }
}"""


@pytest.mark.slow
@pytest.mark.asyncio
async def test_what_was_sent_by_each_road_is_read_over_graphql(desk):  # noqa: F811
    await _tell_everybody(desk)
    app = make_app(
        engine=desk.engine, settings=Settings(mode=Mode.DEMO, secret=SECRET), host=AdapterHost(adapters=(), live={})
    )
    transport = httpx2.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="http://mains.test") as client,
    ):
        found = await _three(client)
        texts = await _asked(client, channel="SMS")
        annas = await _asked(client, to="C-1@EXAMPLE")
        page = (await client.get("/inbox")).text

    by_channel = {one["channel"]: one for one in found}
    assert by_channel["EMAIL"] == {
        "channel": "EMAIL",
        "to": "c-1@example.lv",
        "subject": "Your code: 493817",
        "text": by_channel["EMAIL"]["text"],
        "files": [],
    }
    assert "\n493817 is your code." in by_channel["EMAIL"]["text"]
    assert texts == [by_channel["SMS"]]
    assert texts[0]["to"] == "+37120000002"
    assert "Your code: 271828" in texts[0]["text"]
    assert by_channel["POST"]["to"] == "C-3, Lielā iela 3, Jelgava, LV-3001, LV"
    assert by_channel["POST"]["subject"] == "We received €12.50"
    assert annas == [by_channel["EMAIL"]]
    assert "271828" in page and "Lielā iela 3" in page and "Your code: 493817" in page


@pytest.mark.asyncio
async def test_letters_are_kept_once_and_asked_for_over_graphql(desk):  # noqa: F811
    await _tell_everybody(desk)
    inbox = Inbox()
    for _ in range(2):
        await inbox.look_for_letters(desk.engine)

    asker = Asker(schema(), desk.engine, replace(NO_ADAPTERS, demo_inbox=inbox.messages))
    answer = await asker.ask("{ demoInbox(channel: POST) { to subject files { name } } }", viewer=NOBODY)

    (letter,) = answer.data["demoInbox"]
    assert letter == {
        "to": "C-3, Lielā iela 3, Jelgava, LV-3001, LV",
        "subject": "We received €12.50",
        "files": [],
    }
    assert await desk.rows("select state from notice where channel = 'POST'") == [("WAITING",)]


@pytest.mark.asyncio
async def test_a_refused_text_message_is_not_kept_and_one_without_a_gateway_is():
    inbox = Inbox()
    notice = type("N", (), {"address": "+371"})()

    refused = await Witness(inbox=inbox, gateway=Hand(answers=[ReceiptOutcome.REFUSED])).carry(
        notice, subject="", body="no", now=datetime.now(UTC)
    )
    taken = await Witness(inbox=inbox, gateway=None).carry(notice, subject="", body="yes", now=datetime.now(UTC))

    assert (refused.outcome, taken.outcome) == (ReceiptOutcome.REFUSED, ReceiptOutcome.ACCEPTED)
    assert [one.text for one in inbox.messages()] == ["yes"]


def test_a_mail_is_kept_with_the_names_of_its_files():
    inbox, mail = Inbox(), EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "us@x.lv", "a@x.lv", "Invoice H-1"
    mail.set_content("It is attached.")
    mail.add_attachment(b"%PDF-", maintype="application", subtype="pdf", filename="H-1.pdf")

    inbox.take(mail.as_bytes())

    (kept,) = inbox.messages()
    assert (kept.to, kept.subject, kept.text) == ("a@x.lv", "Invoice H-1", "It is attached.\n")
    assert [(one.name, one.media_type, one.path) for one in kept.files] == [
        ("H-1.pdf", "application/pdf", "/inbox/1/0")
    ]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "settings", [{}, {"mode": Mode.DEMO, "demo_inbox": False}, {"mode": Mode.DEMO, "smtp_host": "mail.example"}]
)
async def test_nobody_else_has_an_inbox(engine, settings):
    app = make_app(engine=engine, settings=Settings(**settings), host=AdapterHost(adapters=(), live={}))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://mains.test") as client:
        answer = (await client.post("/graphql", json={"query": ASKED})).json()
        page = await client.get("/inbox")

    assert (answer["data"], answer["errors"][0]["extensions"]["code"]) == (None, "FORBIDDEN")
    assert page.status_code == 404


def test_production_does_not_start_with_it():
    settings = Settings(demo_inbox=True)

    assert not has_demo_inbox(settings)
    with pytest.raises(UnsafeSettings, match="demo_inbox shows everybody the codes"):
        insist_on_safety(settings, is_debugging=False)
    insist_on_safety(Settings(mode=Mode.DEMO, demo_inbox=True), is_debugging=False)


async def _three(client):
    found = []
    for _ in range(600):
        found = await _asked(client)
        if len(found) == 3:
            return found
        await asyncio.sleep(0.1)
    pytest.fail(f"only {found} came")


async def _asked(client, **variables):
    answer = (await client.post("/graphql", json={"query": ASKED, "variables": variables})).json()
    return answer["data"]["demoInbox"]


async def _tell_everybody(desk):  # noqa: F811
    now = datetime.now(UTC) - timedelta(minutes=1)
    mailed = await desk.customer("C-1")
    texted = await desk.customer("C-2", phone="+37120000002")
    posted = await desk.customer(
        "C-3", address_line="Lielā iela 3", address_city="Jelgava", address_postcode="LV-3001", address_country="LV"
    )
    code = {"template": "code", "topic": Topic.ACCOUNT, "values": {"minutes": 10}}
    paid = {"amount": Amount(amount=Decimal("12.50"), currency="EUR"), "day": date(2024, 2, 9)}
    messages = [
        Message(occasion="1", to=Recipient(customer_id=mailed), secrets={"code": "493817"}, **code),
        Message(
            occasion="2",
            to=Recipient(customer_id=texted),
            secrets={"code": "271828"},
            channels=(Channel.SMS,),
            **code,
        ),
        Message(
            occasion="3",
            to=Recipient(customer_id=posted),
            topic=Topic.PAYMENT,
            template="payment_received",
            values=paid,
            channels=(Channel.POST,),
        ),
    ]
    async with unit_of_work(desk.engine) as session:
        assert await tell_all(session, messages=messages, seal=Seal(SECRET.encode()), now=now) == 3
