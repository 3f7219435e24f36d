"""What is asked once and answered once: challenges for passkeys, ways to providers.

A table of them has the columns of `AskedOnce` beside its own, and a hash by which a row is found. A row is used up by
one UPDATE, whatever the answer was worth, for its purpose and in the session that asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from sqlalchemy import ColumnElement, Row, Table, delete, update
from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.signin.records import Device
from mains_server.signin.rules import device_name


def asked_once(
    *, purpose: Enum, session_id: int | None, device: Device, lasts_for: timedelta, now: datetime
) -> dict[str, Any]:
    """Give the columns that every such row has, as it is asked; `expires_at` is until when it may be answered."""
    return {
        "purpose": purpose,
        "session_id": session_id,
        "mode": device.mode,
        "device": device_name(device.name),
        "created_at": now,
        "expires_at": now + lasts_for,
    }


async def use_up(
    session: AsyncSession,
    table: Table,
    *,
    named: Sequence[ColumnElement[bool]],
    purpose: Enum,
    session_id: int | None,
    now: datetime,
) -> Row[Any] | None:
    """Use up the row that is named, and give it; None if it was used, is too old, or is of another purpose or session.

    Of two who answer at once one gets it.
    """
    row = table.c
    is_open = (
        row.purpose == purpose,
        row.session_id.is_not_distinct_from(session_id),
        row.used_at.is_(None),
        row.expires_at > now,
    )
    used = update(table).where(*named, *is_open).values(used_at=now).returning(*row)
    return (await session.execute(used)).one_or_none()


async def forget_asked(session: AsyncSession, table: Table, *, before: datetime) -> None:
    """Delete rows that could be answered until before a moment."""
    await session.execute(delete(table).where(table.c.expires_at < before))
