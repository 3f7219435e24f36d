"""Changes in the access room: persons made known, rights given and ended, staff roles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from psycopg import Connection
from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from mains_server.access import queries
from mains_server.access.records import GrantRole, NewDelegate, NewPerson, Permission, Person, Refusal, StaffRole
from mains_server.access.rules import OWNER_PERMISSIONS
from mains_server.access.tables import AccessGrant, StaffMember
from mains_server.access.tables import Person as PersonRow
from mains_server.db import idempotency
from mains_server.db.idempotency import KeyReused, Once, claim_key

KEY_CHARACTERS_MAX = 200


class EmailTaken(Refusal):
    """Another person already has this e-mail address."""

    code = "EMAIL_TAKEN"
    path = "email"


class CustomerHasOwner(Refusal):
    """A customer has exactly one owner, and this one has another already."""

    code = "CUSTOMER_HAS_OWNER"


class OwnerGrantCannotEnd(Refusal):
    """A customer is never without an owner, so ownership is handed over rather than ended."""

    code = "OWNER_GRANT_CANNOT_END"


class GrantUnknown(Refusal):
    """There is no such right, or it has ended."""

    code = "GRANT_UNKNOWN"


class DelegationEmpty(Refusal):
    """A delegation that permits nothing, or names no contract, would be worth nothing."""

    code = "DELEGATION_EMPTY"


class DelegationEndsTooEarly(Refusal):
    """A delegation must end after it begins."""

    code = "DELEGATION_ENDS_TOO_EARLY"
    path = "endsAt"


class IdempotencyKeyMalformed(Refusal):
    """A key must be something that can be kept and compared."""

    code = "IDEMPOTENCY_KEY_MALFORMED"
    path = "idempotencyKey"


class IdempotencyKeyReused(Refusal):
    """The key was used for another request."""

    code = "IDEMPOTENCY_KEY_REUSED"
    path = "idempotencyKey"


async def create_person(session: AsyncSession, *, person: NewPerson, now: datetime) -> Person:
    """Make a person known, so that they can be given rights and a password."""
    email = person.email.strip()
    values = {"email": email, "name": person.name, "language": person.language, "phone": person.phone}
    added = await session.scalar(
        insert(PersonRow).values(created_at=now, **values).on_conflict_do_nothing().returning(col(PersonRow.id))
    )
    if added is None:
        raise EmailTaken("this address belongs to somebody already; sign in with it, or use another")
    return Person(id=added, email=email, name=person.name, language=person.language, phone=person.phone)


async def change_person(session: AsyncSession, *, person_id: int, changes: Mapping[str, str | None]) -> None:
    """Write what somebody is called and how they are reached, checked before: `name`, `phone`, `language`."""
    assert changes.keys() <= {"name", "phone", "language"}, "an address to sign in with is changed elsewhere"
    if changes:
        await session.execute(update(PersonRow).where(col(PersonRow.id) == person_id).values(**changes))


async def grant_owner(session: AsyncSession, *, customer_id: int, person_id: int, now: datetime) -> int:
    """Make a person the one owner of a customer that has none, and return the grant's id."""
    added = await session.scalar(
        insert(AccessGrant)
        .values(
            customer_id=customer_id,
            person_id=person_id,
            role=GrantRole.OWNER,
            permissions=_words(OWNER_PERMISSIONS),
            starts_at=now,
        )
        .on_conflict_do_nothing()
        .returning(col(AccessGrant.id))
    )
    if added is None:
        raise CustomerHasOwner("this customer has an owner; hand the ownership over instead")
    return int(added)


async def transfer_ownership(session: AsyncSession, *, customer_id: int, person_id: int, now: datetime) -> int:
    """Hand a customer over from its owner to another person, so that it has exactly one at every moment."""
    old = await queries.lock_owner_grant(session, customer_id=customer_id)
    if old is None:
        raise GrantUnknown("this customer has no owner yet; grant the ownership instead")
    if old.person_id == person_id:
        raise CustomerHasOwner("this person is the owner already")
    old.ends_at = now
    await session.flush()
    return await grant_owner(session, customer_id=customer_id, person_id=person_id, now=now)


async def grant_delegate(session: AsyncSession, *, delegate: NewDelegate, now: datetime) -> int:
    """Give a person rights on a customer, and return the grant's id.

    Named contracts are taken on trust here; `contracts.operations.delegate_contracts` proves that they are
    the customer's, and is what callers above this room use.
    """
    if not delegate.permissions or delegate.contract_ids == frozenset():
        raise DelegationEmpty("name at least one permission, and either all contracts or at least one")
    if delegate.ends_at is not None and delegate.ends_at <= now:
        raise DelegationEndsTooEarly("choose an end in the future, or none")
    row = AccessGrant(
        customer_id=delegate.customer_id,
        person_id=delegate.person_id,
        role=GrantRole.DELEGATE,
        permissions=_words(delegate.permissions),
        contract_ids=None if delegate.contract_ids is None else sorted(delegate.contract_ids),
        starts_at=now,
        ends_at=delegate.ends_at,
        cap_payment=delegate.limits.cap_payment,
        cap_month=delegate.limits.cap_month,
        approval_above=delegate.limits.approval_above,
    )
    session.add(row)
    await session.flush()
    return row.id


async def end_grant(session: AsyncSession, *, grant_id: int, now: datetime) -> None:
    """Take a delegate's rights back from this moment on."""
    row = await queries.lock_grant(session, grant_id=grant_id)
    if row is None or (row.ends_at is not None and row.ends_at <= now):
        raise GrantUnknown("there is no such delegation, or it has ended")
    if row.role is GrantRole.OWNER:
        raise OwnerGrantCannotEnd("hand the ownership over to somebody else instead")
    row.ends_at = now
    await session.flush()


async def add_staff(session: AsyncSession, *, person_id: int, role: StaffRole, now: datetime) -> None:
    """Give a person a role as an employee; doing it again changes nothing."""
    await session.execute(
        insert(StaffMember).values(person_id=person_id, role=role, since=now).on_conflict_do_nothing()
    )


async def end_staff(session: AsyncSession, *, person_id: int, role: StaffRole, now: datetime) -> bool:
    """End a role of an employee from this moment on, and tell whether they had it."""
    mine = col(StaffMember.person_id) == person_id, col(StaffMember.role) == role, col(StaffMember.ended_at).is_(None)
    ended = update(StaffMember).where(*mine).values(ended_at=now).returning(col(StaffMember.id))
    return await session.scalar(ended) is not None


async def claim_request(
    session: AsyncSession, *, person_id: int, operation: str, key: str, body: Mapping[str, Any], now: datetime
) -> Mapping[str, Any] | None:
    """Claim a person's idempotency key for this request, or give the answer it got before.

    Whoever claims keeps the answer by `db.idempotency.keep_answer` in the same transaction.
    """
    _require_key(key)
    with _for_another_request_refused():
        return await claim_key(session, person_id=person_id, operation=operation, key=key, body=body, now=now)


async def answered_before(session: AsyncSession, *, once: Once) -> Mapping[str, Any] | None:
    """Give the answer that a request got before by its key; nothing is claimed, and nobody is waited for."""
    _require_key(once.key)
    with _for_another_request_refused():
        return await idempotency.answered_before(session, once=once)


def claim_alone(connection: Connection, *, once: Once) -> Mapping[str, Any] | None:
    """Claim a key as `claim_request` does, in a transaction of its own that also keeps the answer (`keep_alone`)."""
    _require_key(once.key)
    with _for_another_request_refused():
        return idempotency.claim_alone(connection, once=once)


def _require_key(key: str) -> None:
    if not 1 <= len(key) <= KEY_CHARACTERS_MAX or not key.isprintable():
        raise IdempotencyKeyMalformed(f"choose a key of 1 to {KEY_CHARACTERS_MAX} printable characters, such as a UUID")


@contextmanager
def _for_another_request_refused() -> Iterator[None]:
    try:
        yield
    except KeyReused as refused:
        raise IdempotencyKeyReused("this key was used for another request; choose a new one") from refused


def _words(permissions: frozenset[Permission]) -> list[str]:
    return sorted(permission.name for permission in permissions)
