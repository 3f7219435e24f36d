"""Bounds how often links that there are not may be tried from one network address."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import case, delete, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from mains_server.access.rules import address_hash
from mains_server.intake.tables import LinkTries

TRIES_MAX = 20
TRIES_COUNT_FOR = timedelta(minutes=15)
KEPT_FOR = timedelta(days=1)


async def claim_try(session: AsyncSession, *, address: str, now: datetime) -> bool:
    """Count a try before it is made, and tell whether it may be; a link that is there gives it back.

    One statement counts, so that tries made at the same time are not more than those made one after another.
    """
    is_over = col(LinkTries.starts_at) <= now - TRIES_COUNT_FOR
    counted = await session.execute(
        insert(LinkTries)
        .values(address_hash=address_hash(address), starts_at=now, tries=1)
        .on_conflict_do_update(
            index_elements=["address_hash"],
            set_={
                "tries": case((is_over, 1), else_=col(LinkTries.tries) + 1),
                "starts_at": case((is_over, now), else_=col(LinkTries.starts_at)),
            },
        )
        .returning(col(LinkTries.tries))
    )
    count: int = counted.scalar_one()
    if count == 1:
        await session.execute(delete(LinkTries).where(col(LinkTries.starts_at) < now - KEPT_FOR))
    return count <= TRIES_MAX


async def give_back(session: AsyncSession, *, address: str) -> None:
    """Take a try back that was no guess."""
    mine = col(LinkTries.address_hash) == address_hash(address)
    await session.execute(update(LinkTries).where(mine, col(LinkTries.tries) > 0).values(tries=LinkTries.tries - 1))
