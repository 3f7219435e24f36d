"""What leaves the invoices room."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any

from mains_server.money.rules import TaxSubtotal


class InvoiceKind(Enum):
    """Why an invoice was issued; a credit note and its replacement point to what they correct."""

    REGULAR = "REGULAR"
    INSTANT = "INSTANT"
    ESTIMATED = "ESTIMATED"
    CREDIT = "CREDIT"
    FINAL = "FINAL"
    SETTLEMENT = "SETTLEMENT"
    INTEREST = "INTEREST"


NOT_OF_DAYS = (InvoiceKind.CREDIT, InvoiceKind.INTEREST)
"""What bills no days of a contract: it takes a bill back, or comes after the last one."""


class InvoiceStatus(Enum):
    """How far an invoice is paid; CREDITED once a credit note has taken it back, and for the credit note itself."""

    OPEN = "OPEN"
    PARTLY_PAID = "PARTLY_PAID"
    PAID = "PAID"
    CREDITED = "CREDITED"


class LineQuality(Enum):
    """How the quantity of a line came about; NOT_METERED for fees."""

    ACTUAL = "ACTUAL"
    ESTIMATED = "ESTIMATED"
    APPORTIONED = "APPORTIONED"
    NOT_METERED = "NOT_METERED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seller:
    """The legal party that invoices for a utility on a day."""

    id: int
    adapter: str
    starts: date
    name: str
    registration_number: str
    vat_number: str
    address: str
    iban: str
    series: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SellerDraft:
    """A seller as it stands from a day on."""

    adapter: str
    starts: date
    name: str
    registration_number: str
    vat_number: str
    address: str
    iban: str
    series: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LineDraft:
    """One charge of an invoice to be issued; its net is to the cent.

    `supply_point_id` is the place that it is charged for by itself; None where it is the whole contract's.
    """

    code: str
    period_from: date
    period_to: date
    quantity: Decimal
    unit: str
    unit_price: Decimal
    price_unit: str
    net: Decimal
    tax_code: str
    tax_rate: Decimal
    is_after_tax: bool
    quality: LineQuality
    supply_point_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceDraft:
    """An invoice without number, total and due date: those come with the issue."""

    customer_id: int
    contract_id: int
    adapter: str
    kind: InvoiceKind
    revision: int
    period_from: date
    period_to: date
    currency: str
    rounding: str
    customer_name: str
    billing_address: str
    supply_address: str
    lines: tuple[LineDraft, ...]
    taxes: tuple[TaxSubtotal, ...]
    corrects_invoice_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueRequest:
    """What to issue, when, and on which account each charge code posts (as its adapter declares).

    `inputs` and `rating_group_id` keep the question that a bill was worked out by, so that it can be explained.
    """

    draft: InvoiceDraft
    issued_on: date
    payment_term_days: int
    accounts: Mapping[str, str]
    inputs: Mapping[str, Any] | None = None
    rating_group_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditRequest:
    """Which invoice to take back whole, and the date of the credit note."""

    document_number: str
    issued_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedInvoice:
    """An invoice as it was issued; `is_new` is false where it had been issued before."""

    id: int
    customer_id: int
    contract_id: int
    document_number: str
    kind: InvoiceKind
    issued_on: date
    due_on: date
    currency: str
    total: Decimal
    payment_reference: str
    corrects_invoice_id: int | None
    is_new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenInvoice:
    """An invoice with what is still to be paid on it."""

    id: int
    customer_id: int
    contract_id: int
    document_number: str
    kind: InvoiceKind
    adapter: str
    issued_on: date
    due_on: date
    currency: str
    total: Decimal
    open_amount: Decimal
    status: InvoiceStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class PayableInvoice:
    """An invoice as payments look at it, among many."""

    id: int
    customer_id: int
    contract_id: int
    document_number: str
    customer_name: str
    currency: str
    total: Decimal
    open_amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceSums:
    """The sums at the foot of an invoice: total = net + tax - support."""

    net: Decimal
    tax: Decimal
    support: Decimal
    total: Decimal
