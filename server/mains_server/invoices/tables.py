"""Tables of the invoices room. What has been issued is never edited; a run's rows have no foreign keys (DESIGN 5)."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from mains_server.db.columns import (
    choice,
    document,
    instant,
    key,
    money,
    owner,
    quantity,
    rate,
    reference,
    unit_price,
)
from mains_server.invoices.records import InvoiceKind, InvoiceStatus, LineQuality


class Seller(SQLModel, table=True):
    """The legal party that invoices for a utility, as it stood from a day on."""

    __tablename__ = "seller"
    __table_args__ = (UniqueConstraint("adapter", "starts"),)

    id: int = key()
    adapter: str
    starts: date
    name: str
    registration_number: str
    vat_number: str
    address: str
    iban: str
    series: str


class InvoiceSeries(SQLModel, table=True):
    """The last number given in a series; its row is locked to number without a gap."""

    __tablename__ = "invoice_series"

    code: str = Field(primary_key=True)
    last_number: int = Field(sa_type=BigInteger)


class InvoiceFields(SQLModel):
    """The columns that an invoice and its view share."""

    id: int = key()
    customer_id: int = owner()
    contract_id: int = reference()
    adapter: str
    seller_id: int = reference()
    series: str
    number: int = Field(sa_type=BigInteger)
    document_number: str
    kind: InvoiceKind = choice(InvoiceKind)
    revision: int
    period_from: date
    period_to: date
    issued_on: date
    due_on: date
    currency: str
    net: Decimal = money()
    tax: Decimal = money()
    support: Decimal = money()
    total: Decimal = money()
    rounding: str
    customer_name: str
    billing_address: str
    supply_address: str
    payment_reference: str
    corrects_invoice_id: int | None = reference(nullable=True)
    run_id: int | None = reference(nullable=True)
    rating_group_id: int | None = reference(nullable=True)
    inputs: Any = document(nullable=True)
    issued_at: datetime = instant()


class Invoice(InvoiceFields, table=True):
    """A bill as it was issued: total = net + tax - support; the inputs rebuild the question that was rated."""

    __tablename__ = "invoice"
    __table_args__ = (
        UniqueConstraint("customer_id", "contract_id", "period_from", "kind", "revision", name="invoice_billed_once"),
        UniqueConstraint("customer_id", "series", "number", name="invoice_number"),
        Index("invoice_contract", "contract_id", "issued_on", "id"),
        Index("invoice_customer", "customer_id", "issued_on", "id"),
        Index("invoice_issued", "issued_on", "id"),
        Index("invoice_series_number", "series", "number"),
        Index(
            "invoice_corrects",
            "customer_id",
            "corrects_invoice_id",
            "id",
            postgresql_where=text("corrects_invoice_id is not null"),
        ),
        Index(
            "invoice_credited_once",
            "customer_id",
            "corrects_invoice_id",
            unique=True,
            postgresql_where=text("kind = 'CREDIT'"),
        ),
    )


class InvoiceState(InvoiceFields, table=True):
    """The view of an invoice with what was paid on it, what credit notes took off it, what is open, and its status.

    `levelled` is what the contract's levelled payment has taken over: it is prepaid, or comes in by instalments.
    Nothing is open on a bill below nothing, which is PAID: its amount is a payment of the method INVOICE.
    """

    __tablename__ = "invoice_state"
    __table_args__ = ({"info": {"view_of": "invoice"}},)

    paid: Decimal = money()
    credited: Decimal = money()
    open_amount: Decimal = money()
    status: InvoiceStatus = choice(InvoiceStatus)
    levelled: Decimal = money()
    credit_note_id: int | None = reference(nullable=True)
    replaced_by_id: int | None = reference(nullable=True)
    replaces_id: int | None = reference(nullable=True)


class InvoiceLine(SQLModel, table=True):
    """One charge on an invoice; net = quantity * unit_price / base, rounded as the invoice's rounding says."""

    __tablename__ = "invoice_line"
    __table_args__ = (Index("invoice_line_position", "invoice_id", "position", "id"),)

    id: int = key()
    customer_id: int = owner()
    invoice_id: int = reference()
    contract_id: int = reference()
    position: int
    adapter: str
    code: str
    period_from: date
    period_to: date
    quantity: Decimal = quantity()
    unit: str
    unit_price: Decimal = unit_price()
    price_unit: str
    currency: str
    net: Decimal = money()
    tax_code: str
    tax_rate: Decimal = rate()
    is_after_tax: bool
    quality: LineQuality = choice(LineQuality)
    supply_point_id: int | None = reference(nullable=True)


class InvoiceTax(SQLModel, table=True):
    """The tax of an invoice at one rate: the sum of its lines' net, and the tax on it."""

    __tablename__ = "invoice_tax"
    __table_args__ = (Index("invoice_tax_invoice", "invoice_id", "rate", "id"),)

    id: int = key()
    customer_id: int = owner()
    invoice_id: int = reference()
    contract_id: int = reference()
    tax_code: str
    rate: Decimal = rate()
    currency: str
    base: Decimal = money()
    tax: Decimal = money()
