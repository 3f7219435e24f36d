"""Visitors may compare sixty times a minute from one address, also at once."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from mains_server.access.rules import address_hash
from mains_server.db.unit_of_work import unit_of_work
from mains_server.offers.limiting import COMPARISONS_MAX, COUNTED_FOR, KEPT_FOR, claim_comparison
from sqlalchemy import text

pytestmark = pytest.mark.asyncio
NOW = datetime(2023, 4, 1, 9, tzinfo=UTC)


async def compared(engine, *, address="192.0.2.7", now=NOW):
    async with unit_of_work(engine) as session:
        return await claim_comparison(session, address=address, now=now)


async def test_sixty_a_minute_from_one_address_are_all(engine):
    outcomes = [await compared(engine) for _ in range(COMPARISONS_MAX + 2)]

    assert outcomes == [True] * COMPARISONS_MAX + [False] * 2
    assert await compared(engine, address="192.0.2.8")
    assert not await compared(engine, now=NOW + COUNTED_FOR - timedelta(seconds=1))
    assert await compared(engine, now=NOW + COUNTED_FOR)


async def test_those_at_once_are_counted_one_by_one(engine):
    outcomes = await asyncio.gather(*(compared(engine) for _ in range(COMPARISONS_MAX + 20)))

    assert sum(outcomes) == COMPARISONS_MAX


async def test_addresses_are_kept_as_hashes_and_forgotten(engine):
    await compared(engine)

    await compared(engine, address="192.0.2.8", now=NOW + KEPT_FOR + timedelta(seconds=1))

    async with unit_of_work(engine) as session:
        kept = (await session.execute(text("select address_hash from comparison_count"))).scalars().all()
    assert kept == [address_hash("192.0.2.8")]
