"""A job exists exactly if the transaction that queued it does."""

from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from mains_server.db.jobs import defer_job, defer_jobs, forget_jobs, is_waiting
from mains_server.db.unit_of_work import read_session, unit_of_work
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

pytestmark = pytest.mark.asyncio

JOBS = text("select task_name, args, lock, queueing_lock, status::text, scheduled_at from procrastinate_jobs")
LATER = datetime(2024, 5, 1, 7, 30, tzinfo=UTC)


async def test_a_job_waits_with_all_it_was_given(engine):
    async with unit_of_work(engine) as session:
        await defer_job(
            session, task="bill", arguments={"period": "2023-01"}, only_once_waiting="b", one_at_a_time="l", at=LATER
        )

    async with read_session(engine) as session:
        assert [*(await session.execute(JOBS))] == [("bill", {"period": "2023-01"}, "l", "b", "todo", LATER)]


async def test_a_job_goes_with_its_transaction(engine):
    with pytest.raises(ZeroDivisionError):
        async with unit_of_work(engine) as session:
            await defer_job(session, task="bill", arguments={})
            raise ZeroDivisionError

    async with read_session(engine) as session:
        assert (await session.execute(JOBS)).all() == []


async def test_many_jobs_are_queued_over_psycopg_in_its_transaction(engine, psycopg_dsn):
    jobs = [{"first": 1}, {"first": 2}]
    with psycopg.connect(psycopg_dsn) as connection:
        defer_jobs(connection, task="documents", arguments=jobs)
        connection.rollback()
        defer_jobs(connection, task="documents", arguments=[])
        defer_jobs(connection, task="documents", arguments=jobs, at=LATER)

    async with read_session(engine) as session:
        assert [*(await session.execute(JOBS))] == [
            ("documents", {"first": number}, None, None, "todo", LATER) for number in (1, 2)
        ]


async def test_a_mark_waits_once(engine):
    async with unit_of_work(engine) as session:
        await defer_job(session, task="bill", arguments={}, only_once_waiting="january")

    with pytest.raises(IntegrityError, match="queueing_lock"):
        async with unit_of_work(engine) as session:
            assert await is_waiting(session, only_once_waiting="january")
            assert not await is_waiting(session, only_once_waiting="february")
            await defer_job(session, task="bill", arguments={}, only_once_waiting="january")


async def test_jobs_that_ended_are_forgotten_and_others_wait_however_long(engine):
    async with unit_of_work(engine) as session:
        for _ in range(3):
            await defer_job(session, task="bill", arguments={})
        await session.execute(text("update procrastinate_jobs set status = 'succeeded' where id in (1, 2)"))
        await session.execute(text("update procrastinate_events set at = :at where job_id <> 2"), {"at": LATER})

    async with unit_of_work(engine) as session:
        assert await forget_jobs(session, before=LATER + timedelta(seconds=1), most=10) == 1

    async with read_session(engine) as session:
        left = await session.execute(text("select id, status::text from procrastinate_jobs order by id"))
        assert [tuple(row) for row in left] == [(2, "succeeded"), (3, "todo")]
