"""Settling: what was truly used is billed, the account takes the bill over, and the plan goes on or is closed.

Bill and take-over are one transaction, so that a settlement is never seen as a debt. The plan's next version is
another, since its price is asked of billing; whatever stops in between is finished by `finish`, and nothing is done
twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol

import psycopg
from mains_spi import Period, Usage
from psycopg import Connection
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from mains_server.access.operations import answered_before, claim_alone
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
from mains_server.db.idempotency import Once, keep_alone
from mains_server.db.unit_of_work import read_session, unit_of_work
from mains_server.invoices.records import InvoiceKind
from mains_server.levelling import operations, queries, rules
from mains_server.levelling.agreed import go_over_to_invoices
from mains_server.levelling.changes import NotLevelled
from mains_server.levelling.records import Expectation, HeldTask, OpenSettlement, Plan, PlanDays, PlanReason, UsageBasis
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """One bill of a settlement: whose, for which days, and as what."""

    contract: Contract
    period: Period
    kind: InvoiceKind


class _OneHeld(Exception):
    """Takes back all bills of a settlement of which one cannot be worked out."""

    def __init__(self, hold: Hold) -> None:
        super().__init__(hold.reason)
        self.hold = hold


class _DoneBefore(Exception):
    """Says that the same request was done while this one waited for it, and by which bill."""

    def __init__(self, number: str) -> None:
        super().__init__(number)
        self.number = number


async def settle(clerk: Clerk, *, contract_id: int, day: date, once: Once | None = None) -> str:
    """Bill a levelled contract's use up to a day and spread what was not paid; return the bill's number.

    All days before it that no bill covers are billed, also those whose bill was taken back: each stretch by a bill of
    its own, in one transaction, and the last one's number is given. Once for a day, and once by the key, whose answer
    stays the same. The plan's next version begins with the next instalment. Refuses with `NotLevelled`,
    `NothingToSettle`, `SettlementHeld`, `NobodyToInvoice`, `CostNotKnown` where the next year cannot be priced, and as
    `bill_one` does.
    """
    number = await _answered(clerk, once=once)
    if number is None:
        try:
            number = await _settled(clerk, contract_id=contract_id, day=day, once=once)
        except NothingToSettle:
            # The same request may have been done a moment ago: then it has its answer.
            number = await _answered(clerk, once=once)
            if number is None:
                raise
    for one in await _left_open(clerk, contract_id=contract_id):
        await finish(clerk, open_bill=one)
    return number


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
        last = await queries.settled_last(session, plan=plan)
        expectation = await _expected_after(clerk, plan=plan, days=days, last=last)
        used = plan.used + rules.upto(expectation.cost, months=months_unread(last, starts=expectation.starts))
        version = version_by_rule(
            key=key, reason=PlanReason.SETTLEMENT, expectation=expectation, used=used, paid=plan.paid
        )
        await operations.add_version(session, contract=contract, plan=plan, version=version, now=clerk.now)
        await operations.note_reading(session, plan=plan, day=last)
        await operations.release_hold(session, contract_id=contract.id, task=TASK, now=clerk.now)


async def close(clerk: Clerk, *, contract_id: int) -> None:
    """Settle a plan that has ended and close it: what is still prepaid becomes credit, what is lacking is due.

    What is prepaid pays the last bill in the transaction that issues it; the rest of it is due from the first.
    """
    plan, contract = await _seen(clerk, contract_id=contract_id)
    ends = min(day for day in (plan.ends, contract.ends) if day is not None)
    assert ends <= clerk.today, "a plan is closed once it has ended"
    periods = await _unsettled(clerk, stretch=_days(plan, upto=ends))
    if periods:
        await _bill(clerk, bills=_bills(contract, periods=periods), account=pay_new)
    async with unit_of_work(clerk.engine) as session:
        await lock_contract(session, contract_id=contract_id)
        code = clerk.adapter.code
        for one in await queries.open_settlements(session, adapter=code, contract_id=contract_id):
            await take_over(session, document_number=one.document_number, now=clerk.now)
        standing = await queries.plan_of(session, contract_id=contract_id)
        if standing is None:
            return
        contract = await _contract(session, contract_id=contract_id)
        await go_over_to_invoices(session, contract=contract, adapter=clerk.adapter, ends=ends, now=clerk.now)
        owner = PrepaidOwner(customer_id=plan.customer_id, contract_id=contract_id, currency=plan.currency)
        await operations.close_plan(session, plan=standing, ends=ends, now=clerk.now)
        await release(session, owner=owner, now=clerk.now)
        await operations.release_hold(session, contract_id=contract_id, task=TASK, now=clerk.now)
        await apply_credit(session, customer_ids=[plan.customer_id], now=clerk.now)


async def settle_again(clerk: Clerk, *, stretch: PlanDays) -> None:
    """Bill the days of a plan whose bill was taken back, as they are known now; of a closed one they are due.

    Where the contract has another plan by now, that takes the bill over as it does its own.
    """
    if not stretch.is_closed:
        await settle(clerk, contract_id=stretch.contract_id, day=stretch.upto)
        return
    async with read_session(clerk.engine) as session:
        contract = await _contract(session, contract_id=stretch.contract_id)
        running = await queries.plan_of(session, contract_id=stretch.contract_id)
    periods = await _unsettled(clerk, stretch=stretch)
    account = pay_new if running is None else take_over_new
    issued = await _bill(clerk, bills=_bills(contract, periods=periods), account=account)
    if running is not None:
        await finish(clerk, open_bill=_open(issued[-1], contract_id=contract.id))
        return
    owner = PrepaidOwner(customer_id=stretch.customer_id, contract_id=contract.id, currency=stretch.currency)
    await let_go(clerk, owner=owner)


async def let_go(clerk: Clerk, *, owner: PrepaidOwner) -> bool:
    """Empty the account of a closed plan: what it holds becomes credit, what it lacks is due; tell whether none runs.

    An instalment that came late, a payment that its bank took back and a correction of the last bill leave such.
    """
    async with unit_of_work(clerk.engine) as session:
        await lock_contract(session, contract_id=owner.contract_id)
        if await queries.plan_of(session, contract_id=owner.contract_id) is not None:
            return False
        await release(session, owner=owner, now=clerk.now)
        await operations.release_hold(session, contract_id=owner.contract_id, task=TASK, now=clerk.now)
        await apply_credit(session, customer_ids=[owner.customer_id], now=clerk.now)
        return True


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


async def _settled(clerk: Clerk, *, contract_id: int, day: date, once: Once | None) -> str:
    plan, contract = await _seen(clerk, contract_id=contract_id)
    async with read_session(clerk.engine) as session:
        last = await queries.settled_last(session, plan=plan)
    periods = await _unsettled(clerk, stretch=_days(plan, upto=day))
    if not periods:
        raise NothingToSettle(f"the levelled payment is settled up to {last}; choose a later day")
    # Nothing is billed where the year to come cannot be priced: a settlement is done whole or not at all.
    await _expected_after(clerk, plan=plan, days=periods[-1], last=last)
    bills = tuple(Bill(contract=contract, period=period, kind=InvoiceKind.SETTLEMENT) for period in periods)
    try:
        return (await _bill(clerk, bills=bills, account=take_over_new, once=once))[-1].document_number
    except _DoneBefore as done:
        return done.number


async def _expected_after(clerk: Clerk, *, plan: Plan, days: Period, last: date) -> Expectation:
    """Price the year that follows a settlement of some days; days before the last ones settled tell nothing of it."""
    usage, basis = (plan.usage, plan.basis) if days.end < last else await _usage_after(clerk, plan=plan, days=days)
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


async def _bill(
    clerk: Clerk, *, bills: Sequence[Bill], account: Account, once: Once | None = None
) -> tuple[IssuedSingle, ...]:
    """Bill the days and put the bills on the account; where one is not possible, write down why and refuse all."""
    dsn = psycopg_dsn(_address(clerk.engine))
    try:
        return await asyncio.to_thread(_billed, dsn, clerk, tuple(bills), account, once)
    except NobodyInvoices as nobody:
        raise NobodyToInvoice(str(nobody)) from nobody
    except _OneHeld as held:
        contract = bills[0].contract
        async with unit_of_work(clerk.engine) as session:
            task = HeldTask(task=TASK, code=held.hold.code, reason=held.hold.reason)
            owner = {"customer_id": contract.customer_id, "contract_id": contract.id}
            await operations.hold(session, **owner, held=task, now=clerk.now)
        raise SettlementHeld(held.hold.reason) from held


def _billed(
    dsn: str, clerk: Clerk, bills: Sequence[Bill], account: Account, once: Once | None
) -> tuple[IssuedSingle, ...]:
    with psycopg.connect(dsn, autocommit=True) as connection, connection.transaction():
        before = None if once is None else claim_alone(connection, once=once)
        if before is not None:
            raise _DoneBefore(str(before["settled_by"]))
        issued = tuple(_billed_one(connection, clerk=clerk, bill=bill, account=account) for bill in bills)
        if once is not None:
            keep_alone(connection, once=once, answer={"settled_by": issued[-1].document_number})
        return issued


def _billed_one(connection: Connection, *, clerk: Clerk, bill: Bill, account: Account) -> IssuedSingle:
    request = SingleBill(
        contract_id=bill.contract.id,
        period=bill.period,
        kind=bill.kind,
        issued_on=clerk.today,
        now=clerk.now,
        bounds=BOUNDS,
    )
    found = bill_one(connection, adapter=clerk.adapter, request=request)
    if isinstance(found, Hold):
        raise _OneHeld(found)
    if found.is_new:
        account(connection, invoice_id=found.invoice_id, now=request.now)
    return found


def _bills(contract: Contract, *, periods: Sequence[Period]) -> tuple[Bill, ...]:
    """Name the bills of a plan that has ended: the contract's last one is final."""
    return tuple(
        Bill(
            contract=contract,
            period=period,
            kind=InvoiceKind.FINAL if period.end == contract.ends else InvoiceKind.SETTLEMENT,
        )
        for period in periods
    )


def _days(plan: Plan, *, upto: date) -> PlanDays:
    return PlanDays(
        contract_id=plan.contract_id,
        customer_id=plan.customer_id,
        currency=plan.currency,
        settles_from=plan.settles_from,
        upto=upto,
    )


async def _unsettled(clerk: Clerk, *, stretch: PlanDays) -> tuple[Period, ...]:
    async with read_session(clerk.engine) as session:
        return await queries.unsettled(session, stretch=stretch)


async def _answered(clerk: Clerk, *, once: Once | None) -> str | None:
    if once is None:
        return None
    async with read_session(clerk.engine) as session:
        before = await answered_before(session, once=once)
    return None if before is None else str(before["settled_by"])


async def _left_open(clerk: Clerk, *, contract_id: int) -> tuple[OpenSettlement, ...]:
    async with read_session(clerk.engine) as session:
        return await queries.open_settlements(session, adapter=clerk.adapter.code, contract_id=contract_id)


async def _seen(clerk: Clerk, *, contract_id: int) -> tuple[Plan, Contract]:
    async with read_session(clerk.engine) as session:
        plan = await queries.plan_of(session, contract_id=contract_id)
        if plan is None:
            raise NotLevelled("the contract has no levelled payment")
        return plan, await _contract(session, contract_id=contract_id)


async def _contract(session: AsyncSession, *, contract_id: int) -> Contract:
    contract = await contract_by_id(session, contract_id=contract_id)
    assert contract is not None, "a plan has its contract"
    return contract


def _open(issued: IssuedSingle, *, contract_id: int) -> OpenSettlement:
    return OpenSettlement(contract_id=contract_id, invoice_id=issued.invoice_id, document_number=issued.document_number)


def _address(engine: AsyncEngine) -> str:
    return engine.url.render_as_string(hide_password=False)
