"""Tables of the delegation room: invitations, delegates' payments, what waits for the owner, and the log of acts."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlmodel import SQLModel

from mains_server.access.records import GrantRole
from mains_server.db.columns import choice, instant, key, money, numbers, owner, reference, words
from mains_server.delegation.records import ActivityKind, ApprovalStatus, InvitationStatus


class DelegationInvitation(SQLModel, table=True):
    """Somebody invited to act for a customer, or to become its owner; its token is derived, never stored."""

    __tablename__ = "delegation_invitation"
    __table_args__ = (
        ForeignKeyConstraint(["customer_id"], ["customer.id"]),
        CheckConstraint("(email is null) <> (phone is null)", name="invitation_one_road"),
        Index("delegation_invitation_customer", "customer_id", "created_at", "id"),
    )

    id: int = key()
    customer_id: int = owner()
    invited_by_person_id: int = reference("person.id")
    role: GrantRole = choice(GrantRole)
    name: str
    email: str | None = None
    phone: str | None = None
    permissions: list[str] = words()
    contract_ids: list[int] | None = numbers(nullable=True)
    ends_at: datetime | None = instant(nullable=True)
    cap_payment: Decimal | None = money(nullable=True)
    cap_month: Decimal | None = money(nullable=True)
    approval_above: Decimal | None = money(nullable=True)
    status: InvitationStatus = choice(InvitationStatus)
    created_at: datetime = instant()
    expires_at: datetime = instant()
    answered_at: datetime | None = instant(nullable=True)
    answered_by_person_id: int | None = reference("person.id", nullable=True)


class DelegatedPayment(SQLModel, table=True):
    """A payment that a delegate began, with what of it counts no longer; the month is that of its caps."""

    __tablename__ = "delegated_payment"
    __table_args__ = (
        ForeignKeyConstraint(["customer_id"], ["customer.id"]),
        UniqueConstraint("customer_id", "intent_id", name="delegated_payment_intent"),
        CheckConstraint("amount > 0 and freed between 0 and amount", name="delegated_payment_freed"),
        Index("delegated_payment_month", "customer_id", "person_id", "month"),
        Index("delegated_payment_by_intent", "intent_id"),
    )

    id: int = key()
    customer_id: int = owner()
    grant_id: int = reference()
    person_id: int = reference("person.id")
    intent_id: int = reference()
    month: date
    amount: Decimal = money()
    freed: Decimal = money()
    currency: str
    is_ended: bool = False
    begun_at: datetime = instant()


class PaymentApproval(SQLModel, table=True):
    """A payment of a delegate's that waits for the owner's word, or got it."""

    __tablename__ = "payment_approval"
    __table_args__ = (
        ForeignKeyConstraint(["customer_id"], ["customer.id"]),
        UniqueConstraint("customer_id", "person_id", "request_key", name="payment_approval_request"),
        Index("payment_approval_customer", "customer_id", "asked_at", "id"),
        Index("payment_approval_person", "person_id", "asked_at", "id"),
        Index("payment_approval_waiting", "customer_id", postgresql_where=text("status = 'WAITING'")),
    )

    id: int = key()
    customer_id: int = owner()
    grant_id: int = reference()
    person_id: int = reference("person.id")
    request_key: str
    amount: Decimal = money()
    currency: str
    shown_reference: str
    status: ApprovalStatus = choice(ApprovalStatus)
    asked_at: datetime = instant()
    decided_at: datetime | None = instant(nullable=True)
    decided_by_person_id: int | None = reference("person.id", nullable=True)


class DelegationActivity(SQLModel, table=True):
    """Something that somebody did for a customer, or about who may; append-only."""

    __tablename__ = "delegation_activity"
    __table_args__ = (
        ForeignKeyConstraint(["customer_id"], ["customer.id"]),
        Index("delegation_activity_customer", "customer_id", "at", "id"),
        Index("delegation_activity_person", "person_id", "at", "id"),
    )

    id: int = key()
    customer_id: int = owner()
    kind: ActivityKind = choice(ActivityKind)
    person_id: int | None = reference("person.id", nullable=True)
    about_person_id: int | None = reference("person.id", nullable=True)
    name: str | None = None
    amount: Decimal | None = money(nullable=True)
    currency: str | None = None
    note: str | None = None
    at: datetime = instant()
