"""What the evaluator gives back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from mains_spi.record import Period, Record
from mains_spi.tariff import Rounding

Explanation = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line(Record):
    """One line of a bill: ``net = quantity * price / base``, rounded by the policy.

    ``gross`` is None where tax is worked out per rate. A line ``after_tax`` has no tax and lowers what is to be paid.
    ``place`` names the supply point that is charged by itself. ``why`` is the explanation, which ``replay`` turns into
    the same cents.
    """

    code: str
    period: Period
    quantity: Decimal
    unit: str
    price: Decimal
    base: Decimal
    net: Decimal
    tax_code: str | None
    rate: Decimal
    gross: Decimal | None = None
    after_tax: bool = False
    estimated: bool = False
    apportioned: bool = False
    text: str = ""
    price_unit: str = ""
    place: str = ""
    why: Explanation = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class TaxTotal(Record):
    """Net and tax of all lines of one tax code and rate."""

    code: str
    rate: Decimal
    net: Decimal
    tax: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureValue(Record):
    """A value to keep as a fact."""

    code: str
    period: Period
    value: Decimal
    unit: str
    why: Explanation = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill(Record):
    """The bill of one contract, premise or building.

    ``total`` is net plus tax; ``payable`` is that less what is taken off after tax; ``rounded_by`` is what rounding the
    total changed. A building's bill has the premises in ``members`` (one for each occupant), its own lines are only
    cents left over, and its sums include the members'.
    """

    id: str
    currency: str
    period: Period
    lines: tuple[Line, ...]
    taxes: tuple[TaxTotal, ...]
    net: Decimal
    tax: Decimal
    total: Decimal
    payable: Decimal
    rounded_by: Decimal
    rounding: Rounding
    figures: tuple[FigureValue, ...] = ()
    members: tuple[Bill, ...] = ()
    contract: str | None = None


@dataclass(frozen=True, slots=True)
class Mistake(Record):
    """Something wrong in a tariff or its prices, where, and what to do about it."""

    code: str
    component: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.component}: {self.remedy} [{self.code}]"
