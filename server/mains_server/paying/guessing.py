"""Bounds how often references that there are not may be tried: from one network address, and from all together."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import case, delete, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from mains_server.paying import rules
from mains_server.paying.tables import ReferenceTries

TRIES_MAX = 20
TRIES_OF_ALL_MAX = 2_000
TRIES_COUNT_FOR = timedelta(minutes=15)
KEPT_FOR = timedelta(days=1)
EVERYBODY = "*"


async def claim_try(session: AsyncSession, *, address: str, now: datetime) -> bool:
    """Count a try before it is made, and tell whether it may be; a reference that is there gives it back."""
    mine = await _count(session, address=address, now=now)
    return mine <= TRIES_MAX and await _count(session, address=EVERYBODY, now=now) <= TRIES_OF_ALL_MAX


async def give_back(session: AsyncSession, *, address: str) -> None:
    """Take a try back that was no guess."""
    for one in (address, EVERYBODY):
        mine = col(ReferenceTries.address_hash) == rules.address_hash(one), col(ReferenceTries.tries) > 0
        await session.execute(update(ReferenceTries).where(*mine).values(tries=ReferenceTries.tries - 1))


async def _count(session: AsyncSession, *, address: str, now: datetime) -> int:
    is_over = col(ReferenceTries.starts_at) <= now - TRIES_COUNT_FOR
    counted = await session.execute(
        insert(ReferenceTries)
        .values(address_hash=rules.address_hash(address), starts_at=now, tries=1)
        .on_conflict_do_update(
            index_elements=["address_hash"],
            set_={
                "tries": case((is_over, 1), else_=col(ReferenceTries.tries) + 1),
                "starts_at": case((is_over, now), else_=col(ReferenceTries.starts_at)),
            },
        )
        .returning(col(ReferenceTries.tries))
    )
    count: int = counted.scalar_one()
    if count == 1:
        await session.execute(delete(ReferenceTries).where(col(ReferenceTries.starts_at) < now - KEPT_FOR))
    return count
