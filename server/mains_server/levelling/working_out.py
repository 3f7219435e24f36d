"""What a contract is expected to use and what that costs, asked of billing on a moment of the database."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import TypeVar

import psycopg
from mains_spi import Period, Usage
from psycopg import Connection, IsolationLevel
from sqlalchemy.ext.asyncio import AsyncEngine

from mains_server.access.records import Refusal
from mains_server.adapters.asking import AdapterFailed
from mains_server.adapters.live import LiveAdapter
from mains_server.billing.due import Problem
from mains_server.billing.expected import ExpectedRater, ExpectedUsage, used_in
from mains_server.db.addresses import psycopg_dsn
from mains_server.invoices.records import InvoiceDraft
from mains_server.invoices.rules import sums_of
from mains_server.levelling import rules
from mains_server.levelling.records import Expectation, NewVersion, Plan, PlanReason, UsageBasis
from mains_server.money.rules import round_half_up

USAGE_PLACES = 3
MONTHS_BACK_MAX = 3
YEAR_DAYS = 365

T = TypeVar("T")


class CostNotKnown(Refusal):
    """What the expected usage costs cannot be worked out: a price, a fact or an attribute is missing."""

    code = "COST_NOT_KNOWN"


class NoHistory(Refusal):
    """Nobody knows what a contract used in twelve months in a row, so a forecast is needed."""

    code = "NO_HISTORY"
    path = "forecast"


@dataclass(frozen=True, slots=True, kw_only=True)
class CostQuestion:
    """Whose usage is to be priced, over the twelve months from a first of a month on, by what is known on a day."""

    adapter: LiveAdapter
    contract_id: int
    starts: date
    known_on: date

    @property
    def year(self) -> Period:
        """Give the twelve months."""
        return Period(self.starts, rules.months_after(self.starts, months=rules.MONTHS))


async def expected_cost(
    engine: AsyncEngine, *, question: CostQuestion, usage: tuple[ExpectedUsage, ...], basis: UsageBasis
) -> Expectation:
    """Price an expected usage as the run would bill it, and refuse what it could not bill."""
    bill = await year_bill(engine, question=question, usage=usage)
    if isinstance(bill, Problem):
        raise CostNotKnown(bill.reason)
    total = sums_of(bill).total
    if total < 0:
        raise CostNotKnown(f"twelve months would cost {total} {bill.currency}, which nobody can pay")
    return Expectation(
        usage=usage,
        basis=basis,
        cost=total,
        currency=bill.currency,
        starts=question.starts,
        known_on=question.known_on,
    )


async def year_bill(
    engine: AsyncEngine, *, question: CostQuestion, usage: tuple[ExpectedUsage, ...]
) -> InvoiceDraft | Problem:
    """Work out the bill of the twelve months with its lines, or tell why it cannot be."""

    def ask(connection: Connection) -> InvoiceDraft | Problem:
        rater = ExpectedRater(adapter=question.adapter, period=question.year, known_at=question.known_on)
        try:
            return rater.bill(connection, contract_id=question.contract_id, usage=usage)
        except AdapterFailed as failure:
            return Problem("adapter_failed", str(failure))

    return await read_apart(engine, ask)


async def version_for(
    engine: AsyncEngine, *, adapter: LiveAdapter, plan: Plan, asked: tuple[str, PlanReason], today: date
) -> NewVersion:
    """Work a running plan out anew by what it expects and the prices known today; `asked` is its key and why."""
    starts = next_start(plan, today=today)
    question = CostQuestion(adapter=adapter, contract_id=plan.contract_id, starts=starts, known_on=today)
    expectation = await expected_cost(engine, question=question, usage=plan.usage, basis=plan.basis)
    key, reason = asked
    return version_by_rule(key=key, reason=reason, expectation=expectation, used=used_by(plan, starts), paid=plan.paid)


def version_by_rule(
    *, key: str, reason: PlanReason, expectation: Expectation, used: Decimal, paid: Decimal
) -> NewVersion:
    """Make a version whose amounts follow from cost, use and payments."""
    return NewVersion(
        key=key,
        reason=reason,
        starts=expectation.starts,
        expectation=expectation,
        amounts=rules.amounts_by_rule(cost=expectation.cost, used=used, paid=paid),
        used=used,
        paid=paid,
    )


def next_start(plan: Plan, *, today: date) -> date:
    """Tell from which month on a plan can still be changed."""
    return max(rules.first_month(today=today, due_day=plan.due_day), plan.version_starts)


def used_by(plan: Plan, starts: date) -> Decimal:
    """Tell what counts as used on a plan when a new version starts."""
    return rules.used_upto(
        used_before=plan.used_before,
        cost=plan.amounts.base_total,
        version_starts=plan.version_starts,
        starts=starts,
    )


async def cost_of_days(
    engine: AsyncEngine, *, adapter: LiveAdapter, contract_id: int, days: Period, usage: tuple[ExpectedUsage, ...]
) -> Decimal:
    """Price what was truly used in some days as it would be billed now; nothing is billed."""

    def ask(connection: Connection) -> InvoiceDraft | Problem:
        rater = ExpectedRater(adapter=adapter, period=days, known_at=days.end)
        return rater.bill(connection, contract_id=contract_id, usage=usage)

    bill = await read_apart(engine, ask)
    if isinstance(bill, Problem):
        raise CostNotKnown(bill.reason)
    return sums_of(bill).total


async def usage_before(engine: AsyncEngine, *, question: CostQuestion) -> tuple[ExpectedUsage, ...]:
    """Tell what a contract used in the latest twelve whole months that are known, by quantity and zone."""

    def ask(connection: Connection) -> tuple[ExpectedUsage, ...] | None:
        for back in range(MONTHS_BACK_MAX + 1):
            end = rules.months_after(question.known_on.replace(day=1), months=-back)
            year = Period(rules.months_after(end, months=-rules.MONTHS), end)
            found = used_in(connection, adapter=question.adapter, contract_id=question.contract_id, period=year)
            if not isinstance(found, Problem) and found:
                return per_year(found, days=YEAR_DAYS, source=f"used from {year.start} to {year.end}")
        return None

    found = await read_apart(engine, ask)
    if found is None:
        raise NoHistory("it is not known what was used in the last twelve months; tell how much will be")
    return found


def per_year(usage: Iterable[Usage], *, days: int, source: str) -> tuple[ExpectedUsage, ...]:
    """Add up usage by quantity and zone, and scale what was used in so many days to a year of 365."""
    sums: dict[tuple[str, str | None, str], Fraction] = {}
    for used in usage:
        key = used.name, used.zone, used.unit
        sums[key] = sums.get(key, Fraction(0)) + Fraction(used.value)
    return tuple(
        ExpectedUsage(
            quantity=name,
            zone=zone,
            unit=unit,
            value=max(round_half_up(value * YEAR_DAYS / days, places=USAGE_PLACES), Decimal(0)),
            source=source,
        )
        for (name, zone, unit), value in sorted(sums.items(), key=lambda item: (item[0][0], item[0][1] or ""))
    )


async def read_apart(engine: AsyncEngine, ask: Callable[[Connection], T]) -> T:
    """Have billing asked in a thread of its own, on one moment of the database."""
    address = psycopg_dsn(engine.url.render_as_string(hide_password=False))

    def run() -> T:
        with psycopg.connect(address) as connection:
            connection.isolation_level, connection.read_only = IsolationLevel.REPEATABLE_READ, True
            return ask(connection)

    return await asyncio.to_thread(run)
