"""What nobody has to be told is refused by a link in the mail: one click, no sign-in, nothing kept of the link."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from mains_server.db.unit_of_work import unit_of_work
from mains_server.delivery.records import Answer, MailServer, ReceiptOutcome
from mains_server.notifications import sending
from mains_server.notifications.operations import tell
from mains_server.notifications.records import Channel, Message, Recipient, Topic
from mains_server.notifications.refusing import RefusalLinks
from mains_server.notifications.rules import REFUSABLE
from mains_server.notifications.sending import MailCarrier, Office, send_notices
from mains_server.routes.refusals import refusal_route
from starlette.applications import Starlette

from tests.server.notifications.conftest import NOON, SEAL

pytestmark = pytest.mark.asyncio
LINKS = RefusalLinks(b"a secret of the server, long enough", "https://api.example")
SERVER = MailServer(host="127.0.0.1", port=25, sender="notices@utility.example")


@dataclass
class Mails:
    """Takes mails in place of a server."""

    taken: list[Any] = field(default_factory=list)

    async def __call__(self, mail, *, server):
        self.taken.append(mail)
        return Answer(outcome=ReceiptOutcome.ACCEPTED, detail="250")


async def told(desk, customer, topic, occasion="ended 1"):
    message = Message(
        occasion=occasion,
        topic=topic,
        template="delegation_ended",
        to=Recipient(customer_id=customer),
        values={"delegate": "Juris"},
    )
    async with unit_of_work(desk.engine) as session:
        await tell(session, message=message, seal=SEAL, now=NOON)


async def mailed(desk, monkeypatch, *, links=LINKS):
    mails = Mails()
    monkeypatch.setattr(sending, "hand_over", mails)
    carriers = {Channel.EMAIL: MailCarrier(server=SERVER, links=links)}
    await send_notices(Office(engine=desk.engine, carriers=carriers, seal=SEAL, now=NOON))
    return mails.taken


async def ask(desk, method, path, **sent):
    route = refusal_route(engine=desk.engine, links=LINKS, clock=lambda: NOON + timedelta(hours=1))
    transport = httpx2.ASGITransport(app=Starlette(routes=[route]))
    async with httpx2.AsyncClient(transport=transport, base_url="https://api.example") as client:
        return await client.request(method, path, **sent)


async def channels(desk):
    return await desk.rows("select topic, channels from notice_preference")


async def test_a_mail_that_may_be_refused_says_how(desk, monkeypatch):
    customer = await desk.customer()
    await told(desk, customer, Topic.OFFERS)

    (mail,) = await mailed(desk, monkeypatch)

    link = f"https://api.example/notices/refuse/{LINKS.sign(customer, topic=Topic.OFFERS)}"
    assert mail["List-Unsubscribe"] == f"<{link}>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail.get_content().rstrip().endswith(f"If you do not want to hear of this: {link}")
    kept = await desk.rows("select row_to_json(n)::text from notice n")
    assert not any("/notices/refuse/" in row[0] for row in kept)


@pytest.mark.parametrize("topic", [one for one in Topic if one not in REFUSABLE])
async def test_what_has_to_be_told_offers_no_refusal(desk, monkeypatch, topic):
    await told(desk, await desk.customer(), topic)

    for mail in await mailed(desk, monkeypatch):
        assert "List-Unsubscribe" not in mail and "/notices/refuse/" not in mail.get_content()


async def test_one_click_refuses_the_topic_and_what_waits_of_it(desk):
    customer = await desk.customer()
    await told(desk, customer, Topic.OFFERS, "offer 1")
    await told(desk, customer, Topic.CONTRACT, "ended 2")
    path = f"/notices/refuse/{LINKS.sign(customer, topic=Topic.OFFERS)}"

    for _ in range(2):
        answer = await ask(desk, "POST", path, data={"List-Unsubscribe": "One-Click"})
        assert answer.status_code == 200

    assert await channels(desk) == [("OFFERS", [])]
    assert await desk.states() == [("ended 2", "EMAIL", "WAITING"), ("offer 1", "EMAIL", "SUPERSEDED")]
    await told(desk, customer, Topic.OFFERS, "offer 2")
    assert ("offer 2", "PORTAL", "DELIVERED") in await desk.states()


async def test_looking_at_the_page_refuses_nothing(desk):
    customer = await desk.customer(language="lv")

    answer = await ask(desk, "GET", f"/notices/refuse/{LINKS.sign(customer, topic=Topic.READING_WINDOW)}")

    assert answer.status_code == 200 and "<button>Vairs nesaņemt</button>" in answer.text
    assert await channels(desk) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda token: token.replace("OFFERS", "PAYMENT"),
        lambda token: "9" + token,
        lambda token: token[:-1],
        lambda token: token.partition(".")[0],
        lambda token: token + "A" * 300,
        lambda token: RefusalLinks(b"another secret, long enough too!", "").sign(1, topic=Topic.OFFERS),
        lambda token: LINKS.sign(1, topic=Topic.REMINDER),
        lambda token: "ā",
    ],
)
async def test_a_link_that_is_not_ours_refuses_nothing(desk, change):
    customer = await desk.customer()

    token = change(LINKS.sign(customer, topic=Topic.OFFERS))
    answer = await ask(desk, "POST", f"/notices/refuse/{token}")

    assert answer.status_code == 404
    assert await channels(desk) == []
