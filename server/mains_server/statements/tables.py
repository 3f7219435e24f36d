"""Tables of the statements room: our accounts at banks, their statements, and every movement with what became of it."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy import text as sql
from sqlmodel import Field, SQLModel

from mains_server.db.columns import choice, instant, key, money, owner, reference
from mains_server.statements.records import (
    AsideReason,
    Confidence,
    LineState,
    MatchRule,
    QueueReason,
    StatementUploadStatus,
)


class StatementUpload(SQLModel, table=True):
    """A file of bank statements: announced by an employee, then taken in or refused as a whole."""

    __tablename__ = "statement_upload"
    __table_args__ = (
        Index("statement_upload_token", "token_hash", unique=True),
        Index("statement_upload_newest", "created_at", "id"),
    )

    id: int = key()
    person_id: int = reference("person.id")
    status: StatementUploadStatus = choice(StatementUploadStatus)
    token_hash: str
    created_at: datetime = instant()
    expires_at: datetime = instant()
    sha256: str | None = None
    taken_at: datetime | None = instant(nullable=True)
    code: str | None = None
    message: str | None = None


class BankAccount(SQLModel, table=True):
    """One of our accounts at a bank, since its first statement; its row is held while a statement is taken in.

    `brought_forward` is what was on it before the first movement that we know.
    """

    __tablename__ = "bank_account"
    __table_args__ = (UniqueConstraint("iban"),)

    id: int = key()
    iban: str
    currency: str
    opened_on: date
    brought_forward: Decimal = money()


class BankStatement(SQLModel, table=True):
    """A statement as the bank made it; `is_proved` where its closing balance was found in the books."""

    __tablename__ = "bank_statement"
    __table_args__ = (
        UniqueConstraint("bank_account_id", "message_id", "statement_id", name="bank_statement_once"),
        Index("bank_statement_newest", "closes_on", "id"),
        Index("bank_statement_account", "bank_account_id", "closes_on", "id"),
        Index("bank_statement_upload", "upload_id", "id"),
    )

    id: int = key()
    bank_account_id: int = reference("bank_account.id")
    upload_id: int | None = reference("statement_upload.id", nullable=True)
    message_id: str
    statement_id: str
    opens_on: date
    closes_on: date
    currency: str
    opening: Decimal = money()
    closing: Decimal = money()
    content_hash: str
    lines_new: int
    lines_known: int
    pending: int
    is_proved: bool
    imported_at: datetime = instant()


class StatementLine(SQLModel, table=True):
    """A movement on a bank account, once by what it is and its turn among equal ones of its day (decision 0024).

    Below nothing it went out. What the bank said never changes; the state and what was decided do.
    """

    __tablename__ = "statement_line"
    __table_args__ = (
        # The one index that begins with account and day, so that no planner without statistics looks up by another: a
        # day may have thousands of movements.
        Index(
            "statement_line_once",
            "bank_account_id",
            "booked_on",
            "fingerprint",
            "occurrence",
            unique=True,
            postgresql_include=["amount"],
        ),
        CheckConstraint("amount <> 0", name="statement_line_not_zero"),
        Index("statement_line_statement", "statement_id", "position", "id"),
        Index("statement_line_booked", "booked_on", "id"),
        Index("statement_line_queue", "booked_on", "id", postgresql_where=sql("state = 'QUEUED'")),
        Index("statement_line_new", "id", postgresql_where=sql("state = 'NEW'")),
        Index("statement_line_party", "party_iban", "id"),
    )

    id: int = key()
    bank_account_id: int = reference()
    statement_id: int = reference()
    decided_by_person_id: int | None = reference(nullable=True)
    position: int
    decisions: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    booked_on: date
    amount: Decimal = money()
    currency: str
    is_reversal: bool
    is_undetailed: bool
    fingerprint: str
    occurrence: int
    servicer_reference: str
    end_to_end_id: str
    party_name: str
    party_iban: str
    reference: str
    text: str
    state: LineState = choice(LineState)
    reason: QueueReason | None = choice(QueueReason, nullable=True)
    aside: AsideReason | None = choice(AsideReason, nullable=True)
    payout_provider: str | None = None
    payout_fee: Decimal | None = money(nullable=True)
    note: str | None = None
    decided_at: datetime | None = instant(nullable=True)


class StatementPart(SQLModel, table=True):
    """The part of a line that became a customer's payment, and by what it was seen that it is theirs."""

    __tablename__ = "statement_part"
    __table_args__ = (
        ForeignKeyConstraint(["payment_id", "customer_id"], ["payment.id", "payment.customer_id"]),
        Index("statement_part_line", "line_id", "id"),
        Index("statement_part_payment", "payment_id"),
    )

    id: int = key()
    customer_id: int = owner()
    line_id: int = reference()
    payment_id: int = reference()
    amount: Decimal = money()
    currency: str
    rule: MatchRule = choice(MatchRule)
    confidence: Confidence = choice(Confidence)
    matched_at: datetime = instant()


class StatementSuggestion(SQLModel, table=True):
    """Whose a queued line may be, as it looked when it came; the likeliest has rank 1."""

    __tablename__ = "statement_suggestion"
    __table_args__ = (Index("statement_suggestion_line", "line_id", "rank", "id"),)

    id: int = key()
    customer_id: int = owner()
    line_id: int = reference()
    rank: int
    rule: MatchRule = choice(MatchRule)
    confidence: Confidence = choice(Confidence)
    contract_id: int | None = reference(nullable=True)
    invoice_id: int | None = reference(nullable=True)
