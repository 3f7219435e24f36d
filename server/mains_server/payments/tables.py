"""Tables of the payments room: money received or given by bills below nothing, what it settled, what went back."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlmodel import SQLModel

from mains_server.db import columns
from mains_server.db.columns import choice, instant, key, money, owner, reference
from mains_server.payments.records import PaymentMethod, ReturnKind


class Payment(SQLModel, table=True):
    """Money received from or for a customer, or what a bill below nothing gave; what no allocation uses is credit."""

    __tablename__ = "payment"
    __table_args__ = (
        ForeignKeyConstraint(["customer_id"], ["customer.id"]),
        ForeignKeyConstraint(["invoice_id", "customer_id"], ["invoice.id", "invoice.customer_id"]),
        UniqueConstraint("customer_id", "idempotency_key", name="payment_once"),
        CheckConstraint("(method = 'INVOICE') = (invoice_id is not null)", name="payment_given"),
        CheckConstraint("amount > 0", name="payment_positive"),
        Index("payment_customer_received", "customer_id", "received_on", "id"),
        Index("payment_received", "received_on", "id"),
        Index(
            "payment_given_once",
            "customer_id",
            "invoice_id",
            unique=True,
            postgresql_where=text("invoice_id is not null"),
        ),
    )

    id: int = key()
    customer_id: int = owner()
    amount: Decimal = money()
    currency: str
    method: PaymentMethod = choice(PaymentMethod)
    received_on: date
    reference: str
    payer_name: str | None = None
    idempotency_key: str
    provider: str | None = None
    invoice_id: int | None = columns.reference(nullable=True)
    booked_at: datetime = instant()


class Prepayment(SQLModel, table=True):
    """The part of a payment that is held for a levelled contract until it is settled; a negative one gives it back."""

    __tablename__ = "prepayment"
    __table_args__ = (
        ForeignKeyConstraint(["payment_id", "customer_id"], ["payment.id", "payment.customer_id"]),
        ForeignKeyConstraint(["contract_id", "customer_id"], ["contract.id", "contract.customer_id"]),
        CheckConstraint("amount <> 0", name="prepayment_not_zero"),
        Index("prepayment_contract", "contract_id", "id", postgresql_include=["customer_id", "amount"]),
        Index("prepayment_payment", "payment_id", "id"),
    )

    id: int = key()
    customer_id: int = owner()
    payment_id: int = reference()
    contract_id: int = reference()
    amount: Decimal = money()
    currency: str
    booked_at: datetime = instant()


class PrepaidUse(SQLModel, table=True):
    """What a levelled contract has taken over of an invoice: paid by what it had prepaid, and by instalments to come.

    A negative one gives the invoice back.
    """

    __tablename__ = "prepaid_use"
    __table_args__ = (
        ForeignKeyConstraint(["invoice_id", "customer_id"], ["invoice.id", "invoice.customer_id"]),
        ForeignKeyConstraint(["contract_id", "customer_id"], ["contract.id", "contract.customer_id"]),
        CheckConstraint("amount <> 0", name="prepaid_use_not_zero"),
        Index("prepaid_use_contract", "contract_id", "id"),
        Index("prepaid_use_invoice", "invoice_id", "id"),
    )

    id: int = key()
    customer_id: int = owner()
    contract_id: int = reference()
    invoice_id: int = reference()
    amount: Decimal = money()
    currency: str
    booked_at: datetime = instant()


class PaymentAllocation(SQLModel, table=True):
    """The part of a payment that settles one invoice; a negative one takes an earlier allocation back."""

    __tablename__ = "payment_allocation"
    __table_args__ = (
        ForeignKeyConstraint(["payment_id", "customer_id"], ["payment.id", "payment.customer_id"]),
        ForeignKeyConstraint(["invoice_id", "customer_id"], ["invoice.id", "invoice.customer_id"]),
        CheckConstraint("amount <> 0", name="allocation_not_zero"),
        Index("payment_allocation_invoice", "invoice_id", "id"),
        Index("payment_allocation_payment", "payment_id", "id"),
    )

    id: int = key()
    customer_id: int = owner()
    payment_id: int = reference()
    invoice_id: int = reference()
    contract_id: int = reference()
    amount: Decimal = money()
    currency: str
    allocated_at: datetime = instant()


class PaymentReturn(SQLModel, table=True):
    """Money of a payment that went back; a negative one came again: a refund that did not go, a dispute that we won.

    A withdrawal is no money: the bill below nothing that gave the payment was taken back.
    """

    __tablename__ = "payment_return"
    __table_args__ = (
        ForeignKeyConstraint(["payment_id", "customer_id"], ["payment.id", "payment.customer_id"]),
        UniqueConstraint("customer_id", "payment_id", "idempotency_key", name="payment_returned_once"),
        CheckConstraint("amount <> 0", name="return_not_zero"),
        Index("payment_return_payment", "payment_id", "id", postgresql_include=["customer_id", "amount"]),
    )

    id: int = key()
    customer_id: int = owner()
    payment_id: int = reference()
    kind: ReturnKind = choice(ReturnKind)
    amount: Decimal = money()
    currency: str
    reason: str
    idempotency_key: str
    returned_on: date
    booked_at: datetime = instant()
