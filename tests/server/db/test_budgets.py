"""Budgets that processes share."""

from datetime import UTC, datetime

import pytest
from mains_server.db.budgets import Asked, RowLeases, forget_budgets
from mains_server.db.unit_of_work import unit_of_work
from sqlalchemy import text

pytestmark = pytest.mark.asyncio

NOW = datetime(2023, 3, 1, 12, tzinfo=UTC)
MINUTE = int(NOW.timestamp()) // 60


async def _take(engine, *, read=0, wanted=5, minute=MINUTE):
    asked = Asked(spender="machine token 1", minute=minute, read=read, wanted=wanted, allowed=12)
    lease = await RowLeases(engine).take(asked)
    return lease.granted, lease.taken


async def test_rows_are_granted_until_a_minutes_are_taken(engine):
    assert [await _take(engine) for _ in range(4)] == [(5, 5), (5, 10), (2, 12), (0, 12)]


async def test_what_was_read_without_asking_is_taken_off_first(engine):
    assert await _take(engine, read=4) == (5, 9)
    assert await _take(engine, read=9) == (0, 18)
    assert await _take(engine) == (0, 18)


async def test_who_read_all_of_a_minute_at_once_gets_nothing_more(engine):
    assert await _take(engine, read=20) == (0, 20)


async def test_the_next_minute_begins_anew_and_an_earlier_one_counts_to_it(engine):
    await _take(engine, wanted=12)

    assert await _take(engine, minute=MINUTE + 1) == (5, 5)
    assert await _take(engine) == (5, 10)


async def test_minutes_that_are_long_over_are_forgotten_and_nobody_is_named(engine):
    await _take(engine, minute=MINUTE - 61)
    async with unit_of_work(engine) as session:
        await forget_budgets(session, now=NOW)
    await _take(engine)

    async with engine.connect() as connection:
        rows = (await connection.execute(text("select minute, length(bucket) from row_budget"))).all()
    assert [tuple(row) for row in rows] == [(MINUTE, 32)]
