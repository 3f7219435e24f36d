"""Old events are forgotten: what was delivered long ago and looked at by all, and nothing else."""

from datetime import UTC, datetime, timedelta

import pytest
from mains_server.commands.outbox import forget_old, wrong_with
from mains_server.db.outbox import OutboxState, append_event, forget_delivered, outbox_state
from mains_server.db.unit_of_work import read_session, unit_of_work
from sqlalchemy import text

pytestmark = pytest.mark.asyncio
NOW = datetime(2024, 2, 10, 12, 0, tzinfo=UTC)
KEPT = timedelta(days=90)
LOOK = "insert into webhook_look (id, seen) values (1, pg_current_snapshot()::text)"
LOOK_AGAIN = "update webhook_look set seen = pg_current_snapshot()::text"


async def ran(engine, statement, **values):
    """Run a statement."""
    async with unit_of_work(engine) as session:
        return await session.execute(text(statement), values)


async def happened(engine, kind, *, days, delivered=True, given_up=False):
    """Have an event that many days ago."""
    at = NOW - timedelta(days=days)
    async with unit_of_work(engine) as session:
        append_event(session, kind=kind, payload={}, customer_id=1, now=at)
    sets = {"delivered": at if delivered else None, "given_up": at if given_up else None}
    sets_words = "delivered_at = :delivered, given_up_at = :given_up"
    await ran(engine, f"update outbox_event set {sets_words} where kind = :kind", kind=kind, **sets)


async def kinds(engine):
    """Name the events that are left."""
    async with read_session(engine) as session:
        return [row.kind for row in await session.execute(text("select kind from outbox_event order by id"))]


async def test_what_was_delivered_before_the_retention_is_forgotten_and_nothing_else(engine):
    await happened(engine, "old", days=91)
    await happened(engine, "young", days=89)
    await happened(engine, "waits", days=400, delivered=False)
    await happened(engine, "given up", days=400, delivered=False, given_up=True)

    assert await forget_old(engine, kept_for=KEPT, now=NOW) == 1
    assert await forget_old(engine, kept_for=KEPT, now=NOW) == 0

    assert await kinds(engine) == ["young", "waits", "given up"]


async def test_what_webhooks_have_not_looked_at_stays_until_they_have(engine):
    await happened(engine, "seen", days=200)
    await ran(engine, LOOK)
    await happened(engine, "unseen", days=200)

    assert await forget_old(engine, kept_for=KEPT, now=NOW) == 1
    assert await kinds(engine) == ["unseen"]

    await ran(engine, LOOK_AGAIN)
    assert await forget_old(engine, kept_for=KEPT, now=NOW) == 1
    assert await kinds(engine) == []


async def test_an_event_of_a_transaction_that_ended_after_the_look_stays(engine):
    async with unit_of_work(engine) as session:
        append_event(session, kind="slow", payload={}, customer_id=1, now=NOW - timedelta(days=200))
        await session.flush()
        await ran(engine, LOOK)
    await ran(engine, "update outbox_event set delivered_at = occurred_at")

    assert await forget_old(engine, kept_for=KEPT, now=NOW) == 0
    assert await kinds(engine) == ["slow"]


async def test_who_dies_half_way_loses_nothing_and_the_next_goes_on(engine):
    for number in range(5):
        await happened(engine, f"old {number}", days=200 - number)

    with pytest.raises(ZeroDivisionError):
        async with unit_of_work(engine) as session:
            assert await forget_delivered(session, before=NOW - KEPT, seen=None, most=2) == 2
            raise ZeroDivisionError
    assert len(await kinds(engine)) == 5
    async with unit_of_work(engine) as session:
        await forget_delivered(session, before=NOW - KEPT, seen=None, most=2)

    assert await kinds(engine) == ["old 2", "old 3", "old 4"]
    assert await forget_old(engine, kept_for=KEPT, now=NOW, at_once=2) == 3
    assert await kinds(engine) == []


async def test_the_outbox_says_how_it_stands(engine):
    await happened(engine, "old", days=91)
    await happened(engine, "waits", days=2, delivered=False)
    await happened(engine, "given up", days=3, delivered=False, given_up=True)

    async with read_session(engine) as session:
        state = await outbox_state(session)

    assert state == OutboxState(
        waiting=1,
        waits_since=NOW - timedelta(days=2),
        given_up=1,
        delivered=1,
        delivered_since=NOW - timedelta(days=91),
    )


@pytest.mark.parametrize(
    ("given_up", "waits_for", "words"),
    [
        (0, None, None),
        (0, timedelta(minutes=59), None),
        (0, timedelta(minutes=61), "an event waits since 2024-02-10 10:59 UTC: does a worker run?"),
        (2, None, "2 given up: see `undeliveredEvents`, and send them again by `eventSendAgain`"),
    ],
)
async def test_somebody_is_called_where_somebody_has_to_look(given_up, waits_for, words):
    waits_since = None if waits_for is None else NOW - waits_for

    state = OutboxState(waiting=1, waits_since=waits_since, given_up=given_up, delivered=0, delivered_since=None)

    assert wrong_with(state, now=NOW) == words
