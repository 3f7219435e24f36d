"""What the evaluator is given: one contract, or one building, for one period."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from mains_spi.errors import BadRecord
from mains_spi.prices import ChargeTax, PriceVersion, TaxRate
from mains_spi.record import ALWAYS, Period, Record
from mains_spi.terms import Window


class Quality(StrEnum):
    """How a usage came about."""

    ACTUAL = "ACTUAL"
    APPORTIONED = "APPORTIONED"
    ESTIMATED = "ESTIMATED"


@dataclass(frozen=True, slots=True)
class Usage(Record):
    """What was used in a period. Rows of one name, zone and place follow each other without hole or overlap.

    ``place`` tells several supply points of one contract apart; their usage adds up.
    """

    name: str
    period: Period
    value: Decimal
    unit: str
    zone: str | None = None
    quality: Quality = Quality.ACTUAL
    source: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True)
class Attribute(Record):
    """What a contract, building or premise *is* on some days: kind, phases, area. Never divided by days.

    ``decision`` names what it rests on, such as the minutes of the owners' vote; explanations cite it.
    """

    name: str
    value: str
    period: Period = ALWAYS
    unit: str | None = None
    decision: str = ""

    def __post_init__(self) -> None:
        if isinstance(self.value, (Decimal, int)) and not isinstance(self.value, bool):
            object.__setattr__(self, "value", str(self.value))
        Record.__post_init__(self)
        if not isinstance(self.value, str):
            raise BadRecord(f"Attribute {self.name!r} has the value {self.value!r}: give a word or a number as text")


@dataclass(frozen=True, slots=True)
class Place(Record):
    """One of several supply points of a contract, while the contract covers it; ``Usage.place`` names it.

    Its attributes come before the contract's for components that are charged at each place.
    """

    name: str
    attributes: tuple[Attribute, ...] = ()
    period: Period = ALWAYS


@dataclass(frozen=True, slots=True)
class Series(Record):
    """Values at even steps from an instant in UTC. ``None`` is a value not known, and holds the bill that needs it."""

    name: str
    unit: str
    start: datetime
    step: timedelta
    values: tuple[Decimal | None, ...]
    source: str = ""
    quality: Quality = Quality.ACTUAL

    def __post_init__(self) -> None:
        Record.__post_init__(self)
        if self.start.utcoffset() != timedelta(0):
            raise BadRecord(f"Series {self.name!r} starts at {self.start}: give an instant in UTC")
        if self.step <= timedelta(0):
            raise BadRecord(f"Series {self.name!r} has the step {self.step}: give a positive one")


@dataclass(frozen=True, slots=True)
class FactValue(Record):
    """A figure that holds in a period.

    Asked for by months, a figure that covers a month counts for it; figures kept in parts of a month add up.
    """

    name: str
    period: Period
    value: Decimal
    unit: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class Used(Record):
    """What was used of a quantity earlier in the window in which the request's period begins."""

    name: str
    window: Window
    value: Decimal


@dataclass(frozen=True, slots=True)
class Begun(Record):
    """A charge that a bill of earlier days has for the month in which the request's period begins.

    A fee with ``prorate="never"`` and this code is not charged for that month again. ``place`` is the supply point that
    was charged by itself; without it the contract was, with all its places.
    """

    code: str
    place: str = ""


@dataclass(frozen=True, slots=True)
class Occupant(Record):
    """A contract that has a premise for part of the period, and pays its share by days.

    Usage of a ``PerUnit`` with ``if_given`` that lies within its days is charged to it alone.
    """

    contract: str
    period: Period
    attributes: tuple[Attribute, ...] = ()


@dataclass(frozen=True, slots=True)
class Member(Record):
    """One premise of a building. Without occupants it is billed as itself."""

    id: str
    attributes: tuple[Attribute, ...] = ()
    usage: tuple[Usage, ...] = ()
    occupants: tuple[Occupant, ...] = ()


@dataclass(frozen=True, slots=True)
class Group(Record):
    """A building with all its premises."""

    id: str
    attributes: tuple[Attribute, ...] = ()
    usage: tuple[Usage, ...] = ()
    members: tuple[Member, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RatingRequest(Record):
    """All that a bill depends on; equal requests give equal bills, at any time.

    ``tax_codes`` says which tax a charge has. The customer's kind, by which taxes are chosen, is the attribute
    ``kind``. ``places`` are the supply points of a contract that has several. ``begun`` are the charges that bills of
    earlier days have for the month in which the period begins. ``known_at`` limits price versions to those known on
    that day; ``tz`` is where civil days of series begin.
    """

    contract: str
    period: Period
    prices: tuple[PriceVersion, ...] = ()
    taxes: tuple[TaxRate, ...] = ()
    tax_codes: tuple[ChargeTax, ...] = ()
    usage: tuple[Usage, ...] = ()
    attributes: tuple[Attribute, ...] = ()
    series: tuple[Series, ...] = ()
    facts: tuple[FactValue, ...] = ()
    used: tuple[Used, ...] = ()
    begun: tuple[Begun, ...] = ()
    group: Group | None = None
    places: tuple[Place, ...] = ()
    known_at: date | None = None
    tz: str = "Europe/Riga"
