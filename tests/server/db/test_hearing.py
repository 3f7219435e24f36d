"""What is committed is heard once, in whatever order transactions end and however connections break."""

import asyncio
from datetime import UTC, datetime

import pytest
import pytest_asyncio
from mains_server.db.hearing import Hearing
from mains_server.db.outbox import NewsEvent, Wanted, append_event, append_news, committed_since, snapshot
from mains_server.db.unit_of_work import read_session, unit_of_work
from sqlalchemy import text

pytestmark = pytest.mark.asyncio

NOON = datetime(2023, 2, 1, 12, tzinfo=UTC)
WANTED = Wanted(kinds=frozenset({"paid"}), always=frozenset({"revoked"}), customer_ids=frozenset({1, 2}))
BREAK = text("""
select pg_terminate_backend(pid) from pg_stat_activity
where datname = current_database() and pid <> pg_backend_pid()
    and (query ilike 'listen%' or query ~ 'pg_current_snapshot')
""")


class Ear:
    """Notes what is heard, and lets tests wait for it."""

    def __init__(self, engine):
        self.heard = []
        self._more = asyncio.Event()
        self.hearing = Hearing(engine, wanted=lambda: WANTED, take=self.take)

    def take(self, events):
        self.heard += [event.payload["n"] for event in events]
        self._more.set()

    async def until(self, count):
        while len(self.heard) < count:
            self._more.clear()
            await asyncio.wait_for(self._more.wait(), 60)
        return self.heard


@pytest_asyncio.fixture
async def ear(engine):
    made = Ear(engine)
    task = asyncio.create_task(made.hearing.run())
    await asyncio.wait_for(made.hearing.has_begun.wait(), 60)
    yield made
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def write(engine, *numbers, kind="paid", customer=1):
    async with unit_of_work(engine) as session:
        news = [NewsEvent(kind=kind, customer_id=customer, payload={"n": n}) for n in numbers]
        await append_news(session, news=news, now=NOON)


async def test_what_is_committed_is_heard(engine, ear):
    await write(engine, 1, 2)
    await write(engine, 3, customer=2)

    assert await ear.until(3) == [1, 2, 3]


async def test_events_of_others_and_of_other_kinds_are_left(engine, ear):
    await write(engine, 1, customer=3)
    await write(engine, 2, kind="read")
    await write(engine, 3, kind="revoked", customer=3)
    async with unit_of_work(engine) as session:
        append_event(session, kind="paid", payload={"n": 4}, customer_id=None, now=NOON)

    assert await ear.until(2) == [3, 4]


async def test_an_event_with_a_lower_id_that_is_committed_later_is_heard(engine, ear):
    async with unit_of_work(engine) as session:
        await append_news(session, news=[NewsEvent(kind="paid", customer_id=1, payload={"n": 1})], now=NOON)
        await write(engine, 2)
        await ear.until(1)

    assert await ear.until(2) == [2, 1]


async def test_what_was_missed_while_the_connection_was_broken_is_caught_up(engine, ear):
    async with unit_of_work(engine) as late:
        await append_news(late, news=[NewsEvent(kind="paid", customer_id=1, payload={"n": 1})], now=NOON)
        async with unit_of_work(engine) as session:
            await session.execute(BREAK)
        await write(engine, 2)

    await write(engine, 3)

    assert sorted(await ear.until(3)) == [1, 2, 3]


async def test_asking_twice_gives_each_event_once(engine):
    async with engine.connect() as connection:
        plain = (await connection.get_raw_connection()).driver_connection
        seen = await snapshot(plain)
        await write(engine, 1)

        seen, first = await committed_since(plain, seen=seen, wanted=WANTED)
        await write(engine, 2)
        _seen, second = await committed_since(plain, seen=seen, wanted=WANTED)

    assert [[event.payload["n"] for event in part] for part in (first, second)] == [[1], [2]]


async def test_news_wait_for_no_listener(engine):
    await write(engine, 1)

    async with read_session(engine) as session:
        waiting = await session.scalar(text("select count(*) from outbox_event where delivered_at is null"))
        assert waiting == 0
