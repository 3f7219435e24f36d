"""What reads keep of the pool never lets anybody wait, and is never used when it may be dead."""

import asyncio
import time

import pytest
from mains_server.db.engine import Lent, make_engine
from mains_server.db.pool import FRESH_SECONDS
from sqlalchemy import text

pytestmark = pytest.mark.asyncio


async def read(engine) -> int:
    """Read once, and give the server process that answered."""
    lent = Lent(engine)
    try:
        found: int = await (await lent.connection()).fetchval("select pg_backend_pid()")
        return found
    finally:
        await lent.give_back()


def kept_by(engine) -> int:
    """Count the connections that reads keep."""
    kept: int = engine.sync_engine.pool.kept
    return kept


async def test_the_next_read_gets_the_same_connection(database_url):
    engine = make_engine(address=database_url, connections_max=3)

    assert await read(engine) == await read(engine)
    assert kept_by(engine) == 1
    await engine.dispose()


async def test_what_is_kept_is_there_for_all_others(database_url):
    engine = make_engine(address=database_url, connections_max=2)
    await read(engine)

    async with engine.connect() as one, engine.connect() as two:
        found = [await each.scalar(text("select 1")) for each in (one, two)]
        waiting = asyncio.create_task(read(engine))
        await asyncio.sleep(0.05)
        is_waiting = not waiting.done()

    assert found == [1, 1]
    assert is_waiting
    assert await waiting > 0
    await engine.dispose()


async def test_the_last_connection_is_not_kept(database_url):
    engine = make_engine(address=database_url, connections_max=1)
    await read(engine)

    assert kept_by(engine) == 0
    await engine.dispose()


async def test_an_idle_connection_is_asked_whether_it_lives(database_url, monkeypatch):
    engine = make_engine(address=database_url, connections_max=2)
    other = make_engine(address=database_url, connections_max=2)
    killed = await read(engine)
    async with other.connect() as connection:
        await connection.execute(text("select pg_terminate_backend(:pid)"), {"pid": killed})
    await other.dispose()
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + FRESH_SECONDS)

    assert await read(engine) != killed
    await engine.dispose()


async def test_a_dead_connection_is_not_kept(database_url):
    engine = make_engine(address=database_url, connections_max=3)
    lent = Lent(engine)
    connection = await lent.connection()
    connection.terminate()
    await lent.give_back()

    assert kept_by(engine) == 0
    await engine.dispose()


async def test_an_engine_that_is_disposed_of_closes_what_is_kept(database_url):
    engine = make_engine(address=database_url, connections_max=3)
    pid = await read(engine)
    await engine.dispose()

    other = make_engine(address=database_url, connections_max=3)
    left = None
    async with other.connect() as connection:
        for _ in range(600):
            left = await connection.scalar(text("select count(*) from pg_stat_activity where pid = :pid"), {"pid": pid})
            if not left:
                break
            await asyncio.sleep(0.05)
    await other.dispose()
    assert left == 0
