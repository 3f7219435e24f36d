"""What leaves the paying room: intents and refunds as they stand, and what a reference may tell."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum

from mains_spi import ProviderReport


class IntentStatus(Enum):
    """How far a payment through a provider has come; CAPTURED, FAILED and VOIDED are ends."""

    CREATED = "CREATED"
    PENDING = "PENDING"
    AUTHORIZED = "AUTHORIZED"
    CAPTURING = "CAPTURING"
    VOIDING = "VOIDING"
    UNKNOWN = "UNKNOWN"
    CAPTURED = "CAPTURED"
    FAILED = "FAILED"
    VOIDED = "VOIDED"


class RefundStatus(Enum):
    """How far a refund has come; REFUNDED and FAILED are ends."""

    REQUESTED = "REQUESTED"
    IN_FILE = "IN_FILE"
    UNKNOWN = "UNKNOWN"
    REFUNDED = "REFUNDED"
    FAILED = "FAILED"


class PayoutState(Enum):
    """How far a file of refunds for the bank is."""

    MADE = "MADE"
    TAKEN = "TAKEN"
    CONFIRMED = "CONFIRMED"
    CANCELLED = "CANCELLED"


class EventOutcome(Enum):
    """What an event of a provider did: HELD and UNMATCHED wait for a person, who has SETTLED them then."""

    APPLIED = "APPLIED"
    STALE = "STALE"
    IGNORED = "IGNORED"
    WAITING = "WAITING"
    UNMATCHED = "UNMATCHED"
    HELD = "HELD"
    SETTLED = "SETTLED"


class EventSettlement(Enum):
    """What an employee decided about an event that waited."""

    BOOKED = "BOOKED"
    TAKEN_BACK = "TAKEN_BACK"
    REFUND_BOOKED = "REFUND_BOOKED"
    SET_ASIDE = "SET_ASIDE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What a payment is to settle of one invoice."""

    invoice_id: int
    contract_id: int
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Whose account a payment is for: parts of invoices, a contract, or neither, which is in advance.

    `payee` and `shown_reference` are all that the payer is told, besides the amount.
    """

    customer_id: int
    payee: str
    shown_reference: str
    amount: Decimal
    currency: str
    contract_id: int | None = None
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Payable:
    """What whoever knows a reference may know: to whom, how much and until when."""

    payee: str
    reference: str
    amount: Decimal
    currency: str
    due_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewIntent:
    """A payment to begin through a provider."""

    target: Target
    person_id: int
    provider: str
    pays_by: str
    return_url: str | None
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """A payment through a provider as it stands; `reference` is our own name of it."""

    id: int
    customer_id: int
    contract_id: int | None
    amount: Decimal
    currency: str
    provider: str
    reference: str
    provider_id: str | None
    status: IntentStatus
    page_url: str | None
    description: str
    language: str
    return_url: str | None
    payment_id: int | None
    checks: int
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRefund:
    """Credit of a payment that is to go back the way it came."""

    payment_id: int
    amount: Decimal
    reason: str
    person_id: int
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """A refund as it stands; `reference` is our own name of it. One by bank has no intent."""

    id: int
    customer_id: int
    payment_id: int
    intent_id: int | None
    return_id: int
    amount: Decimal
    currency: str
    reference: str
    status: RefundStatus
    checks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Payout:
    """A file of refunds for the bank, without its content."""

    id: int
    state: PayoutState
    iban: str
    refunds: int
    total: Decimal
    currency: str
    sha256: str
    made_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a provider told, by a webhook or in answer to a question; `event_id` is one of a kind at the provider."""

    provider: str
    event_id: str
    kind: str
    occurred_at: datetime
    report: ProviderReport
