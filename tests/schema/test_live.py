"""Subscriptions over graphql-transport-ws: the protocol to the letter, and nobody is told what they may not see."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio
from mains_schema.declaring.node import encode_id
from mains_schema.http.edge import Budget
from mains_schema.live.feeds import FEEDS
from mains_schema.live.socket import LiveSocket
from mains_schema.served import schema
from mains_server.access.records import GrantRole, Permission
from mains_server.access.tables import AccessGrant
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine
from websockets.exceptions import ConnectionClosed

from tests.schema.authorization_actors import ACTORS
from tests.schema.authorizing import settle_actors
from tests.schema.canaries import settle_canaries
from tests.schema.living import EDGE, MESSAGES, Live, Talk, living
from tests.schema.town import THEN

pytestmark = pytest.mark.asyncio

CUSTOMER_1, CUSTOMER_5 = (encode_id(type_name="Customer", number=n) for n in (1, 5))
VIEW_OF_1: dict[str, Any] = {
    "id": 900, "customer_id": 1, "role": GrantRole.DELEGATE, "permissions": [Permission.VIEW.name],
    "contract_ids": None, "starts_at": THEN, "ends_at": None,
}  # fmt: skip
OF_ONE = "subscription ($of: ID) { inboxMessage(customerId: $of) { subject } }"
INTENT = ("PaymentIntent", 1)
# An event of customer 1 for each field, and the row that is answered.
EVENTS: dict[str, tuple[str, dict[str, Any], tuple[str, int]]] = {
    "invoiceIssued": ("invoice.issued", {"invoice_id": 100, "contract_id": 1}, ("Invoice", 100)),
    "balanceChanged": ("ledger.balance_changed", {"kind": "REVERSAL", "document_id": 7}, ("Customer", 1)),
    "readingAccepted": ("reading.accepted", {"reading_id": 100}, ("Reading", 100)),
    "outageChanged": ("outage.changed", {"outage_id": 1, "revision": 1}, ("Outage", 1)),
    "paymentChanged": ("payment.changed", {"payment_id": 1}, ("Payment", 1)),
    "paymentIntentChanged": ("payment.intent_changed", {"intent_id": 1, "person_id": ACTORS["payer"]}, INTENT),
    "inboxMessage": ("notice.told", {"notice_id": 1}, ("Notice", 1)),
}


@pytest.fixture(autouse=True)
def patience(monkeypatch):
    """Let nothing depend on how fast the machine is."""
    for limit in ("begin_seconds_max", "send_seconds_max"):
        monkeypatch.setattr(LiveSocket, limit, 600)


@pytest_asyncio.fixture
async def town(engine: AsyncEngine) -> AsyncEngine:
    async with engine.begin() as connection:
        await settle_canaries(connection)
        await settle_actors(connection)
    return engine


@pytest_asyncio.fixture
async def live(town: AsyncEngine) -> AsyncIterator[Live]:
    async with living(town) as found:
        yield found


async def subject(live: Live, notice: int) -> dict[str, Any]:
    async with live.engine.connect() as connection:
        found = await connection.exec_driver_sql(f"select subject from notice where id = {notice}")
        return {"inboxMessage": {"subject": found.scalar_one()}}


async def test_each_field_is_fed_and_says_what_is_there(live):
    assert set(EVENTS) == set(FEEDS) == set(schema()._schema.subscription_type.fields)
    for field, (kind, payload, (type_name, number)) in EVENTS.items():
        async with live.subscriber(_looks(field), f"subscription {{ it: {field} {{ id }} }}") as talk:
            await live.happens(kind, None if field == "outageChanged" else 1, **payload)
            assert await talk.next("1") == {"it": {"id": encode_id(type_name=type_name, number=number)}}


def _looks(field: str) -> str:
    """Name somebody who is told of the field's event."""
    return "payer" if FEEDS[field].is_personal else "owner"


async def _happens(live: Live, field: str, *, customer_id: int = 1, **other: Any) -> None:
    """Let the field's event happen, of a customer that it names."""
    kind, payload, _ = EVENTS[field]
    await live.happens(kind, None if field == "outageChanged" else customer_id, **{**payload, **other})


async def _subscribed_to_all(talk: Talk) -> None:
    for field in FEEDS:
        await talk.subscribe(field, f"subscription {{ {field} {{ id }} }}")


async def _until_notice_5(live: Live, talk: Talk) -> list[tuple[str, str]]:
    """Let customer 5 be told something, and give all that came until that did, by field and id of the row."""
    last, told = ("inboxMessage", encode_id(type_name="Notice", number=5)), list[tuple[str, str]]()
    await live.told(5, customer_id=5)
    while last not in told:
        heard = await talk.hear()
        told.append((heard["id"], heard["payload"]["data"][heard["id"]]["id"]))
    return told


async def test_each_field_falls_silent_for_a_delegate_whose_right_ended(live):
    """Who keeps another customer goes on listening, and is told of the lost one by no field at all."""
    async with live.engine.begin() as connection:
        await connection.execute(insert(AccessGrant), [{**VIEW_OF_1, "person_id": ACTORS["stranger"]}])
    async with live.talk() as talk:
        await talk.begin("stranger")
        await _subscribed_to_all(talk)
        for field in FEEDS:
            await _happens(live, field)
        assert {field for field, _ in await _until_notice_5(live, talk)} == set(FEEDS) - {"paymentIntentChanged"}

        async with live.engine.begin() as connection:
            await connection.exec_driver_sql("update access_grant set ends_at = starts_at where id = 900")
        for field in FEEDS:
            await _happens(live, field)

        assert [field for field, _ in await _until_notice_5(live, talk)] == ["inboxMessage"]


async def test_no_field_tells_of_anothers_row_whomever_the_event_names(live):
    async with live.talk() as talk:
        await talk.begin("stranger")
        await _subscribed_to_all(talk)
        for field in FEEDS:
            mine = {"person_id": ACTORS["stranger"]} if FEEDS[field].is_personal else {}
            await _happens(live, field, customer_id=5, **mine)

        told = await _until_notice_5(live, talk)
        assert {field for field, _ in told} == {"balanceChanged", "inboxMessage"}
        assert {number for field, number in told if field == "balanceChanged"} == {CUSTOMER_5}


async def test_no_field_tells_a_session_that_ended(town):
    gone: set[str] = set()
    async with living(town, gone=gone) as live:
        for field in FEEDS:
            gone.clear()
            async with live.subscriber(_looks(field), f"subscription {{ {field} {{ id }} }}") as talk:
                gone.add(_looks(field))
                await _happens(live, field)
                with pytest.raises(ConnectionClosed) as closed:
                    await talk.hear()
                assert closed.value.rcvd.code == 4403, field


async def test_who_pays_for_a_neighbour_is_told_how_far_it_came_and_the_neighbour_is_not(live):
    query = "subscription { paymentIntentChanged { id status } }"
    async with live.subscriber("payer", query) as payer, live.subscriber("owner", query) as owner:
        await owner.subscribe("2")
        await _happens(live, "paymentIntentChanged")
        await live.told(1)

        assert (await payer.next("1"))["paymentIntentChanged"]["id"] == encode_id(type_name="PaymentIntent", number=1)
        assert await owner.next("2") == await subject(live, 1)


async def test_a_payment_is_told_by_its_booking_and_an_invoice_changes_the_balance(live):
    async with live.subscriber("owner", "subscription { paymentChanged { id } }") as talk:
        await talk.subscribe("2", "subscription { balanceChanged { balances { owed { currency } } } }")

        await live.happens("ledger.balance_changed", kind="PAYMENT", document_id=1)
        told = [await talk.hear(), await talk.hear()]
        assert {one["id"] for one in told} == {"1", "2"}

        await live.happens("invoice.issued", invoice_id=100, contract_id=1)
        assert "balanceChanged" in await talk.next("2")


async def test_strangers_hear_nothing_even_of_what_names_the_wrong_customer(live):
    async with live.subscriber("stranger") as stranger:
        await live.told(1)
        await live.told(1, customer_id=5)
        await live.told(5, customer_id=5)

        assert await stranger.next("1") == await subject(live, 5)


async def test_who_may_not_look_cannot_subscribe(live):
    for actor in ("pay", "submit", "request", "revoked", "invitee", "operator"):
        async with live.talk() as talk:
            await talk.begin(actor)
            await talk.say("subscribe", id="1", payload={"query": MESSAGES})

            assert await talk.refused("1") == "FORBIDDEN", actor


async def test_a_delegate_who_may_look_is_told_until_that_ends(live):
    async with live.subscriber("view") as talk:
        await live.told(1)
        assert await talk.next("1") == await subject(live, 1)

        await live.ended("view", person_id=101)

        assert await talk.refused("1") == "FORBIDDEN"
        await live.told(1)
        await talk.settled()


async def test_rights_are_asked_anew_at_each_event_without_being_told_that_they_ended(live):
    async with live.subscriber("view") as talk:
        await live.ended("view")
        await live.told(1)

        assert await talk.refused("1") == "FORBIDDEN"


async def test_a_delegate_of_one_contract_sees_its_invoices_and_not_the_customer(live):
    async with live.subscriber("view one", "subscription { balanceChanged { id } }") as talk:
        await talk.subscribe("2", "subscription { invoiceIssued { id } }")

        await live.happens("invoice.issued", invoice_id=100, contract_id=1)

        assert await talk.next("2") == {"invoiceIssued": {"id": encode_id(type_name="Invoice", number=100)}}


async def test_one_customer_alone_can_be_asked_for_if_one_sees_it(live):
    async with live.subscriber("owner", OF_ONE, variables={"of": CUSTOMER_1}) as talk:
        await live.told(1)
        assert await talk.next("1") == await subject(live, 1)

        await talk.say("subscribe", id="2", payload={"query": OF_ONE, "variables": {"of": CUSTOMER_5}})
        assert await talk.refused("2") == "FORBIDDEN"


async def test_what_just_happened_is_told_to_who_subscribes_after_the_ack(live):
    async with live.subscriber("owner") as talk:
        await live.told(1)
        await talk.next("1")

        await talk.say("subscribe", id="2", payload={"query": MESSAGES})

        assert await talk.next("2") == await subject(live, 1)


async def test_a_token_that_is_no_good_any_more_ends_the_connection(town, monkeypatch):
    gone: set[str] = set()
    monkeypatch.setattr(LiveSocket, "recheck_seconds", 0.05)
    async with living(town, gone=gone) as live, live.subscriber("owner") as talk:
        gone.add("owner")

        assert await talk.closed() == 4403


REFUSED_DOCUMENTS = {
    "subscription { inboxMessage": "BAD_INPUT",
    "subscription { nothing { id } }": "BAD_INPUT",
    "{ viewer { id } }": "BAD_INPUT",
    "mutation { sessionRevoke { isRevoked } }": "BAD_INPUT",
    "subscription { inboxMessage { id } outageChanged { id } }": "BAD_INPUT",
    "subscription { __typename }": "BAD_INPUT",
    'subscription { inboxMessage(customerId: "x") { id } }': "BAD_INPUT",
    "subscription A { inboxMessage { id } } subscription B { inboxMessage { id } }": "BAD_INPUT",
    "subscription { inboxMessage @skip(if: true) { id } }": "BAD_INPUT",
    "subscription { balanceChanged { contracts(first: 100) { nodes { invoices(first: 100) { nodes { lines { label } } } } } } }": (  # noqa: E501
        "TOO_COMPLEX"
    ),
    "": "BAD_INPUT",
}


async def test_bad_documents_are_refused_and_the_others_go_on(live):
    async with live.subscriber("owner") as talk:
        for number, (query, code) in enumerate(REFUSED_DOCUMENTS.items()):
            await talk.say("subscribe", id=f"bad {number}", payload={"query": query})
            assert await talk.refused(f"bad {number}") == code, query
        for payload in ({"query": 1}, {"query": MESSAGES, "variables": []}, {"query": MESSAGES, "operationName": 1}):
            await talk.say("subscribe", id="bad", payload=payload)
            assert await talk.refused("bad") == "BAD_INPUT"

        await live.told(1)
        assert await talk.next("1") == await subject(live, 1)


async def test_no_more_than_ten_subscriptions_and_a_completed_one_makes_room(live):
    async with live.talk() as talk:
        await talk.begin("owner")
        for number in range(10):
            await talk.subscribe(str(number))
        await talk.say("subscribe", id="more", payload={"query": MESSAGES})
        assert await talk.refused("more") == "TOO_COMPLEX"

        await talk.say("complete", id="0")
        await talk.say("complete", id="never begun")
        await talk.subscribe("more")
        await live.told(1)

        assert {(await talk.hear())["id"] for _ in range(10)} == {*map(str, range(1, 10)), "more"}


async def test_a_budget_that_is_spent_ends_a_subscription(town):
    async with living(town, edge=replace(EDGE, budget=Budget(2))) as live, live.subscriber("owner") as talk:
        await live.told(1)
        assert (await talk.hear())["payload"]["extensions"]["cost"]["budget"]["left"] == 0
        await live.told(1)

        assert await talk.refused("1") == "RATE_LIMITED"


async def test_who_is_too_slow_for_what_happens_is_cut(live, monkeypatch):
    async with live.subscriber("owner") as talk:
        monkeypatch.setattr("mains_schema.live.socket.EVENTS_WAITING_MAX", 0)

        await live.told(1)

        assert await talk.closed() == 1013
