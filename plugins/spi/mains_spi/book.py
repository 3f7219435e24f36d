"""Prices, taxes and facts of a request, found by day."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from itertools import pairwise

from mains_spi.civil import month_of, shift_months
from mains_spi.errors import CannotRate, MissingInput
from mains_spi.prices import PriceRow, PriceVersion, TaxRate
from mains_spi.record import Period
from mains_spi.requests import FactValue, RatingRequest
from mains_spi.scope import Scope
from mains_spi.terms import Fact, Price


class Book:
    """Finds what holds on a day, and keeps the days on which components that are cut together are cut."""

    __slots__ = ("facts", "request", "segments", "tax_codes", "taxes", "used", "versions")

    def __init__(self, request: RatingRequest) -> None:
        self.request = request
        self.segments: dict[tuple[int, ...], list[Period]] = {}
        self.versions: dict[str, list[PriceVersion]] = defaultdict(list)
        self.taxes: dict[str, list[TaxRate]] = defaultdict(list)
        self.facts: dict[str, list[FactValue]] = defaultdict(list)
        self.tax_codes = {entry.charge: entry.tax for entry in request.tax_codes}
        self.used = {(entry.name, entry.window): entry for entry in request.used}
        for version in request.prices:
            if _is_known(version, request.known_at):
                self.versions[version.list].append(version)
        for rate in request.taxes:
            self.taxes[rate.code].append(rate)
        for fact in request.facts:
            self.facts[fact.name].append(fact)

    def price(self, term: Price, scope: Scope, day: date, component: str) -> tuple[PriceRow, PriceVersion]:
        """Find the one row of a price on a day, and its version."""
        version = self._version(term, day, component)
        rows = [
            row
            for row in version.rows
            if row.name == term.row and all(scope.holds(when, day, component) for when in row.when)
        ]
        if not rows:
            raise MissingInput(
                "missing_price", component, f"price list version {version.id} has no fitting `{term.row}`"
            )
        if len(rows) > 1:
            raise CannotRate("price_twice", component, f"{len(rows)} rows `{term.row}` of {version.id} fit: leave one")
        if rows[0].unit != term.unit:
            remedy = f"price `{term.name}` is in {rows[0].unit} but the tariff says {term.unit}: make them the same"
            raise CannotRate("unit_mismatch", component, remedy)
        return rows[0], version

    def _version(self, term: Price, day: date, component: str) -> PriceVersion:
        versions = [v for v in self.versions.get(term.list, ()) if v.period.has(day)]
        if not versions:
            raise MissingInput("missing_price", component, f"give a version of price list `{term.list}` for {day}")
        latest = max(v.known_from or date.min for v in versions)
        chosen = [v for v in versions if (v.known_from or date.min) == latest]
        if len(chosen) > 1:
            names = ", ".join(v.id for v in chosen)
            raise CannotRate("versions_overlap", component, f"versions {names} of `{term.list}` both hold on {day}")
        return chosen[0]

    def tax(self, charge: str, scope: Scope, day: date) -> TaxRate:
        """Find the tax rate of a charge for this customer's kind on a day."""
        code = self.tax_codes.get(charge, self.tax_codes.get("*"))
        if code is None:
            raise CannotRate("missing_tax_code", charge, f"give the tax code of charge `{charge}`")
        attribute = scope.attribute("kind", day)
        kind = attribute.value if attribute else None
        rates = [r for r in self.taxes.get(code, ()) if r.period.has(day)]
        fitting = [r for r in rates if r.kind is not None and r.kind == kind] or [r for r in rates if r.kind is None]
        if len(fitting) != 1:
            found = "more than one" if fitting else "no"
            remedy = f"{found} rate of tax code `{code}` holds on {day} for kind {kind!r}: give exactly one"
            raise CannotRate("missing_tax_rate", charge, remedy)
        return fitting[0]

    def fact_on(self, term: Fact, day: date, component: str) -> FactValue:
        """Find the value of a fact that holds in the month of a day, ``back`` months earlier."""
        if term.back:
            day = shift_months(day.replace(day=1), -term.back)
        found = [f for f in self.facts.get(term.name, ()) if f.period.has(day)]
        if not found:
            raise MissingInput("missing_fact", component, f"give the fact `{term.name}` for {day}")
        if len(found) > 1:
            raise CannotRate("fact_twice", component, f"fact `{term.name}` has {len(found)} values on {day}: give one")
        return _checked(found, term, component)[0]

    def facts_of_parts(self, term: Fact, day: date, component: str) -> list[FactValue]:
        """Find what was kept of any days of the month that lies ``back`` months before a day's."""
        month = month_of(shift_months(day.replace(day=1), -term.back))
        found = sorted((f for f in self.facts.get(term.name, ()) if month.covers(f.period)), key=lambda f: f.period)
        if not found:
            raise MissingInput("missing_fact", component, f"give the fact `{term.name}` for {month.start:%Y-%m}")
        for before, following in pairwise(found):
            if following.period.start < before.period.end:
                remedy = f"fact `{term.name}` has two values on {following.period.start}: give one"
                raise CannotRate("fact_twice", component, remedy)
        return _checked(found, term, component)

    def facts_of_month(self, term: Fact, month: Period, component: str) -> list[FactValue]:
        """Find the one value, or the values that follow each other, of a fact in a month."""
        found = sorted((f for f in self.facts.get(term.name, ()) if f.period.meets(month)), key=lambda f: f.period)
        if len(found) == 1 and found[0].period.covers(month):
            return _checked(found, term, component)
        day = month.start
        for fact in found:
            if fact.period.start != day or fact.period.end > month.end:
                break
            day = fact.period.end
        if day != month.end:
            raise MissingInput("missing_fact", component, f"give the fact `{term.name}` for {month.start:%Y-%m}")
        return _checked(found, term, component)


def fact_months(term: Fact, day: date) -> list[Period]:
    """Give the months a fact is taken from, for a line that begins on a day."""
    run = len(term.months)
    start = date(day.year, term.months[0], 1)
    if term.back:
        while shift_months(start, run) > day.replace(day=1):
            start = start.replace(year=start.year - 1)
        start = start.replace(year=start.year - (term.back - 1))
    return [month_of(shift_months(start, i)) for i in range(run)]


def _checked(found: list[FactValue], term: Fact, component: str) -> list[FactValue]:
    for value in found:
        if value.unit != term.unit:
            remedy = f"fact `{term.name}` is in {value.unit} but the tariff says {term.unit}: make them the same"
            raise CannotRate("unit_mismatch", component, remedy)
    return found


def _is_known(version: PriceVersion, known_at: date | None) -> bool:
    return version.known_from is None or known_at is None or version.known_from <= known_at
