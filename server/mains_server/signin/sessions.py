"""Sessions: begun by a sign-in, kept alive by tokens good for one refresh, ended by their person or by theft."""

from __future__ import annotations

import secrets
from datetime import datetime

from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from mains_server.access.queries import person_by_id
from mains_server.access.records import Person, Refusal, Viewer
from mains_server.signin import queries, rules
from mains_server.signin.records import (
    Device,
    Lifetimes,
    NewSession,
    RefreshRefusalCode,
    RefreshRefused,
    SessionMode,
    SigninWay,
)
from mains_server.signin.tables import RefreshToken, Session


class SessionUnknown(Refusal):
    """There is no such session of this person."""

    code = "SESSION_UNKNOWN"


class ReauthenticationNeeded(Refusal):
    """What is asked for needs a fresh proof of who asks, so that a session left open is not enough."""

    code = "REAUTHENTICATION_NEEDED"


async def begin_session(
    session: AsyncSession,
    *,
    person: Person,
    device: Device,
    now: datetime,
    lifetimes: Lifetimes,
    way: SigninWay | None = None,
) -> NewSession:
    """Begin a session of somebody who has just proved who they are, and note by what."""
    token = secrets.token_urlsafe(32)
    ends_at = now + lifetimes.session
    row = Session(
        person_id=person.id,
        token_hash=rules.token_hash(token),
        mode=device.mode,
        way=way,
        device=rules.device_name(device.name),
        created_at=now,
        expires_at=min(now + lifetimes.access, ends_at),
        ends_at=ends_at,
        last_used_at=now,
        proved_at=now,
    )
    session.add(row)
    await session.flush()
    return NewSession(
        id=row.id,
        token=token,
        expires_at=row.expires_at,
        refresh_token=_new_refresh_token(session, session_id=row.id, now=now),
        ends_at=ends_at,
        mode=row.mode,
        person=person,
    )


async def refresh_session(
    session: AsyncSession, *, refresh_token: str, now: datetime, lifetimes: Lifetimes
) -> NewSession | RefreshRefused:
    """Give a session new tokens for its refresh token, which is good for this once, or say why not.

    A refresh token that comes again is in two hands, and one of them stole it: the session ends for both. Of browsers,
    whose tabs share a cookie, two may come together; the later one gets nothing, and the session lives on.
    """
    found = await queries.lock_refresh_token(session, token=refresh_token)
    if found is None or not rules.is_alive(found.session, now=now):
        return _refused(RefreshRefusalCode.REFRESH_TOKEN_WRONG, "this session has ended; sign in again")
    row, used_at = found.session, found.token.used_at
    if used_at is not None:
        if row.mode is SessionMode.COOKIE and now - used_at <= rules.TABS_RACE_FOR:
            return _refused(RefreshRefusalCode.REFRESH_RACED, "another tab was faster; send the request again", True)
        row.revoked_at = now
        await session.flush()
        words = "this token was used before, so somebody else may have it; the session has ended, sign in again"
        return _refused(RefreshRefusalCode.REFRESH_TOKEN_REUSED, words)
    person = await person_by_id(session, person_id=row.person_id)
    assert person is not None, "a session has a person"
    token = secrets.token_urlsafe(32)
    found.token.used_at = now
    row.token_hash, row.last_used_at = rules.token_hash(token), now
    row.ends_at = rules.session_end(created_at=row.created_at, now=now, lifetime=lifetimes.session)
    row.expires_at = min(now + lifetimes.access, row.ends_at)
    await session.flush()
    return NewSession(
        id=row.id,
        token=token,
        expires_at=row.expires_at,
        refresh_token=_new_refresh_token(session, session_id=row.id, now=now),
        ends_at=row.ends_at,
        mode=row.mode,
        person=person,
    )


async def revoke_session(session: AsyncSession, *, viewer: Viewer, session_id: int, now: datetime) -> None:
    """End one of the viewer's own sessions, such as `viewer.session_id`; its tokens are worth nothing from now on."""
    ended = await session.scalar(
        update(Session)
        .where(
            col(Session.id) == session_id,
            col(Session.person_id) == viewer.person_id,
            col(Session.revoked_at).is_(None),
            col(Session.ends_at) > now,
        )
        .values(revoked_at=now)
        .returning(col(Session.id))
    )
    if ended is None:
        raise SessionUnknown("this session has ended already, or is not yours")


async def revoke_all_sessions(session: AsyncSession, *, person_id: int, now: datetime, but: int | None = None) -> int:
    """Sign a person out everywhere, perhaps but for one session, and return how many sessions ended."""
    ended = await session.scalars(
        update(Session)
        .where(
            col(Session.person_id) == person_id,
            col(Session.revoked_at).is_(None),
            col(Session.ends_at) > now,
            col(Session.id).is_distinct_from(but),
        )
        .values(revoked_at=now)
        .returning(col(Session.id))
    )
    return len(ended.all())


async def require_proof(session: AsyncSession, *, viewer: Viewer, now: datetime) -> None:
    """Insist that the viewer proved who they are in this session lately, by signing in or again since."""
    proved_at = await queries.proved_at(session, session_id=viewer.session_id)
    if proved_at is None or proved_at <= now - rules.PROOF_LASTS_FOR:
        raise ReauthenticationNeeded("prove again who you are with `sessionProve`, then repeat the request")


async def note_proof(session: AsyncSession, *, session_id: int, now: datetime) -> None:
    """Note that the person of a session has just proved who they are."""
    await session.execute(update(Session).where(col(Session.id) == session_id).values(proved_at=now))


async def forget_sessions(session: AsyncSession, *, now: datetime) -> None:
    """Delete the sessions that ended a month ago, with their tokens."""
    before = now - rules.ENDED_KEPT_FOR
    is_old = (col(Session.ends_at) < before) | (col(Session.revoked_at) < before)
    old = queries.session_ids(is_old)
    await session.execute(delete(RefreshToken).where(col(RefreshToken.session_id).in_(old)))
    await session.execute(delete(Session).where(is_old))


def _new_refresh_token(session: AsyncSession, *, session_id: int, now: datetime) -> str:
    token = secrets.token_urlsafe(32)
    session.add(RefreshToken(session_id=session_id, token_hash=rules.token_hash(token), created_at=now))
    return token


def _refused(code: RefreshRefusalCode, message: str, is_retryable: bool = False) -> RefreshRefused:
    return RefreshRefused(code=code, message=message, is_retryable=is_retryable)
