"""What leaves the delivery room: how an invoice reached its customer, and what came of each try."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from mains_server.documents.records import DocumentLanguage


class DeliveryChannel(Enum):
    """By which road an invoice is delivered."""

    PORTAL = "PORTAL"
    EMAIL = "EMAIL"
    POST = "POST"
    BANK = "BANK"


class DeliveryState(Enum):
    """How a delivery stands."""

    WAITING = "WAITING"
    DELIVERED = "DELIVERED"
    FAILED = "FAILED"
    NO_ADDRESS = "NO_ADDRESS"


class ReceiptOutcome(Enum):
    """What came of one try."""

    SHOWN = "SHOWN"
    ACCEPTED = "ACCEPTED"
    PUT_OFF = "PUT_OFF"
    REFUSED = "REFUSED"
    UNREACHABLE = "UNREACHABLE"
    NO_ADDRESS = "NO_ADDRESS"
    PRINTED = "PRINTED"
    HANDED_OVER = "HANDED_OVER"


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """One try: when, where to, what was sent, and what came of it."""

    delivery_id: int
    at: datetime
    address: str | None
    outcome: ReceiptOutcome
    detail: str
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """A delivery of an invoice with its receipts."""

    id: int
    invoice_id: int
    number: int
    channel: DeliveryChannel
    state: DeliveryState
    created_at: datetime
    next_try_at: datetime | None
    receipts: tuple[Receipt, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """A delivery that waits, with what is needed to send it as things are now.

    `takes_back` is the number of the invoice that a credit note takes back; None of an invoice. It `withdraws`
    where that was a bill below nothing, which had given credit.
    """

    delivery_id: int
    customer_id: int
    contract_id: int
    invoice_id: int
    number: int
    tries: int
    document_number: str
    seller: str
    customer_name: str
    language: DocumentLanguage
    email: str | None
    address_line: str
    address_city: str
    address_postcode: str
    address_country: str
    takes_back: str | None = None
    withdraws: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """Where mail is handed over, and in whose name; `tls` is `none`, `starttls`, `tls`, or `if_offered`."""

    host: str
    port: int
    sender: str
    tls: str = "if_offered"
    user: str | None = None
    password: str | None = None
    seconds_max: int = 30
    is_verified: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class SendingRules:
    """How often a mail is tried, and whether what cannot be mailed is printed and posted."""

    tries_max: int = 10
    falls_back_to_post: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a mail server answered."""

    outcome: ReceiptOutcome
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOver:
    """A delivery that went to a bank in a file: where to, in which words, and the file's name."""

    delivery_id: int
    customer_id: int
    address: str
    detail: str
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintMailing:
    """Invoices that are printed and posted together; closed when it was made."""

    id: int
    made_at: datetime
    letters: int
    sha256: str
    size: int
