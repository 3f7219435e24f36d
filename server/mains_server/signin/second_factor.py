"""The second factor: an authenticator app beside the password, and recovery codes for when it is lost."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from mains_server.access.queries import person_by_id
from mains_server.access.records import Person, Refusal, Viewer
from mains_server.notifications.sealing import Seal, Unsealable
from mains_server.signin import queries, rules, totp
from mains_server.signin.records import (
    Device,
    Enrolment,
    FactorNeeded,
    Lifetimes,
    MessageKind,
    MessageRoad,
    NewMessage,
    NewSession,
    SigninRefusalCode,
    SigninRefused,
    SigninWay,
)
from mains_server.signin.sessions import begin_session, require_proof, revoke_all_sessions
from mains_server.signin.tables import RecoveryCode, SecondFactor, SigninChallenge
from mains_server.signin.telling import tell
from mains_server.signin.throttling import Bound, claim_tries

CHALLENGE_LASTS_FOR = timedelta(minutes=5)
SOON = Bound("second factor of person", 10, timedelta(minutes=15))
IN_A_DAY = Bound("second factor of person in a day", 30, timedelta(days=1))
CHALLENGE_WRONG = "this sign-in has ended or waited too long; begin again with the password"
CODE_WRONG = "the code is wrong, was used, or is too old; wait for the next one"
TOO_MANY = "too many codes were tried; wait until the time given and try again"


class FactorIsOn(Refusal):
    """A second factor is there already; it is turned off before another is set up."""

    code = "SECOND_FACTOR_ON"


class FactorIsOff(Refusal):
    """There is no second factor, or none that waits to be confirmed."""

    code = "SECOND_FACTOR_OFF"


class CodeNeeded(Refusal):
    """The account has a second factor, and what is asked for needs a code of it."""

    code = "SECOND_FACTOR_NEEDED"
    path = "code"


async def begin_enrolment(session: AsyncSession, *, viewer: Viewer, seal: Seal, now: datetime) -> Enrolment:
    """Make the secret of a new app, which counts once a code of it comes; needs a fresh proof.

    Beginning again replaces a secret that nobody confirmed. Raises `FactorIsOn` and `ReauthenticationNeeded`.
    """
    await require_proof(session, viewer=viewer, now=now)
    person = await _person_of(session, viewer)
    found = await queries.lock_factor(session, person_id=person.id)
    if found is not None and found.confirmed_at is not None:
        raise FactorIsOn("turn the second factor off first, then set up another app")
    secret = totp.new_secret()
    values = {"sealed": seal.close({"secret": secret}, occasion=_occasion(person.id)), "created_at": now}
    added = await session.scalar(
        insert(SecondFactor)
        .values(person_id=person.id, **values)
        .on_conflict_do_update(
            index_elements=[col(SecondFactor.person_id)],
            set_=values | {"used_step": None},
            where=col(SecondFactor.confirmed_at).is_(None),
        )
        .returning(col(SecondFactor.person_id))
    )
    if added is None:
        raise FactorIsOn("turn the second factor off first, then set up another app")
    return Enrolment(secret=secret, uri=totp.enrolment_uri(secret=secret, account=person.email))


async def confirm_enrolment(
    session: AsyncSession, *, viewer: Viewer, code: str, seal: Seal, now: datetime
) -> tuple[str, ...] | SigninRefused:
    """Turn the second factor on by a code of the new app, end the person's other sessions, and give recovery codes.

    A refusal is returned, so that the try stays counted. Raises `FactorIsOff` and `FactorIsOn`.
    """
    await require_proof(session, viewer=viewer, now=now)
    person = await _person_of(session, viewer)
    refused = await claim_code_tries(session, person_id=person.id, now=now)
    if refused is not None:
        return refused
    row = await queries.lock_factor(session, person_id=person.id)
    if row is None:
        raise FactorIsOff("begin with `secondFactorBegin`")
    if row.confirmed_at is not None:
        raise FactorIsOn("the second factor is on already")
    if not _take_code(row, code=code, seal=seal, now=now):
        return wrong_code()
    row.confirmed_at = now
    codes = await _replace_recovery_codes(session, person_id=person.id, now=now)
    await revoke_all_sessions(session, person_id=person.id, now=now, but=viewer.session_id)
    await _tell(session, MessageKind.SECOND_FACTOR_ON, person=person, now=now)
    return codes


async def disable(
    session: AsyncSession, *, viewer: Viewer, code: str, seal: Seal, now: datetime
) -> SigninRefused | None:
    """Turn the second factor off, for who has a fresh proof and a code; a refusal is returned, as it is counted."""
    person, refused = await _insist_on_both(session, viewer=viewer, code=code, seal=seal, now=now)
    if refused is not None:
        return refused
    for table in (RecoveryCode, SecondFactor):
        await session.execute(delete(table).where(col(table.person_id) == person.id))
    await _tell(session, MessageKind.SECOND_FACTOR_OFF, person=person, now=now)
    return None


async def renew_recovery_codes(
    session: AsyncSession, *, viewer: Viewer, code: str, seal: Seal, now: datetime
) -> tuple[str, ...] | SigninRefused:
    """Give other recovery codes in the place of those before, for who has a fresh proof and a code."""
    person, refused = await _insist_on_both(session, viewer=viewer, code=code, seal=seal, now=now)
    if refused is not None:
        return refused
    codes = await _replace_recovery_codes(session, person_id=person.id, now=now)
    await _tell(session, MessageKind.RECOVERY_CODES_MADE, person=person, now=now)
    return codes


async def insist_on_code(
    session: AsyncSession, *, viewer: Viewer, code: str | None, seal: Seal, now: datetime
) -> SigninRefused | None:
    """Take a code where the viewer's account has a second factor, and none where it has not.

    A wrong one is returned, as it is counted. Raises `CodeNeeded` where there should be one.
    """
    person = await _person_of(session, viewer)
    if not await queries.has_factor(session, person_id=person.id):
        return None
    if not code:
        raise CodeNeeded("send a code of the authenticator app too")
    return await _check(session, person=person, code=code, seal=seal, now=now)


async def ask_for_factor(
    session: AsyncSession, *, person_id: int, device: Device, now: datetime, way: SigninWay | None = None
) -> FactorNeeded:
    """Let a sign-in whose password was right wait for a code; the token is worth nothing without one."""
    token = secrets.token_urlsafe(32)
    expires_at = now + CHALLENGE_LASTS_FOR
    session.add(
        SigninChallenge(
            person_id=person_id,
            token_hash=rules.token_hash(token),
            mode=device.mode,
            way=way,
            device=rules.device_name(device.name),
            created_at=now,
            expires_at=expires_at,
        )
    )
    await session.flush()
    return FactorNeeded(challenge=token, expires_at=expires_at)


async def answer_challenge(
    session: AsyncSession, *, challenge: str, code: str, seal: Seal, now: datetime, lifetimes: Lifetimes
) -> NewSession | SigninRefused:
    """Begin the session that waited for a code of the app, or a recovery code; a refusal is returned and counted."""
    waiting = await queries.lock_challenge(session, token=challenge)
    if waiting is None or waiting.used_at is not None or waiting.expires_at <= now:
        return SigninRefused(code=SigninRefusalCode.CHALLENGE_WRONG, message=CHALLENGE_WRONG)
    person = await person_by_id(session, person_id=waiting.person_id)
    assert person is not None, "a challenge is of somebody"
    refused = await _check(session, person=person, code=code, seal=seal, now=now)
    if refused is not None:
        return refused
    waiting.used_at = now
    device = Device(name=waiting.device, mode=waiting.mode)
    way = waiting.way
    return await begin_session(session, person=person, device=device, now=now, lifetimes=lifetimes, way=way)


async def forget_challenges(session: AsyncSession, *, now: datetime) -> None:
    """Delete sign-ins that waited too long for a code."""
    await session.execute(delete(SigninChallenge).where(col(SigninChallenge.expires_at) < now - CHALLENGE_LASTS_FOR))


async def _insist_on_both(
    session: AsyncSession, *, viewer: Viewer, code: str, seal: Seal, now: datetime
) -> tuple[Person, SigninRefused | None]:
    await require_proof(session, viewer=viewer, now=now)
    person = await _person_of(session, viewer)
    if not await queries.has_factor(session, person_id=person.id):
        raise FactorIsOff("there is no second factor")
    return person, await _check(session, person=person, code=code, seal=seal, now=now)


async def _check(
    session: AsyncSession, *, person: Person, code: str, seal: Seal, now: datetime
) -> SigninRefused | None:
    """Take a code of the app or a recovery code, either of them once; counted before it is looked at.

    Everybody takes hold of the count first and of the app then, so that no two wait for each other.
    """
    refused = await claim_code_tries(session, person_id=person.id, now=now)
    if refused is not None:
        return refused
    row = await queries.lock_factor(session, person_id=person.id)
    if row is None or row.confirmed_at is None:
        return SigninRefused(code=SigninRefusalCode.CHALLENGE_WRONG, message=CHALLENGE_WRONG)
    if _take_code(row, code=code, seal=seal, now=now):
        return None
    used = await session.scalar(
        update(RecoveryCode)
        .where(
            col(RecoveryCode.person_id) == person.id,
            col(RecoveryCode.code_hash) == rules.token_hash(totp.plain_code(code)),
            col(RecoveryCode.used_at).is_(None),
        )
        .values(used_at=now)
        .returning(col(RecoveryCode.id))
    )
    if used is None:
        return wrong_code()
    await _tell(session, MessageKind.RECOVERY_CODE_USED, person=person, now=now)
    return None


async def replace_factor(
    session: AsyncSession, *, person_id: int, secret: str, step: int, seal: Seal, now: datetime
) -> tuple[str, ...]:
    """Put an app whose code of a step has just come in the place of the one before, and give other recovery codes.

    For who proved by another road that the one before is lost; sign-ins that wait for a code of it wait no longer.
    """
    values = {
        "sealed": seal.close({"secret": secret}, occasion=_occasion(person_id)),
        "created_at": now,
        "confirmed_at": now,
        "used_step": step,
    }
    await session.execute(
        insert(SecondFactor)
        .values(person_id=person_id, **values)
        .on_conflict_do_update(index_elements=[col(SecondFactor.person_id)], set_=values)
    )
    await session.execute(delete(SigninChallenge).where(col(SigninChallenge.person_id) == person_id))
    return await _replace_recovery_codes(session, person_id=person_id, now=now)


async def claim_code_tries(session: AsyncSession, *, person_id: int, now: datetime) -> SigninRefused | None:
    """Count a try of a person's code before it is looked at, and refuse one too many."""
    for bound in (SOON, IN_A_DAY):
        if not await claim_tries(session, tries=((bound, str(person_id)),), now=now):
            code = SigninRefusalCode.TOO_MANY_ATTEMPTS
            return SigninRefused(code=code, message=TOO_MANY, retry_at=now + bound.within)
    return None


def _take_code(row: SecondFactor, *, code: str, seal: Seal, now: datetime) -> bool:
    """Take a code of the app, which is then used; what another secret of the server sealed takes none."""
    try:
        secret = seal.open(row.sealed, occasion=_occasion(row.person_id))["secret"]
    except Unsealable:
        return False
    step = totp.matching_step(code, secret=secret, now=now, after=row.used_step)
    if step is None:
        return False
    row.used_step = step
    return True


async def _replace_recovery_codes(session: AsyncSession, *, person_id: int, now: datetime) -> tuple[str, ...]:
    codes = totp.new_recovery_codes()
    await session.execute(delete(RecoveryCode).where(col(RecoveryCode.person_id) == person_id))
    hashes = [rules.token_hash(totp.plain_code(code)) for code in codes]
    session.add_all(RecoveryCode(person_id=person_id, code_hash=one, created_at=now) for one in hashes)
    await session.flush()
    return codes


async def _person_of(session: AsyncSession, viewer: Viewer) -> Person:
    assert viewer.person_id is not None, "who proved something is somebody"
    person = await person_by_id(session, person_id=viewer.person_id)
    assert person is not None, "who is signed in is known"
    return person


async def _tell(session: AsyncSession, kind: MessageKind, *, person: Person, now: datetime) -> None:
    message = NewMessage(kind=kind, road=MessageRoad.EMAIL, address=person.email, language=person.language)
    await tell(session, message=message, now=now)


def wrong_code() -> SigninRefused:
    """Say that a code is wrong; which of the reasons it is, is not told."""
    return SigninRefused(code=SigninRefusalCode.CODE_WRONG, message=CODE_WRONG)


def _occasion(person_id: int) -> str:
    return f"second factor of person {person_id}"
