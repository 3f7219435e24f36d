"""When a grant counts, and how an e-mail address is compared."""

from __future__ import annotations

from datetime import datetime

from mains_server.access.records import Permission

OWNER_PERMISSIONS = frozenset(Permission)


def is_active(*, starts_at: datetime, ends_at: datetime | None, now: datetime) -> bool:
    """Tell whether a right that holds in [starts_at, ends_at) holds now."""
    return starts_at <= now and (ends_at is None or now < ends_at)


def plain_email(email: str) -> str:
    """Write an e-mail address the one way it is compared: without spaces around it, in small letters."""
    return email.strip().lower()
