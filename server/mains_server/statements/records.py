"""What leaves the statements room."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import NamedTuple


class LineState(Enum):
    """How far a line of a bank statement has come."""

    NEW = "NEW"
    MATCHED = "MATCHED"
    QUEUED = "QUEUED"
    SET_ASIDE = "SET_ASIDE"
    REVERSED = "REVERSED"


class QueueReason(Enum):
    """Why a line waits for somebody to look at it."""

    UNMATCHED = "UNMATCHED"
    DOUBTFUL = "DOUBTFUL"
    SEVERAL_CUSTOMERS = "SEVERAL_CUSTOMERS"
    WITHOUT_DETAILS = "WITHOUT_DETAILS"
    MONEY_OUT = "MONEY_OUT"
    REVERSAL = "REVERSAL"
    TAKEN_BACK = "TAKEN_BACK"


class MatchRule(Enum):
    """By what it was seen whose money a line is, the surest first."""

    REFERENCE = "REFERENCE"
    INVOICE_NUMBER = "INVOICE_NUMBER"
    CUSTOMER_NUMBER = "CUSTOMER_NUMBER"
    CONTRACT_NUMBER = "CONTRACT_NUMBER"
    PAYER_AND_AMOUNT = "PAYER_AND_AMOUNT"
    PAYER = "PAYER"
    NAME = "NAME"
    BY_HAND = "BY_HAND"


class Confidence(Enum):
    """How sure a match is; only a sure one is booked without anybody looking."""

    SURE = "SURE"
    LIKELY = "LIKELY"
    POSSIBLE = "POSSIBLE"


class AsideReason(Enum):
    """What money is that is no customer's payment: each has an account of its own in the books."""

    TO_RETURN = "TO_RETURN"
    OTHER_BOOKS = "OTHER_BOOKS"
    RECEIVED_ALREADY = "RECEIVED_ALREADY"
    PROVIDER_PAYOUT = "PROVIDER_PAYOUT"


class StatementUploadStatus(Enum):
    """How far a file of statements is."""

    WAITING = "WAITING"
    TAKEN = "TAKEN"
    REFUSED = "REFUSED"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountState:
    """One of our accounts: its last statement, and how many movements are not matched yet or wait for a person."""

    iban: str
    currency: str
    closes_on: date | None
    closing: Decimal | None
    unmatched: int
    queued: int
    oldest: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementHead:
    """A statement as the bank heads it: whose, over which days, from which balance to which."""

    message_id: str
    statement_id: str
    iban: str
    currency: str
    opens_on: date
    closes_on: date
    opening: Decimal
    closing: Decimal


class BankLine(NamedTuple):
    """One movement of a statement; an amount below nothing went out. The party is who paid, or was paid."""

    booked_on: date
    amount: Decimal
    is_reversal: bool = False
    is_undetailed: bool = False
    servicer_reference: str = ""
    end_to_end_id: str = ""
    party_name: str = ""
    party_iban: str = ""
    reference: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementFoot:
    """The end of a statement: what of it was no booked movement and was left out."""

    pending: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenStatement:
    """A statement as it was taken in: how many of its movements were new, known before, or not booked yet."""

    id: int
    iban: str
    statement_id: str
    closes_on: date
    closing: Decimal
    lines_new: int
    lines_known: int
    pending: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSource:
    """Where a file came from: the upload that announced it, if one did, and the accounts that are ours."""

    ibans: frozenset[str]
    now: datetime
    upload_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewStatementUpload:
    """An upload that waits for its file; the token is shown this once."""

    id: int
    token: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementUploadReport:
    """What became of a file as a whole; its lines are read over GraphQL."""

    upload_id: int
    status: StatementUploadStatus
    statements: tuple[TakenStatement, ...] = ()
    code: str | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLine:
    """A movement that is stored, as the bank said it."""

    id: int
    currency: str
    line: BankLine


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerFound:
    """A customer that a line may be from, with what each open invoice asks."""

    id: int
    number: str
    name: str
    open_amounts: tuple[Decimal, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """Whose a line may be, and by what that was seen."""

    customer_id: int
    rule: MatchRule
    confidence: Confidence
    contract_id: int | None = None
    invoice_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What matching makes of a line: whose it surely is, or why somebody must look, with suggestions by rank.

    `settles` names the invoices that a sure line is for; `contract_number` the levelled contract that holds it;
    `payout_of` the payment provider whose payout it is.
    """

    sure: Suggestion | None = None
    settles: tuple[str, ...] = ()
    contract_number: str | None = None
    payout_of: str | None = None
    reason: QueueReason | None = None
    suggestions: tuple[Suggestion, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PartRequest:
    """The part of a line that is one customer's; without an amount, all of it."""

    customer_id: int
    amount: Decimal | None = None
    invoice_ids: tuple[int, ...] = ()
    contract_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchRequest:
    """What staff say whose a line is, once by its key."""

    line_id: int
    idempotency_key: str
    parts: tuple[PartRequest, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeBackRequest:
    """Staff take back what was decided on a line, once by its key, and say why."""

    line_id: int
    idempotency_key: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReverseRequest:
    """Staff say which earlier line the bank took back by a line, once by its key."""

    line_id: int
    original_id: int
    idempotency_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingPart:
    """A payment that a line became and that was not taken back."""

    customer_id: int
    payment_id: int
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPart:
    """The part of a line that is a payment; below nothing it takes the payment back."""

    customer_id: int
    payment_id: int
    amount: Decimal
    rule: MatchRule
    confidence: Confidence


@dataclass(frozen=True, slots=True, kw_only=True)
class AsideBooking:
    """A line that is to be booked as no customer's payment; `turn` counts the decisions on it before.

    Of a payout, `provider` names whose it is and `fee` what the provider kept.
    """

    line_id: int
    turn: int
    amount: Decimal
    currency: str
    effective_on: date
    provider: str | None = None
    fee: Decimal = Decimal("0.00")


@dataclass(frozen=True, slots=True, kw_only=True)
class AsideRequest:
    """What staff say about a line that is no customer's payment, once by its key.

    Of a payout, `provider` is whose it is, one of `providers`, and `fee` what the provider kept of it.
    """

    line_id: int
    idempotency_key: str
    reason: AsideReason
    note: str
    provider: str | None = None
    fee: Decimal | None = None
    providers: frozenset[str] = frozenset()
