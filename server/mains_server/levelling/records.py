"""What leaves the levelling room."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum

from mains_server.billing.expected import ExpectedUsage


class PlanReason(Enum):
    """Why a version of a plan was made."""

    START = "START"
    SETTLEMENT = "SETTLEMENT"
    YEARLY = "YEARLY"
    SIGNIFICANT_READING = "SIGNIFICANT_READING"
    PRICE_CHANGE = "PRICE_CHANGE"
    CUSTOMER_AMOUNT = "CUSTOMER_AMOUNT"
    CUSTOMER_FORECAST = "CUSTOMER_FORECAST"


class UsageBasis(Enum):
    """What an expected usage rests on."""

    FORECAST = "FORECAST"
    HISTORY = "HISTORY"


class LetterChannel(Enum):
    """By which road a letter about a plan goes."""

    EMAIL = "EMAIL"
    POST = "POST"


class RunStatus(Enum):
    """How far a mass recalculation, or a chunk of one, is."""

    WAITING = "WAITING"
    RUNNING = "RUNNING"
    DONE = "DONE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Amounts:
    """What twelve months ask for, in one currency.

    `base_total` is what the expected usage costs, `difference` what was used and not paid before (negative: paid and
    not used), `total` what the twelve months ask, and `going_on` what twelve more months would ask after them.
    """

    base_total: Decimal
    difference: Decimal
    total: Decimal
    going_on: Decimal

    @property
    def left_over(self) -> Decimal:
        """What is left to settle after the twelve months if all comes as expected; negative stays prepaid."""
        return self.base_total + self.difference - self.total


@dataclass(frozen=True, slots=True, kw_only=True)
class Instalment:
    """What one month asks for: base part and difference part make the amount."""

    number: int
    due_on: date
    amount: Decimal
    base_part: Decimal
    difference_part: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What a contract is expected to use in twelve months and what that costs by the prices known on a day."""

    usage: tuple[ExpectedUsage, ...]
    basis: UsageBasis
    cost: Decimal
    currency: str
    starts: date
    known_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A contract's levelled payment as it stands: its newest version, and what was paid and used so far in all."""

    plan_id: int
    customer_id: int
    contract_id: int
    due_day: int
    settles_from: date
    starts: date
    ends: date | None
    version_id: int
    number: int
    reason: PlanReason
    version_starts: date
    usage: tuple[ExpectedUsage, ...]
    basis: UsageBasis
    amounts: Amounts
    used_before: Decimal
    paid_before: Decimal
    currency: str
    known_on: date
    paid: Decimal
    used: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class NewVersion:
    """A version to be made, once by its key: why, from which month, on which expectation and with which amounts.

    `used` and `paid` are what the contract has used and paid up to then, in all.
    """

    key: str
    reason: PlanReason
    starts: date
    expectation: Expectation
    amounts: Amounts
    used: Decimal
    paid: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a change would mean: the first month it holds for, its amounts, and the months' instalments."""

    starts: date
    expectation: Expectation
    amounts: Amounts
    instalments: tuple[Instalment, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecalculationRequest:
    """Which plans to work out anew: all of a utility, once a year, from a month on, by the prices known on a day."""

    adapter: str
    year: int
    starts: date
    known_on: date
    now: datetime
    contracts_per_chunk: int = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class RecalculationState:
    """How far a mass recalculation is: contracts in all and done, plans made anew, contracts held."""

    run_id: int
    contracts: int
    contracts_done: int
    recalculated: int
    held: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedUsage:
    """What a contract's registers count: a quantity in its unit, in a tariff zone or always."""

    quantity: str
    zone: str | None
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSettlement:
    """A bill of a levelled contract that its account has not taken over yet."""

    contract_id: int
    invoice_id: int
    document_number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanDays:
    """The days of a plan that are settled by bills, up to one; a closed plan's are not spread any more."""

    contract_id: int
    customer_id: int
    currency: str
    settles_from: date
    upto: date
    is_closed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldReading:
    """The last day on which all registers of a levelled contract were read, and the day up to which it is settled."""

    contract_id: int
    settled_upto: date
    day: date


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldTask:
    """Why a plan could not be settled or worked out anew: the task, a short stable code and the reason for a person."""

    task: str
    code: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownInstalment:
    """What one month asks for and what of it is paid; `version` is the number of the version that asks for it."""

    version: int
    number: int
    due_on: date
    amount: Decimal
    base_part: Decimal
    difference_part: Decimal
    paid: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownVersion:
    """A version of a plan as it was made: why, from when, and from what its amounts follow."""

    number: int
    reason: PlanReason
    starts: date
    made_at: datetime
    known_on: date
    priced_from: date
    usage: tuple[ExpectedUsage, ...]
    basis: UsageBasis
    amounts: Amounts
    used_before: Decimal
    paid_before: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPlan:
    """A plan for people to see: its account, its versions (the newest first) and its instalments in order."""

    plan_id: int
    contract_id: int
    contract_number: str
    adapter: str
    starts: date
    ends: date | None
    due_day: int
    currency: str
    paid: Decimal
    prepaid: Decimal
    deferred: Decimal
    next_due_on: date | None
    next_amount: Decimal | None
    versions: tuple[ShownVersion, ...]
    instalments: tuple[ShownInstalment, ...]
