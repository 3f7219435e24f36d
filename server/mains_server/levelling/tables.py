"""Tables of the levelling room: plans, their versions, letters about them, and mass recalculations."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from mains_server.db.columns import choice, document, instant, key, money, numbers, owner, reference
from mains_server.levelling.records import LetterChannel, PlanReason, RunStatus, UsageBasis


class LevelledPlanFields(SQLModel):
    """The columns that a plan and its view share."""

    id: int = key()
    customer_id: int = owner()
    contract_id: int = reference()
    starts: date
    ends: date | None = None
    due_day: int
    settles_from: date
    read_upto: date | None = None
    currency: str
    closed_at: datetime | None = instant(nullable=True)
    paid_at_end: Decimal | None = money(nullable=True)
    started_at: datetime = instant()


class LevelledPlan(LevelledPlanFields, table=True):
    """A contract's levelled payment from a month until it ends; a contract has one at a time.

    Its settlements bill the days from `settles_from` on. `read_upto` is the last
    reading that somebody looked at. It is closed once the last day is settled.
    """

    __tablename__ = "levelled_plan"
    __table_args__ = (
        ForeignKeyConstraint(["contract_id", "customer_id"], ["contract.id", "contract.customer_id"]),
        CheckConstraint("extract(day from starts) = 1 and due_day between 1 and 28", name="levelled_plan_days"),
        Index("levelled_plan_contract", "contract_id", "starts", "id"),
        Index("levelled_plan_ending", "ends", "id", postgresql_where=text("closed_at is null")),
        Index(
            "levelled_plan_running",
            "customer_id",
            "contract_id",
            unique=True,
            postgresql_where=text("closed_at is null"),
        ),
    )


class LevelledVersion(SQLModel, table=True):
    """How much a plan asks from a month on and why, with all it was worked out from. Append-only.

    `difference` = `used_before` - `paid_before`, both counted over the contract's whole time. Twelve months ask
    `total`, later ones `going_on` a year.
    """

    __tablename__ = "levelled_version"
    __table_args__ = (
        UniqueConstraint("customer_id", "contract_id", "once_key", name="levelled_version_once"),
        CheckConstraint("extract(day from starts) = 1", name="levelled_version_starts"),
        CheckConstraint("base_total >= 0 and total >= 0 and going_on >= 0", name="levelled_version_not_negative"),
        CheckConstraint("difference = used_before - paid_before", name="levelled_version_difference"),
        Index("levelled_version_plan", "plan_id", "number", "id"),
    )

    id: int = key()
    customer_id: int = owner()
    plan_id: int = reference()
    contract_id: int = reference()
    number: int
    once_key: str
    reason: PlanReason = choice(PlanReason)
    starts: date
    usage: Any = document()
    basis: UsageBasis = choice(UsageBasis)
    known_on: date
    priced_from: date
    base_total: Decimal = money()
    used_before: Decimal = money()
    paid_before: Decimal = money()
    difference: Decimal = money()
    total: Decimal = money()
    going_on: Decimal = money()
    currency: str
    made_at: datetime = instant()


class LevelledLetter(SQLModel, table=True):
    """What a customer is told of a new version, in their language, by e-mail or post; another room sends it.

    The parts and amounts are those of the first month. Append-only.
    """

    __tablename__ = "levelled_letter"
    __table_args__ = (Index("levelled_letter_contract", "contract_id", "version_id"),)

    version_id: int = owner()
    customer_id: int = owner()
    contract_id: int = reference()
    channel: LetterChannel = choice(LetterChannel)
    language: str
    starts: date
    old_amount: Decimal = money()
    new_amount: Decimal = money()
    base_part: Decimal = money()
    difference_part: Decimal = money()
    currency: str
    made_at: datetime = instant()


class LevelledRun(SQLModel, table=True):
    """A mass recalculation of a utility's plans, once a year."""

    __tablename__ = "levelled_run"
    __table_args__ = (UniqueConstraint("adapter", "year", name="levelled_run_once"),)

    id: int = key()
    adapter: str
    year: int
    starts: date
    known_on: date
    status: RunStatus = choice(RunStatus)
    started_at: datetime = instant()
    finished_at: datetime | None = instant(nullable=True)


class LevelledChunk(SQLModel, table=True):
    """Some contracts of a mass recalculation, done in one transaction."""

    __tablename__ = "levelled_chunk"
    __table_args__ = (Index("levelled_chunk_waiting", "run_id", "status", "id"),)

    id: int = key()
    run_id: int = reference("levelled_run.id")
    contract_ids: list[int] = numbers()
    status: RunStatus = choice(RunStatus)
    recalculated: int = 0
    held: int = 0
    done_at: datetime | None = instant(nullable=True)


class LevelledHold(SQLModel, table=True):
    """A contract whose plan could not be settled or worked out anew, with the reason; its plan goes on as it was."""

    __tablename__ = "levelled_hold"
    __table_args__ = (UniqueConstraint("customer_id", "contract_id", "task", name="levelled_hold_once"),)

    id: int = key()
    customer_id: int = owner()
    contract_id: int = reference()
    task: str
    code: str
    reason: str
    held_at: datetime = instant()
    released_at: datetime | None = instant(nullable=True)


class LevelledInstalment(SQLModel, table=True):
    """The view of what a version asks month by month, until the next one, and what of it is paid, the oldest first.

    A version that nothing follows is shown for 24 months.
    """

    __tablename__ = "levelled_instalment"
    __table_args__ = ({"info": {"view_of": "levelled_version"}},)

    version_id: int = Field(primary_key=True)
    number: int = Field(primary_key=True)
    customer_id: int = owner()
    contract_id: int
    plan_id: int
    due_on: date
    amount: Decimal = money()
    base_part: Decimal = money()
    difference_part: Decimal = money()
    paid: Decimal = money()
    currency: str


class LevelledState(LevelledPlanFields, table=True):
    """The view of a plan with its newest version, and how its contract's account stands."""

    __tablename__ = "levelled_state"
    __table_args__ = ({"info": {"view_of": "levelled_plan"}},)

    version_id: int = reference()
    version_number: int
    reason: PlanReason = choice(PlanReason)
    version_starts: date
    usage: Any = document()
    basis: UsageBasis = choice(UsageBasis)
    known_on: date
    base_total: Decimal = money()
    difference: Decimal = money()
    total: Decimal = money()
    left_over: Decimal = money()
    amount: Decimal = money()
    base_part: Decimal = money()
    difference_part: Decimal = money()
    paid: Decimal = money()
    prepaid: Decimal = money()
    deferred: Decimal = money()
    next_due_on: date | None = None
    next_amount: Decimal | None = money(nullable=True)
