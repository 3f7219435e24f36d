"""Signing in by password, and setting one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from mains_server.access.queries import person_by_id
from mains_server.access.records import Refusal, Viewer
from mains_server.signin import queries, rules
from mains_server.signin.hashing import beside_the_loop
from mains_server.signin.records import (
    UNKNOWN_DEVICE,
    Device,
    FactorNeeded,
    Lifetimes,
    NewSession,
    SigninRefusalCode,
    SigninRefused,
    SigninWay,
    StoredCredential,
)
from mains_server.signin.second_factor import ask_for_factor
from mains_server.signin.sessions import begin_session, note_proof, revoke_all_sessions
from mains_server.signin.tables import Credential, SigninAttempt, SigninChallenge

SOON = timedelta(seconds=1)


class PasswordTooShort(Refusal):
    """A password this short could be guessed."""

    code = "PASSWORD_TOO_SHORT"
    path = "password"


class PasswordTooLong(Refusal):
    """A password this long is a mistake, or an attempt to keep us busy."""

    code = "PASSWORD_TOO_LONG"
    path = "password"


class PasswordTooCommon(Refusal):
    """A password that many people have is guessed first."""

    code = "PASSWORD_TOO_COMMON"
    path = "password"


async def create_session(
    session: AsyncSession,
    *,
    email: str,
    password: str,
    now: datetime,
    lifetimes: Lifetimes,
    device: Device = UNKNOWN_DEVICE,
) -> NewSession | FactorNeeded | SigninRefused:
    """Sign somebody in by e-mail address and password, or say why not, or that a code of their app is needed too.

    The refusal is returned, not raised, because the caller's transaction must keep the failure it counts. An unknown
    address is answered like a wrong password, after the same work.
    """
    known = await check_credential(session, email=email, password=password, now=now)
    if isinstance(known, SigninRefused):
        return known
    if await queries.has_factor(session, person_id=known.person.id):
        return await ask_for_factor(session, person_id=known.person.id, device=device, way=SigninWay.PASSWORD, now=now)
    return await begin_session(
        session, person=known.person, device=device, now=now, lifetimes=lifetimes, way=SigninWay.PASSWORD
    )


async def prove_by_password(
    session: AsyncSession, *, viewer: Viewer, password: str, now: datetime
) -> SigninRefused | None:
    """Note that the viewer knows their password, or say why not; failures count like those of signing in."""
    assert viewer.person_id is not None and viewer.session_id is not None, "somebody is signed in"
    person = await person_by_id(session, person_id=viewer.person_id)
    email = "" if person is None else person.email
    known = await check_credential(session, email=email, password=password, now=now)
    if isinstance(known, SigninRefused):
        return known
    await note_proof(session, session_id=viewer.session_id, now=now)
    return None


async def check_credential(
    session: AsyncSession, *, email: str, password: str, now: datetime
) -> StoredCredential | SigninRefused:
    """Find who has this address and password, counting failures of the address."""
    address = rules.email_hash(email)
    if not await queries.lock_address(session, address=address):
        return _too_many(retry_at=now + SOON)
    failures = await queries.failures_of_address(session, address=address, now=now)
    retry_at = rules.retry_at(failures=failures, now=now)
    if retry_at is not None:
        return _too_many(retry_at=retry_at)
    credential = await queries.credential_by_email(session, email=email)
    stored = None if credential is None else credential.password_hash
    is_right, fresh_hash = await beside_the_loop(partial(rules.check_password, password=password, stored=stored))
    if credential is None or not is_right:
        await session.execute(insert(SigninAttempt).values(email_hash=address, at=now))
        return SigninRefused(
            code=SigninRefusalCode.WRONG_EMAIL_OR_PASSWORD, message="the e-mail address or the password is wrong"
        )
    await session.execute(delete(SigninAttempt).where(col(SigninAttempt.email_hash) == address))
    if fresh_hash is not None:
        await store_hash(session, person_id=credential.person.id, password_hash=fresh_hash, now=now)
    return credential


async def set_password(session: AsyncSession, *, person_id: int, password: str, now: datetime) -> None:
    """Give a person a password, and end the sessions that the old one began."""
    insist_on_strength(password, about=())
    password_hash = await beside_the_loop(partial(rules.hash_password, password))
    await store_hash(session, person_id=person_id, password_hash=password_hash, now=now)
    await revoke_all_sessions(session, person_id=person_id, now=now)


def insist_on_strength(password: str, *, about: Sequence[str]) -> None:
    """Refuse a password that is short, that many people have, or that is what the account is `about`."""
    if len(password) < rules.PASSWORD_CHARACTERS_MIN:
        raise PasswordTooShort(f"choose at least {rules.PASSWORD_CHARACTERS_MIN} characters")
    if len(password) > rules.PASSWORD_CHARACTERS_MAX:
        raise PasswordTooLong(f"choose at most {rules.PASSWORD_CHARACTERS_MAX} characters")
    if rules.is_common(password, about=about):
        raise PasswordTooCommon("many people have this password, or it is your name; choose another")


async def store_hash(session: AsyncSession, *, person_id: int, password_hash: str, now: datetime) -> None:
    """Keep a password's hash, in the place of the one before; sign-ins by that one wait for a code no longer."""
    await session.execute(delete(SigninChallenge).where(col(SigninChallenge.person_id) == person_id))
    values = {"password_hash": password_hash, "changed_at": now}
    await session.execute(
        insert(Credential)
        .values(person_id=person_id, **values)
        .on_conflict_do_update(index_elements=[col(Credential.person_id)], set_=values)
    )


def _too_many(*, retry_at: datetime) -> SigninRefused:
    return SigninRefused(
        code=SigninRefusalCode.TOO_MANY_ATTEMPTS,
        message="too many attempts to sign in; wait until the time given and try again",
        retry_at=retry_at,
    )
