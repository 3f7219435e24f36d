"""graphql-transport-ws to the letter: what closes a connection, with which code, and whom else that leaves alone."""

from __future__ import annotations

from dataclasses import replace

import pytest
from mains_schema.live.socket import LiveSocket

from tests.schema.living import EDGE, MESSAGES, living
from tests.schema.test_live import live, patience, subject, town

__all__ = ["live", "patience", "town"]
pytestmark = pytest.mark.asyncio

BAD_MESSAGES = {
    "no JSON": "{",
    "no object": "[]",
    "no type": "{}",
    "a type of the server's": '{"type": "connection_ack"}',
    "an unknown type": '{"type": "start", "id": "1"}',
    "a type that is no string": '{"type": ["ping"]}',
    "no id": '{"type": "subscribe", "payload": {"query": "{a}"}}',
    "an empty id": '{"type": "complete", "id": ""}',
    "an id that is no string": '{"type": "complete", "id": 1}',
    "no payload": '{"type": "subscribe", "id": "1"}',
    "a payload that is no object": '{"type": "ping", "payload": []}',
    "binary": b'{"type": "ping"}',
}


async def test_a_message_the_protocol_does_not_know_closes_the_connection(live):
    for name, message in BAD_MESSAGES.items():
        async with live.talk() as talk:
            await talk.connection.send(message)

            assert await talk.closed() == 4400, name
    async with live.talk() as talk:
        await talk.connection.send("x" * 1_000_001)

        assert await talk.closed() == 1009


async def test_a_message_that_closes_a_connection_leaves_others_alone(live):
    async with live.subscriber("owner") as talk, live.talk() as other:
        await other.begin("owner")
        await other.connection.send(BAD_MESSAGES["no JSON"])
        assert await other.closed() == 4400

        await live.told(1)
        assert await talk.next("1") == await subject(live, 1)


async def test_the_order_of_the_protocol_is_kept(live, monkeypatch):
    async with live.talk() as talk:
        await talk.say("subscribe", id="1", payload={"query": MESSAGES})
        assert await talk.closed() == 4401
    async with live.talk() as talk:
        await talk.begin("owner")
        await talk.say("connection_init")
        assert await talk.closed() == 4429
    async with live.subscriber("owner") as talk:
        await talk.say("subscribe", id="1", payload={"query": MESSAGES})
        assert await talk.closed() == 4409
    async with live.talk(protocol="graphql-ws") as talk:
        assert await talk.closed() == 4406
    monkeypatch.setattr(LiveSocket, "begin_seconds_max", 0.05)
    async with live.talk() as talk:
        assert await talk.closed() == 4408


async def test_pings_are_answered_before_the_connection_has_begun(live):
    async with live.talk() as talk:
        await talk.say("pong")
        await talk.settled()


BAD_TOKENS = (None, "", "owner", "Bearer", "Bearer nobody", "Basic owner", f"Bearer {'x' * 501}", 1, ["Bearer owner"])


async def test_a_connection_begins_with_a_token_or_not_at_all(live):
    for given in BAD_TOKENS:
        async with live.talk() as talk:
            await talk.say("connection_init", payload=None if given is None else {"authorization": given})

            assert await talk.closed() == 4403, given


COOKIE = {"cookie": "mains_session=owner"}


async def test_a_cookie_counts_from_a_front_end_of_ours_alone(live):
    host = live.address.split("/")[2]
    for origin in ("https://portal.example", f"http://{host}"):
        async with live.talk(headers=COOKIE | {"origin": origin}) as talk:
            await talk.say("connection_init")
            assert await talk.hear() == {"type": "connection_ack"}
    for header in ({}, {"origin": "null"}, {"origin": "https://elsewhere.example"}):
        async with live.talk(headers=COOKIE | header) as talk:
            await talk.say("connection_init")
            assert await talk.closed() == 4403, header


async def test_an_address_holds_a_number_of_connections(town):
    async with living(town, edge=replace(EDGE, sockets_per_address=1)) as live:
        async with live.subscriber("owner"), live.talk() as second:
            assert await second.closed() == 1013
        async with live.subscriber("owner") as again:
            await again.settled()
