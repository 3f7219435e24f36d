"""Background work: a job is queued in the transaction that causes it, so it exists exactly if its cause does."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import orjson
from psycopg import Connection
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

DEFER = text("""
select unnest(procrastinate_defer_jobs_v1(array[row(
    cast(:queue as varchar), cast(:task as varchar), 0, cast(:lock as text), cast(:queueing_lock as text),
    cast(cast(:arguments as text) as jsonb), cast(:at as timestamptz))::procrastinate_job_to_defer_v1]))
""")

FORGET = text("""
delete from procrastinate_jobs where id in (
    select j.id from procrastinate_jobs j
    where j.status in ('succeeded', 'failed', 'cancelled', 'aborted')
        and not exists (select from procrastinate_events e where e.job_id = j.id and e.at >= :before)
    order by j.id limit :most for update skip locked
) returning id
""")
DEFER_MANY = """
select unnest(procrastinate_defer_jobs_v1(array(
    select row('default', %(task)s::varchar, 0, null::text, null::text, each::jsonb, %(at)s::timestamptz)
        ::procrastinate_job_to_defer_v1
    from unnest(%(arguments)s::text[]) each)))
"""


async def defer_job(
    session: AsyncSession,
    *,
    task: str,
    arguments: Mapping[str, Any],
    only_once_waiting: str | None = None,
    one_at_a_time: str | None = None,
    at: datetime | None = None,
) -> int:
    """Queue a job in the session's transaction and give its id; a worker sees it once the transaction is done.

    Jobs with the same `one_at_a_time` never run side by side. A second job that waits with the same `only_once_waiting`
    violates a unique index, so ask `is_waiting` first where that may happen.
    """
    values = {"queue": "default", "task": task, "arguments": orjson.dumps(dict(arguments)).decode(), "at": at}
    found = await session.scalar(DEFER, {**values, "lock": one_at_a_time, "queueing_lock": only_once_waiting})
    assert isinstance(found, int)
    return found


def defer_jobs(
    connection: Connection, *, task: str, arguments: Iterable[Mapping[str, Any]], at: datetime | None = None
) -> None:
    """Queue jobs of one kind over psycopg, in the connection's transaction; `at` is when they may begin."""
    rows = [orjson.dumps(dict(each)).decode() for each in arguments]
    connection.execute(DEFER_MANY, {"task": task, "arguments": rows, "at": at})


async def forget_jobs(session: AsyncSession, *, before: datetime, most: int) -> int:
    """Delete jobs that ended before, well or badly, so many at a time, and count them; their events go with them."""
    return len((await session.execute(FORGET, {"before": before, "most": most})).all())


async def has_live_worker(session: AsyncSession) -> bool:
    """Tell whether some worker has said within the last minute that it is there."""
    query = "select exists (select from procrastinate_workers where last_heartbeat > now() - interval '1 minute')"
    return bool(await session.scalar(text(query)))


async def is_waiting(session: AsyncSession, *, only_once_waiting: str) -> bool:
    """Tell whether a job with this mark waits for a worker."""
    query = text("select exists (select from procrastinate_jobs where status = 'todo' and queueing_lock = :mark)")
    return bool(await session.scalar(query, {"mark": only_once_waiting}))
