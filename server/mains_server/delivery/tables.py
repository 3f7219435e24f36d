"""Tables of the delivery room: deliveries of invoices, receipts of each try, and files for the printer."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, LargeBinary, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from mains_server.db.columns import choice, instant, key, owner, reference, words
from mains_server.delivery.records import DeliveryChannel, DeliveryState, ReceiptOutcome


class InvoiceDelivery(SQLModel, table=True):
    """An invoice on its way by one channel; number 1 came with its issue, later ones were asked for or fell back."""

    __tablename__ = "invoice_delivery"
    __table_args__ = (
        UniqueConstraint("customer_id", "invoice_id", "number", name="invoice_delivery_once"),
        Index("invoice_delivery_invoice", "invoice_id", "number", "id"),
        Index("invoice_delivery_waiting", "channel", "next_try_at", "id", postgresql_where=text("state = 'WAITING'")),
    )

    id: int = key()
    customer_id: int = owner()
    contract_id: int = reference()
    invoice_id: int = reference()
    number: int
    channel: DeliveryChannel = choice(DeliveryChannel)
    state: DeliveryState = choice(DeliveryState)
    tries: int = 0
    next_try_at: datetime | None = instant(nullable=True)
    created_at: datetime = instant()
    mailing_id: int | None = reference(nullable=True)
    bank_file_id: int | None = reference(nullable=True)
    asked_by_person_id: int | None = reference(nullable=True)


class DeliveryReceipt(SQLModel, table=True):
    """What came of one try: when, where to, which files, and what was answered. Append-only."""

    __tablename__ = "delivery_receipt"
    __table_args__ = (Index("delivery_receipt_delivery", "delivery_id", "id"),)

    id: int = key()
    customer_id: int = owner()
    delivery_id: int = reference()
    at: datetime = instant()
    address: str | None = None
    outcome: ReceiptOutcome = choice(ReceiptOutcome)
    detail: str
    files: list[str] = words()


class PrintMailing(SQLModel, table=True):
    """Letters that are printed together, as one ZIP; closed when it was made, and null some time later. Append-only."""

    __tablename__ = "print_mailing"

    id: int = key()
    made_at: datetime = instant()
    made_by_person_id: int | None = reference(nullable=True)
    letters: int
    sha256: str
    size: int
    content: bytes | None = Field(default=None, sa_type=LargeBinary)
