"""What is asked of a comparison of products, and what leaves it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import Enum

from mains_spi import Period, Product

USE_A_MONTH_MAX = Decimal(1_000_000)
MONTHS = 12
CONTRACTS_MAX = 10


class CustomerSort(Enum):
    """Who compares, since taxes and support depend on it."""

    PRIVATE = "PRIVATE"
    BUSINESS = "BUSINESS"


class ComparisonProblem(Enum):
    """Why there is nothing to compare."""

    UTILITY_UNKNOWN = "UTILITY_UNKNOWN"
    UTILITY_NOT_COMPARABLE = "UTILITY_NOT_COMPARABLE"
    CONTRACT_NOT_COMPARABLE = "CONTRACT_NOT_COMPARABLE"
    CONSUMPTION_MISSING = "CONSUMPTION_MISSING"
    CONSUMPTION_TWICE = "CONSUMPTION_TWICE"
    CONSUMPTION_OUT_OF_RANGE = "CONSUMPTION_OUT_OF_RANGE"
    MONTHS_NOT_TWELVE = "MONTHS_NOT_TWELVE"
    SPLIT_DOES_NOT_ADD_UP = "SPLIT_DOES_NOT_ADD_UP"
    ZONES_NOT_OFFERED = "ZONES_NOT_OFFERED"
    CONNECTION_MISSING = "CONNECTION_MISSING"
    CONNECTION_OUT_OF_RANGE = "CONNECTION_OUT_OF_RANGE"
    PROTECTION_UNKNOWN = "PROTECTION_UNKNOWN"
    DAY_OUT_OF_RANGE = "DAY_OUT_OF_RANGE"
    NO_USAGE = "NO_USAGE"
    NOTHING_COMPARABLE = "NOTHING_COMPARABLE"


class ComparisonRefused(Exception):
    """Products cannot be compared for what was asked; the message says what to do."""

    def __init__(self, problem: ComparisonProblem, message: str, *, path: str | None = None) -> None:
        super().__init__(message)
        self.problem = problem
        self.message = message
        self.path = path


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumption:
    """What somebody says they use: exactly one of a month's, a year's, or twelve months', in the utility's unit.

    `night_share` is the share from 0 to 1 that falls to night and weekend; `day` and `night` are the same as amounts of
    the month or year, and must add up to it.
    """

    a_month: Decimal | None = None
    a_year: Decimal | None = None
    months: tuple[Decimal, ...] | None = None
    night_share: Decimal | None = None
    day: Decimal | None = None
    night: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """What a customer and their connection are like, as far as prices depend on it."""

    sort: CustomerSort = CustomerSort.PRIVATE
    phases: int | None = None
    amperes: int | None = None
    zones: int = 1
    protected: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthUse:
    """What is used in one calendar month: in all, and at night and weekends where that is known."""

    month: int
    total: Decimal
    night: Decimal | None
    is_estimated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class YearUse:
    """A year's use by calendar month, the days it was measured on, and how many months of them are measured."""

    months: tuple[MonthUse, ...]
    measured: Period | None = None
    months_measured: int = 0

    @property
    def total(self) -> Decimal:
        """What the year comes to."""
        return sum((month.total for month in self.months), Decimal(0))

    @property
    def night(self) -> Decimal | None:
        """What of it falls to night and weekend; None unless it is known of every month."""
        known = [month.night for month in self.months if month.night is not None]
        return sum(known, Decimal(0)) if len(known) == len(self.months) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentCost:
    """One charge of a year: what it comes to without tax, the tax, and with it; support is negative."""

    code: str
    label_lv: str
    label_en: str
    label_ru: str
    net: Decimal
    tax: Decimal
    is_support: bool

    @property
    def gross(self) -> Decimal:
        """What is paid for it."""
        return self.net + self.tax


@dataclass(frozen=True, slots=True, kw_only=True)
class YearCost:
    """What a year costs: twelve bills added up, charge by charge."""

    components: tuple[ComponentCost, ...]
    net: Decimal
    tax: Decimal
    payable: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductCost:
    """What a year on a product costs, and what to know beside it.

    `exchange` are the months whose exchange prices were taken; None for a product without them. They were weighed by
    the typical profile unless `is_by_own_intervals`. `above` is the cost of what lies above a protected customer's
    allowance, as of a customer who uses only that and has no support.
    """

    product: Product
    cost: YearCost
    difference: Decimal | None
    is_present: bool
    is_in_recommended_range: bool | None
    exchange: Period | None
    above: YearCost | None = None
    is_by_own_intervals: bool = False
    agreed_until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotCompared:
    """A product that could not be worked out, and why."""

    product: Product
    code: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """Where the order of two products changes: from this consumption a month on, `cheaper` costs less than `dearer`."""

    from_a_month: int
    cheaper: Product
    dearer: Product
    changes_cheapest: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ZonesCompared:
    """One zone against two on one product; the share of night and weekend from which two cost no more, in thousandths.

    `pays_from` is None where two zones never pay, at whatever share.
    """

    product: Product
    one_zone: YearCost
    two_zones: YearCost
    pays_from: Decimal | None

    @property
    def saving(self) -> Decimal:
        """What two zones save in the year; below nothing if they cost more."""
        return self.one_zone.payable - self.two_zones.payable


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """All products for one consumption, the cheapest first, at the prices that hold on a day for the whole year.

    `apart` is what contracts that were compared together cost as they are, each on its product.
    """

    adapter: str
    unit: str
    currency: str
    on: date
    use: YearUse
    connection: Connection
    allowance_a_month: Decimal | None
    above_a_year: Decimal | None
    products: tuple[ProductCost, ...]
    not_compared: tuple[NotCompared, ...]
    crossings: tuple[Crossing, ...] = ()
    zones: tuple[ZonesCompared, ...] = field(default=())
    apart: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonRequest:
    """What to compare: a typed consumption at a connection, or a contract by its own last twelve months.

    With `together`, other contracts of the customer, they are compared as the one contract that they would become.
    Crossings and zones cost more and are worked out only where they are wanted.
    """

    on: date
    adapter: str | None = None
    consumption: Consumption | None = None
    connection: Connection | None = None
    contract_id: int | None = None
    together: tuple[int, ...] = ()
    wants_crossings: bool = False
    wants_zones: bool = False
