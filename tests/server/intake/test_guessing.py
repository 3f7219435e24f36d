"""Links that there are not may be tried a few times from one address, also at once."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from mains_server.access.rules import address_hash
from mains_server.db.unit_of_work import unit_of_work
from mains_server.intake.guessing import KEPT_FOR, TRIES_COUNT_FOR, TRIES_MAX, claim_try, give_back
from sqlalchemy import text

NOW = datetime(2023, 4, 1, 9, tzinfo=UTC)


async def tried(engine, *, address="192.0.2.7", now=NOW):
    async with unit_of_work(engine) as session:
        return await claim_try(session, address=address, now=now)


@pytest.mark.asyncio
async def test_twenty_tries_in_a_quarter_of_an_hour_are_all(engine):
    outcomes = [await tried(engine) for _ in range(TRIES_MAX + 2)]

    assert outcomes == [True] * TRIES_MAX + [False] * 2
    assert await tried(engine, address="192.0.2.8")
    assert await tried(engine, now=NOW + TRIES_COUNT_FOR)


@pytest.mark.asyncio
async def test_tries_at_once_are_counted_one_by_one(engine):
    outcomes = await asyncio.gather(*(tried(engine) for _ in range(2 * TRIES_MAX)))

    assert sum(outcomes) == TRIES_MAX


@pytest.mark.asyncio
async def test_a_link_that_is_there_gives_its_try_back(engine):
    for _ in range(2 * TRIES_MAX):
        assert await tried(engine)
        async with unit_of_work(engine) as session:
            await give_back(session, address="192.0.2.7")


@pytest.mark.asyncio
async def test_tries_are_forgotten_after_a_day_and_no_address_is_kept(engine):
    await tried(engine)

    await tried(engine, address="192.0.2.8", now=NOW + KEPT_FOR + timedelta(seconds=1))

    async with unit_of_work(engine) as session:
        kept = (await session.execute(text("select address_hash from link_tries"))).scalars().all()
    assert kept == [address_hash("192.0.2.8")]
