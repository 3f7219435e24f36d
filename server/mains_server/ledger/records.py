"""What leaves the ledger: bookings as they are asked for and as they stand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import NamedTuple


class BookingKind(Enum):
    """What happened; with the document's id it says which document a booking belongs to."""

    INVOICE = "INVOICE"
    CREDIT_NOTE = "CREDIT_NOTE"
    PAYMENT = "PAYMENT"
    REVERSAL = "REVERSAL"
    PREPAYMENT = "PREPAYMENT"
    PREPAID_USE = "PREPAID_USE"
    PAYMENT_RETURN = "PAYMENT_RETURN"
    REFUND_SENT = "REFUND_SENT"
    STATEMENT_OPENING = "STATEMENT_OPENING"
    STATEMENT_LINE = "STATEMENT_LINE"
    STATEMENT_MATCH = "STATEMENT_MATCH"
    STATEMENT_ASIDE = "STATEMENT_ASIDE"


class Entry(NamedTuple):
    """One amount on one account; a debit is positive, a credit negative."""

    account: str
    currency: str
    amount: Decimal


class Booking(NamedTuple):
    """Something to be booked once: `key` names it among the customer's bookings."""

    customer_id: int
    key: str
    kind: BookingKind
    document_id: int
    effective_on: date
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reversal:
    """The taking back of an earlier booking (`of_key`), itself booked once under `key`."""

    customer_id: int
    of_key: str
    key: str
    kind: BookingKind
    document_id: int
    effective_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """A booking as it stands in the ledger; `is_new` is false where it had been booked before."""

    transaction_id: int
    booking: Booking
    is_new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountBalance:
    """The sum of an account's entries in one currency."""

    account: str
    currency: str
    balance: Decimal
