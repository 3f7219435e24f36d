"""Questions to the access room: who is this person, and what may they see and do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import String, any_, func, literal, literal_column, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from mains_server.access.records import (
    Grant,
    GrantRole,
    HeldGrant,
    PaymentLimits,
    Permission,
    Person,
    StaffRole,
    Viewer,
)
from mains_server.access.rules import OWNER_PERMISSIONS, is_active, plain_email
from mains_server.access.tables import AccessGrant, StaffMember
from mains_server.access.tables import Person as PersonRow


async def viewer_of_person(
    session: AsyncSession, *, person_id: int, now: datetime, session_id: int | None = None
) -> Viewer | None:
    """Resolve a person into what they may see and do now, in one statement; None where there is no such person."""
    staff = select(func.array_agg(col(StaffMember.role))).where(
        col(StaffMember.person_id) == person_id, col(StaffMember.since) <= now, col(StaffMember.ended_at).is_(None)
    )
    found = await session.execute(
        select(col(PersonRow.language), staff.scalar_subquery(), AccessGrant)
        .outerjoin(AccessGrant, col(AccessGrant.person_id) == col(PersonRow.id))
        .where(col(PersonRow.id) == person_id)
        .order_by(col(AccessGrant.id))
    )
    rows = found.all()
    if not rows:
        return None
    language, roles, _ = rows[0]
    return Viewer(
        person_id=person_id,
        session_id=session_id,
        language=language,
        grants=_active_grants([row[2] for row in rows if row[2] is not None], now=now),
        staff=frozenset(StaffRole(role) for role in roles or ()),
    )


async def person_by_id(session: AsyncSession, *, person_id: int) -> Person | None:
    """Find a person by id."""
    return _person(await session.scalar(select(PersonRow).where(col(PersonRow.id) == person_id)))


async def person_by_email(session: AsyncSession, *, email: str) -> Person | None:
    """Find a person by e-mail address, whatever its capitals."""
    same = func.lower(col(PersonRow.email)) == plain_email(email)
    return _person(await session.scalar(select(PersonRow).where(same)))


async def persons_with_phone(session: AsyncSession, *, digits: Sequence[str]) -> tuple[Person, ...]:
    """List the persons whose phone number has one of these rows of digits, whatever stands between them."""
    kept = func.regexp_replace(
        col(PersonRow.phone), literal_column("'[^0-9]'"), literal_column("''"), literal_column("'g'")
    )
    found = await session.scalars(
        select(PersonRow).where(kept == any_(literal(list(digits), ARRAY(String())))).order_by(col(PersonRow.id))
    )
    return tuple(person for row in found if (person := _person(row)) is not None)


async def grants_on_customer(session: AsyncSession, *, customer_id: int, now: datetime) -> tuple[Grant, ...]:
    """List the rights on a customer that hold now, oldest first."""
    found = await session.scalars(
        select(AccessGrant).where(col(AccessGrant.customer_id) == customer_id).order_by(col(AccessGrant.id))
    )
    return _active_grants(found.all(), now=now)


async def lock_grant(session: AsyncSession, *, grant_id: int) -> AccessGrant | None:
    """Take hold of a grant until the transaction ends, for a change inside this room."""
    return await session.scalar(
        select(AccessGrant)
        .where(col(AccessGrant.id) == grant_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


async def lock_owner_grant(session: AsyncSession, *, customer_id: int) -> AccessGrant | None:
    """Take hold of a customer's one owner grant until the transaction ends, for a change inside this room."""
    return await session.scalar(
        select(AccessGrant)
        .where(
            col(AccessGrant.customer_id) == customer_id,
            col(AccessGrant.role) == GrantRole.OWNER,
            col(AccessGrant.ends_at).is_(None),
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    )


async def owner_of(session: AsyncSession, *, customer_id: int) -> int | None:
    """Tell which person owns a customer; None where nobody has registered."""
    return await session.scalar(
        select(col(AccessGrant.person_id)).where(
            col(AccessGrant.customer_id) == customer_id,
            col(AccessGrant.role) == GrantRole.OWNER,
            col(AccessGrant.ends_at).is_(None),
        )
    )


async def lock_role(session: AsyncSession, *, role: StaffRole) -> frozenset[int]:
    """Take hold of everybody's hold of a role until the transaction ends, and give the persons who have it."""
    found = await session.scalars(
        select(StaffMember)
        .where(col(StaffMember.role) == role, col(StaffMember.ended_at).is_(None))
        .order_by(col(StaffMember.id))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return frozenset(row.person_id for row in found)


async def roles_of(session: AsyncSession, *, person_id: int) -> frozenset[StaffRole]:
    """Tell which roles a person has as an employee."""
    found = await session.scalars(
        select(col(StaffMember.role)).where(
            col(StaffMember.person_id) == person_id, col(StaffMember.ended_at).is_(None)
        )
    )
    return frozenset(found)


async def was_employee(session: AsyncSession, *, person_id: int) -> bool:
    """Tell whether a person has or ever had a role as an employee."""
    return (
        await session.scalar(select(select(StaffMember).where(col(StaffMember.person_id) == person_id).exists()))
        or False
    )


async def is_deactivated(session: AsyncSession, *, person_id: int) -> bool:
    """Tell whether somebody worked here, does no longer, and acts for no customer: there is nothing to sign in for."""
    worked = select(StaffMember).where(col(StaffMember.person_id) == person_id)
    acts = select(AccessGrant).where(col(AccessGrant.person_id) == person_id, col(AccessGrant.ends_at).is_(None))
    still = worked.where(col(StaffMember.ended_at).is_(None))
    return await session.scalar(select(worked.exists() & ~still.exists() & ~acts.exists())) or False


async def hold_grants(
    session: AsyncSession, *, customer_id: int, now: datetime, person_id: int | None = None
) -> tuple[HeldGrant, ...]:
    """Take hold of the rights on a customer that hold now, of everybody or of one person, in order of their ids.

    What ends a right takes hold of it too, so that nothing is done by one that ended meanwhile.
    """
    of_person = [] if person_id is None else [col(AccessGrant.person_id) == person_id]
    found = await session.scalars(
        select(AccessGrant)
        .where(col(AccessGrant.customer_id) == customer_id, *of_person)
        .order_by(col(AccessGrant.id))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return tuple(
        HeldGrant(person_id=row.person_id, grant=_grant(row))
        for row in found
        if is_active(starts_at=row.starts_at, ends_at=row.ends_at, now=now)
    )


async def hold_grant(session: AsyncSession, *, grant_id: int, now: datetime) -> HeldGrant | None:
    """Take hold of one right until the transaction ends; None if it does not hold now."""
    row = await lock_grant(session, grant_id=grant_id)
    if row is None or not is_active(starts_at=row.starts_at, ends_at=row.ends_at, now=now):
        return None
    return HeldGrant(person_id=row.person_id, grant=_grant(row))


def grant_of_parts(
    grant_id: int, customer_id: int, role: str, permissions: Sequence[str], contract_ids: Sequence[int] | None
) -> Grant:
    """Make a right of the columns of its row."""
    is_owner = role == GrantRole.OWNER.name
    return Grant(
        id=grant_id,
        customer_id=customer_id,
        role=GrantRole[role],
        permissions=OWNER_PERMISSIONS if is_owner else frozenset(Permission[word] for word in permissions),
        contract_ids=None if contract_ids is None else frozenset(contract_ids),
    )


def _active_grants(rows: Sequence[AccessGrant], *, now: datetime) -> tuple[Grant, ...]:
    return tuple(_grant(row) for row in rows if is_active(starts_at=row.starts_at, ends_at=row.ends_at, now=now))


def _grant(row: AccessGrant) -> Grant:
    plain = grant_of_parts(row.id, row.customer_id, row.role.name, row.permissions, row.contract_ids)
    limits = PaymentLimits(cap_payment=row.cap_payment, cap_month=row.cap_month, approval_above=row.approval_above)
    return replace(plain, limits=limits)


def _person(row: PersonRow | None) -> Person | None:
    if row is None:
        return None
    return Person(id=row.id, email=row.email, name=row.name, language=row.language, phone=row.phone)
