"""Tables of the access room: persons, their grants on customers, and staff roles."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import SQLModel

from mains_server.access.records import GrantRole, StaffRole
from mains_server.db.columns import choice, instant, key, money, numbers, owner, reference, words


class Person(SQLModel, table=True):
    """A human being who can sign in; a customer is somebody who has contracts, and may be another."""

    __tablename__ = "person"
    __table_args__ = (
        Index("person_email", text("lower(email)"), unique=True),
        Index("person_phone", text("regexp_replace(phone, '[^0-9]', '', 'g')")),
    )

    id: int = key()
    email: str
    name: str
    language: str
    phone: str | None = None
    created_at: datetime = instant()


class AccessGrant(SQLModel, table=True):
    """A person's right on a customer: OWNER of all, or DELEGATE with permissions, contracts and an end."""

    __tablename__ = "access_grant"
    __table_args__ = (
        CheckConstraint("role <> 'OWNER' or contract_ids is null", name="owner_has_all_contracts"),
        Index(
            "access_grant_one_owner",
            "customer_id",
            unique=True,
            postgresql_where=text("role = 'OWNER' and ends_at is null"),
        ),
        Index("access_grant_person", "person_id"),
        Index("access_grant_customer", "customer_id", "starts_at", "id"),
        Index("access_grant_of_person", "person_id", "starts_at", "id"),
    )

    id: int = key()
    customer_id: int = owner()
    person_id: int = reference("person.id")
    role: GrantRole = choice(GrantRole)
    permissions: list[str] = words()
    contract_ids: list[int] | None = numbers(nullable=True)
    starts_at: datetime = instant()
    ends_at: datetime | None = instant(nullable=True)
    cap_payment: Decimal | None = money(nullable=True)
    cap_month: Decimal | None = money(nullable=True)
    approval_above: Decimal | None = money(nullable=True)


class StaffMember(SQLModel, table=True):
    """A role that a person has, or had until `ended_at`, as an employee of the utility."""

    __tablename__ = "staff_member"
    __table_args__ = (
        Index("staff_member_once", "person_id", "role", unique=True, postgresql_where=text("ended_at is null")),
    )

    id: int = key()
    person_id: int = reference("person.id")
    role: StaffRole = choice(StaffRole)
    since: datetime = instant()
    ended_at: datetime | None = instant(nullable=True)
