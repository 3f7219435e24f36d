"""A golden bill as records: what is asked, and what a person worked out by hand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from mains_spi import RatingRequest, Rounding

from mains_kit.tables import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedLine:
    """A line of the bill; what is None is not compared.

    ``printed`` is the publisher's net where it is a slip; ``remark`` then says why.
    """

    table: Table
    code: str
    member: str | None
    start: date | None
    end: date | None
    quantity: Decimal | None
    unit: str | None
    price: Decimal | None
    base: Decimal | None
    net: Decimal | None
    rate: Decimal | None
    gross: Decimal | None
    estimated: bool | None
    printed: Decimal | None
    remark: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedTax:
    """Net and tax of all lines of one tax code and rate."""

    table: Table
    code: str
    rate: Decimal
    net: Decimal | None
    tax: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedSums:
    """The sums of a bill, or of one premise of a building."""

    table: Table
    member: str | None
    net: Decimal | None
    tax: Decimal | None
    total: Decimal | None
    payable: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedStep:
    """A published intermediate step: a formula over the bill's own figures, and the figure printed.

    ``value`` is the right figure where the publisher slipped; ``remark`` then says why.
    """

    table: Table
    name: str
    formula: str
    member: str | None
    printed: Decimal
    value: Decimal | None
    remark: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """All that a golden bill expects. ``all_lines``: a line that is not listed is a difference too."""

    sums: ExpectedSums
    all_lines: bool
    lines: tuple[ExpectedLine, ...]
    taxes: tuple[ExpectedTax, ...]
    members: tuple[ExpectedSums, ...]
    steps: tuple[ExpectedStep, ...]
    currency: str | None
    remark: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldenBill:
    """One golden file. ``rounding`` replaces the tariff's own; ``on`` is the day whose tariff is asked for."""

    table: Table
    title: str
    source: str
    utility: str
    product: str
    on: date
    request: RatingRequest
    rounding: Rounding | None
    expected: Expected
