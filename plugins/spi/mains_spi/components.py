"""Components: the eight ways a tariff charges, and the figure it keeps.

Each makes lines ``quantity x price / base``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from mains_spi.prices import When
from mains_spi.record import Number, Record
from mains_spi.terms import Term, Window

Prorate = Literal["month", "year", "never"]
Remainder = Literal["largest", "biggest", "rest", "leave"]


@dataclass(frozen=True, slots=True)
class Component(Record):
    """What all components share: it applies on the days on which all of ``when`` hold.

    With ``each_place`` a contract over several supply points is charged at each of them by itself, by the place's own
    usage and attributes; elsewhere and without it the contract is charged as a whole.
    """

    when: tuple[When, ...] = field(default=(), kw_only=True)
    each_place: bool = field(default=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class PerUnit(Component):
    """Charges a quantity at a price.

    With ``if_given`` a bill whose request has no usage of that name simply has no such line: for what is charged now
    and then, such as a reminder. Without it missing usage holds the bill.
    """

    code: str
    qty: Term
    price: Term
    if_given: bool = False


@dataclass(frozen=True, slots=True)
class Monthly(Component):
    """Charges a fee given per month or per year.

    Parts of a month count by days of that month ("month"), by days of the year ("year"), or a month begun counts whole
    ("never"): it is decided once a month, on its first billed day, whether and at which price the fee is paid. What
    changes later in the month changes nothing, and a second bill of the month does not charge it again
    (``RatingRequest.begun``). At each place the month begins on the first day on which the contract covers it.
    """

    code: str
    price: Term
    prorate: Prorate = "month"


@dataclass(frozen=True, slots=True)
class PerAmpere(Component):
    """Charges a size (amperes, kilowatts) at a price per size and month or year."""

    code: str
    size: Term
    price: Term
    prorate: Prorate = "month"


@dataclass(frozen=True, slots=True)
class Tier(Record):
    """One step of a tiered price, up to and including ``upto`` (in the quantity's unit); the last has none."""

    code: str
    price: Term
    upto: Term | Number | None = None


@dataclass(frozen=True, slots=True)
class Tiered(Component):
    """Divides a quantity among tiers in time order; see ``Block`` for window, carried use and ``prorate``."""

    qty: Term
    tiers: tuple[Tier, ...]
    window: Window = "month"
    prorate: bool = False


@dataclass(frozen=True, slots=True)
class Zone(Record):
    """The price of one time zone."""

    zone: str
    code: str
    price: Term


@dataclass(frozen=True, slots=True)
class TimeOfUse(Component):
    """Charges a quantity by time zone: usage rows that carry a zone, or a series folded by the named calendar."""

    qty: Term
    calendar: str
    zones: tuple[Zone, ...]


@dataclass(frozen=True, slots=True)
class Spot(Component):
    """Charges a quantity at the price of a series, weighted by the usage series or by a profile.

    ``unit`` is the unit of the price series; ``scale`` multiplies it, as ``Const(Decimal("0.001"), "MWh/kWh")``.
    ``places`` rounds the one weighted price, which then bills. ``weights`` names a profile series for usage without
    intervals. ``fold_places`` rounds each mean when fine prices are folded to the usage's interval.
    """

    code: str
    qty: Term
    series: str
    unit: str
    places: int | None = None
    scale: Term | None = None
    weights: str | None = None
    fold_places: int | None = None


@dataclass(frozen=True, slots=True)
class Rebate(Component):
    """Takes an amount off as a negative line; never more than ``cap``, never less than nothing.

    With ``after_tax`` it lowers what is to be paid and leaves the tax alone. A fixed sum a month is a price in
    EUR/month times ``Months()``: a plain amount would come off again in each part of a period that is cut.
    """

    code: str
    amount: Term
    cap: Term | None = None
    after_tax: bool = False


@dataclass(frozen=True, slots=True)
class Figure(Component):
    """Keeps a value for later bills (it comes back as a ``Fact``); charges nothing."""

    code: str
    value: Term


@dataclass(frozen=True, slots=True)
class Pool(Record):
    """A part of a building's cost and the weight by which premises share it.

    ``of`` is ``total`` or the code of an earlier pool that this one divides. Of each parent exactly one pool, the last,
    is ``rest``: it takes what its siblings left. ``price_places`` rounds the price of one unit of weight.
    ``remainder`` says who gets the cents: ``largest`` (largest lost fraction, ties by premise id), ``biggest``
    (biggest share), ``rest`` (the sibling rest pool), ``leave`` (a line of the building). ``members`` keeps premises by
    condition.
    """

    code: str
    weight: Term
    amount: Term | None = None
    rest: bool = False
    of: str = "total"
    price_places: int | None = None
    remainder: Remainder = "largest"
    members: tuple[When, ...] = ()


@dataclass(frozen=True, slots=True)
class AllocateBuilding(Component):
    """Divides a building's cost among its premises, to the cent.

    ``no_weight``: when all weights of a pool are zero, hold the building or share equally.
    """

    code: str
    total: Term
    pools: tuple[Pool, ...]
    no_weight: Literal["hold", "equal"] = "hold"


@dataclass(frozen=True, slots=True)
class ZoneRule(Record):
    """Says when a zone holds; what is left empty means all.

    ISO weekdays 1-7, hour ranges [from, to) that may pass midnight, months.
    """

    zone: str
    days: tuple[int, ...] = ()
    hours: tuple[tuple[int, int], ...] = ()
    months: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Calendar(Record):
    """Maps an instant to a zone: the first rule that fits.

    ``clock="standard"`` ignores summer time. A holiday counts as the weekday ``holiday_as``.
    """

    name: str
    rules: tuple[ZoneRule, ...]
    tz: str = "Europe/Riga"
    clock: Literal["local", "standard"] = "local"
    holidays: tuple[date, ...] = ()
    holiday_as: int = 7
