"""What leaves the applications room, and what it is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum


class ApplicationState(Enum):
    """How an application stands."""

    SUBMITTED = "SUBMITTED"
    IN_REVIEW = "IN_REVIEW"
    NEEDS_ANSWER = "NEEDS_ANSWER"
    WITH_OPERATOR = "WITH_OPERATOR"
    OFFERED = "OFFERED"
    ACCEPTED = "ACCEPTED"
    DONE = "DONE"
    REJECTED = "REJECTED"
    OFFER_REFUSED = "OFFER_REFUSED"
    WITHDRAWN = "WITHDRAWN"


class StepKind(Enum):
    """A step of an application."""

    SUBMIT = "SUBMIT"
    TAKE_UP = "TAKE_UP"
    ASK = "ASK"
    ANSWER = "ANSWER"
    FORWARD = "FORWARD"
    OPERATOR_ANSWER = "OPERATOR_ANSWER"
    OFFER = "OFFER"
    OFFER_ACCEPT = "OFFER_ACCEPT"
    OFFER_REFUSE = "OFFER_REFUSE"
    COMPLETE = "COMPLETE"
    REJECT = "REJECT"
    WITHDRAW = "WITHDRAW"
    CUSTOMER_CREATE = "CUSTOMER_CREATE"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewApplication:
    """What somebody applies for, with their answers by field."""

    adapter: str
    type: str
    answers: tuple[tuple[str, str], ...]
    customer_id: int | None = None
    contract_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What it costs, as the network operator offers; open until the end of a civil day."""

    amount: Decimal
    currency: str
    until: date


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRequest:
    """A step on an application; an OFFER brings the offer, a COMPLETE perhaps the contract that came of it."""

    application_id: int
    kind: StepKind
    note: str | None = None
    offer: Offer | None = None
    contract_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachmentFile:
    """A file of an application, without its content; `size` is in bytes."""

    id: int
    application_id: int
    name: str
    media_type: str
    size: int
    created_at: datetime
