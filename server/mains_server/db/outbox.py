"""Events: what happened is written down with what changed, and told to others afterwards."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.db.tables import OutboxEvent


def append_event(
    session: AsyncSession, *, kind: str, payload: Mapping[str, Any], customer_id: int | None, now: datetime
) -> None:
    """Write an event in the session's transaction; it is delivered after that, and never if the transaction fails."""
    session.add(OutboxEvent(kind=kind, payload=dict(payload), customer_id=customer_id, occurred_at=now))
