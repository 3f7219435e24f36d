"""What was committed to the outbox is queued for each endpoint that hears of it, exactly once, and old rows go."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from mains_server.db.unit_of_work import unit_of_work
from mains_server.webhooks import statements
from mains_server.webhooks.rules import SOURCES

FORGOTTEN_AT_ONCE = 10_000


async def queue_deliveries(engine: AsyncEngine, *, now: datetime) -> int:
    """Queue what was committed since the last look, and count it; what another process is queueing is left to it.

    The deliveries and how far was looked are one transaction. An event is known by its transaction, not by its id, so
    one that is committed late is queued then, and who dies before the end queues it again as if for the first time.
    """
    async with unit_of_work(engine) as session:
        return await _queue(session, now=now)


async def _queue(session: AsyncSession, *, now: datetime) -> int:
    await session.execute(text(statements.FIRST_LOOK))
    seen = await session.scalar(text(statements.HELD_LOOK))
    if seen is None:
        return 0
    values = {
        "seen": seen,
        "now": now,
        "kinds": [one.kind.name for one in SOURCES],
        "events": [one.event for one in SOURCES],
        "numbers": [one.number for one in SOURCES],
        "bookings": [one.booking for one in SOURCES],
        "persons": [one.by for one in SOURCES],
    }
    return int(await session.scalar(text(statements.QUEUE), values) or 0)


async def forget_deliveries(engine: AsyncEngine, *, before: datetime) -> int:
    """Delete deliveries that ended before an instant, and count them; what waits is kept however old it is."""
    count = 0
    while True:
        async with unit_of_work(engine) as session:
            values = {"before": before, "most": FORGOTTEN_AT_ONCE}
            found = await session.execute(text(statements.FORGET_DELIVERIES), values)
        count += int(found.rowcount)  # type: ignore[attr-defined]
        if found.rowcount < FORGOTTEN_AT_ONCE:  # type: ignore[attr-defined]
            return count
