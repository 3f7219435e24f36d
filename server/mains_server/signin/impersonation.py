"""An employee looks at an account as its customer sees it: read-only, for a reason, for half an hour at most.

It is a session of the employee's own that sees one customer and nothing else, so whatever ends sessions ends it too.
The customer reads of it in the log of acts, and is told.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from mains_server.access.records import Refusal, StaffRole, Viewer
from mains_server.customers.operations import CustomerUnknown
from mains_server.customers.queries import customer_by_id
from mains_server.db.outbox import append_event
from mains_server.delegation.operations import log
from mains_server.delegation.records import ActivityKind, Deed
from mains_server.signin import queries, rules
from mains_server.signin.records import BegunImpersonation, SessionMode, WantedImpersonation
from mains_server.signin.tables import Impersonation, Session


class ImpersonationNotPermitted(Refusal):
    """Only operators and administrators look at accounts as customers see them."""

    code = "NOT_PERMITTED"


class ReasonMissing(Refusal):
    """Customers read why somebody looked at their account, so there has to be a reason."""

    code = "REASON_MISSING"
    path = "reason"


class MinutesWrong(Refusal):
    """Looking at an account ends by itself, after half an hour at most."""

    code = "MINUTES_WRONG"
    path = "minutes"


class ImpersonationUnknown(Refusal):
    """There is none of this number that the viewer could end, or it has ended."""

    code = "IMPERSONATION_UNKNOWN"


async def begin_impersonation(
    session: AsyncSession, *, viewer: Viewer, wanted: WantedImpersonation, now: datetime
) -> BegunImpersonation:
    """Give an employee a token that sees an account as its customer does, and tell the customer.

    Raises `ImpersonationNotPermitted`, `ReasonMissing`, `MinutesWrong`, `CustomerUnknown`.
    """
    if viewer.person_id is None or not viewer.staff & rules.STAFF_WHO_LOOK:
        raise ImpersonationNotPermitted("only operators and administrators look at accounts as customers see them")
    reason = " ".join(wanted.reason.split())
    if not rules.REASON_LENGTH_MIN <= len(reason) <= rules.REASON_LENGTH_MAX:
        raise ReasonMissing(f"say why in {rules.REASON_LENGTH_MIN} to {rules.REASON_LENGTH_MAX} characters")
    if not 1 <= wanted.minutes <= rules.LOOK_MINUTES_MAX:
        raise MinutesWrong(f"choose 1 to {rules.LOOK_MINUTES_MAX} minutes")
    if await customer_by_id(session, customer_id=wanted.customer_id) is None:
        raise CustomerUnknown("there is no such customer")
    token, ends_at = secrets.token_urlsafe(32), now + timedelta(minutes=wanted.minutes)
    own = _session(viewer.person_id, token=token, ends_at=ends_at, now=now)
    session.add(own)
    await session.flush()
    row = Impersonation(
        session_id=own.id,
        person_id=viewer.person_id,
        customer_id=wanted.customer_id,
        reason=reason,
        began_at=now,
        ends_at=ends_at,
    )
    session.add(row)
    await session.flush()
    deed = Deed(kind=ActivityKind.STAFF_LOOKED, person_id=viewer.person_id, note=reason)
    log(session, wanted.customer_id, deed, now=now)
    payload = {"impersonation_id": row.id}
    append_event(session, kind="access.staff_looked", payload=payload, customer_id=wanted.customer_id, now=now)
    return BegunImpersonation(id=row.id, token=token, ends_at=ends_at)


async def end_impersonation(session: AsyncSession, *, viewer: Viewer, impersonation_id: int, now: datetime) -> None:
    """End an impersonation from the next request on: one's own, or as an administrator anybody's."""
    row = await queries.lock_impersonation(session, impersonation_id=impersonation_id)
    is_over = row is None or row.ended_at is not None or row.ends_at <= now
    is_theirs = row is not None and (row.person_id == viewer.person_id or StaffRole.ADMIN in viewer.staff)
    if row is None or is_over or not is_theirs:
        raise ImpersonationUnknown("there is no such impersonation of yours, or it has ended")
    row.ended_at = now
    await session.execute(update(Session).where(col(Session.id) == row.session_id).values(revoked_at=now))
    await session.flush()


def _session(person_id: int, *, token: str, ends_at: datetime, now: datetime) -> Session:
    """Make a session that cannot be refreshed and proves nothing about who is there."""
    return Session(
        person_id=person_id,
        token_hash=rules.token_hash(token),
        mode=SessionMode.BEARER,
        device="impersonation",
        created_at=now,
        expires_at=ends_at,
        ends_at=ends_at,
        last_used_at=now,
        proved_at=now - rules.PROOF_LASTS_FOR,
    )
