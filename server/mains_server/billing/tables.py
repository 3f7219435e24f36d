"""Tables of the billing room: runs, their chunks, what was held and why, and the questions of whole buildings."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import SQLModel

from mains_server.billing.records import ChunkStatus, CorrectionOutcome, CorrectionReason, RunStatus
from mains_server.db.columns import choice, document, instant, key, money, numbers, owner, rate, reference


class BillingRun(SQLModel, table=True):
    """One billing of one utility's period; started again it goes on where it was."""

    __tablename__ = "billing_run"
    __table_args__ = (
        UniqueConstraint("adapter", "period_from", "period_to"),
        Index("billing_run_started", "started_at", "id"),
    )

    id: int = key()
    adapter: str
    period_from: date
    period_to: date
    issued_on: date
    issue_by: date | None = None
    status: RunStatus = choice(RunStatus)
    started_at: datetime = instant()
    finished_at: datetime | None = instant(nullable=True)


class BillingChunk(SQLModel, table=True):
    """A part of a run that is billed in one transaction: contracts, never splitting a building."""

    __tablename__ = "billing_chunk"
    __table_args__ = (Index("billing_chunk_run", "run_id", "status", "id"),)

    id: int = key()
    run_id: int = reference("billing_run.id")
    contract_ids: list[int] = numbers()
    status: ChunkStatus = choice(ChunkStatus)
    invoiced: int
    held: int
    done_at: datetime | None = instant(nullable=True)


class BillingHold(SQLModel, table=True):
    """A contract that a run could not bill, with the reason and what to do.

    Where its bill was worked out and is unusual, `total` is what it would come to; an employee may accept that.
    """

    __tablename__ = "billing_hold"
    __table_args__ = (
        UniqueConstraint("customer_id", "run_id", "contract_id"),
        Index("billing_hold_run", "run_id", "id"),
        Index("billing_hold_contract", "contract_id", "id"),
        Index(
            "billing_hold_accepted",
            "run_id",
            "contract_id",
            postgresql_where=text("accepted_total is not null and released_at is null"),
        ),
    )

    id: int = key()
    customer_id: int = owner()
    run_id: int = reference("billing_run.id")
    contract_id: int = reference()
    code: str
    reason: str
    held_at: datetime = instant()
    released_at: datetime | None = instant(nullable=True)
    total: Decimal | None = money(nullable=True)
    currency: str | None = None
    accepted_total: Decimal | None = money(nullable=True)
    accepted_at: datetime | None = instant(nullable=True)
    accepted_by_person_id: int | None = reference("person.id", nullable=True)
    accepted_note: str | None = None


class RatingGroup(SQLModel, table=True):
    """The question that was rated for a whole building; its members' invoices share it, and explanations replay it.

    No run asked the question of a correction; it says what all premises together came to without tax.
    """

    __tablename__ = "rating_group"
    __table_args__ = (Index("rating_group_building", "building_id", "period_from", "id"),)

    id: int = key()
    run_id: int | None = reference("billing_run.id", nullable=True)
    adapter: str
    building_id: int = reference("building.id")
    period_from: date
    period_to: date
    inputs: Any = document()
    net: Decimal | None = money(nullable=True)


class Correction(SQLModel, table=True):
    """A bill that somebody had looked at again, and what came of it: other documents, a difference, or nothing."""

    __tablename__ = "correction"
    __table_args__ = (
        Index("correction_contract", "contract_id", "corrected_at", "id"),
        Index("correction_invoice", "invoice_id", "id"),
        Index("correction_newest", "corrected_at", "id"),
    )

    id: int = key()
    customer_id: int = owner()
    contract_id: int = reference()
    invoice_id: int = reference()
    reason: CorrectionReason = choice(CorrectionReason)
    note: str
    outcome: CorrectionOutcome = choice(CorrectionOutcome)
    difference: Decimal = money()
    currency: str
    credit_note_id: int | None = reference(nullable=True)
    replacement_id: int | None = reference(nullable=True)
    rating_group_id: int | None = reference("rating_group.id", nullable=True)
    person_id: int | None = reference("person.id", nullable=True)
    corrected_on: date
    corrected_at: datetime = instant()


class SettlementLine(SQLModel, table=True):
    """What a bill should have charged by a code and what it did; the difference stands on the contract's next bill.

    Where the bill is taken back, a difference that waits is withdrawn by that correction, and one that stands on a bill
    has a row that takes it back off (`takes_back_id`): nothing due, its net billed.
    """

    __tablename__ = "settlement_line"
    __table_args__ = (
        UniqueConstraint("customer_id", "correction_id", "position"),
        Index(
            "settlement_line_waiting",
            "contract_id",
            "id",
            postgresql_where=text("booked_invoice_id is null and net <> 0 and withdrawn_by_id is null"),
        ),
        Index(
            "settlement_line_taken_off",
            "customer_id",
            "takes_back_id",
            unique=True,
            postgresql_where=text("takes_back_id is not null"),
        ),
        Index("settlement_line_contract", "contract_id", "id"),
        Index("settlement_line_booked", "booked_invoice_id", "id"),
        Index("settlement_line_invoice", "invoice_id", "id"),
        Index("settlement_line_correction", "correction_id", "position", "id"),
    )

    id: int = key()
    customer_id: int = owner()
    contract_id: int = reference()
    correction_id: int = reference()
    invoice_id: int = reference()
    position: int
    adapter: str
    code: str
    period_from: date
    period_to: date
    tax_code: str
    tax_rate: Decimal = rate()
    is_after_tax: bool
    currency: str
    billed: Decimal = money()
    due: Decimal = money()
    net: Decimal = money()
    booked_invoice_id: int | None = reference(nullable=True)
    withdrawn_by_id: int | None = reference(nullable=True)
    takes_back_id: int | None = reference(nullable=True)


class CorrectionDue(SQLModel, table=True):
    """A billed period whose bill is known to be wrong.

    A true reading came for an estimated day, or a file (`import_id`) told a smart meter's days otherwise; with neither,
    another premise of its house was billed anew, so that their shares are to be compared, or a figure that it went on
    from has another value by now, or its difference waits for a bill that never comes. A correction settles it.
    """

    __tablename__ = "correction_due"
    __table_args__ = (
        UniqueConstraint("customer_id", "contract_id", "invoice_id", "reading_id"),
        UniqueConstraint("customer_id", "contract_id", "invoice_id", "import_id"),
        CheckConstraint("reading_id is null or import_id is null", name="correction_due_why"),
        Index(
            "correction_due_house",
            "customer_id",
            "contract_id",
            "invoice_id",
            unique=True,
            postgresql_where=text("reading_id is null and import_id is null and settled_at is null"),
        ),
        Index("correction_due_contract", "contract_id", "noted_at", "id"),
    )

    id: int = key()
    customer_id: int = owner()
    contract_id: int = reference()
    invoice_id: int = reference()
    reading_id: int | None = reference("reading.id", nullable=True)
    import_id: int | None = reference("interval_import.id", nullable=True)
    day: date
    noted_at: datetime = instant()
    settled_at: datetime | None = instant(nullable=True)
