"""What leaves the consumption room."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum

from mains_spi.hooks import RegisterReadings
from mains_spi.record import Period


class Granularity(Enum):
    """How wide a bucket is."""

    HOUR = "HOUR"
    DAY = "DAY"
    MONTH = "MONTH"
    YEAR = "YEAR"


class CompareWith(Enum):
    """Which earlier period a period is set beside."""

    PREVIOUS_PERIOD = "PREVIOUS_PERIOD"
    SAME_PERIOD_LAST_YEAR = "SAME_PERIOD_LAST_YEAR"


class ConsumptionQuality(Enum):
    """How the value of a bucket came about."""

    ACTUAL = "ACTUAL"
    APPORTIONED = "APPORTIONED"
    ESTIMATED = "ESTIMATED"
    MIXED = "MIXED"


class Driver(Enum):
    """What made a bill differ from an earlier one, in the order in which they are taken."""

    DAYS = "DAYS"
    WEATHER = "WEATHER"
    VOLUME = "VOLUME"
    PRICE = "PRICE"


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a bucket lies: its civil days, which for an hour are the one day it is in, and its instants."""

    period: Period
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """What was used in a slot as far as it is known; None where nothing is, never zero."""

    slot: Slot
    value: Decimal | None
    quality: ConsumptionQuality | None
    coverage: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How much a value differs from an earlier one; the share is None where there is nothing to divide by."""

    absolute: Decimal
    share: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A bucket's counterpart in the earlier period, None where it has none, and the difference where both are known."""

    base: Bucket | None
    difference: Difference | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A series beside an earlier period, bucket by bucket; the difference is over the buckets known in both."""

    buckets: tuple[Compared, ...]
    difference: Difference | None
    compared: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WeatherBucket:
    """The degree days of a bucket beside those of a normal year, and what would have been used in a normal one."""

    degree_days: Decimal | None
    normal_degree_days: Decimal | None
    value: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumptionSeries:
    """The use of one quantity, of all its zones together where `zone` is None."""

    quantity: str
    unit: str
    zone: str | None
    buckets: tuple[Bucket, ...]
    known_until: datetime | None
    comparison: Comparison | None = None
    weather: tuple[WeatherBucket, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What was billed for a bucket: the sums of the bills that lie wholly in it, and how many of its days they bill."""

    net: Decimal
    tax: Decimal
    support: Decimal
    total: Decimal
    currency: str
    days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverShare:
    """How much of a change in cost one driver made."""

    driver: Driver
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class CostChange:
    """Two periods' bills beside each other: the drivers add up to `total - base_total`, to the cent."""

    base_total: Decimal
    total: Decimal
    currency: str
    drivers: tuple[DriverShare, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumption:
    """What was used at a place in a period, what was billed for it, and how both compare."""

    question: Question
    slots: tuple[Slot, ...]
    base_period: Period | None
    series: tuple[ConsumptionSeries, ...]
    costs: tuple[Cost | None, ...]
    change: CostChange | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What somebody wants to see: how fine, of which civil days, and beside which earlier period."""

    granularity: Granularity
    period: Period
    compare_with: CompareWith | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """A supply point, the days of it that the viewer sees, and the contracts whose bills the viewer sees."""

    supply_point_id: int
    days: tuple[Period, ...]
    contract_ids: frozenset[int] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What is known of a supply point beside its registers."""

    supply_point_id: int
    time_zone: str
    commodity: str
    city: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IntervalDay:
    """A civil day of a register as its smart meter sent it; `values` only where hours are asked for, None is a gap.

    `statuses` are those of the values that are known where there are no `values`, else one a value.
    """

    day: date
    step_seconds: int
    steps: int
    known: int
    total: Decimal
    statuses: str
    values: tuple[Decimal | None, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter:
    """A register with all that is known of it: readings, and days by intervals."""

    readings: RegisterReadings
    is_by_intervals: bool
    days: tuple[IntervalDay, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Heat:
    """An amount of heat in the unit of its meter."""

    value: Decimal
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """The charges of one code on a bill, summed.

    On the bill of a premise in a house that was billed whole, `house_heat` is the heat that the house's meter counted.
    """

    code: str
    unit: str
    is_metered: bool
    quantity: Decimal
    gross: Decimal
    house_heat: Heat | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """An invoice of a contract that covers one supply point alone, with its charges; a credit note counts back."""

    supply_point_id: int
    contract_id: int
    period: Period
    is_credit: bool
    is_taken_back: bool
    net: Decimal
    tax: Decimal
    support: Decimal
    total: Decimal
    currency: str
    charges: tuple[Charge, ...]
