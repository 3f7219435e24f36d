"""Tables of the dunning room: policies, reminders, interest charged, disputes, and debts paid in parts."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from mains_server.db.columns import choice, document, instant, key, money, owner, rate, reference
from mains_server.dunning.records import ArrangementState, DayCount, ReminderChannel


class DunningPolicy(SQLModel, table=True):
    """What a utility does about debts from a civil day on; never changed, followed by another.

    `stages` are reminders in their order; `arrangement` says when a debt may be paid in parts.
    """

    __tablename__ = "dunning_policy"
    __table_args__ = (UniqueConstraint("adapter", "starts", name="dunning_policy_once"),)

    id: int = key()
    adapter: str
    starts: date
    source: str
    currency: str
    reminder_min: Decimal = money()
    stages: Any = document()
    household_rate: Decimal | None = rate(nullable=True)
    business_rate: Decimal | None = rate(nullable=True)
    cap_share: Decimal | None = rate(nullable=True)
    day_count: DayCount = choice(DayCount)
    charge_day: int
    arrangement: Any = document()
    owing_premises_min: int


class DunningWatch(SQLModel, table=True):
    """The moment up to which a utility's payments and credit notes were looked at for interest."""

    __tablename__ = "dunning_watch"

    adapter: str = Field(primary_key=True)
    seen_until: datetime = instant()


class Reminder(SQLModel, table=True):
    """A reminder of an invoice, one for each stage; another room sends it. Append-only."""

    __tablename__ = "reminder"
    __table_args__ = (
        UniqueConstraint("customer_id", "invoice_id", "stage", name="reminder_once"),
        Index("reminder_invoice", "invoice_id", "stage", "id"),
    )

    id: int = key()
    customer_id: int = owner()
    contract_id: int = reference()
    invoice_id: int = reference()
    stage: int
    channel: ReminderChannel = choice(ReminderChannel)
    day: date
    open_amount: Decimal = money()
    currency: str
    fee_code: str | None = None
    made_at: datetime = instant()


class InterestCharge(SQLModel, table=True):
    """Late interest on an invoice up to a day, charged by a fee on its contract; a negative one takes it off again.

    `takes_back_id` names a charge whose fee no bill had taken in yet. Append-only.
    """

    __tablename__ = "interest_charge"
    __table_args__ = (
        UniqueConstraint("customer_id", "invoice_id", "number", name="interest_charge_once"),
        CheckConstraint("amount <> 0", name="interest_charge_not_zero"),
        Index("interest_charge_invoice", "invoice_id", "number", "id"),
    )

    id: int = key()
    customer_id: int = owner()
    contract_id: int = reference()
    invoice_id: int = reference()
    number: int
    until: date
    amount: Decimal = money()
    currency: str
    fee_key: str | None = None
    takes_back_id: int | None = reference(nullable=True)
    made_at: datetime = instant()


class InvoiceDispute(SQLModel, table=True):
    """A customer's claim that an invoice is wrong, open until an employee closes it; one open at a time."""

    __tablename__ = "invoice_dispute"
    __table_args__ = (
        Index("invoice_dispute_invoice", "invoice_id", "id"),
        Index(
            "invoice_dispute_open",
            "customer_id",
            "invoice_id",
            unique=True,
            postgresql_where=text("closed_at is null"),
        ),
    )

    id: int = key()
    customer_id: int = owner()
    contract_id: int = reference()
    invoice_id: int = reference()
    reason: str
    opened_at: datetime = instant()
    opened_by_person_id: int | None = reference(nullable=True)
    closed_at: datetime | None = instant(nullable=True)
    closed_by_person_id: int | None = reference(nullable=True)
    answer: str | None = None


class DebtArrangement(SQLModel, table=True):
    """A debt of a contract that is paid in parts; one runs at a time."""

    __tablename__ = "debt_arrangement"
    __table_args__ = (
        ForeignKeyConstraint(["contract_id", "customer_id"], ["contract.id", "contract.customer_id"]),
        CheckConstraint("total > 0", name="debt_arrangement_total"),
        Index("debt_arrangement_contract", "contract_id", "id"),
        Index(
            "debt_arrangement_running",
            "customer_id",
            "contract_id",
            unique=True,
            postgresql_where=text("state = 'RUNNING'"),
        ),
    )

    id: int = key()
    customer_id: int = owner()
    contract_id: int = reference()
    made_on: date
    made_at: datetime = instant()
    made_by_person_id: int = reference()
    is_by_staff: bool
    grace_days: int
    pauses_interest: bool
    currency: str
    total: Decimal = money()
    state: ArrangementState = choice(ArrangementState)
    ended_on: date | None = None
    note: str | None = None


class DebtPart(SQLModel, table=True):
    """A part of an arranged debt and its last day to pay. Append-only."""

    __tablename__ = "debt_part"
    __table_args__ = (UniqueConstraint("customer_id", "arrangement_id", "number", name="debt_part_once"),)

    id: int = key()
    customer_id: int = owner()
    arrangement_id: int = reference()
    number: int
    due_on: date
    amount: Decimal = money()


class ArrangedInvoice(SQLModel, table=True):
    """An invoice in an arranged debt, and what was open on it then. Append-only."""

    __tablename__ = "arranged_invoice"
    __table_args__ = (
        UniqueConstraint("customer_id", "arrangement_id", "invoice_id", name="arranged_invoice_once"),
        Index("arranged_invoice_invoice", "invoice_id", "arrangement_id"),
    )

    id: int = key()
    customer_id: int = owner()
    arrangement_id: int = reference()
    invoice_id: int = reference()
    amount: Decimal = money()
