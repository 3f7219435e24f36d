"""Ways to a provider begun and come back from, and whom its subjects are linked to; each in the caller's transaction.

A link is made only by who proved the account in another way a moment ago: nobody is found by an e-mail address, and a
personal code that a provider tells opens no account by itself, for accounts are not always of the person named.
"""

from __future__ import annotations

import secrets
from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from mains_server.access.queries import is_deactivated, person_by_id
from mains_server.access.records import Person, Refusal, Viewer
from mains_server.openid import queries, rules
from mains_server.openid.records import Proven, Purpose, Returned, Taken, Unlinked, Wanted
from mains_server.openid.tables import OpenidFlow, OpenidLink, OpenidTicket
from mains_server.signin import rules as signin_rules
from mains_server.signin.once import asked_once, forget_asked, use_up
from mains_server.signin.queries import has_factor
from mains_server.signin.records import (
    Device,
    FactorNeeded,
    Lifetimes,
    MessageKind,
    MessageRoad,
    NewMessage,
    NewSession,
    SigninWay,
)
from mains_server.signin.second_factor import ask_for_factor
from mains_server.signin.sessions import begin_session, require_proof
from mains_server.signin.telling import tell

FLOWS = OpenidFlow.__table__  # type: ignore[attr-defined]
AGAIN = "this was not confirmed, was used, or took too long; begin again"


class OpenidRefused(Refusal):
    """What came back from a provider proves nothing; which of the reasons it was is for the log."""

    code = "OPENID_REFUSED"


class LinkedElsewhere(Refusal):
    """A subject is of one account, and this one is of another."""

    code = "LINKED_ELSEWHERE"


class TicketWrong(Refusal):
    """There is no such ticket, or it was used or is too old."""

    code = "TICKET_WRONG"
    path = "ticket"


class LinkUnknown(Refusal):
    """There is no such link of this person."""

    code = "LINK_UNKNOWN"
    path = "linkId"


async def begin_flow(session: AsyncSession, *, wanted: Wanted, state: str, key: str, now: datetime) -> datetime:
    """Write down that somebody goes to a provider, and give when they have to be back."""
    row = OpenidFlow(
        state_hash=signin_rules.token_hash(state),
        key_hash=signin_rules.token_hash(key),
        provider=wanted.provider,
        redirect_uri=wanted.redirect_uri,
        **asked_once(
            purpose=wanted.purpose,
            session_id=wanted.session_id,
            device=wanted.device,
            lasts_for=rules.FLOW_LASTS_FOR,
            now=now,
        ),
    )
    session.add(row)
    await session.flush()
    return row.expires_at


async def take_flow(
    session: AsyncSession, *, returned: Returned, purpose: Purpose, session_id: int | None, now: datetime
) -> Taken | None:
    """Use up the way that somebody came back from, once, and only for who began it; None for everybody else."""
    token_hash = signin_rules.token_hash
    named = (FLOWS.c.state_hash == token_hash(returned.state), FLOWS.c.key_hash == token_hash(returned.key))
    row = await use_up(session, FLOWS, named=named, purpose=purpose, session_id=session_id, now=now)
    if row is None:
        return None
    device = Device(name=row.device, mode=row.mode)
    return Taken(provider=row.provider, redirect_uri=row.redirect_uri, device=device)


async def sign_in(
    session: AsyncSession, *, proven: Proven, device: Device, secret: bytes, now: datetime, lifetimes: Lifetimes
) -> NewSession | FactorNeeded | Unlinked:
    """Begin a session of the account that a subject is linked to.

    Where the account has a second factor, it is asked for, unless the provider proved two by itself. A subject that is
    linked to nobody, or to an employee who was deactivated, gets a ticket, whoever it is: whether there is an account
    of theirs is not looked up.
    """
    link = await queries.lock_link_of_subject(session, provider=proven.provider, subject=proven.subject)
    if link is None or await is_deactivated(session, person_id=link.person_id):
        return await _ticket(session, proven=proven, secret=secret, now=now)
    person = await person_by_id(session, person_id=link.person_id)
    assert person is not None, "a link is of somebody"
    link.last_used_at = now
    if not proven.is_strong and await has_factor(session, person_id=person.id):
        return await ask_for_factor(session, person_id=person.id, device=device, way=SigninWay.PROVIDER, now=now)
    way = SigninWay.PROVIDER
    return await begin_session(session, person=person, device=device, now=now, lifetimes=lifetimes, way=way)


async def link_proven(session: AsyncSession, *, viewer: Viewer, proven: Proven, now: datetime) -> int:
    """Link a subject to the viewer's account, and give the link. Raises `LinkedElsewhere`.

    The proof was asked for when the viewer went to the provider, and the way back is of the same session.
    """
    person = await _person_of(session, viewer)
    return await _link(session, person=person, provider=proven.provider, subject=proven.subject, now=now)


async def link_by_ticket(session: AsyncSession, *, viewer: Viewer, ticket: str, now: datetime) -> int:
    """Link the subject that a ticket is of to the viewer's account; needs a fresh proof, and uses the ticket up.

    Raises `TicketWrong` and `LinkedElsewhere`.
    """
    await require_proof(session, viewer=viewer, now=now)
    person = await _person_of(session, viewer)
    row = await queries.lock_ticket(session, ticket=ticket, now=now)
    if row is None:
        raise TicketWrong("this ticket was used, or is older than an hour; go to the provider again")
    row.used_at = now
    return await _link(session, person=person, provider=row.provider, subject=row.subject, now=now)


async def link_at_registration(
    session: AsyncSession, *, person: Person, ticket: str, secret: bytes, now: datetime
) -> bool:
    """Link a ticket's subject to who has just registered, where the provider told the customer's own personal code.

    Where it did not, nothing is linked and the ticket stays good: somebody registered for another person.
    """
    row = await queries.lock_ticket(session, ticket=ticket, now=now)
    if row is None or row.personal_code_hash is None:
        return False
    codes = await queries.personal_codes_owned(session, person_id=person.id, now=now)
    if row.personal_code_hash not in [rules.personal_code_hash(code, secret=secret) for code in codes]:
        return False
    row.used_at = now
    await _link(session, person=person, provider=row.provider, subject=row.subject, now=now)
    return True


async def unlink(session: AsyncSession, *, viewer: Viewer, link_id: int, now: datetime) -> None:
    """Let a subject sign in to the viewer's account no more; needs a fresh proof. Raises `LinkUnknown`."""
    person = await _person_of(session, viewer)
    gone = await session.scalar(
        delete(OpenidLink)
        .where(col(OpenidLink.id) == link_id, col(OpenidLink.person_id) == person.id)
        .returning(col(OpenidLink.id))
    )
    if gone is None:
        raise LinkUnknown("there is no such link of yours")
    await require_proof(session, viewer=viewer, now=now)
    await _tell(session, MessageKind.OPENID_UNLINKED, person=person, now=now)


async def forget_flows(session: AsyncSession, *, now: datetime) -> None:
    """Delete ways and tickets that are over."""
    await forget_asked(session, FLOWS, before=now - rules.FLOW_LASTS_FOR)
    await session.execute(delete(OpenidTicket).where(col(OpenidTicket.expires_at) < now - rules.TICKET_LASTS_FOR))


async def _link(session: AsyncSession, *, person: Person, provider: str, subject: str, now: datetime) -> int:
    """Link a subject, once however often it is asked for, and tell the account's address of a new link."""
    added: int | None = await session.scalar(
        insert(OpenidLink)
        .values(person_id=person.id, provider=provider, subject=subject, created_at=now)
        .on_conflict_do_nothing(index_elements=["provider", "subject"])
        .returning(col(OpenidLink.id))
    )
    if added is not None:
        await _tell(session, MessageKind.OPENID_LINKED, person=person, now=now)
        return added
    there = await queries.lock_link_of_subject(session, provider=provider, subject=subject)
    if there is None or there.person_id != person.id:
        raise LinkedElsewhere("another account is linked to who you are there; sign in by it, and unlink it first")
    return there.id


async def _ticket(session: AsyncSession, *, proven: Proven, secret: bytes, now: datetime) -> Unlinked:
    ticket, expires_at = secrets.token_urlsafe(32), now + rules.TICKET_LASTS_FOR
    session.add(
        OpenidTicket(
            token_hash=signin_rules.token_hash(ticket),
            provider=proven.provider,
            subject=proven.subject,
            personal_code_hash=rules.personal_code_hash(proven.personal_code, secret=secret),
            created_at=now,
            expires_at=expires_at,
        )
    )
    await session.flush()
    return Unlinked(ticket=ticket, expires_at=expires_at)


async def _person_of(session: AsyncSession, viewer: Viewer) -> Person:
    assert viewer.person_id is not None, "who proved something is somebody"
    person = await person_by_id(session, person_id=viewer.person_id)
    assert person is not None, "who is signed in is known"
    return person


async def _tell(session: AsyncSession, kind: MessageKind, *, person: Person, now: datetime) -> None:
    message = NewMessage(kind=kind, road=MessageRoad.EMAIL, address=person.email, language=person.language)
    await tell(session, message=message, now=now)
