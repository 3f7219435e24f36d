"""What leaves the dunning room: what the law and the utility allow, debts with their ages, and debts paid in parts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum


class ReminderChannel(Enum):
    """How a reminder goes out."""

    EMAIL = "EMAIL"
    SMS = "SMS"
    LETTER = "LETTER"


class DayCount(Enum):
    """How many days a year of interest has: always 365, or those of the calendar year."""

    FIXED_365 = "FIXED_365"
    ACTUAL = "ACTUAL"


class AgeBucket(Enum):
    """How long a debt has been overdue."""

    NOT_DUE = "NOT_DUE"
    DAYS_1_30 = "DAYS_1_30"
    DAYS_31_60 = "DAYS_31_60"
    DAYS_61_90 = "DAYS_61_90"
    OVER_90 = "OVER_90"


class ArrangementState(Enum):
    """How a debt that is paid in parts stands; only RUNNING may become another."""

    RUNNING = "RUNNING"
    KEPT = "KEPT"
    BROKEN = "BROKEN"
    CANCELLED = "CANCELLED"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReminderStage:
    """A reminder: so many days after the last day to pay, and the adapter's fee for it where it has one."""

    number: int
    days_after_due: int
    channel: ReminderChannel
    fee_code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InterestTerms:
    """Simple interest by the day: yearly rates (null where none is charged), and its bound as a share of the principal.

    `charge_day` is the day of a month at which open debts are charged; what is paid is charged at once.
    """

    household_rate: Decimal | None
    business_rate: Decimal | None
    cap_share: Decimal | None
    day_count: DayCount
    charge_day: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrangementTerms:
    """When customers may arrange to pay in parts themselves; employees may allow more parts and another attempt."""

    first_share_min: Decimal
    debt_min: Decimal
    parts_max: int
    staff_parts_max: int
    first_within_days: int
    grace_days: int
    months_after_broken: int
    pauses_interest: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What a utility does about debts from a civil day on, until its next policy; `source` says where it is written."""

    adapter: str
    starts: date
    source: str
    currency: str
    reminder_min: Decimal
    stages: tuple[ReminderStage, ...]
    interest: InterestTerms
    arrangement: ArrangementTerms
    owing_premises_min: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OverdueInvoice:
    """An invoice that is open, with what is known of the pursuit of it."""

    id: int
    customer_id: int
    contract_id: int
    document_number: str
    adapter: str
    due_on: date
    currency: str
    open_amount: Decimal
    is_disputed: bool
    is_arranged: bool
    is_note: bool = False
    """Whether it charges itself for an invoice being late: nothing is charged for such a note being late."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SentReminder:
    """A reminder that went out for an invoice."""

    invoice_id: int
    stage: int
    channel: ReminderChannel
    day: date
    open_amount: Decimal
    fee_code: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildingDebt:
    """What a house owes and is overdue in one currency; ages and count are None where they are hidden."""

    currency: str
    overdue: Decimal
    owing_premises: int | None
    ages: dict[AgeBucket, Decimal] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of an arranged debt."""

    number: int
    due_on: date
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class PartsAsked:
    """How somebody would pay a debt: the first part, how many parts in all, and on which day the first is due."""

    first_amount: Decimal
    parts: int
    first_due_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrangement:
    """A debt of a contract that is paid in parts, as it stands."""

    id: int
    customer_id: int
    contract_id: int
    made_on: date
    is_by_staff: bool
    currency: str
    total: Decimal
    paid: Decimal
    state: ArrangementState
    ended_on: date | None
    parts: tuple[Part, ...]
    document_numbers: tuple[str, ...]
