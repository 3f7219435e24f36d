"""Passwords changed by who is signed in, and reset by who reads the account's mail."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from mains_server.access.queries import is_deactivated, person_by_email, person_by_id
from mains_server.access.records import Viewer
from mains_server.signin import queries, rules
from mains_server.signin.codes import token_of
from mains_server.signin.hashing import beside_the_loop
from mains_server.signin.operations import insist_on_strength, store_hash
from mains_server.signin.records import MessageKind, MessageRoad, NewMessage
from mains_server.signin.sessions import require_proof, revoke_all_sessions
from mains_server.signin.tables import PasswordReset, SigninAttempt
from mains_server.signin.telling import tell
from mains_server.signin.throttling import Bound

RESET_LASTS_FOR = timedelta(hours=1)
RESETS_OF_EMAIL = Bound("reset of email", 5, timedelta(hours=1))
RESETS_OF_NETWORK = Bound("reset of network", 20, timedelta(minutes=15))
RESETS_OF_ALL = Bound("reset of all", 1_000, timedelta(minutes=15))
RESET_TRIES_OF_NETWORK = Bound("reset tried of network", 20, timedelta(minutes=15))
NONCE_BYTES = 16
WORDS = "this code is wrong, was used, or is older than an hour; ask for another"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetRefused:
    """A reset that failed; returned rather than raised, as failures of signing in are."""

    message: str = WORDS


async def change_password(session: AsyncSession, *, viewer: Viewer, password: str, now: datetime) -> None:
    """Give the viewer another password, end their other sessions, and tell them; needs a fresh proof."""
    await require_proof(session, viewer=viewer, now=now)
    assert viewer.person_id is not None, "who proved something is somebody"
    person = await person_by_id(session, person_id=viewer.person_id)
    assert person is not None, "who is signed in is known"
    insist_on_strength(password, about=(person.email, person.name))
    await store_hash(session, person_id=person.id, password_hash=await _hashed(password), now=now)
    await revoke_all_sessions(session, person_id=person.id, now=now, but=viewer.session_id)
    await _tell_of_change(session, email=person.email, language=person.language, now=now)


async def request_reset(session: AsyncSession, *, email: str, key: bytes, now: datetime) -> None:
    """Send whoever has this address a code that resets their password.

    Nobody is told whether somebody has it: the same is looked up, derived and written for an address that we do not
    know, and a code is sent to nobody. Nor is one to who was an employee and is deactivated.
    """
    known = await person_by_email(session, email=email if rules.is_storable(email) else "")
    if await is_deactivated(session, person_id=0 if known is None else known.id):
        known = None
    nonce = secrets.token_bytes(NONCE_BYTES)
    row = PasswordReset(
        person_id=None if known is None else known.id,
        token_hash=secrets.token_bytes(32),
        created_at=now,
        expires_at=now + RESET_LASTS_FOR,
    )
    session.add(row)
    await session.flush()
    token = token_of(key=key, purpose=MessageKind.PASSWORD_RESET.name, row_id=row.id, nonce=nonce)
    row.token_hash = rules.token_hash(token)
    message = NewMessage(
        kind=MessageKind.PASSWORD_RESET,
        road=MessageRoad.NOBODY if known is None else MessageRoad.EMAIL,
        address=None if known is None else known.email,
        language="lv" if known is None else known.language,
        row_id=row.id,
        nonce=nonce,
        expires_at=row.expires_at,
    )
    await tell(session, message=message, now=now)


async def reset_password(session: AsyncSession, *, token: str, password: str, now: datetime) -> ResetRefused | None:
    """Give the person that a reset was asked for another password, and end all their sessions.

    A wrong code costs the same hash as a right one. A right one is good once, and takes the person's others with it.
    """
    insist_on_strength(password, about=())
    password_hash = await _hashed(password)
    row = await queries.lock_reset(session, token=_plain(token))
    if row is None or row.person_id is None or row.used_at is not None or row.expires_at <= now:
        return ResetRefused()
    person = await person_by_id(session, person_id=row.person_id)
    assert person is not None, "a reset is of somebody"
    insist_on_strength(password, about=(person.email, person.name))
    mine = col(PasswordReset.person_id) == person.id, col(PasswordReset.used_at).is_(None)
    await session.execute(update(PasswordReset).where(*mine).values(used_at=now))
    await store_hash(session, person_id=person.id, password_hash=password_hash, now=now)
    await revoke_all_sessions(session, person_id=person.id, now=now)
    forgiven = col(SigninAttempt.email_hash) == rules.email_hash(person.email)
    await session.execute(delete(SigninAttempt).where(forgiven))
    await _tell_of_change(session, email=person.email, language=person.language, now=now)
    return None


async def forget_resets(session: AsyncSession, *, now: datetime) -> None:
    """Delete resets and invitations of employees that ended a month ago, used or not."""
    before = now - rules.ENDED_KEPT_FOR
    await session.execute(delete(PasswordReset).where(col(PasswordReset.expires_at) < before))


async def _hashed(password: str) -> str:
    return await beside_the_loop(partial(rules.hash_password, password))


async def _tell_of_change(session: AsyncSession, *, email: str, language: str, now: datetime) -> None:
    message = NewMessage(kind=MessageKind.PASSWORD_CHANGED, road=MessageRoad.EMAIL, address=email, language=language)
    await tell(session, message=message, now=now)


def _plain(token: str) -> str:
    return "".join(token[:200].split()).upper()
