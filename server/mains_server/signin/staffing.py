"""Employees: invited, given roles and deprived of them, and deactivated, by administrators or where the server runs.

Accounts of work are never those of customers, so that a role is no more easily stolen than its own password.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from mains_server.access.operations import EmailTaken, add_staff, create_person, end_staff
from mains_server.access.queries import lock_role, person_by_email, roles_of, was_employee
from mains_server.access.records import NewPerson, Person, Refusal, StaffRole
from mains_server.audit.operations import note_subject
from mains_server.audit.records import Subject
from mains_server.delivery.rules import mail_address
from mains_server.signin import queries, rules
from mains_server.signin.codes import token_of
from mains_server.signin.passwords import NONCE_BYTES
from mains_server.signin.records import InvitedEmployee, MessageKind, MessageRoad, NewEmployee, NewMessage
from mains_server.signin.sessions import revoke_all_sessions
from mains_server.signin.tables import Credential, PasswordReset, SigninChallenge
from mains_server.signin.telling import tell

INVITATION_LASTS_FOR = timedelta(days=3)
NAME_CHARACTERS_MAX = 200
LANGUAGES = ("lv", "en", "ru")


class EmployeeUnknown(Refusal):
    """There is no such employee; who never was one, or was deactivated, is invited."""

    code = "EMPLOYEE_UNKNOWN"
    path = "personId"


class LastAdmin(Refusal):
    """Without an administrator who can sign in nobody could give roles any more."""

    code = "LAST_ADMIN"


class OwnRole(Refusal):
    """Nobody gives a role to themselves: what one person decides alone, another has to."""

    code = "OWN_ROLE"


class RolesMissing(Refusal):
    """An employee without a role could do nothing."""

    code = "ROLES_MISSING"
    path = "roles"


class WorkAddressMalformed(Refusal):
    """An invitation goes to an address that mail can be sent to."""

    code = "EMAIL_MALFORMED"
    path = "email"


class WorkNameMalformed(Refusal):
    """A name must be something that can be shown."""

    code = "NAME_MALFORMED"
    path = "name"


async def invite_employee(
    session: AsyncSession, *, new: NewEmployee, key: bytes, now: datetime, by: int | None = None
) -> InvitedEmployee:
    """Make an account for somebody's work, with roles, and send a code that is good once, for its first password.

    Who was invited before and has no password yet, or was deactivated, is invited again. Whoever has the address as
    a customer is not: work needs an account of its own. `by` is the administrator, None where the server runs.

    Raises `WorkAddressMalformed`, `WorkNameMalformed`, `RolesMissing`, `EmailTaken`, `OwnRole`.
    """
    email, name = mail_address(new.email), " ".join(new.name.split())
    if email is None:
        raise WorkAddressMalformed("give an e-mail address that mail can be sent to")
    if not 1 <= len(name) <= NAME_CHARACTERS_MAX or not name.isprintable():
        raise WorkNameMalformed(f"give a name of 1 to {NAME_CHARACTERS_MAX} characters")
    if not new.roles:
        raise RolesMissing("name at least one role")
    person = await _account(session, email=email, name=name, language=new.language, now=now)
    if person.id == by:
        raise OwnRole("nobody gives a role to themselves; ask another administrator")
    for role in sorted(new.roles, key=lambda one: one.name):
        await add_staff(session, person_id=person.id, role=role, now=now)
    note_subject(session, subject=Subject(type_name="Viewer", number=person.id))
    return await _invited(session, person=person, key=key, now=now)


async def give_role(
    session: AsyncSession, *, person_id: int, role: StaffRole, now: datetime, by: int | None = None
) -> None:
    """Give an employee another role, from the next request on; again, it stays so.

    Raises `EmployeeUnknown`, `OwnRole`.
    """
    if person_id == by:
        raise OwnRole("nobody gives a role to themselves; ask another administrator")
    await lock_role(session, role=StaffRole.ADMIN)
    if not await roles_of(session, person_id=person_id):
        raise EmployeeUnknown("there is no such employee; invite who never was one, or was deactivated")
    await add_staff(session, person_id=person_id, role=role, now=now)


async def take_role(session: AsyncSession, *, person_id: int, role: StaffRole, now: datetime) -> None:
    """Take a role from an employee, perhaps from oneself, from the next request on; again, it stays so.

    Raises `EmployeeUnknown`, `LastAdmin`.
    """
    if role is StaffRole.ADMIN:
        await _insist_on_another_admin(session, person_id=person_id)
    if not await was_employee(session, person_id=person_id):
        raise EmployeeUnknown("there is no such employee")
    await end_staff(session, person_id=person_id, role=role, now=now)


async def deactivate_employee(session: AsyncSession, *, person_id: int, now: datetime) -> None:
    """Take all roles, sessions, codes and the password from somebody who works here no longer; again, it stays so.

    Raises `EmployeeUnknown`, `LastAdmin`.
    """
    await _insist_on_another_admin(session, person_id=person_id)
    if not await was_employee(session, person_id=person_id):
        raise EmployeeUnknown("there is no such employee")
    for role in StaffRole:
        await end_staff(session, person_id=person_id, role=role, now=now)
    await revoke_all_sessions(session, person_id=person_id, now=now)
    await session.execute(delete(Credential).where(col(Credential.person_id) == person_id))
    await session.execute(delete(SigninChallenge).where(col(SigninChallenge.person_id) == person_id))
    await _end_codes(session, person_id=person_id, now=now)


async def _account(session: AsyncSession, *, email: str, name: str, language: str, now: datetime) -> Person:
    known = await person_by_email(session, email=email)
    if known is None:
        told = language if language in LANGUAGES else LANGUAGES[0]
        return await create_person(session, person=NewPerson(email=email, name=name, language=told), now=now)
    is_new = not await queries.have_password(session, person_ids=[known.id])
    if not (is_new and await was_employee(session, person_id=known.id)):
        raise EmailTaken("this address belongs to somebody already; take one for work alone")
    return known


async def _invited(session: AsyncSession, *, person: Person, key: bytes, now: datetime) -> InvitedEmployee:
    """Send a code that sets the first password as a reset does; a code sent before is worth nothing any more."""
    await _end_codes(session, person_id=person.id, now=now)
    nonce, ends_at = secrets.token_bytes(NONCE_BYTES), now + INVITATION_LASTS_FOR
    row = PasswordReset(person_id=person.id, token_hash=secrets.token_bytes(32), created_at=now, expires_at=ends_at)
    session.add(row)
    await session.flush()
    code = token_of(key=key, purpose=MessageKind.STAFF_INVITED.name, row_id=row.id, nonce=nonce)
    row.token_hash = rules.token_hash(code)
    message = NewMessage(
        kind=MessageKind.STAFF_INVITED,
        road=MessageRoad.EMAIL,
        address=person.email,
        language=person.language,
        row_id=row.id,
        nonce=nonce,
        expires_at=ends_at,
    )
    await tell(session, message=message, now=now)
    return InvitedEmployee(person_id=person.id, code=code, expires_at=ends_at)


async def _end_codes(session: AsyncSession, *, person_id: int, now: datetime) -> None:
    theirs = col(PasswordReset.person_id) == person_id, col(PasswordReset.used_at).is_(None)
    await session.execute(update(PasswordReset).where(*theirs).values(used_at=now))


async def _insist_on_another_admin(session: AsyncSession, *, person_id: int) -> None:
    """Refuse to do without the last administrator; one who was invited and never came does not count."""
    admins = await lock_role(session, role=StaffRole.ADMIN)
    if person_id in admins and not await queries.somebody_can_sign_in(session, person_ids=admins - {person_id}):
        raise LastAdmin("this is the last administrator who can sign in; give the role to another first")
