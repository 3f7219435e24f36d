"""Exchange prices are fetched on their own: once however often it is tried, and the queue tries again what failed."""

from datetime import UTC, datetime

import pytest
from mains_server.commands import jobs
from mains_server.commands.fetching import FetchFailed
from mains_server.db.jobs import defer_job
from mains_server.db.unit_of_work import unit_of_work
from mains_server.db.work import Work
from mains_server.worker import room_tasks, room_times, work_off
from sqlalchemy import text

from plugins.spot_prices.tests.documents import document, period, series

pytestmark = pytest.mark.asyncio
NOW = datetime(2024, 1, 2, 12, 5, tzinfo=UTC)
DAY = document(series(period("2024-01-01T22:00Z", "2024-01-02T22:00Z", [(1, "10.5"), (3, "-8.09")])))


@pytest.fixture
def asked(monkeypatch):
    """Have no network: a fetch notes what it asks for and answers with what a test says, or fails."""
    calls, answers = [], [DAY]

    def answer(plan, *, source, secrets, addresses):
        calls.append((source, dict(plan.query)["periodStart"], dict(plan.query)["periodEnd"]))
        found = answers[min(len(calls), len(answers)) - 1]
        if isinstance(found, Exception):
            raise found
        return "platform.test", found

    monkeypatch.setattr(jobs, "fetch", answer)
    return calls, answers


@pytest.fixture
def work(engine, psycopg_dsn):
    return Work(engine=engine, address=psycopg_dsn, now=NOW)


async def known(engine):
    async with engine.connect() as connection:
        found = await connection.execute(text("select name, count(*) from fact_series group by name order by name"))
        return dict(found.all())


async def test_the_days_around_today_are_fetched_and_twice_is_once(engine, work, asked):
    await jobs.fetch_facts(work)
    once = await known(engine)
    await jobs.fetch_facts(work)

    # Civil days in Riga from 30 December up to 4 January begin at 22:00 UTC of the day before.
    assert asked[0] == [("entsoe", "202312292200", "202401032200")] * 2
    assert once == await known(engine)
    assert set(once) == {"nordpool.lv", "nordpool.lv.quarters"}


async def test_a_source_that_gives_no_answer_is_tried_again(engine, psycopg_dsn, asked):
    asked[1][:] = [FetchFailed("platform.test gave no answer")]
    async with unit_of_work(engine) as session:
        await defer_job(session, task="fetch_facts", arguments={})

    await work_off(address=psycopg_dsn, until_empty=True, tasks={"fetch_facts": jobs.fetch_facts})

    async with engine.connect() as connection:
        states = (await connection.execute(text("select status::text, attempts from procrastinate_jobs"))).all()
    assert states == [("todo", 1)]
    assert await known(engine) == {}


async def test_an_answer_that_cannot_be_read_takes_nothing_in(engine, work, asked):
    asked[1][:] = [b"<html>"]

    with pytest.raises(jobs.NotFetched, match="nothing from entsoe"):
        await jobs.fetch_facts(work)

    assert await known(engine) == {}


async def test_without_a_token_a_source_is_left_alone(engine, work):
    """Nothing is set up in tests, so nothing is asked for, and nothing failed."""
    await jobs.fetch_facts(work)

    assert await known(engine) == {}


async def test_it_is_due_when_prices_are_told():
    assert room_times()["fetch_facts"] == "5 5,11,12,13,15 * * *"
    assert room_tasks()["fetch_facts"] is jobs.fetch_facts
