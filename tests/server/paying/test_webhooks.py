"""What comes to the webhook's address and is not what it should be changes nothing, and is told why."""

import json
from datetime import timedelta

import httpx2
import pytest
from mains_payment_sandbox.signing import signature
from mains_server.routes.payments import webhook_route
from starlette.applications import Starlette

pytestmark = pytest.mark.asyncio
KEY = "key-of-the-sandbox"
OPEN = (["121.00"], "0.00", {"receivable": "121.00"})


async def captured(desk):
    """Give the webhook of a payment that the sandbox has captured, and its customer."""
    customer, _, (invoice,) = await desk.owned("100.00")
    intent = await desk.begun(desk.viewer(customer), invoices=((invoice.id, None),))
    desk.decide(intent)
    return customer, desk.event("payment.captured")


@pytest.mark.parametrize(
    ("seconds", "answer"),
    [(-301, "TIMESTAMP_TOO_FAR"), (301, "TIMESTAMP_TOO_FAR"), (-300, "APPLIED"), (300, "APPLIED")],
)
async def test_clocks_may_differ_by_five_minutes(desk, seconds, answer):
    customer, body = await captured(desk)

    status, code = await desk.post(body, at=desk.counter.clock() + timedelta(seconds=seconds))

    assert (status, code) == (200 if answer == "APPLIED" else 401, answer)
    assert (await desk.owed(customer) == OPEN) is (answer != "APPLIED")


async def test_what_is_not_signed_so_is_refused_and_changes_nothing(desk):
    customer, body = await captured(desk)
    changed = body.replace(b"121.00", b"921.00")
    at = int(desk.counter.clock().timestamp())
    other = {"sandbox-signature": signature(key="another key", body=body, timestamp=at)}

    assert await desk.post(changed, signed=body) == (401, "SIGNATURE_WRONG")
    for headers in (other, {"sandbox-signature": "t=1,v1="}, {"x": "y"}):
        assert await desk.post(body, headers=headers) == (401, "SIGNATURE_WRONG")

    assert await desk.owed(customer) == OPEN
    assert await desk.utility.run("select count(*) from payment_event where kind not like 'answer.%'") == 0


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{", b"null", b'{"id": 1}', b"[" * 10_000, b'{"id": "e", "type": "t", "occurredAt": "yesterday"}'],
)
async def test_signed_nonsense_is_refused(desk, body):
    assert await desk.post(body) == (400, "EVENT_MALFORMED")

    assert await desk.utility.run("select count(*) from payment_event") == 0


async def test_an_unknown_type_is_kept_and_ignored(desk):
    body = b'{"id": "evt_x", "type": "balance.changed", "occurredAt": "2024-02-10T09:30:00+00:00"}'

    assert [await desk.post(body) for _ in range(2)] == [(200, "IGNORED"), (200, "KNOWN")]


async def test_an_event_of_somebody_elses_payment_waits_for_a_person(desk):
    customer, body = await captured(desk)
    foreign = json.loads(body)
    foreign["payment"]["reference"] = "another-shop-1"

    assert await desk.post(json.dumps(foreign).encode()) == (200, "UNMATCHED")
    # Another provider of ours may not speak of this one's payments.
    assert await desk.post(body, provider="sandbox_card") == (200, "UNMATCHED")
    assert await desk.owed(customer) == OPEN


async def test_two_megabytes_are_not_read(desk):
    assert await desk.post(b"x" * 2_000_000) == (413, "BODY_TOO_LARGE")


async def test_there_is_no_such_provider(desk):
    assert await desk.post(b"{}", provider="nobody") == (404, "PROVIDER_UNKNOWN")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_only_a_post_is_answered(desk, method):
    transport = httpx2.ASGITransport(app=Starlette(routes=[webhook_route(counter=desk.counter)]))
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        assert (await client.request(method, "/payments/webhooks/sandbox")).status_code == 405


async def test_an_event_held_for_another_currency_books_nothing(desk):
    customer, body = await captured(desk)
    other = json.loads(body)
    other["payment"]["currency"] = "SEK"

    assert await desk.post(json.dumps(other).encode()) == (200, "HELD")
    assert await desk.owed(customer) == OPEN
