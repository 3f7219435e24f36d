"""Events: what happened is written down with what changed, and told to others afterwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.db.tables import OutboxEvent

# All that was committed since a snapshot, in one statement, so that the snapshot it gives is the one it read by. An
# event is known by its transaction: its id is drawn long before others with higher ids are committed.
COMMITTED_SINCE = """
select pg_current_snapshot()::text as seen, coalesce((
    select jsonb_agg(jsonb_build_array(e.id, e.kind, e.customer_id, e.payload) order by e.id)::text
    from outbox_event e
    where e.transaction >= pg_snapshot_xmin($1::text::pg_snapshot)::text::bigint
        and not pg_visible_in_snapshot(e.transaction::text::xid8, $1::text::pg_snapshot)
        and (e.kind = any($2::text[])
            or (e.kind = any($3::text[]) and (e.customer_id is null or e.customer_id = any($4::bigint[]))))
), '[]') as events
"""
# One statement however many they are: a bank statement has them by the ten thousand.
INSERT_NEWS = text("""
insert into outbox_event (kind, customer_id, payload, occurred_at, delivered_at)
select n.kind, n.customer_id, cast(n.payload as jsonb), :now, :now
from unnest(cast(:kinds as text[]), cast(:customers as bigint[]), cast(:payloads as text[])) with ordinality
    n (kind, customer_id, payload, place)
order by n.place
""")
# What was delivered before a day, unless somebody has not looked at its transaction yet. Held rows are left for the
# next time: whoever holds them is at work on them.
FORGET = text("""
with old as materialized (
    select id from outbox_event
    where delivered_at < :before and (
        cast(:seen as text) is null
        or pg_visible_in_snapshot(cast(cast(transaction as text) as xid8), cast(cast(:seen as text) as pg_snapshot))
    )
    order by delivered_at, id limit :most for update skip locked
)
delete from outbox_event e using old where e.id = old.id
""")
STATE = text("""
select count(*) filter (where delivered_at is null and given_up_at is null) as waiting,
    min(occurred_at) filter (where delivered_at is null and given_up_at is null) as waits_since,
    count(*) filter (where given_up_at is not null) as given_up,
    count(*) filter (where delivered_at is not null) as delivered,
    min(delivered_at) as delivered_since
from outbox_event
""")
# By the index of what waits, so that a figure asked for each minute costs nothing of what was delivered long ago.
BACKLOG = text("""
select count(*) filter (where given_up_at is null) as waiting,
    min(occurred_at) filter (where given_up_at is null) as waits_since, count(given_up_at) as given_up
from outbox_event where delivered_at is null
""")
UNSEEN = text("""
select count(*) as waiting, min(occurred_at) as waits_since from outbox_event
where transaction >= cast(cast(pg_snapshot_xmin(cast(cast(:seen as text) as pg_snapshot)) as text) as bigint)
    and not pg_visible_in_snapshot(
        cast(cast(transaction as text) as xid8), cast(cast(:seen as text) as pg_snapshot))
""")
ROUSE = text("select pg_notify('mains_events', '')")
NOW_SEEN = "select pg_current_snapshot()::text"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsEvent:
    """Something for those alone who look on right now: nothing waits for its delivery."""

    kind: str
    customer_id: int
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Committed:
    """An event whose transaction has ended well."""

    id: int
    kind: str
    customer_id: int | None
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which events somebody looks for: `kinds` of these customers and of none, `always` of whomever."""

    kinds: frozenset[str]
    always: frozenset[str]
    customer_ids: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxState:
    """How many events wait and were given up, how many delivered ones are kept, and since when."""

    waiting: int
    waits_since: datetime | None
    given_up: int
    delivered: int
    delivered_since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """How many events somebody has yet to take, since when the oldest waits, and how many were given up."""

    waiting: int
    waits_since: datetime | None
    given_up: int = 0


def append_event(
    session: AsyncSession, *, kind: str, payload: Mapping[str, Any], customer_id: int | None, now: datetime
) -> None:
    """Write an event in the session's transaction; it is delivered after that, and never if the transaction fails."""
    session.add(OutboxEvent(kind=kind, payload=dict(payload), customer_id=customer_id, occurred_at=now))


async def append_news(session: AsyncSession, *, news: Sequence[NewsEvent], now: datetime) -> None:
    """Write what only open subscriptions want to hear of; it counts as delivered, as no listener waits for it."""
    if news:
        told = {
            "kinds": [one.kind for one in news],
            "customers": [one.customer_id for one in news],
            "payloads": [orjson.dumps(dict(one.payload)).decode() for one in news],
        }
        await session.execute(INSERT_NEWS, {**told, "now": now})


async def forget_delivered(session: AsyncSession, *, before: datetime, seen: str | None, most: int) -> int:
    """Delete events that were delivered before an instant, the oldest first, and count them.

    What waits or was given up stays, and so does what is not visible in the snapshot `seen` of whoever has yet to look;
    None where nobody looks.
    """
    done: Any = await session.execute(FORGET, {"before": before, "seen": seen, "most": most})
    return int(done.rowcount)


async def outbox_state(session: AsyncSession) -> OutboxState:
    """Tell what is in the outbox, for whoever looks after it."""
    return OutboxState(**(await session.execute(STATE)).one()._mapping)


async def outbox_backlog(session: AsyncSession) -> Backlog:
    """Tell what the listeners have yet to take, often asked; `outbox_state` counts what was delivered too."""
    return Backlog(**(await session.execute(BACKLOG)).one()._mapping)


async def unseen_since(session: AsyncSession, *, seen: str) -> Backlog:
    """Tell what somebody has yet to look at who looked last by the snapshot `seen`, whatever its kind."""
    return Backlog(**(await session.execute(UNSEEN, {"seen": seen})).one()._mapping)


async def rouse(session: AsyncSession) -> None:
    """Have those who listen look once the session's transaction has ended, though no event is written in it."""
    await session.execute(ROUSE)


async def snapshot(connection: Any) -> str:
    """Tell, over asyncpg, what is committed now, as `committed_since` wants it."""
    seen: str = await connection.fetchval(NOW_SEEN)
    return seen


async def committed_since(connection: Any, *, seen: str, wanted: Wanted) -> tuple[str, tuple[Committed, ...]]:
    """Give, over asyncpg, each event that was committed since a snapshot, and the snapshot to ask with next time.

    Asked so again and again, every event comes once, also one whose transaction began before and ended after others.
    """
    given = sorted(wanted.always), sorted(wanted.kinds), sorted(wanted.customer_ids)
    row = await connection.fetchrow(COMMITTED_SINCE, seen, *given)
    return row["seen"], tuple(Committed(*parts) for parts in orjson.loads(row["events"]))
