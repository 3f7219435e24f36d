"""Questions to the sign-in room: whose token is this, and how often did this address fail."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from mains_server.access.queries import grants_of_records, person_by_email, viewer_of_person
from mains_server.access.records import StaffRole, Viewer
from mains_server.signin.records import StoredCredential
from mains_server.signin.rules import FAILURE_WINDOW, is_storable, token_hash
from mains_server.signin.tables import Credential, Session, SigninAttempt

VIEWER_BY_TOKEN = """
select s.id as session_id, p.id as person_id, p.language,
    (select array_agg(m.role) from staff_member m where m.person_id = p.id and m.since <= $2) as roles,
    g.id, g.customer_id, g.role, g.permissions, g.contract_ids, g.starts_at, g.ends_at
from session s join person p on p.id = s.person_id left join access_grant g on g.person_id = p.id
where s.token_hash = $1 and s.expires_at > $2 and (s.revoked_at is null or s.revoked_at > $2)
order by g.id
"""


async def viewer_of_token(session: AsyncSession, *, token: str, now: datetime) -> Viewer | None:
    """Resolve a session token into its viewer; None for a token that is unknown, expired or revoked."""
    found = await session.execute(
        select(col(Session.id), col(Session.person_id)).where(
            col(Session.token_hash) == token_hash(token),
            col(Session.expires_at) > now,
            col(Session.revoked_at).is_(None) | (col(Session.revoked_at) > now),
        )
    )
    row = found.one_or_none()
    if row is None:
        return None
    return await viewer_of_person(session, person_id=row.person_id, session_id=row.id, now=now)


async def viewer_by_token(connection: Any, *, token: str, now: datetime) -> Viewer | None:
    """Resolve a session token like `viewer_of_token`, in one statement on the driver's own connection.

    Every request begins with this, so it does without the ORM.
    """
    rows = await connection.fetch(VIEWER_BY_TOKEN, token_hash(token), now)
    if not rows:
        return None
    return Viewer(
        person_id=rows[0]["person_id"],
        session_id=rows[0]["session_id"],
        language=rows[0]["language"],
        grants=grants_of_records([row for row in rows if row["id"] is not None], now=now),
        staff=frozenset(StaffRole[role] for role in rows[0]["roles"] or ()),
    )


async def credential_by_email(session: AsyncSession, *, email: str) -> StoredCredential | None:
    """Find the person with this address and the hash of their password."""
    person = await person_by_email(session, email=email) if is_storable(email) else None
    if person is None:
        return None
    stored = await session.scalar(select(col(Credential.password_hash)).where(col(Credential.person_id) == person.id))
    return None if stored is None else StoredCredential(person=person, password_hash=stored)


async def failures_of_address(session: AsyncSession, *, address: bytes, now: datetime) -> tuple[datetime, ...]:
    """List when sign-ins to this address failed lately."""
    found = await session.scalars(
        select(col(SigninAttempt.at)).where(
            col(SigninAttempt.email_hash) == address, col(SigninAttempt.at) > now - FAILURE_WINDOW
        )
    )
    return tuple(found)


async def lock_address(session: AsyncSession, *, address: bytes) -> bool:
    """Take hold of an address until the transaction ends, or say that another sign-in has it.

    It does not wait: a crowd of guesses at one address must not use up the database's connections.
    """
    number = int.from_bytes(address[:8], "big", signed=True)
    return bool(await session.scalar(select(func.pg_try_advisory_xact_lock(number))))
