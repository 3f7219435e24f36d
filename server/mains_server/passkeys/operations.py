"""Changes in the passkey room: challenges asked and answered once, passkeys added, used, named and removed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from mains_server.access.queries import is_deactivated
from mains_server.access.records import Person, Refusal, Viewer
from mains_server.audit.operations import append
from mains_server.audit.records import NewEntry, Subject
from mains_server.passkeys import queries, rules
from mains_server.passkeys.records import Asked, Made, Purpose, RelyingParty, Taken
from mains_server.passkeys.rules import Answer, PasskeyRefused
from mains_server.passkeys.tables import Passkey, PasskeyChallenge
from mains_server.signin import rules as signin_rules
from mains_server.signin.once import asked_once, forget_asked, use_up
from mains_server.signin.queries import person_of
from mains_server.signin.records import Device, MessageKind, MessageRoad, NewMessage
from mains_server.signin.sessions import require_proof
from mains_server.signin.telling import tell

CHALLENGES = PasskeyChallenge.__table__  # type: ignore[attr-defined]
SUSPENDED = "passkeySuspend"
TWO_OF_IT = "its count went backwards, so there may be two of it"


class ChallengeWrong(Refusal):
    """What was signed is no challenge of ours, was used, took too long, or is of another session."""

    code = "CHALLENGE_WRONG"
    path = "credential"


class PasskeyTaken(Refusal):
    """The passkey is somebody's already."""

    code = "PASSKEY_TAKEN"


class PasskeysTooMany(Refusal):
    """A person has as many passkeys as one can keep an eye on."""

    code = "PASSKEYS_TOO_MANY"


class PasskeyUnknown(Refusal):
    """There is no such passkey of this person."""

    code = "PASSKEY_UNKNOWN"
    path = "passkeyId"


class NameInvalid(Refusal):
    """A passkey is named so that its person knows it by it."""

    code = "NAME_INVALID"
    path = "name"


async def add_challenge(session: AsyncSession, *, asked: Asked, challenge: bytes, now: datetime) -> datetime:
    """Write down what an authenticator is asked to sign, and give until when it may."""
    row = PasskeyChallenge(
        challenge_hash=_hash(challenge),
        handle=asked.handle,
        **asked_once(
            purpose=asked.purpose,
            session_id=asked.session_id,
            device=asked.device,
            lasts_for=rules.CHALLENGE_LASTS_FOR,
            now=now,
        ),
    )
    session.add(row)
    await session.flush()
    return row.expires_at


async def take_challenge(
    session: AsyncSession, *, challenge: bytes, purpose: Purpose, session_id: int | None, now: datetime
) -> Taken:
    """Use up a challenge that was answered. Raises `ChallengeWrong`."""
    named = (CHALLENGES.c.challenge_hash == _hash(challenge),)
    row = await use_up(session, CHALLENGES, named=named, purpose=purpose, session_id=session_id, now=now)
    if row is None:
        raise ChallengeWrong("this was answered before, took longer than five minutes, or is not ours; begin again")
    return Taken(device=Device(name=row.device, mode=row.mode), handle=row.handle)


async def insist_on_room(session: AsyncSession, *, person_id: int) -> None:
    """Refuse to keep more passkeys of one person than anybody needs."""
    if await queries.count_passkeys(session, person_id=person_id) >= rules.PASSKEYS_MAX:
        raise PasskeysTooMany(f"there are {rules.PASSKEYS_MAX} passkeys already; remove one first")


async def add_passkey(
    session: AsyncSession, *, person: Person, made: Made, handle: bytes, name: str, now: datetime
) -> int:
    """Keep a passkey that was made, tell the account's address, and give its number.

    Raises `PasskeyTaken` and `PasskeysTooMany`.
    """
    await insist_on_room(session, person_id=person.id)
    added: int | None = await session.scalar(
        insert(Passkey)
        .values(
            person_id=person.id,
            credential_id=made.credential_id,
            public_key=made.public_key,
            handle=handle,
            sign_count=made.sign_count,
            transports=[one.value for one in made.transports],
            is_synced=made.is_synced,
            name=name,
            created_at=now,
        )
        .on_conflict_do_nothing(index_elements=["credential_id"])
        .returning(col(Passkey.id))
    )
    if added is None:
        raise PasskeyTaken("this passkey is in use already; make another")
    await _tell(session, MessageKind.PASSKEY_ADDED, person=person, now=now)
    return added


async def use_passkey(
    session: AsyncSession, *, answer: Answer, party: RelyingParty, person_id: int | None, now: datetime
) -> Person:
    """Note that a passkey signed, and give whose it is; with `person_id` it must be that person's.

    Every reason that it is refused for looks alike. One that counted backwards after a right signature is suspended,
    which is told to the account's address and written on the audit trail: the caller's transaction must end well.
    Raises `PasskeyRefused`.
    """
    row = await queries.lock_passkey(session, credential_id=answer.credential_id)
    if row is None or row.suspended_at is not None or (person_id is not None and row.person_id != person_id):
        raise PasskeyRefused(rules.NOBODY_IN)
    # Who chose among all their passkeys is known by the handle too; where one was named, some devices leave it out.
    if row.handle != answer.handle and (person_id is None or answer.handle is not None):
        raise PasskeyRefused(rules.NOBODY_IN)
    signed = rules.signed_by(answer, party=party, public_key=row.public_key)
    person = await person_of(session, person_id=row.person_id)
    if rules.goes_backwards(stored=row.sign_count, shown=signed.sign_count):
        await _suspend(session, row, person=person, now=now)
        raise PasskeyRefused(rules.NOBODY_IN)
    if await is_deactivated(session, person_id=person.id):
        raise PasskeyRefused(rules.NOBODY_IN)
    row.sign_count, row.is_synced, row.last_used_at = signed.sign_count, signed.is_synced, now
    await session.flush()
    return person


async def rename_passkey(session: AsyncSession, *, viewer: Viewer, passkey_id: int, name: str) -> None:
    """Call one of the viewer's passkeys something else. Raises `NameInvalid` and `PasskeyUnknown`."""
    plain = insist_on_name(name)
    renamed = await session.scalar(
        update(Passkey)
        .where(col(Passkey.id) == passkey_id, col(Passkey.person_id) == viewer.person_id)
        .values(name=plain)
        .returning(col(Passkey.id))
    )
    if renamed is None:
        raise PasskeyUnknown("there is no such passkey of yours")


async def remove_passkey(session: AsyncSession, *, viewer: Viewer, passkey_id: int, now: datetime) -> None:
    """Let one of the viewer's passkeys in no more, and tell the account's address; needs a fresh proof.

    Raises `PasskeyUnknown` and `ReauthenticationNeeded`.
    """
    gone = await session.scalar(
        delete(Passkey)
        .where(col(Passkey.id) == passkey_id, col(Passkey.person_id) == viewer.person_id)
        .returning(col(Passkey.person_id))
    )
    if gone is None:
        raise PasskeyUnknown("there is no such passkey of yours")
    await require_proof(session, viewer=viewer, now=now)
    await _tell(session, MessageKind.PASSKEY_REMOVED, person=await person_of(session, person_id=gone), now=now)


async def remove_all_passkeys(session: AsyncSession, *, person_id: int) -> int:
    """Remove every passkey of a person, as when whoever has them may not be that person, and count them."""
    gone = await session.scalars(delete(Passkey).where(col(Passkey.person_id) == person_id).returning(col(Passkey.id)))
    return len(gone.all())


async def forget_challenges(session: AsyncSession, *, now: datetime) -> None:
    """Delete challenges that are over."""
    await forget_asked(session, CHALLENGES, before=now - rules.CHALLENGE_LASTS_FOR)


def insist_on_name(name: str) -> str:
    """Give a name as it is kept, or refuse it."""
    plain = rules.plain_name(name)
    if plain is None:
        raise NameInvalid(f"name it in 1 to {rules.NAME_CHARACTERS_MAX} characters")
    return plain


async def _suspend(session: AsyncSession, row: Passkey, *, person: Person, now: datetime) -> None:
    row.suspended_at = now
    await session.flush()
    await _tell(session, MessageKind.PASSKEY_SUSPENDED, person=person, now=now)
    entry = NewEntry(
        act=SUSPENDED,
        person_id=person.id,
        session_id=None,
        roles=(),
        subjects=(Subject(type_name="Passkey", number=row.id),),
        reason=TWO_OF_IT,
        address_hash=None,
        at=now,
    )
    await append(session, entry=entry, owners={})


async def _tell(session: AsyncSession, kind: MessageKind, *, person: Person, now: datetime) -> None:
    message = NewMessage(kind=kind, road=MessageRoad.EMAIL, address=person.email, language=person.language)
    await tell(session, message=message, now=now)


def _hash(challenge: bytes) -> bytes:
    return signin_rules.token_hash(challenge.hex())
