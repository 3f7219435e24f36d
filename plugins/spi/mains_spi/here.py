"""The place and days for which a term is worked out."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction

from mains_spi.book import Book
from mains_spi.exact import ZERO
from mains_spi.record import Period
from mains_spi.requests import Member
from mains_spi.scope import Scope
from mains_spi.tariff import Tariff
from mains_spi.trace import Source, Trace, Value


@dataclass(frozen=True, slots=True)
class Premise:
    """A member of the building and the scope in which its terms are worked out."""

    member: Member
    scope: Scope


@dataclass(frozen=True, slots=True)
class Building:
    """The building's own scope and its premises, in the order of their ids."""

    scope: Scope
    premises: tuple[Premise, ...]


@dataclass(frozen=True, slots=True)
class Site:
    """A supply point of a contract that has several: the scope of its terms, and what was charged there so far."""

    name: str
    period: Period
    scope: Scope
    amounts: Amounts


@dataclass(slots=True)
class Amounts:
    """The net amounts so far, by code and days, of one party; those not found are looked for around it."""

    around: Amounts | None = None
    _found: dict[tuple[str, Period], Value] = field(default_factory=dict)

    def add(self, code: str, segment: Period, value: Value, trace: Trace) -> None:
        """Add to what a code charges in some days."""
        key = (code, segment)
        before = self._found.get(key)
        self._found[key] = value if before is None else trace.step("add", before, value)

    def get(self, code: str, segment: Period) -> Value | None:
        """Find what a code charges in some days."""
        found = self._found.get((code, segment))
        if found is None and self.around is not None:
            return self.around.get(code, segment)
        return found


@dataclass(frozen=True, slots=True)
class Here:
    """Everything a term may look at while it is worked out."""

    tariff: Tariff
    book: Book
    trace: Trace
    scope: Scope
    building: Building | None
    amounts: Amounts
    segment: Period
    component: str
    is_explained: bool = True
    sites: tuple[Site, ...] = ()
    place: str = ""

    def at(self, segment: Period, component: str) -> Here:
        """Give the same party on other days or for another component."""
        return replace(self, segment=segment, component=component)

    def for_party(self, scope: Scope, amounts: Amounts) -> Here:
        """Give the same days for another party."""
        return replace(self, scope=scope, amounts=amounts)

    def at_place(self, site: Site) -> Here:
        """Give the same days for one supply point."""
        return replace(self, scope=site.scope, amounts=site.amounts, place=site.name)

    def number(self, value: Fraction | int, name: str, unit: str = "1") -> Value:
        """Note a number that the tariff or the calendar gives."""
        return self.trace.given(Fraction(value), Source(name, unit, "tariff"))

    def amount(self, code: str) -> Value:
        """Find what a code charges in these days; nothing where it does not apply."""
        found = self.amounts.get(code, self.segment)
        return self.number(ZERO, f"{code} (not charged)", self.tariff.currency) if found is None else found
