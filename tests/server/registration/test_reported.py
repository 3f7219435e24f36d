"""A text message with a code leaves by the sandbox's gateway; reported not to have arrived, the code goes by letter."""

import json
import threading

import httpx2
import pytest
from mains_server.adapters.channels import load_channels
from mains_server.db.unit_of_work import unit_of_work
from mains_server.notifications.sealing import Seal
from mains_server.notifications.texting import TextCarrier, gateways_of
from mains_server.registration.records import RegistrationRefused
from mains_server.routes.reports import report_route
from mains_server.signin.code_letters import take_letters
from mains_server.signin.records import NewSession
from mains_server.signin.telling import Messenger, send_messages
from mains_sms_sandbox.serving import SmsSandbox
from mains_sms_sandbox.signing import HEADER, signature
from sqlalchemy import text
from starlette.applications import Starlette

from tests.server.registration.conftest import DAY, HOUR, KEY, MINUTE, NOW

pytestmark = pytest.mark.asyncio
SECRET = "key-of-the-sandbox"
STATE = "select road, sent_at, next_try_at, expires_at from signin_message where kind = 'REGISTRATION_CODE'"
FORGOTTEN = text("update signin_message set sent_at = null, next_try_at = created_at where road = 'SMS'")


@pytest.fixture(scope="module")
def sandbox():
    """Run a gateway that reports nothing by itself, for all tests of this file."""
    made = SmsSandbox(port=0, webhook="http://127.0.0.1:9/", key=SECRET)
    threading.Thread(target=made.serve, daemon=True).start()
    yield made
    made.stop()


@pytest.fixture
def gateways(sandbox):
    sandbox.messages.__init__()
    sandbox.messages.behaviour.silent = True
    secrets, addresses = {"sms_sandbox.key": SECRET}, {"sms_sandbox": sandbox.address}
    return gateways_of(load_channels(), secrets=secrets, addresses=addresses)


@pytest.fixture
def send(engine, gateways):
    async def sent(now=NOW):
        carrier = TextCarrier(gateway=gateways["sms_sandbox"], sender="Mains")
        return await send_messages(Messenger(engine=engine, server=None, texts=carrier, key=KEY, now=now))

    return sent


@pytest.fixture
def report(engine, gateways, sandbox):
    """Post a signed report of the last text message to the server, an hour after it left."""
    route = report_route(engine=engine, gateways=gateways, seal=Seal(b"s" * 32), clock=lambda: NOW + HOUR)
    transport = httpx2.ASGITransport(app=Starlette(routes=[route]))

    async def posted(status, *, reference=None, id="dlr_1"):
        told = {"id": id, "status": status, "messageId": "sms_1", "occurredAt": NOW.isoformat()}
        told["reference"] = reference or sandbox.messages.kept[-1].reference
        body = json.dumps(told).encode()
        headers = {HEADER: signature(key=SECRET, body=body, timestamp=int((NOW + HOUR).timestamp()))}
        async with httpx2.AsyncClient(transport=transport, base_url="http://mains.example") as client:
            answer = await client.post("/notices/reports/sms_sandbox", content=body, headers=headers)
        return answer.status_code, answer.json()["code"]

    return posted


async def test_a_code_that_did_not_arrive_goes_by_letter_and_registers(
    engine, begin, confirm, codes, rows, send, report
):
    begun = await begin(number="C-2", identifier="32867300679")
    both = await codes()

    sent = await send()
    taken = [await report("undelivered"), await report("undelivered", id="dlr_2")]
    async with unit_of_work(engine) as session:
        (letter,) = await take_letters(session, mailing=1, now=NOW + DAY)

    assert (sent, taken) == ({"sent": 1}, [(200, "APPLIED"), (200, "STALE")])
    assert (letter.name, letter.expires_at) == ("Bruno", NOW + 14 * DAY)
    assert await confirm(begun, ("22222-22222", both[1]), now=NOW + 5 * DAY) == RegistrationRefused()
    assert isinstance(await confirm(begun, both, now=NOW + 5 * DAY), NewSession)


async def test_what_arrived_or_is_on_its_way_stays_as_it_was(begin, rows, send, report):
    await begin(number="C-2", identifier="32867300679")
    await send()

    taken = [await report("buffered"), await report("delivered", id="dlr_2")]

    assert taken == [(200, "APPLIED"), (200, "APPLIED")]
    assert await rows(STATE) == [("SMS", NOW, None, NOW + HOUR)]


async def test_a_report_before_the_answer_was_written_down_ends_the_sending(engine, begin, rows, send, report, sandbox):
    """The gateway has the message, and we died before we wrote that down: it is not sent a second time."""
    await begin(number="C-2", identifier="32867300679")
    await send()
    async with unit_of_work(engine) as session:
        await session.execute(FORGOTTEN)

    taken = await report("delivered")
    again = await send(NOW + MINUTE)

    assert (taken, again, len(sandbox.messages.kept)) == ((200, "APPLIED"), {}, 1)
    assert await rows(STATE) == [("SMS", NOW + HOUR, None, NOW + HOUR)]


@pytest.mark.parametrize("reference", ["1-0123456789abcdef0123", "1", "x-y", "999999-0123456789abcdef0123", "9" * 30])
async def test_a_report_of_something_else_changes_nothing(begin, rows, send, report, reference):
    await begin(number="C-2", identifier="32867300679")
    await send()

    assert await report("undelivered", reference=reference) == (200, "UNMATCHED")
    assert await rows(STATE) == [("SMS", NOW, None, NOW + HOUR)]
