"""Registrations begun and confirmed; what is answered never tells what we know."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from functools import partial

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from mains_server.access.operations import CustomerHasOwner, EmailTaken, create_person, grant_owner
from mains_server.access.queries import person_by_id
from mains_server.access.records import NewPerson, Person, Refusal, Viewer
from mains_server.audit.operations import note_subject
from mains_server.audit.records import Subject
from mains_server.delivery.rules import mail_address
from mains_server.registration import queries, rules
from mains_server.registration.records import (
    Candidate,
    RegistrationAsked,
    RegistrationBegun,
    RegistrationConfirmed,
    RegistrationRefused,
)
from mains_server.registration.tables import Registration
from mains_server.signin import rules as signin_rules
from mains_server.signin.codes import code_of, is_code
from mains_server.signin.hashing import beside_the_loop
from mains_server.signin.operations import insist_on_strength, store_hash
from mains_server.signin.queries import letter_until
from mains_server.signin.records import Lifetimes, MessageKind, MessageRoad, NewMessage, NewSession, SigninWay
from mains_server.signin.rules import ENDED_KEPT_FOR
from mains_server.signin.sessions import begin_session
from mains_server.signin.telling import tell

NONCE_BYTES = 16
NEVER = datetime.min.replace(tzinfo=UTC)
LANGUAGES = ("lv", "en", "ru")


class EmailMalformed(Refusal):
    """What one wants to sign in with is no address that mail can be sent to."""

    code = "EMAIL_MALFORMED"
    path = "email"


class NameMalformed(Refusal):
    """A name must be something that can be shown."""

    code = "NAME_MALFORMED"
    path = "name"


async def begin_registration(session: AsyncSession, *, asked: RegistrationAsked, now: datetime) -> RegistrationBegun:
    """Send codes to the contact on file and to the address somebody wants to sign in with.

    Whether the number is known, the identifier fits, or the customer has an account already, the same is looked up,
    hashed and written; where it may not be, the code goes to nobody.
    """
    email = mail_address(asked.email)
    if email is None:
        raise EmailMalformed("give an e-mail address that you can read")
    return await _begun(session, asked=asked, email=email, person_id=None, now=now)


async def begin_addition(
    session: AsyncSession, *, viewer: Viewer, asked: RegistrationAsked, now: datetime
) -> RegistrationBegun:
    """Begin to add another customer to the viewer's account: a code goes to the contact on file, as for a newcomer.

    It costs the same, and is answered alike, whether or not the number is known, and also where the customer is
    theirs or somebody else's already.
    """
    assert viewer.person_id is not None, "somebody is signed in"
    person = await person_by_id(session, person_id=viewer.person_id)
    assert person is not None, "who is signed in is known"
    return await _begun(session, asked=asked, email=person.email, person_id=person.id, now=now)


async def _begun(
    session: AsyncSession, *, asked: RegistrationAsked, email: str, person_id: int | None, now: datetime
) -> RegistrationBegun:
    found = await queries.candidates(session, number=rules.plain_number(asked.number))
    candidate = rules.fitting(found, identifier=asked.identifier)
    is_free = candidate is not None and candidate.owner_email is None
    road, address = _road(candidate, wanted=asked.channel)
    is_on_file = is_free and road is MessageRoad.EMAIL and rules.is_same_address(address, email)
    token, nonce = secrets.token_urlsafe(32), secrets.token_bytes(NONCE_BYTES)
    row = Registration(
        token_hash=signin_rules.token_hash(token),
        nonce=nonce,
        customer_id=candidate.customer_id if candidate is not None and is_free else None,
        person_id=person_id,
        email=email,
        language=asked.language if asked.language in LANGUAGES else LANGUAGES[0],
        is_email_proven=person_id is not None or is_on_file,
        created_at=now,
        code_ends_at=now + rules.code_lifetime(road),
        expires_at=now + rules.LASTS_FOR,
        tries=0,
    )
    session.add(row)
    await session.flush()
    await tell(session, message=_to_contact(row, candidate=candidate, wanted=asked.channel), now=now)
    await tell(session, message=_to_newcomer(row), now=now)
    return RegistrationBegun(token=token, expires_at=row.expires_at)


async def confirm_registration(
    session: AsyncSession, *, given: RegistrationConfirmed, key: bytes, now: datetime, lifetimes: Lifetimes
) -> NewSession | RegistrationRefused:
    """Make somebody with the right codes the owner of the customer and sign them in, or say that it was not confirmed.

    The password is hashed before anything is looked up, so that a wrong code costs what a right one does.
    """
    name = " ".join(given.name.split())
    if not 1 <= len(name) <= rules.NAME_CHARACTERS_MAX or not name.isprintable():
        raise NameMalformed(f"give a name of 1 to {rules.NAME_CHARACTERS_MAX} characters")
    insist_on_strength(given.password, about=(name,))
    password_hash = await beside_the_loop(partial(signin_rules.hash_password, given.password))
    row = await queries.lock_registration(session, token=given.token, now=now)
    until = await _code_ends_at(session, row)
    is_right = _fits(row, code=given.code, email_code=given.email_code, key=key) and now < until
    if row is not None:
        row.tries += 1
        await session.flush()
    if row is None or not is_right or row.customer_id is None:
        return RegistrationRefused()
    person = await _person(session, row=row, name=name, now=now)
    if person is None:
        return RegistrationRefused()
    await _own(session, customer_id=row.customer_id, person_id=person.id, now=now)
    row.done_at = now
    await store_hash(session, person_id=person.id, password_hash=password_hash, now=now)
    way = SigninWay.REGISTRATION
    return await begin_session(session, person=person, device=given.device, now=now, lifetimes=lifetimes, way=way)


async def confirm_addition(
    session: AsyncSession, *, viewer: Viewer, token: str, code: str, key: bytes, now: datetime
) -> int | RegistrationRefused:
    """Make the viewer, who has the right code, the owner of a customer more, and give its number."""
    row = await queries.lock_registration(session, token=token, now=now, person_id=viewer.person_id)
    until = await _code_ends_at(session, row)
    is_right = _fits(row, code=code, email_code="", key=key) and now < until
    if row is not None:
        row.tries += 1
        await session.flush()
    if row is None or not is_right or row.customer_id is None or viewer.person_id is None:
        return RegistrationRefused()
    await _own(session, customer_id=row.customer_id, person_id=viewer.person_id, now=now)
    row.done_at = now
    await session.flush()
    note_subject(session, subject=Subject(type_name="Customer", number=row.customer_id))
    return row.customer_id


async def forget_registrations(session: AsyncSession, *, now: datetime) -> None:
    """Delete registrations that ended a month ago, done or not: they hold addresses of people who never came."""
    await session.execute(delete(Registration).where(col(Registration.expires_at) < now - ENDED_KEPT_FOR))


async def _own(session: AsyncSession, *, customer_id: int, person_id: int, now: datetime) -> None:
    try:
        await grant_owner(session, customer_id=customer_id, person_id=person_id, now=now)
    except CustomerHasOwner:
        raise RegistrationOvertaken("somebody else registered for this customer meanwhile; begin again") from None


class RegistrationOvertaken(Refusal):
    """Of two who had a code for one customer the other was faster; nothing is left of this one."""

    code = "REGISTRATION_NOT_CONFIRMED"


async def _code_ends_at(session: AsyncSession, row: Registration | None) -> datetime:
    """Tell until when a registration's codes are good: longer where the first could not be delivered but by letter.

    It is asked, at the same cost, also where nothing waits.
    """
    kind = MessageKind.REGISTRATION_CODE
    by_letter = await letter_until(session, kind=kind, row_id=0 if row is None else row.id)
    ends_at = NEVER if row is None else row.code_ends_at
    return ends_at if by_letter is None else max(ends_at, by_letter)


def _fits(row: Registration | None, *, code: str, email_code: str, key: bytes) -> bool:
    """Compare both codes, also where nothing waits for them."""
    row_id, nonce = (0, b"") if row is None else (row.id, row.nonce)
    sent = code_of(key=key, purpose=MessageKind.REGISTRATION_CODE.name, row_id=row_id, nonce=nonce)
    mailed = code_of(key=key, purpose=MessageKind.REGISTRATION_EMAIL.name, row_id=row_id, nonce=nonce)
    is_code_right = is_code(code, code=sent)
    is_email_right = is_code(email_code, code=mailed)
    if row is None:
        return False
    is_open = row.tries < rules.TRIES_MAX
    return is_open and is_code_right and (is_email_right or row.is_email_proven)


async def _person(session: AsyncSession, *, row: Registration, name: str, now: datetime) -> Person | None:
    """Make the person known; whoever has the address already is told by mail, and the newcomer nothing."""
    try:
        new = NewPerson(email=row.email, name=name, language=row.language)
        return await create_person(session, person=new, now=now)
    except EmailTaken:
        message = NewMessage(
            kind=MessageKind.REGISTRATION_TRIED, road=MessageRoad.EMAIL, address=row.email, language=row.language
        )
        await tell(session, message=message, now=now)
        return None


def _to_contact(row: Registration, *, candidate: Candidate | None, wanted: MessageRoad | None) -> NewMessage:
    """Word what the customer's contact is told: the code, that there is an account already, or nothing to nobody."""
    if candidate is not None and candidate.owner_email is not None:
        return NewMessage(
            kind=MessageKind.REGISTRATION_TRIED,
            road=MessageRoad.EMAIL,
            address=candidate.owner_email,
            language=candidate.owner_language or candidate.language,
        )
    road, address = _road(candidate, wanted=wanted)
    return NewMessage(
        kind=MessageKind.REGISTRATION_CODE,
        road=road,
        address=address,
        customer_id=None if candidate is None else candidate.customer_id,
        language=row.language if candidate is None else candidate.language,
        row_id=row.id,
        nonce=row.nonce,
        expires_at=row.code_ends_at,
        letter_until=row.expires_at,
    )


def _to_newcomer(row: Registration) -> NewMessage:
    """Word what the address is told that somebody wants to sign in with; one that has the other code needs none."""
    return NewMessage(
        kind=MessageKind.REGISTRATION_EMAIL,
        road=MessageRoad.NOBODY if row.is_email_proven else MessageRoad.EMAIL,
        address=row.email,
        language=row.language,
        row_id=row.id,
        nonce=row.nonce,
        expires_at=row.code_ends_at,
    )


def _road(candidate: Candidate | None, *, wanted: MessageRoad | None) -> tuple[MessageRoad, str | None]:
    return (MessageRoad.NOBODY, None) if candidate is None else rules.road_to(candidate, wanted=wanted)
