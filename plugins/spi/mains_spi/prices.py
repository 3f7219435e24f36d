"""Dated prices and taxes: data that changes by decision, never by release."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from mains_spi.errors import BadRecord
from mains_spi.record import Number, Period, Record


@dataclass(frozen=True, slots=True)
class When(Record):
    """A condition on one attribute: its value is among the words, or above < value <= upto.

    ``When("kind", ("private",))``, ``When("amperes", above=16, upto=63)``.
    """

    name: str
    among: tuple[str, ...] = ()
    above: Number | None = None
    upto: Number | None = None

    def __post_init__(self) -> None:
        Record.__post_init__(self)
        if isinstance(self.among, str):
            raise BadRecord(f"When({self.name!r}).among is one word: write ({self.among!r},)")


@dataclass(frozen=True, slots=True)
class PriceRow(Record):
    """One price of a list.

    ``tax_included`` is the tax rate the printed value contains, as 0.21; the net price is value / (1 + that rate),
    whatever the rate on the day of the bill.
    """

    name: str
    value: Decimal
    unit: str
    when: tuple[When, ...] = ()
    tax_included: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceVersion(Record):
    """The prices of one list on the days of one period.

    ``known_from`` is the first day the version counts as known: a bill dated before never sees it. Where two known
    versions hold on one day the one known later counts, so a correction of the past is a new version.
    """

    id: str
    list: str
    period: Period
    rows: tuple[PriceRow, ...]
    known_from: date | None = None
    decision: str | None = None


@dataclass(frozen=True, slots=True)
class TaxRate(Record):
    """A tax rate by code and date of consumption, for one kind of customer or (``kind=None``) for the others."""

    code: str
    period: Period
    rate: Decimal
    kind: str | None = None


@dataclass(frozen=True, slots=True)
class ChargeTax(Record):
    """Says which tax code a charge has; the charge ``*`` stands for every charge not named."""

    charge: str
    tax: str


def bind_product(
    *, versions: tuple[PriceVersion, ...], price_list: str, period: Period, name: str = "product"
) -> tuple[PriceVersion, ...]:
    """Give a product's price versions as the list ``product``, clipped to the days the contract has that product.

    A contract that switches product is bound twice, so the switch is just a price change.
    """
    bound = []
    for version in versions:
        days = version.period.common(period)
        if version.list == price_list and days is not None:
            bound.append(replace(version, list=name, period=days))
    return tuple(bound)
