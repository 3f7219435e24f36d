"""What contracts would pay for what they are expected to use: priced as the run does, many at once, nothing booked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from mains_spi import Period, Usage
from psycopg import Connection

from mains_server.adapters.live import LiveAdapter
from mains_server.billing import queries
from mains_server.billing.cases import PAPER, PAPER_UNIT, Dated, dated_of, paper
from mains_server.billing.draft import as_invoice
from mains_server.billing.due import Case, DueRow, Measured, Problem
from mains_server.billing.estimates import Estimator
from mains_server.billing.gather import Gathered, Question, gather
from mains_server.billing.pricebook import PricesGoingOn
from mains_server.billing.rate import Rater
from mains_server.billing.records import Bounds
from mains_server.billing.usage import MICRO_PLACES
from mains_server.invoices.records import InvoiceDraft

LEVELLED = "LEVELLED"
LIKE_MAX = 2000
BOUNDS = Bounds(times_mean_max=1000, lines_max=1000)
"""A year has many lines and is many times a month; nobody bills it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedUsage:
    """How much of a quantity is expected to be used over the whole of a period."""

    quantity: str
    zone: str | None
    unit: str
    value: Decimal
    source: str


Counted = tuple[tuple[str, str | None, str], ...]
"""What is counted: quantity, zone and unit of each usage."""


class ExpectedYear(NamedTuple):
    """A contract to be priced among many: what is counted, and how much of each in millionths.

    `traits` are words that are equal only where two contracts are alike in all that a price may depend on.
    """

    contract_id: int
    traits: str
    counted: Counted
    micros: tuple[int, ...]


class ExpectedRater:
    """Prices expected usage over one period, as levelled contracts, by what is known on a day; the last prices go on.

    A contract that begins later or ends sooner is priced as if it had the whole period.
    """

    def __init__(self, *, adapter: LiveAdapter, period: Period, known_at: date) -> None:
        self._adapter = adapter
        self._period = period
        book = PricesGoingOn(adapter=adapter, period=period, known_at=known_at)
        self._rater = Rater(adapter=adapter, period=period, known_at=known_at, bounds=BOUNDS, book=book)
        self._like: dict[tuple[str, Counted], Case] = {}
        self._wants_paper = (PAPER, PAPER_UNIT) in {(q.name, q.unit) for q in adapter.utility.quantities}

    def totals(self, connection: Connection, *, expected: Iterable[ExpectedYear]) -> dict[int, int | Problem]:
        """Work out what each contract would pay, in cents; one that cannot be priced comes back with the reason."""
        groups: dict[tuple[str, Counted], list[ExpectedYear]] = defaultdict(list)
        for year in expected:
            groups[year.traits, year.counted].append(year)
        found: dict[int, int | Problem] = {}
        for years in groups.values():
            like = self._one_like(connection, years[0])
            letters = tuple(row.micro or 0 for row in like.usage[len(years[0].counted) :])
            totals = self._rater.totals(connection, like=like, usages=[year.micros + letters for year in years])
            told = [totals] * len(years) if isinstance(totals, Problem) else totals
            found |= zip([year.contract_id for year in years], told, strict=True)
        return found

    def _one_like(self, connection: Connection, year: ExpectedYear) -> Case:
        """Give a contract that stands for all those alike; it is put together once, however many chunks there are."""
        key = year.traits, year.counted
        if key not in self._like:
            if len(self._like) >= LIKE_MAX:
                self._like.clear()
            usage = [
                ExpectedUsage(quantity=name, zone=zone, unit=unit, value=Decimal(0), source="")
                for name, zone, unit in year.counted
            ]
            (self._like[key],) = self._cases(connection, usages={year.contract_id: usage})
        return self._like[key]

    def bill(
        self, connection: Connection, *, contract_id: int, usage: Sequence[ExpectedUsage]
    ) -> InvoiceDraft | Problem:
        """Work out one contract's bill with its lines."""
        cases = self._cases(connection, usages={contract_id: usage})
        if not cases:
            return Problem("contract_unknown", f"{self._adapter.code} has no contract {contract_id} in these days")
        question = Question(utility=self._adapter.utility, period=self._period, contracts=(contract_id,))
        wanted = frozenset({contract_id})
        gathered = Gathered(question=question, cases=cases, houses=(), holds=(), wanted=wanted, history={})
        rated = self._rater.rate(connection, gathered=gathered)
        if rated.holds:
            return Problem(rated.holds[0].code, rated.holds[0].reason)
        return as_invoice(rated.drafts[0], adapter=self._adapter.code)

    def _cases(self, connection: Connection, *, usages: Mapping[int, Sequence[ExpectedUsage]]) -> tuple[Case, ...]:
        asked = queries.Asked(adapter=self._adapter.code, period=self._period, contracts=tuple(usages))
        teller = self._rater.teller
        rows = queries.attributes(connection, asked=asked, wants_protection="protected" in teller.units)
        dated = dated_of(rows, names=frozenset(teller.units), period=self._period)
        points = queries.due_points(connection, asked=asked)
        return tuple(
            self._case(tuple(group), dated=dated.get(contract, ()), usage=usages[contract])
            for contract, group in groupby(points, key=attrgetter("contract_id"))
        )

    def _case(
        self,
        points: tuple[DueRow, ...],
        *,
        dated: Dated,
        usage: Sequence[ExpectedUsage],
    ) -> Case:
        days = self._period
        due = points[0]._replace(starts=days.start, ends=days.end, settlement=LEVELLED, is_final=False)
        measured = [_measured(one, days=days) for one in usage]
        if self._wants_paper:
            measured.append(paper(due))
        traits = self._rater.teller.traits_of(due, dated=dated)
        return Case(due=due, points=points, traits=traits, usage=tuple(measured), problem=None)


def _measured(usage: ExpectedUsage, *, days: Period) -> Measured:
    return Measured(
        usage.quantity,
        usage.zone,
        usage.unit,
        days.start,
        days.end,
        millionths(usage.value),
        None,
        True,
        usage.source,
        "",
    )


def millionths(value: Decimal) -> int:
    """Write an expected usage as a whole number of millionths of its unit."""
    exact = value.scaleb(MICRO_PLACES)
    micro = int(exact)
    assert exact == micro, "an expected usage has no more than six decimals"
    return micro


def millionths_told(value: str) -> int:
    """Read an expected usage as it is stored, never below nothing, in millionths: as `millionths` does, but faster."""
    whole, _, part = value.partition(".")
    if len(part) <= MICRO_PLACES and (whole + part).isdecimal():
        return int(whole + part.ljust(MICRO_PLACES, "0"))
    return millionths(Decimal(value))


def used_in(
    connection: Connection, *, adapter: LiveAdapter, contract_id: int, period: Period
) -> tuple[Usage, ...] | Problem:
    """Tell what a contract truly used in a period, whatever was billed of it; nothing is estimated."""
    rater = Rater(adapter=adapter, period=period, known_at=period.end, bounds=BOUNDS)
    question = Question(utility=adapter.utility, period=period, contracts=(contract_id,), is_anew=True)
    estimator = Estimator(adapter=adapter, on=date.min)
    gathered = gather(connection, question=question, teller=rater.teller, estimator=estimator, counter=rater.counter)
    if gathered.holds:
        return Problem(gathered.holds[0].code, gathered.holds[0].reason)
    days = [case.due for case in gathered.cases]
    if not days or Period(days[0].starts, days[0].ends) != period:
        return Problem("not_in_force", f"the contract is not in force on all days of {period.start} to {period.end}")
    return gathered.usage_of(contract_id)
