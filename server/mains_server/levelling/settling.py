"""Settling: what was truly used is billed, the account takes the bill over, and the plan goes on or is closed.

Bill and take-over are one transaction, so that a settlement is never seen as a debt. The plan's next version is
another, since its price is asked of billing; whatever stops in between is finished by `finish`, and nothing is done
twice.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol

import psycopg
from mains_spi import Period, Usage
from psycopg import Connection
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from mains_server.access.records import Refusal
from mains_server.adapters.live import LiveAdapter
from mains_server.billing.due import Problem
from mains_server.billing.expected import ExpectedUsage, used_in
from mains_server.billing.moments import NobodyToInvoice
from mains_server.billing.operations import NobodyInvoices
from mains_server.billing.records import Bounds, Hold, IssuedSingle, SingleBill
from mains_server.billing.single import bill_one
from mains_server.contracts.queries import contract_by_id, lock_contract
from mains_server.contracts.records import Contract
from mains_server.db.addresses import psycopg_dsn
from mains_server.db.unit_of_work import read_session, unit_of_work
from mains_server.invoices.records import InvoiceKind
from mains_server.levelling import operations, queries, rules
from mains_server.levelling.changes import NotLevelled
from mains_server.levelling.records import Expectation, HeldTask, OpenSettlement, Plan, PlanReason, UsageBasis
from mains_server.levelling.working_out import (
    CostQuestion,
    expected_cost,
    next_start,
    per_year,
    read_apart,
    version_by_rule,
)
from mains_server.payments.operations import apply_credit
from mains_server.payments.prepaid import release, take_over
from mains_server.payments.records import PrepaidOwner
from mains_server.payments.taking_over import pay_new, take_over_new

TASK = "settlement"
YEAR_DAYS_MIN = 330
"""Of less than about eleven months nobody can tell what a whole year would be: the seasons are missing."""
BOUNDS = Bounds(times_mean_max=120, lines_max=400)
"""A bill of a year has as many lines as its prices have versions, and is many times a month's."""


class NothingToSettle(Refusal):
    """The contract's levelled payment is settled up to the day already."""

    code = "NOTHING_TO_SETTLE"
    path = "day"


class SettlementHeld(Refusal):
    """What was used cannot be billed up to the day; the reason says why, and the plan goes on as it was."""

    code = "SETTLEMENT_HELD"
    is_retryable = True


class Account(Protocol):
    """What becomes of a bill on the contract's account in the transaction that issues it."""

    def __call__(self, connection: Connection, *, invoice_id: int, now: datetime) -> Decimal:
        """Put a new bill on the account, and tell how much of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clerk:
    """Who settles: with which database and adapter, and at which moment and civil day."""

    engine: AsyncEngine
    adapter: LiveAdapter
    now: datetime
    today: date


async def settle(clerk: Clerk, *, contract_id: int, day: date) -> str:
    """Bill a levelled contract's use up to a day and spread what was not paid; return the bill's number.

    Once for a day. The plan's next version begins with the next instalment. Refuses with `NotLevelled`,
    `NothingToSettle`, `SettlementHeld`, `NobodyToInvoice`, `CostNotKnown` where the next year cannot be priced, and as
    `bill_one` does.
    """
    plan, upto, _ = await _seen(clerk, contract_id=contract_id)
    if day <= upto:
        raise NothingToSettle(f"the levelled payment is settled up to {upto}; choose a later day")
    days = Period(upto, day)
    # Nothing is billed where the year to come cannot be priced: a settlement is done whole or not at all.
    await _expected_after(clerk, plan=plan, days=days)
    issued = await _bill(clerk, plan=plan, period=days, kind=InvoiceKind.SETTLEMENT, account=take_over_new)
    await finish(clerk, open_bill=_open(issued, plan=plan))
    return issued.document_number


async def finish(clerk: Clerk, *, open_bill: OpenSettlement) -> None:
    """Let a levelled contract take over a bill that was issued, and work its plan out anew; again it does nothing."""
    key = f"settlement:{open_bill.invoice_id}"
    async with unit_of_work(clerk.engine) as session:
        await lock_contract(session, contract_id=open_bill.contract_id)
        contract = await _contract(session, contract_id=open_bill.contract_id)
        await take_over(session, document_number=open_bill.document_number, now=clerk.now)
        plan = await queries.plan_of(session, contract_id=contract.id)
        if plan is None or plan.ends is not None:
            return
        if await queries.has_version(session, contract_id=contract.id, key=key):
            return
        days = await queries.billed_days(session, invoice_id=open_bill.invoice_id)
        expectation = await _expected_after(clerk, plan=plan, days=days)
        used = plan.used + rules.upto(expectation.cost, months=months_unread(days.end, starts=expectation.starts))
        version = version_by_rule(
            key=key, reason=PlanReason.SETTLEMENT, expectation=expectation, used=used, paid=plan.paid
        )
        await operations.add_version(session, contract=contract, plan=plan, version=version, now=clerk.now)
        await operations.note_reading(session, plan=plan, day=days.end)
        await operations.release_hold(session, contract_id=contract.id, task=TASK, now=clerk.now)


async def close(clerk: Clerk, *, contract_id: int) -> None:
    """Settle a plan that has ended and close it: what is still prepaid becomes credit, what is lacking is due.

    What is prepaid pays the last bill in the transaction that issues it; the rest of it is due from the first.
    """
    plan, upto, contract = await _seen(clerk, contract_id=contract_id)
    ends = min(day for day in (plan.ends, contract.ends) if day is not None)
    assert ends <= clerk.today, "a plan is closed once it has ended"
    if upto < ends:
        kind = InvoiceKind.FINAL if ends == contract.ends else InvoiceKind.SETTLEMENT
        await _bill(clerk, plan=plan, period=Period(upto, ends), kind=kind, account=pay_new)
    async with unit_of_work(clerk.engine) as session:
        await lock_contract(session, contract_id=contract_id)
        for one in await queries.open_settlements(session, adapter=clerk.adapter.code):
            if one.contract_id == contract_id:
                await take_over(session, document_number=one.document_number, now=clerk.now)
        standing = await queries.plan_of(session, contract_id=contract_id)
        if standing is None:
            return
        owner = PrepaidOwner(customer_id=plan.customer_id, contract_id=contract_id, currency=plan.currency)
        await operations.close_plan(session, plan=standing, ends=ends, now=clerk.now)
        await release(session, owner=owner, now=clerk.now)
        await operations.release_hold(session, contract_id=contract_id, task=TASK, now=clerk.now)
        await apply_credit(session, customer_ids=[plan.customer_id], now=clerk.now)


def months_unread(day: date, *, starts: date) -> int:
    """Count the whole months between a reading and a version's start, whose use is taken to be their base part."""
    after = day if day.day == 1 else rules.months_after(day.replace(day=1), months=1)
    return max(rules.months_between(after, starts), 0)


async def actual_usage(clerk: Clerk, *, contract_id: int, days: Period) -> tuple[Usage, ...] | Problem:
    """Tell what a contract truly used in some days."""
    return await read_apart(
        clerk.engine,
        lambda connection: used_in(connection, adapter=clerk.adapter, contract_id=contract_id, period=days),
    )


async def _expected_after(clerk: Clerk, *, plan: Plan, days: Period) -> Expectation:
    """Price the year that follows a settlement of some days."""
    usage, basis = await _usage_after(clerk, plan=plan, days=days)
    question = CostQuestion(
        adapter=clerk.adapter,
        contract_id=plan.contract_id,
        starts=next_start(plan, today=clerk.today),
        known_on=clerk.today,
    )
    return await expected_cost(clerk.engine, question=question, usage=usage, basis=basis)


async def _usage_after(clerk: Clerk, *, plan: Plan, days: Period) -> tuple[tuple[ExpectedUsage, ...], UsageBasis]:
    """Expect what was used in about a year; less than that leaves the plan's expectation as it is."""
    count = (days.end - days.start).days
    if count < YEAR_DAYS_MIN:
        return plan.usage, plan.basis
    found = await actual_usage(clerk, contract_id=plan.contract_id, days=days)
    if isinstance(found, Problem):
        return plan.usage, plan.basis
    return per_year(found, days=count, source=f"used from {days.start} to {days.end}"), UsageBasis.HISTORY


async def _bill(clerk: Clerk, *, plan: Plan, period: Period, kind: InvoiceKind, account: Account) -> IssuedSingle:
    """Bill the days and put the bill on the account; where that is not possible, write down why and refuse."""
    request = SingleBill(
        contract_id=plan.contract_id, period=period, kind=kind, issued_on=clerk.today, now=clerk.now, bounds=BOUNDS
    )
    dsn = psycopg_dsn(_address(clerk.engine))
    try:
        found = await asyncio.to_thread(_billed, dsn, clerk.adapter, request, account)
    except NobodyInvoices as nobody:
        raise NobodyToInvoice(str(nobody)) from nobody
    if isinstance(found, IssuedSingle):
        return found
    async with unit_of_work(clerk.engine) as session:
        held = HeldTask(task=TASK, code=found.code, reason=found.reason)
        await operations.hold(
            session, customer_id=plan.customer_id, contract_id=plan.contract_id, held=held, now=clerk.now
        )
    raise SettlementHeld(found.reason)


def _billed(dsn: str, adapter: LiveAdapter, request: SingleBill, account: Account) -> IssuedSingle | Hold:
    with psycopg.connect(dsn, autocommit=True) as connection, connection.transaction():
        found = bill_one(connection, adapter=adapter, request=request)
        if isinstance(found, IssuedSingle) and found.is_new:
            account(connection, invoice_id=found.invoice_id, now=request.now)
        return found


async def _seen(clerk: Clerk, *, contract_id: int) -> tuple[Plan, date, Contract]:
    async with read_session(clerk.engine) as session:
        plan = await queries.plan_of(session, contract_id=contract_id)
        if plan is None:
            raise NotLevelled("the contract has no levelled payment")
        contract = await _contract(session, contract_id=contract_id)
        return plan, await queries.settled_upto(session, plan=plan), contract


async def _contract(session: AsyncSession, *, contract_id: int) -> Contract:
    contract = await contract_by_id(session, contract_id=contract_id)
    assert contract is not None, "a plan has its contract"
    return contract


def _open(issued: IssuedSingle, *, plan: Plan) -> OpenSettlement:
    return OpenSettlement(
        contract_id=plan.contract_id, invoice_id=issued.invoice_id, document_number=issued.document_number
    )


def _address(engine: AsyncEngine) -> str:
    return engine.url.render_as_string(hide_password=False)
