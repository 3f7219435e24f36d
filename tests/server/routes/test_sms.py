"""The gateway's address: only what is signed, just now and well formed is looked at."""

import httpx2
import orjson
import pytest
import pytest_asyncio
from mains_server.routes.sms import BODY_BYTES_MAX, signature, sms_route
from starlette.applications import Starlette

from tests.server.intake.conftest import NOW, house, shown_in

pytestmark = pytest.mark.asyncio
__all__ = ["house"]
SECRET = "a secret of the gateway"
MESSAGE = {"id": "m-1", "sender": "+37126123456", "text": "KU-1 105,5", "receivedAt": "2023-04-01T08:59:58Z"}


@pytest_asyncio.fixture
async def post(engine):
    app = Starlette(routes=[sms_route(engine=engine, secret=SECRET, clock=lambda: NOW)])

    async def posted(message, *, secret=SECRET, seconds_ago=0):
        body = message if isinstance(message, bytes) else orjson.dumps(message)
        timestamp = str(int(NOW.timestamp()) - seconds_ago)
        signed = signature(secret=secret, timestamp=timestamp, body=body)
        headers = {"X-Mains-Timestamp": timestamp, "X-Mains-Signature": signed}
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://mains.test") as client:
            answer = await client.post("/hooks/sms", content=body, headers=headers)
        return answer.status_code, answer.json()

    return posted


async def test_a_signed_message_is_taken_and_answered_the_same_twice(engine, post, house):
    first = await post(MESSAGE)

    assert first == (
        200,
        {"id": "m-1", "code": "ACCEPTED", "answer": "Paldies! Skaitītāja KU-1 rādījums 105,5 pieņemts."},
    )
    assert await post(MESSAGE) == first
    assert len(await shown_in(engine, house, 1)) == 1


@pytest.mark.parametrize(
    ("how", "code"),
    [({"secret": "another"}, "SIGNATURE_WRONG"), ({"seconds_ago": 301}, "TIMESTAMP_TOO_FAR"),
     ({"seconds_ago": -301}, "TIMESTAMP_TOO_FAR")],
)  # fmt: skip
async def test_what_is_not_signed_just_now_is_refused(engine, post, house, how, code):
    status, answer = await post(MESSAGE, **how)

    assert (status, answer["code"]) == (401, code)
    assert await shown_in(engine, house, 1) == []


@pytest.mark.parametrize(
    "message",
    [b"", b"[]", b"{", {}, {**MESSAGE, "id": 1}, {**MESSAGE, "id": ""}, {**MESSAGE, "receivedAt": "2023-04-01"},
     {**MESSAGE, "text": None}, {**MESSAGE, "text": "x" * 3000}],
)  # fmt: skip
async def test_what_is_no_message_is_refused(post, message):
    status, answer = await post(message)

    assert (status, answer["code"]) == (400, "MESSAGE_MALFORMED")


async def test_a_body_has_a_limit(post):
    status, answer = await post(b"x" * (BODY_BYTES_MAX + 1))

    assert (status, answer["code"]) == (413, "BODY_TOO_LARGE")
