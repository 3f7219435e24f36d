"""Questions to the passkey room: whose key is this, and which has a person."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from mains_server.passkeys.records import Known, Transport
from mains_server.passkeys.tables import Passkey


async def lock_passkey(session: AsyncSession, *, credential_id: bytes) -> Passkey | None:
    """Take hold of a passkey until the transaction ends, so that two who sign with it are counted in turn."""
    return await session.scalar(
        select(Passkey)
        .where(col(Passkey.credential_id) == credential_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


async def passkeys_of(session: AsyncSession, *, person_id: int) -> tuple[Known, ...]:
    """List the passkeys of a person as options name them, also those that were suspended."""
    found = await session.execute(
        select(col(Passkey.credential_id), col(Passkey.transports))
        .where(col(Passkey.person_id) == person_id)
        .order_by(col(Passkey.id))
    )
    return tuple(
        Known(credential_id=row.credential_id, transports=tuple(Transport(one) for one in row.transports))
        for row in found
    )


async def handle_of(session: AsyncSession, *, person_id: int) -> bytes | None:
    """Give what authenticators know a person by; None before the first passkey."""
    return await session.scalar(
        select(col(Passkey.handle)).where(col(Passkey.person_id) == person_id).order_by(col(Passkey.id)).limit(1)
    )


async def count_passkeys(session: AsyncSession, *, person_id: int) -> int:
    """Count a person's passkeys."""
    return await session.scalar(select(func.count()).where(col(Passkey.person_id) == person_id)) or 0
