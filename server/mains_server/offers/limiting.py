"""Bounds how often products may be compared from one network address by who is not signed in."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import case, delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from mains_server.access.rules import address_hash
from mains_server.offers.tables import ComparisonCount

COMPARISONS_MAX = 60
COUNTED_FOR = timedelta(minutes=1)
KEPT_FOR = timedelta(hours=1)


async def claim_comparison(session: AsyncSession, *, address: str, now: datetime) -> bool:
    """Count a comparison before it is made, and tell whether it may be: 60 a minute from one address.

    A calculator may be played with, and a comparison that finds nothing ready takes a tenth of a second: nobody keeps
    more than a small part of a processor busy. It is counted in the database, for all processes together, in one
    statement, so that those asked for at the same time are not more than those made one after another.
    """
    is_over = col(ComparisonCount.starts_at) <= now - COUNTED_FOR
    counted = await session.execute(
        insert(ComparisonCount)
        .values(address_hash=address_hash(address), starts_at=now, comparisons=1)
        .on_conflict_do_update(
            index_elements=["address_hash"],
            set_={
                "comparisons": case((is_over, 1), else_=col(ComparisonCount.comparisons) + 1),
                "starts_at": case((is_over, now), else_=col(ComparisonCount.starts_at)),
            },
        )
        .returning(col(ComparisonCount.comparisons))
    )
    count: int = counted.scalar_one()
    if count == 1:
        await session.execute(delete(ComparisonCount).where(col(ComparisonCount.starts_at) < now - KEPT_FOR))
    return count <= COMPARISONS_MAX
