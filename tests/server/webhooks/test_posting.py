"""A message over HTTP: to the address that was checked, signed, and little is read of the answer."""

from datetime import timedelta
from ipaddress import ip_network

import pytest
from mains_server.notifications.sealing import Seal
from mains_server.webhooks import operations
from mains_server.webhooks.addresses import Gate

from tests.server.webhooks.conftest import SEAL
from tests.server.webhooks.receiver import is_signed, receiving

pytestmark = pytest.mark.asyncio
SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)


async def test_retry_after_is_waited_for_an_hour_at_most(partners, receiver):
    await partners.endpoint(receiver.url)
    await partners.happens(7)
    receiver.will(429, retry_after="90")
    receiver.will(503, retry_after="999999")

    await partners.send()
    assert await partners.send(after=timedelta(seconds=89)) == {}
    await partners.send(after=SECOND)
    [(next_try,)] = await partners.rows("select next_try_at from webhook_delivery")

    assert len(receiver.came) == 2
    assert next_try == partners.now + timedelta(hours=1)


async def test_redirects_are_not_followed(partners, receiver):
    async with receiving() as inner:
        await partners.endpoint(receiver.url)
        await partners.happens(7)
        receiver.will(307, location=inner.url)

        await partners.send()

        assert inner.came == []
        assert inner.connections == 0
    assert (await partners.deliveries())[0][2:] == (307, "answered 307; redirects are not followed")


async def test_an_address_is_checked_again_when_it_is_connected_to(partners, receiver):
    """A name that was public when it was registered leads inward now."""
    await partners.endpoint(f"http://rebinding.example:{receiver.port}/hook")
    await partners.happens(7)

    async def inward(host, port):
        return ["127.0.0.1"]

    await partners.send(gate=Gate(takes_http=True, lookup=inward))

    assert receiver.connections == 0
    assert (await partners.deliveries())[0][3] == "refused: this host is not reached over the public internet"


async def test_a_name_is_looked_up_once_for_a_message_and_the_checked_address_is_connected_to(partners, receiver):
    asked = []

    async def changing(host, port):
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["169.254.169.254"]

    gate = Gate(allowed=(ip_network("127.0.0.0/8"),), takes_http=True, lookup=changing)
    await partners.endpoint(f"http://rebinding.example:{receiver.port}/hook")
    await partners.happens(7, 7)

    await partners.send(gate=gate)

    assert [headers["host"] for headers, _ in receiver.came] == [f"rebinding.example:{receiver.port}"]
    assert [row[0] for row in await partners.deliveries()] == ["DELIVERED", "WAITING"]
    assert asked == ["rebinding.example"] * 2


async def test_long_answers_are_not_read_and_nothing_of_them_is_kept(partners, receiver):
    await partners.endpoint(receiver.url)
    await partners.happens(7)
    receiver.answers.append((500, {}, b"secret of the inner network " * 100_000))

    await partners.send()

    assert await partners.deliveries() == [("WAITING", 1, 500, "answered 500")]


async def test_who_does_not_answer_in_time_is_tried_later(partners, receiver, monkeypatch):
    monkeypatch.setattr("mains_server.webhooks.posting.POST_SECONDS_MAX", 0.2)
    receiver.hangs = True
    await partners.endpoint(receiver.url)
    await partners.happens(7)

    await partners.send()

    assert [row[0] for row in await partners.deliveries()] == ["WAITING"]
    assert (await partners.deliveries())[0][2] is None


async def test_both_secrets_sign_for_a_day_after_one_was_replaced(partners, receiver):
    made = await partners.endpoint(receiver.url)
    rotated = await partners.act(operations.rotate_secret, endpoint_id=made.endpoint_id, seal=SEAL, now=partners.now)
    await partners.happens(7)
    await partners.send()
    await partners.happens(7)
    await partners.send(after=DAY)

    proven = [[is_signed(one[0], one[1], secret) for secret in (made.secret, rotated.secret)] for one in receiver.came]
    assert proven == [[True, True], [False, True]]


async def test_without_the_servers_secret_nothing_is_sent_and_the_reason_is_shown(partners, receiver):
    await partners.endpoint(receiver.url)
    await partners.happens(7)

    await partners.send(seal=Seal(b"another secret of another server"))

    assert receiver.came == []
    assert "MAINS_SECRET" in (await partners.deliveries())[0][3]


async def test_a_mistake_of_ours_counts_as_a_try_and_stops_nobody_else(partners, receiver, monkeypatch):
    await partners.endpoint(receiver.url)
    await partners.happens(7, 8)
    render = partners.render

    async def failing(reading):
        if reading.number == 1:
            raise ZeroDivisionError("never to be seen")
        return await render(reading)

    monkeypatch.setattr(partners, "render", failing)
    await partners.send()

    assert await partners.deliveries() == [
        ("WAITING", 1, None, "a mistake on our side"),
        ("DELIVERED", 1, 204, "answered 204"),
    ]


async def test_a_connection_is_used_again_for_the_next_message(partners, receiver):
    await partners.endpoint(receiver.url)
    await partners.happens(7, 7, 7)

    await partners.send()

    assert (len(receiver.came), receiver.connections) == (3, 1)
