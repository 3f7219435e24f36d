"""Workers do what was queued, once, and say no to nothing."""

from datetime import UTC, datetime

import pytest
from mains_server.db.jobs import defer_job
from mains_server.db.unit_of_work import read_session, unit_of_work
from mains_server.db.work import Work
from mains_server.worker import is_worked_off, room_tasks, room_times, room_watches, work_off
from sqlalchemy import text

pytestmark = pytest.mark.asyncio

STATES = text("select task_name, status::text, attempts from procrastinate_jobs order by id")


async def test_waiting_jobs_are_done_in_order(engine, psycopg_dsn):
    done = []

    async def note(work, *, word):
        done.append((word, work.now.tzinfo is not None))

    async with unit_of_work(engine) as session:
        await defer_job(session, task="note", arguments={"word": "first"})
        await defer_job(session, task="note", arguments={"word": "second"})

    await work_off(address=psycopg_dsn, until_empty=True, tasks={"note": note})

    assert done == [("first", True), ("second", True)]
    assert await _states(engine) == [("note", "succeeded", 1), ("note", "succeeded", 1)]


async def test_a_job_writes_in_its_own_transaction(engine, psycopg_dsn):
    async def jar(work):
        async with unit_of_work(work.engine) as session:
            await session.execute(text("create table jar (sweets int)"))

    async with unit_of_work(engine) as session:
        await defer_job(session, task="jar", arguments={})

    await work_off(address=psycopg_dsn, until_empty=True, tasks={"jar": jar})

    async with read_session(engine) as session:
        assert await session.scalar(text("select count(*) from jar")) == 0


async def test_a_job_that_fails_waits_to_be_tried_again(engine, psycopg_dsn):
    async def fail(work):
        raise ZeroDivisionError

    async with unit_of_work(engine) as session:
        await defer_job(session, task="fail", arguments={})

    await work_off(address=psycopg_dsn, until_empty=True, tasks={"fail": fail})

    assert await _states(engine) == [("fail", "todo", 1)]


async def test_what_a_dead_worker_had_begun_is_done_by_the_next(engine, psycopg_dsn):
    async def nothing(work):
        return None

    async with unit_of_work(engine) as session:
        await defer_job(session, task="nothing", arguments={})
        await session.execute(
            text("insert into procrastinate_workers (last_heartbeat) values (now() - interval '1 hour')")
        )
        await session.execute(
            text("update procrastinate_jobs set status = 'doing', worker_id = (select id from procrastinate_workers)")
        )

    await work_off(address=psycopg_dsn, until_empty=True, tasks={"nothing": nothing})

    assert (await _states(engine))[0][:2] == ("nothing", "succeeded")


async def test_a_worker_that_is_there_is_seen(engine, psycopg_dsn):
    assert not await is_worked_off(address=psycopg_dsn)

    async with unit_of_work(engine) as session:
        await session.execute(text("insert into procrastinate_workers default values"))

    assert await is_worked_off(address=psycopg_dsn)


async def test_every_task_of_a_room_can_be_called():
    assert all(callable(task) for task in room_tasks().values())


async def test_what_is_due_every_day_is_due_of_a_task_that_there_is():
    assert room_times().keys() <= room_tasks().keys()
    assert room_times().keys() >= {
        "issue_due_bills", "correct_due_bills", "fetch_facts", "end_agreed_prices", "watch_every_utility",
    }  # fmt: skip


async def test_partners_are_watched_beside_the_queue():
    assert room_watches().keys() == {"watch_partners"}


@pytest.mark.parametrize("name", ["issue_due_bills", "correct_due_bills", "end_agreed_prices", "watch_every_utility"])
async def test_a_morning_on_which_nothing_is_due_does_nothing(engine, psycopg_dsn, name):
    work = Work(engine=engine, address=psycopg_dsn, now=datetime(2023, 3, 1, 5, tzinfo=UTC))

    await room_tasks()[name](work)

    assert await _states(engine) == []


async def _states(engine):
    async with read_session(engine) as session:
        return [tuple(row) for row in await session.execute(STATES)]
