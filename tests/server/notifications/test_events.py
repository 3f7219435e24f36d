"""Events: received is what was committed, in each customer's order, however often the sender dies or fails."""

import asyncio
import signal
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from mains_schema.served import schema
from mains_server.access.records import OPERATORS, Viewer
from mains_server.db.outbox import append_event
from mains_server.db.unit_of_work import unit_of_work
from mains_server.notifications.events import Ears, EventNotGivenUp, deliver_events, send_event_again
from sqlalchemy import text

from tests.schema.asking import Asker
from tests.server.notifications.conftest import NOON

pytestmark = pytest.mark.asyncio
PERSON = "insert into person (email, name, language, created_at) values ('a@b.lv', 'A', 'lv', now()) returning id"
ROOT = Path(__file__).parents[3]


async def published(desk, *customers, kind="told"):
    """Publish an event for each of these customers, each in its own transaction, and one that never happens."""
    for number, customer in enumerate(customers):
        async with unit_of_work(desk.engine) as session:
            append_event(session, kind=kind, payload={"number": number}, customer_id=customer, now=NOON)
    try:
        async with unit_of_work(desk.engine) as session:
            append_event(session, kind=kind, payload={}, customer_id=1, now=NOON)
            await session.flush()
            raise ZeroDivisionError
    except ZeroDivisionError:
        pass


class Listener:
    """Writes down what it hears, and fails at some."""

    def __init__(self, *failing):
        self.heard, self.failing = [], set(failing)

    async def __call__(self, session, event):
        self.heard.append((event.customer_id, event.payload["number"]))
        if event.payload["number"] in self.failing:
            raise ValueError("cannot\nbe told")


async def test_each_is_heard_once_in_its_customers_order(desk):
    await published(desk, 1, 2, 1, None, 2, 1, None)
    listener = Listener()

    first = await deliver_events(desk.engine, ears=Ears(by_kind={"told": listener}), now=NOON)
    second = await deliver_events(desk.engine, ears=Ears(by_kind={"told": listener}), now=NOON)

    assert (dict(first), dict(second)) == ({"delivered": 7}, {})
    assert [number for customer, number in listener.heard if customer == 1] == [0, 2, 5]
    assert [number for customer, number in listener.heard if customer == 2] == [1, 4]
    assert len(listener.heard) == 7


async def test_one_that_fails_holds_up_its_customer_alone(desk):
    await published(desk, 1, 2, 1, 2)
    listener = Listener(0)
    ears = Ears(by_kind={"told": listener})

    await deliver_events(desk.engine, ears=ears, now=NOON)
    assert listener.heard == [(1, 0), (2, 1), (2, 3)]
    listener.failing.clear()
    await deliver_events(desk.engine, ears=ears, now=NOON + timedelta(seconds=59))
    assert len(listener.heard) == 3
    await deliver_events(desk.engine, ears=ears, now=NOON + timedelta(minutes=1))

    assert listener.heard[3:] == [(1, 0), (1, 2)]


async def test_one_that_always_fails_is_given_up_shown_and_sent_again(desk):
    await published(desk, 1, 1)
    listener = Listener(0)
    ears = Ears(by_kind={"told": listener})

    for hours in range(0, 80, 8):
        await deliver_events(desk.engine, ears=ears, now=NOON + timedelta(hours=hours))

    ((event_id, tries, failure),) = await desk.rows(
        "select id, tries, failure from outbox_event where given_up_at is not null"
    )
    assert (tries, failure) == (10, "ValueError: cannot be told")
    assert listener.heard[-1] == (1, 1)
    listener.failing.clear()
    async with unit_of_work(desk.engine) as session:
        assert await send_event_again(session, event_id=event_id) == event_id
    await deliver_events(desk.engine, ears=ears, now=NOON)
    assert listener.heard[-1] == (1, 0)
    with pytest.raises(EventNotGivenUp):
        async with unit_of_work(desk.engine) as session:
            await send_event_again(session, event_id=event_id)


async def test_an_employee_sees_what_was_given_up_and_sends_it_again(desk):
    await published(desk, 1)
    ears = Ears(by_kind={"told": Listener(0)})
    for hours in range(0, 80, 8):
        await deliver_events(desk.engine, ears=ears, now=NOON + timedelta(hours=hours))
    operator = Viewer(person_id=await desk.utility.run(PERSON), staff=OPERATORS)
    asker = Asker(schema(), desk.engine)
    query = "{ staff { undeliveredEvents { id kind failure tries occurredAt givenUpAt } } }"
    mutation = """mutation ($input: EventSendAgainInput!) { eventSendAgain(input: $input) {
        eventId userErrors { code path } } }"""

    (seen,) = (await asker.ask(query, viewer=operator)).data["staff"]["undeliveredEvents"]
    given = {"eventId": seen["id"], "idempotencyKey": "again"}
    answers = [(await asker.resolve(mutation, viewer=operator, input=given)).data for _ in range(2)]
    other = await asker.resolve(mutation, viewer=operator, input={**given, "idempotencyKey": "once more"})

    assert {name: seen[name] for name in ("kind", "failure", "tries")} == {
        "kind": "told",
        "failure": "ValueError: cannot be told",
        "tries": 10,
    }
    assert answers == [{"eventSendAgain": {"eventId": seen["id"], "userErrors": []}}] * 2
    refused = {"eventId": None, "userErrors": [{"code": "EVENT_NOT_GIVEN_UP", "path": "eventId"}]}
    assert other.data["eventSendAgain"] == refused
    assert (await asker.ask(query, viewer=operator)).data["staff"]["undeliveredEvents"] == []
    assert dict(await deliver_events(desk.engine, ears=Ears(by_kind={"told": Listener()}), now=NOON)) == {
        "delivered": 1
    }


async def test_what_nobody_listens_to_is_done(desk):
    await published(desk, 1, 1, None, kind="nothing")

    assert dict(await deliver_events(desk.engine, ears=Ears(), now=NOON)) == {"unheard": 3}
    assert await desk.rows("select count(*) from outbox_event where delivered_at is null") == [(0,)]


async def test_two_deliver_side_by_side_without_hearing_twice(desk):
    await published(desk, *(number % 7 for number in range(70)))
    listener = Listener()
    ears = Ears(by_kind={"told": listener})

    for _ in range(12):
        await asyncio.gather(*(deliver_events(desk.engine, ears=ears, now=NOON) for _ in range(3)))

    assert sorted(number for _, number in listener.heard) == list(range(70))
    for customer in range(7):
        mine = [number for one, number in listener.heard if one == customer]
        assert mine == sorted(mine)


@pytest.mark.parametrize("kills", [pytest.param(3, id="a few"), pytest.param(30, id="thirty", marks=pytest.mark.slow)])
async def test_what_is_received_is_what_was_committed_under_kills(desk, database_url, kills):
    await published(desk, *(number % 5 + 1 for number in range(40)))
    async with unit_of_work(desk.engine) as session:
        await session.execute(text("create table heard (at serial, event_id bigint, customer_id bigint)"))

    for number in range(kills):
        # With one event a customer and batch, five are heard before the first commit: deaths fall in and after it.
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.server.notifications.dying_events", database_url, str(number % 7 + 1)),
            cwd=ROOT,
        )
        assert await process.wait() in (-signal.SIGKILL, 0)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.server.notifications.dying_events", database_url, "0"), cwd=ROOT
    )

    assert await process.wait() == 0
    heard = await desk.rows("select customer_id, event_id from heard order by at")
    committed = await desk.rows("select customer_id, id from outbox_event")
    assert sorted(heard) == sorted(committed)
    assert len(committed) == 40
    for customer in range(1, 6):
        mine = [event for one, event in heard if one == customer]
        assert mine == sorted(mine)
