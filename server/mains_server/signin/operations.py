"""Changes in the sign-in room: passwords set, sessions begun and ended."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from sqlalchemy import delete, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from mains_server.access.records import Person, Refusal, Viewer
from mains_server.signin import queries, rules
from mains_server.signin.records import NewSession, SigninRefusalCode, SigninRefused
from mains_server.signin.tables import Credential, Session, SigninAttempt

T = TypeVar("T")

HASHERS_MAX = 2
HASHING_WAITS_MAX = 20
SOON = timedelta(seconds=1)

_hashers = ThreadPoolExecutor(max_workers=HASHERS_MAX, thread_name_prefix="argon2")
_hashing: set[object] = set()


class PasswordTooShort(Refusal):
    """A password this short could be guessed."""

    code = "PASSWORD_TOO_SHORT"
    path = "password"


class PasswordTooLong(Refusal):
    """A password this long is a mistake, or an attempt to keep us busy."""

    code = "PASSWORD_TOO_LONG"
    path = "password"


class SessionUnknown(Refusal):
    """There is no such session of this person."""

    code = "SESSION_UNKNOWN"


class SigninBusy(Refusal):
    """More passwords wait to be checked than we can check soon."""

    code = "SIGNIN_BUSY"
    is_retryable = True


async def create_session(
    session: AsyncSession, *, email: str, password: str, now: datetime, lifetime: timedelta
) -> NewSession | SigninRefused:
    """Sign somebody in by e-mail address and password, or say why not.

    The refusal is returned, not raised, because the caller's transaction must keep the failure it counts. An unknown
    address is answered like a wrong password, after the same work.
    """
    address = rules.email_hash(email)
    if not await queries.lock_address(session, address=address):
        return _too_many(retry_at=now + SOON)
    failures = await queries.failures_of_address(session, address=address, now=now)
    retry_at = rules.retry_at(failures=failures, now=now)
    if retry_at is not None:
        return _too_many(retry_at=retry_at)
    credential = await queries.credential_by_email(session, email=email)
    stored = None if credential is None else credential.password_hash
    is_right, fresh_hash = await _beside_the_loop(partial(rules.check_password, password=password, stored=stored))
    if credential is None or not is_right:
        await session.execute(insert(SigninAttempt).values(email_hash=address, at=now))
        return SigninRefused(
            code=SigninRefusalCode.WRONG_EMAIL_OR_PASSWORD, message="the e-mail address or the password is wrong"
        )
    await session.execute(delete(SigninAttempt).where(col(SigninAttempt.email_hash) == address))
    if fresh_hash is not None:
        await _store_hash(session, person_id=credential.person.id, password_hash=fresh_hash, now=now)
    return await _begin(session, person=credential.person, now=now, lifetime=lifetime)


async def revoke_session(session: AsyncSession, *, viewer: Viewer, session_id: int, now: datetime) -> None:
    """End one of the viewer's own sessions, such as `viewer.session_id`; its token is worth nothing from now on."""
    ended = await session.scalar(
        update(Session)
        .where(
            col(Session.id) == session_id,
            col(Session.person_id) == viewer.person_id,
            col(Session.revoked_at).is_(None),
        )
        .values(revoked_at=now)
        .returning(col(Session.id))
    )
    if ended is None:
        raise SessionUnknown("this session has ended already, or is not yours")


async def revoke_all_sessions(session: AsyncSession, *, person_id: int, now: datetime) -> None:
    """Sign a person out everywhere."""
    await session.execute(
        update(Session)
        .where(col(Session.person_id) == person_id, col(Session.revoked_at).is_(None))
        .values(revoked_at=now)
    )


async def set_password(session: AsyncSession, *, person_id: int, password: str, now: datetime) -> None:
    """Give a person a password, and end the sessions that the old one began."""
    if len(password) < rules.PASSWORD_CHARACTERS_MIN:
        raise PasswordTooShort(f"choose at least {rules.PASSWORD_CHARACTERS_MIN} characters")
    if len(password) > rules.PASSWORD_CHARACTERS_MAX:
        raise PasswordTooLong(f"choose at most {rules.PASSWORD_CHARACTERS_MAX} characters")
    password_hash = await _beside_the_loop(partial(rules.hash_password, password))
    await _store_hash(session, person_id=person_id, password_hash=password_hash, now=now)
    await revoke_all_sessions(session, person_id=person_id, now=now)


async def _begin(session: AsyncSession, *, person: Person, now: datetime, lifetime: timedelta) -> NewSession:
    token = secrets.token_urlsafe(32)
    row = Session(person_id=person.id, token_hash=rules.token_hash(token), created_at=now, expires_at=now + lifetime)
    session.add(row)
    await session.flush()
    return NewSession(id=row.id, token=token, expires_at=row.expires_at, person=person)


async def _store_hash(session: AsyncSession, *, person_id: int, password_hash: str, now: datetime) -> None:
    values = {"password_hash": password_hash, "changed_at": now}
    await session.execute(
        insert(Credential)
        .values(person_id=person_id, **values)
        .on_conflict_do_update(index_elements=[col(Credential.person_id)], set_=values)
    )


async def _beside_the_loop(work: Callable[[], T]) -> T:
    """Run a hash in the bounded pool; the queue is bounded too, because everyone in it holds a database connection."""
    if len(_hashing) >= HASHING_WAITS_MAX:
        raise SigninBusy("many people sign in right now; try again in a few seconds")
    ticket = object()
    _hashing.add(ticket)
    try:
        return await asyncio.get_running_loop().run_in_executor(_hashers, work)
    finally:
        _hashing.discard(ticket)


def _too_many(*, retry_at: datetime) -> SigninRefused:
    return SigninRefused(
        code=SigninRefusalCode.TOO_MANY_ATTEMPTS,
        message="too many attempts to sign in; wait until the time given and try again",
        retry_at=retry_at,
    )
