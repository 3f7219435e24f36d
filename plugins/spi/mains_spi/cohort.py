"""Bills many alike contracts with plain integers, to the same cent as ``evaluate``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from mains_spi.record import Period, Record
from mains_spi.requests import RatingRequest
from mains_spi.tariff import Rounding, Tariff

MICRO = 10**6

CompactBill = tuple[
    tuple[int, ...],  # quantity of each line, in millionths of its unit
    tuple[int, ...],  # net of each line, in 1/10**rounding.line of the currency
    tuple[int, ...],  # gross of each line, likewise; () where tax is worked out per rate
    tuple[int, ...],  # net of each tax group, likewise
    tuple[int, ...],  # tax of each tax group, in 1/10**rounding.total
    int,  # total, in 1/10**rounding.total
    int,  # payable, likewise
]


@dataclass(frozen=True, slots=True)
class Column(Record):
    """One input of each contract: the usage of a quantity for the whole period, in millionths of ``unit``."""

    name: str
    unit: str
    zone: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CohortLine(Record):
    """What a line has in common in all bills of the cohort.

    ``price`` None means that the line's price is its own net with the sign turned (a rebate, whose quantity is -1).
    ``shown``: always, or only where the quantity or the net is not zero; a line not shown is left off the bill.
    ``columns`` are the inputs that make the line estimated when they are.
    """

    code: str
    period: Period
    unit: str
    price: Decimal | None
    base: Decimal
    tax_code: str | None
    rate: Decimal
    after_tax: bool
    apportioned: bool
    shown: Literal["always", "quantity", "net"]
    columns: tuple[int, ...]
    tax_group: int | None


@dataclass(frozen=True, slots=True)
class NotCovered(Record):
    """Why these contracts must be rated one by one with ``evaluate``."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohort:
    """A tariff compiled for contracts that differ in usage only."""

    columns: tuple[Column, ...]
    lines: tuple[CohortLine, ...]
    tax_groups: tuple[tuple[str, Decimal], ...]
    rounding: Rounding
    period: Period
    currency: str
    rate: Callable[[Iterable[Sequence[int]]], list[CompactBill]]


def compile_cohort(*, tariff: Tariff, conditions: RatingRequest) -> Cohort | NotCovered:
    """Compile a tariff for all contracts that share ``conditions``: a rating request without usage.

    Prices, taxes, tax codes, attributes, facts, price and profile series, period and ``known_at`` are those of every
    contract of the cohort. ``cohort.rate(rows)`` then takes one row a contract: an int for each of ``cohort.columns``,
    the usage of that name and zone in the whole period, in millionths of the unit (``int(value * MICRO)``). A contract
    with anything else (no value, two usage rows where ``Cohort`` has a cut, other attributes) goes to ``evaluate``.
    """
    raise NotImplementedError
