"""What leaves the tariffs room."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from mains_spi import PriceRow, TaxRate


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPriceVersion:
    """A price list as somebody decided it, from a civil day until another, and when it became known.

    Only a correction may hold on days on which another known version of the list holds; it is known later than that.
    """

    adapter: str
    list: str
    code: str
    starts: date
    known_from: datetime
    rows: tuple[PriceRow, ...]
    source: str
    ends: date | None = None
    decision: str | None = None
    is_correction: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTaxRate:
    """A tax rate with the law or list it was taken from."""

    rate: TaxRate
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionDays:
    """When a version of a list holds and since when it is known."""

    code: str
    starts: date
    ends: date | None
    known_from: datetime
