"""Tables of the paying room: intents with their parts, refunds, the log of events, and tries of references."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, LargeBinary, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from mains_server.db.columns import choice, document, instant, key, money, owner
from mains_server.db.columns import reference as points_to
from mains_server.paying.records import EventOutcome, EventSettlement, IntentStatus, RefundStatus


class PaymentIntent(SQLModel, table=True):
    """A payment through a provider, written down before it is asked; the customer is whose account it is for."""

    __tablename__ = "payment_intent"
    __table_args__ = (
        ForeignKeyConstraint(["customer_id"], ["customer.id"]),
        ForeignKeyConstraint(["payment_id", "customer_id"], ["payment.id", "payment.customer_id"]),
        CheckConstraint("amount > 0", name="intent_positive"),
        CheckConstraint("(status = 'CAPTURED') = (payment_id is not null)", name="intent_captured_is_paid"),
        UniqueConstraint("customer_id", "reference", name="intent_reference"),
        Index("payment_intent_reference", "reference"),
        Index("payment_intent_person", "person_id", "created_at", "id"),
        Index("payment_intent_created", "created_at", "id"),
        Index("payment_intent_payment", "payment_id", postgresql_where=text("payment_id is not null")),
        Index("payment_intent_due", "next_check_at", postgresql_where=text("next_check_at is not null")),
    )

    id: int = key()
    customer_id: int = owner()
    contract_id: int | None = points_to(nullable=True)
    person_id: int = points_to("person.id")
    amount: Decimal = money()
    currency: str
    provider: str
    pays_by: str
    reference: str
    provider_id: str | None = None
    status: IntentStatus = choice(IntentStatus)
    page_url: str | None = None
    reason: str | None = None
    return_url: str | None = None
    language: str
    payee: str
    shown_reference: str
    payment_id: int | None = points_to(nullable=True)
    captured_amount: Decimal | None = money(nullable=True)
    created_at: datetime = instant()
    changed_at: datetime = instant()
    next_check_at: datetime | None = instant(nullable=True)
    checks: int = 0


class PaymentIntentPart(SQLModel, table=True):
    """What an intent is to settle of one invoice."""

    __tablename__ = "payment_intent_part"
    __table_args__ = (
        ForeignKeyConstraint(["intent_id", "customer_id"], ["payment_intent.id", "payment_intent.customer_id"]),
        ForeignKeyConstraint(["invoice_id", "customer_id"], ["invoice.id", "invoice.customer_id"]),
        CheckConstraint("amount > 0", name="intent_part_positive"),
        Index("payment_intent_part_intent", "intent_id", "id"),
    )

    id: int = key()
    customer_id: int = owner()
    intent_id: int = points_to()
    invoice_id: int = points_to()
    contract_id: int = points_to()
    amount: Decimal = money()


class PaymentRefund(SQLModel, table=True):
    """Credit that goes back, set aside first: through the provider it came by, or in a file to the bank."""

    __tablename__ = "payment_refund"
    __table_args__ = (
        ForeignKeyConstraint(["payment_id", "customer_id"], ["payment.id", "payment.customer_id"]),
        ForeignKeyConstraint(["intent_id", "customer_id"], ["payment_intent.id", "payment_intent.customer_id"]),
        ForeignKeyConstraint(["return_id", "customer_id"], ["payment_return.id", "payment_return.customer_id"]),
        CheckConstraint("amount > 0", name="refund_positive"),
        CheckConstraint("(intent_id is null) = (iban is not null)", name="refund_by_provider_or_bank"),
        Index("payment_refund_file", "file_id", postgresql_where=text("file_id is not null")),
        Index("payment_refund_waiting", "id", postgresql_where=text("status = 'REQUESTED' and iban is not null")),
        UniqueConstraint("customer_id", "reference", name="refund_reference"),
        Index("payment_refund_reference", "reference"),
        Index("payment_refund_payment", "payment_id", "id"),
        Index("payment_refund_requested", "requested_at", "id"),
        Index("payment_refund_due", "next_check_at", postgresql_where=text("next_check_at is not null")),
    )

    id: int = key()
    customer_id: int = owner()
    payment_id: int = points_to()
    intent_id: int | None = points_to(nullable=True)
    return_id: int = points_to()
    amount: Decimal = money()
    currency: str
    reason: str
    reference: str
    status: RefundStatus = choice(RefundStatus)
    iban: str | None = None
    payee_name: str | None = None
    file_id: int | None = points_to("payout_file.id", nullable=True)
    failure: str | None = None
    requested_by_person_id: int = points_to("person.id")
    requested_at: datetime = instant()
    changed_at: datetime = instant()
    next_check_at: datetime | None = instant(nullable=True)
    checks: int = 0


class PayoutFile(SQLModel, table=True):
    """Refunds for the bank to send, as one file; made by another than asked for them, and given out once."""

    __tablename__ = "payout_file"

    id: int = key()
    name: str = Field(unique=True)
    iban: str
    refunds: int
    total: Decimal = money()
    currency: str
    sha256: str
    content: bytes = Field(sa_type=LargeBinary)
    made_at: datetime = instant()
    made_by_person_id: int = points_to("person.id")
    taken_at: datetime | None = instant(nullable=True)
    taken_by_person_id: int | None = points_to("person.id", nullable=True)
    confirmed_at: datetime | None = instant(nullable=True)
    confirmed_by_person_id: int | None = points_to("person.id", nullable=True)
    cancelled_at: datetime | None = instant(nullable=True)
    cancelled_because: str | None = None


class PaymentEvent(SQLModel, table=True):
    """What a provider told, once by its own name of it, and what that did; no customer is known before it is read."""

    __tablename__ = "payment_event"
    __table_args__ = (
        UniqueConstraint("provider", "event_id", name="payment_event_once"),
        Index("payment_event_intent", "intent_id", "id"),
        CheckConstraint("(outcome = 'SETTLED') = (settlement is not null)", name="event_settled_somehow"),
        Index("payment_event_received", "received_at", "id"),
        Index("payment_event_booked", "provider", postgresql_where=text("settlement = 'BOOKED'")),
    )

    id: int = key()
    provider: str
    event_id: str
    kind: str
    outcome: EventOutcome = choice(EventOutcome)
    note: str | None = None
    intent_id: int | None = points_to(nullable=True)
    report: Any = document(nullable=True)
    occurred_at: datetime = instant()
    received_at: datetime = instant()
    settlement: EventSettlement | None = choice(EventSettlement, nullable=True)
    settled_because: str | None = None
    settled_at: datetime | None = instant(nullable=True)
    settled_by_person_id: int | None = points_to("person.id", nullable=True)
    payment_id: int | None = points_to(nullable=True)


class ReferenceTries(SQLModel, table=True):
    """How often references that there are not were tried from one network address lately, or from all of them."""

    __tablename__ = "reference_tries"
    __table_args__ = (UniqueConstraint("address_hash"), Index("reference_tries_oldest", "starts_at"))

    id: int = key()
    address_hash: bytes = Field(sa_type=LargeBinary)
    starts_at: datetime = instant()
    tries: int
