"""Terms: exact quantities and prices with a unit, from which components are built.

A term knows nothing of a contract. ``a + b``, ``a - b``, ``a * b`` and ``a / b`` make new terms; a plain number counts
as ``Const(number, "1")``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from mains_spi.errors import BadRecord, InexactNumber
from mains_spi.prices import When
from mains_spi.record import Number, Record

Window = Literal["month", "year", "bill"]
Reduce = Literal["sum", "mean", "most"]
Operator = Literal["add", "sub", "mul", "div"]


class Term(Record):
    """Anything that has a value and a unit while a bill is worked out."""

    __slots__ = ()

    def __add__(self, other: Term | Number) -> Term:
        return Combined("add", self, as_term(other))

    def __radd__(self, other: Term | Number) -> Term:
        return Combined("add", as_term(other), self)

    def __sub__(self, other: Term | Number) -> Term:
        return Combined("sub", self, as_term(other))

    def __rsub__(self, other: Term | Number) -> Term:
        return Combined("sub", as_term(other), self)

    def __mul__(self, other: Term | Number) -> Term:
        return Combined("mul", self, as_term(other))

    def __rmul__(self, other: Term | Number) -> Term:
        return Combined("mul", as_term(other), self)

    def __truediv__(self, other: Term | Number) -> Term:
        return Combined("div", self, as_term(other))

    def __rtruediv__(self, other: Term | Number) -> Term:
        return Combined("div", as_term(other), self)


@dataclass(frozen=True, slots=True)
class Qty(Term):
    """A quantity of the customer (or, in a building, of the premise): a series, usage rows, or a numeric attribute."""

    name: str
    unit: str
    zone: str | None = None


@dataclass(frozen=True, slots=True)
class GroupQty(Term):
    """A quantity of the whole building."""

    name: str
    unit: str


@dataclass(frozen=True, slots=True)
class Price(Term):
    """A dated price ``list.name``; ``by`` names the attributes its rows may ask for."""

    name: str
    unit: str
    by: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        Record.__post_init__(self)
        if "." not in self.name:
            raise BadRecord(f"Price {self.name!r} names no list: write 'list.name'")
        if isinstance(self.by, str):
            raise BadRecord(f"Price({self.name!r}).by is one word: write ({self.by!r},)")

    @property
    def list(self) -> str:
        """Name of the price list."""
        return self.name.split(".", 1)[0]

    @property
    def row(self) -> str:
        """Name of the row in its list."""
        return self.name.split(".", 1)[1]


@dataclass(frozen=True, slots=True)
class Const(Term):
    """A number that is part of the tariff itself."""

    value: Number
    unit: str = "1"


@dataclass(frozen=True, slots=True)
class Months(Term):
    """The months of the line's period, parts of a month by days; unit ``month``."""

    unit: str = field(default="month", init=False)


@dataclass(frozen=True, slots=True)
class Years(Term):
    """The years of the line's period, parts of a year by days; unit ``year``."""

    unit: str = field(default="year", init=False)


@dataclass(frozen=True, slots=True)
class Fact(Term):
    """A figure of the utility or of the building's past.

    Without ``months``: the value that holds in the line's period, or ``back`` calendar months earlier. With ``months``,
    a run such as (6, 7, 8): one value for each of these months, reduced to one. ``back=0`` takes the run of the
    period's own year; ``back=1`` the latest run that ended before the line's period, ``back=2`` the one before that.
    With ``parts`` what was kept of parts of the month ``back`` adds up, whether or not they are all of its days.
    """

    name: str
    unit: str
    months: tuple[int, ...] = ()
    back: int = 0
    reduce: Reduce = "sum"
    parts: bool = False


@dataclass(frozen=True, slots=True)
class Amount(Term):
    """The net amount, as billed, of an earlier component, tier, zone or pool in the same days."""

    code: str


@dataclass(frozen=True, slots=True)
class Total(Term):
    """The sum of a term over the building's premises.

    ``where`` keeps the premises that fulfil all conditions; ``lacking`` keeps those for which that term has no input.
    """

    of: Term
    where: tuple[When, ...] = ()
    lacking: Term | None = None


@dataclass(frozen=True, slots=True)
class Block(Term):
    """The part of a quantity between two bounds, counted in time order through a calendar month, year or the bill.

    What was used earlier in the window comes from ``RatingRequest.used``. With ``prorate`` a window that the bill
    covers only in part has its bounds reduced by days. A plain number is in the unit of the quantity.
    """

    qty: Term
    above: Term | Number | None = None
    upto: Term | Number | None = None
    window: Window = "month"
    prorate: bool = False


@dataclass(frozen=True, slots=True)
class Round(Term):
    """A term rounded half-up, away from zero."""

    of: Term
    places: int


@dataclass(frozen=True, slots=True)
class Least(Term):
    """The smallest of several terms of one unit."""

    args: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Most(Term):
    """The greatest of several terms of one unit."""

    args: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class OrElse(Term):
    """The first term, or the second where the first lacks an input. Zero is a value, not a lack."""

    first: Term
    then: Term


@dataclass(frozen=True, slots=True)
class Assumed(Term):
    """A term that stands for what nobody measured, such as a norm for a flat without a meter.

    The line it is the quantity of is marked as estimated; those of other premises that share the cost with it are not.
    """

    of: Term


@dataclass(frozen=True, slots=True)
class Combined(Term):
    """Two terms joined by an operator; written ``a + b``, ``a - b``, ``a * b``, ``a / b``."""

    op: Operator
    left: Term
    right: Term


def as_term(value: Term | Number) -> Term:
    """Read a plain number as a term without unit."""
    if isinstance(value, Term):
        return value
    if isinstance(value, bool) or not isinstance(value, (Decimal, int)):
        raise InexactNumber(f"{value!r} in a term is a {type(value).__name__}: use a Term, Decimal or int")
    return Const(value)
