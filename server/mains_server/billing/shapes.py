"""What alike contracts share: one tariff, one set of prices and attributes, compiled once for a whole run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

from mains_spi import Charge, Cohort, CohortLine, NotCovered, Period, RatingRequest, Tariff, compile_cohort

from mains_server.billing.charges import write_charges
from mains_server.billing.draft import CENTS_PLACES, NO_TAX, PRICE_PLACES, LineTerms
from mains_server.billing.due import Case, Measured
from mains_server.billing.snapshot import PricedBy, conditions_text
from mains_server.billing.usage import as_usage
from mains_server.money.rules import round_half_up

Told = tuple[str, str | None, str, Period | None]
"""A quantity, zone and unit, and the days where a smart meter told only a part of the bill's."""


class ColumnPlan(NamedTuple):
    """Which column of a cohort each usage row of a contract fills; None for what the tariff does not ask for."""

    positions: tuple[int | None, ...]
    width: int


@dataclass(slots=True, kw_only=True)
class Shape:
    """The question that alike contracts ask, all but who asks and how much was used."""

    request: RatingRequest
    tariff: Tariff | None
    priced_by: PricedBy
    accounts: Mapping[str, str]
    metered_units: frozenset[str]
    stretches: Mapping[str, tuple[Period, ...]] = field(default_factory=dict)
    charges: tuple[Charge, ...] | None = None
    conditions: bytes = field(init=False)
    cohort: Cohort | NotCovered | None = None
    terms: tuple[LineTerms, ...] = ()

    def __post_init__(self) -> None:
        charges = None if self.charges is None else write_charges(self.charges)
        self.conditions = conditions_text(self.request, priced_by=self.priced_by, charges=charges)

    def with_charges(self, charges: tuple[Charge, ...], *, tariff: Tariff) -> Shape:
        """Make the shape of one contract that the adapter priced itself."""
        return replace(self, charges=charges, tariff=tariff)

    def question_of(self, case: Case) -> RatingRequest:
        """Make the whole question of one contract, as the plain evaluator wants it."""
        return replace(
            self.request,
            contract=str(case.due.contract_id),
            usage=tuple(as_usage(row) for row in case.usage),
            series=(*self.request.series, *case.series),
        )

    def compiled(self) -> Cohort | None:
        """Compile the tariff when it is first wanted; None where the contracts must be rated one by one."""
        if self.cohort is None:
            assert self.tariff is not None
            self.cohort = compile_cohort(tariff=self.tariff, conditions=self.request, stretches=self.stretches)
            if isinstance(self.cohort, Cohort):
                self.terms = tuple(terms_of(line, accounts=self.accounts) for line in self.cohort.lines)
        is_in_cents = isinstance(self.cohort, Cohort) and self.cohort.places == CENTS_PLACES
        return self.cohort if is_in_cents and isinstance(self.cohort, Cohort) else None


def terms_of(line: CohortLine, *, accounts: Mapping[str, str]) -> LineTerms:
    """Say once what a line has in common in all bills of a cohort."""
    return LineTerms(
        code=line.code,
        period_from=line.period.start,
        period_to=line.period.end,
        unit=line.unit,
        unit_price=None if line.price is None else price_units(line.price / line.base),
        price_unit=price_unit_of(unit=line.unit, price_unit=line.price_unit, base=line.base),
        tax_code=line.tax_code or NO_TAX,
        tax_rate=line.rate,
        is_after_tax=line.after_tax,
        account=accounts[line.code],
    )


def told_by(row: Measured, *, starts: date, ends: date) -> Told:
    """Say what a usage row of a bill tells, all but how much."""
    is_whole = not row.is_by_intervals or (row.starts, row.ends) == (starts, ends)
    return row.quantity, row.zone, row.unit, None if is_whole else Period(row.starts, row.ends)


def stretches_of(told: Iterable[Told], *, period: Period) -> dict[str, tuple[Period, ...]]:
    """Find the quantities that come in stretches that follow each other through all days of a bill."""
    found: dict[str, set[Period | None]] = defaultdict(set)
    for quantity, _, _, days in told:
        found[quantity].add(days)
    stretches = {name: sorted(d for d in days if d is not None) for name, days in found.items() if None not in days}
    return {name: tuple(days) for name, days in stretches.items() if _follow(days, period=period)}


def column_plan(cohort: Cohort, *, usage: tuple[Measured, ...]) -> ColumnPlan | None:
    """Plan how usage rows fill a cohort's columns; None where they do not, so that the evaluator must look at them."""
    columns = {(column.name, column.zone, column.unit, column.stretch): at for at, column in enumerate(cohort.columns)}
    names = {column.name for column in cohort.columns}
    period = cohort.period
    positions: list[int | None] = []
    for row in usage:
        at = columns.get(told_by(row, starts=period.start, ends=period.end))
        if at is None and row.quantity in names:
            return None
        positions.append(at)
    filled = [at for at in positions if at is not None]
    is_doubled = len(set(filled)) < len(filled)
    if len(set(filled)) < len(columns) or (is_doubled and cohort.divides):
        return None
    return ColumnPlan(tuple(positions), len(columns))


def _follow(stretches: list[Period], *, period: Period) -> bool:
    has_no_hole = all(one.end == following.start for one, following in pairwise(stretches))
    return has_no_hole and (stretches[0].start, stretches[-1].end) == (period.start, period.end)


def price_unit_of(*, unit: str, price_unit: str, base: Decimal) -> str:
    """Say what the price of one unit is in: a share of a pool has a price per m2, not the pool's price."""
    if base == 1:
        return price_unit
    currency = price_unit.partition("/")[0]
    return currency if unit == "1" else f"{currency}/{unit}"


def price_units(price: Decimal) -> int:
    """Write a unit price in whole units of its last stored decimal."""
    return int(round_half_up(price, places=PRICE_PLACES).scaleb(PRICE_PLACES))
