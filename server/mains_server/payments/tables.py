"""Tables of the payments room: money received, and which invoices it settled."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlmodel import SQLModel

from mains_server.db.columns import choice, instant, key, money, owner, reference
from mains_server.payments.records import PaymentMethod


class Payment(SQLModel, table=True):
    """Money received from or for a customer; what no allocation uses is the customer's credit."""

    __tablename__ = "payment"
    __table_args__ = (
        ForeignKeyConstraint(["customer_id"], ["customer.id"]),
        UniqueConstraint("customer_id", "idempotency_key", name="payment_once"),
        CheckConstraint("amount > 0", name="payment_positive"),
        Index("payment_customer_received", "customer_id", "received_on", "id"),
        Index("payment_received", "received_on", "id"),
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
