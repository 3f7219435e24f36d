"""What a utility looks at every day: plans that have ended, readings that came, prices that became known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Coroutine
from fractions import Fraction
from typing import Any

from mains_spi import Period, Usage

from mains_server.access.records import Refusal
from mains_server.adapters.live import LiveAdapter
from mains_server.billing.due import Problem
from mains_server.billing.expected import ExpectedUsage
from mains_server.contracts.queries import contract_by_id, lock_contract
from mains_server.contracts.records import Contract
from mains_server.db.unit_of_work import read_session, unit_of_work
from mains_server.levelling import operations, queries, rules
from mains_server.levelling.agreed import end_with_settlement
from mains_server.levelling.records import HeldTask, NewVersion, Plan, PlanReason, ToldReading
from mains_server.levelling.settling import (
    TASK,
    YEAR_DAYS_MIN,
    Clerk,
    actual_usage,
    close,
    finish,
    let_go,
    months_unread,
    settle,
    settle_again,
)
from mains_server.levelling.working_out import (
    YEAR_DAYS,
    CostQuestion,
    cost_of_days,
    expected_cost,
    next_start,
    version_by_rule,
    version_for,
)
from mains_server.money.rules import round_half_up

BY_READING, BY_PRICE, HELD = "reading", "price", "held"
USAGE_PLACES = 3


async def watch(clerk: Clerk) -> Counter[str]:
    """Do all that is due with a utility's plans, each once, and count it by what was done.

    Plans end with the settlement agreed on their contracts; bills left open by an interruption are finished; ended
    plans closed; days whose bill was taken back billed again; what stands on the account of a closed plan becomes
    credit, or due; a reading about a year after the last settlement settles, and so does the year itself where all
    meters tell themselves; a reading that differs significantly changes the plan, and so does a price that became
    known. What cannot be done is held with its reason, the plan goes on, and the next look tries again.
    """
    code, counts = clerk.adapter.code, Counter[str]()
    await _end(clerk, counts)
    await _empty(clerk, counts)
    async with read_session(clerk.engine) as session:
        told = await queries.told_readings(session, adapter=code, today=clerk.today)
        by_themselves = await queries.automatic_years(session, adapter=code, today=clerk.today)
    for reading in (*told, *by_themselves):
        await _look_at(clerk, counts, reading)
    async with read_session(clerk.engine) as session:
        lists = lists_of(clerk.adapter, on=clerk.today)
        repriced = await queries.plans_priced_before(session, adapter=code, lists=lists, today=clerk.today)
    for contract_id, news in repriced:
        work = _reprice(clerk, contract_id=contract_id, news=news)
        await _tried(clerk, counts, (contract_id, BY_PRICE, BY_PRICE), work)
    return counts


async def _end(clerk: Clerk, counts: Counter[str]) -> None:
    """End plans with the settlement agreed on their contracts, finish what was interrupted, close what has ended."""
    code = clerk.adapter.code
    async with read_session(clerk.engine) as session:
        parted = await queries.plans_parted(session, adapter=code)
    for contract_id in parted:
        work = end_with_settlement(clerk.engine, contract_id=contract_id, now=clerk.now)
        await _tried(clerk, counts, (contract_id, "ended", TASK), work)
    async with read_session(clerk.engine) as session:
        left_open = await queries.open_settlements(session, adapter=code)
        ending = await queries.plans_ending(session, adapter=code, today=clerk.today)
    for one in left_open:
        if one.contract_id not in ending:
            await _tried(clerk, counts, (one.contract_id, "finished", TASK), finish(clerk, open_bill=one))
    for contract_id in ending:
        await _tried(clerk, counts, (contract_id, "closed", TASK), close(clerk, contract_id=contract_id))


async def _empty(clerk: Clerk, counts: Counter[str]) -> None:
    """Bill again what was taken back, also of closed plans, and let go of what stands on the accounts of these."""
    code, today = clerk.adapter.code, clerk.today
    async with read_session(clerk.engine) as session:
        again = await queries.taken_back(session, adapter=code, today=today)
    for stretch in again:
        await _tried(clerk, counts, (stretch.contract_id, "settled again", TASK), settle_again(clerk, stretch=stretch))
    async with read_session(clerk.engine) as session:
        left_over = await queries.left_over(session, adapter=code, today=today)
    for owner in left_over:
        await _tried(clerk, counts, (owner.contract_id, "let go", TASK), let_go(clerk, owner=owner))


def lists_of(adapter: LiveAdapter, *, on: Any) -> tuple[tuple[str, str], ...]:
    """Pair each product with the price lists that it is priced by: its own, and those that are no other product's."""
    products = adapter.products(on=on)
    own = {product.price_list for product in products}
    common = [name for name in adapter.utility.price_lists if name not in own]
    return tuple((product.code, name) for product in products for name in (product.price_list, *common))


async def _look_at(clerk: Clerk, counts: Counter[str], reading: ToldReading) -> None:
    contract_id = reading.contract_id
    if (reading.day - reading.settled_upto).days >= YEAR_DAYS_MIN:
        work: Coroutine[Any, Any, object] = settle(clerk, contract_id=contract_id, day=reading.day)
        await _tried(clerk, counts, (contract_id, "settled", TASK), work)
    else:
        await _tried(clerk, counts, (contract_id, BY_READING, BY_READING), _compare(clerk, reading))


async def _tried(
    clerk: Clerk, counts: Counter[str], task: tuple[int, str, str], work: Coroutine[Any, Any, object]
) -> None:
    """Count what was done, or hold it with the reason; work that finds nothing to do says so by False."""
    contract_id, outcome, name = task
    try:
        if await work is not False:
            counts[outcome] += 1
    except Refusal as refusal:
        counts[HELD] += 1
        async with unit_of_work(clerk.engine) as session:
            contract = await _contract(session, contract_id=contract_id)
            held = HeldTask(task=name, code=refusal.code.lower(), reason=refusal.message)
            await operations.hold(
                session, customer_id=contract.customer_id, contract_id=contract_id, held=held, now=clerk.now
            )


async def _compare(clerk: Clerk, reading: ToldReading) -> bool:
    """Compare a reading with what was expected, and make the plan anew where they differ significantly."""
    days = Period(reading.settled_upto, reading.day)
    found = await actual_usage(clerk, contract_id=reading.contract_id, days=days)
    async with unit_of_work(clerk.engine) as session:
        await lock_contract(session, contract_id=reading.contract_id)
        contract = await _contract(session, contract_id=reading.contract_id)
        plan = await queries.plan_of(session, contract_id=contract.id)
        if plan is None or isinstance(found, Problem):
            return False
        await operations.note_reading(session, plan=plan, day=reading.day)
        if not _is_significant(clerk.adapter, plan=plan, found=found, days=days):
            return False
        version = await _version_after(clerk, plan=plan, found=found, days=days)
        await operations.add_version(session, contract=contract, plan=plan, version=version, now=clerk.now)
        await operations.release_hold(session, contract_id=contract.id, task=BY_READING, now=clerk.now)
        return True


def _is_significant(adapter: LiveAdapter, *, plan: Plan, found: tuple[Usage, ...], days: Period) -> bool:
    count = (days.end - days.start).days
    expected = round_half_up(sum((Fraction(one.value) for one in plan.usage), Fraction(0)) * count / YEAR_DAYS)
    actual = round_half_up(sum((Fraction(used.value) for used in found), Fraction(0)))
    share = adapter.utility.levelled_rules.significant_share
    return rules.is_significant(actual=actual, expected=expected, share=share)


async def _version_after(clerk: Clerk, *, plan: Plan, found: tuple[Usage, ...], days: Period) -> NewVersion:
    """Count what was truly used so far, and expect the rest of the year as before."""
    used = corrected(plan.usage, found=found, days=days)
    so_far = tuple(
        ExpectedUsage(quantity=one.name, zone=one.zone, unit=one.unit, value=one.value, source=one.source)
        for one in found
    )
    cost_so_far = await cost_of_days(
        clerk.engine, adapter=clerk.adapter, contract_id=plan.contract_id, days=days, usage=so_far
    )
    starts = next_start(plan, today=clerk.today)
    question = CostQuestion(adapter=clerk.adapter, contract_id=plan.contract_id, starts=starts, known_on=clerk.today)
    expectation = await expected_cost(clerk.engine, question=question, usage=used, basis=plan.basis)
    since = rules.upto(expectation.cost, months=months_unread(days.end, starts=starts))
    return version_by_rule(
        key=f"reading:{days.end.isoformat()}",
        reason=PlanReason.SIGNIFICANT_READING,
        expectation=expectation,
        used=plan.used + cost_so_far + since,
        paid=plan.paid,
    )


def corrected(
    expected: tuple[ExpectedUsage, ...], *, found: tuple[Usage, ...], days: Period
) -> tuple[ExpectedUsage, ...]:
    """Correct a year's expectation by what was used in some days more or less than expected; the rest stays as it was.

    So a season in which more is used than on average does not count as if it lasted all the year.
    """
    count = (days.end - days.start).days
    actual: dict[tuple[str, str | None], Fraction] = {}
    for used in found:
        actual[used.name, used.zone] = actual.get((used.name, used.zone), Fraction(0)) + Fraction(used.value)
    made = []
    for one in expected:
        year = Fraction(one.value)
        more = actual.get((one.quantity, one.zone), year * count / YEAR_DAYS) - year * count / YEAR_DAYS
        value = max(round_half_up(year + more, places=USAGE_PLACES), round_half_up(Fraction(0), places=USAGE_PLACES))
        source = f"{one.source}; corrected by what was used from {days.start} to {days.end}"
        made.append(ExpectedUsage(quantity=one.quantity, zone=one.zone, unit=one.unit, value=value, source=source))
    return tuple(made)


async def _reprice(clerk: Clerk, *, contract_id: int, news: str) -> bool:
    async with unit_of_work(clerk.engine) as session:
        await lock_contract(session, contract_id=contract_id)
        contract = await _contract(session, contract_id=contract_id)
        plan = await queries.plan_of(session, contract_id=contract_id)
        if plan is None:
            return False
        asked = f"price:{news}", PlanReason.PRICE_CHANGE
        version = await version_for(clerk.engine, adapter=clerk.adapter, plan=plan, asked=asked, today=clerk.today)
        made = await operations.add_version(session, contract=contract, plan=plan, version=version, now=clerk.now)
        await operations.release_hold(session, contract_id=contract_id, task=BY_PRICE, now=clerk.now)
        return made is not None


async def _contract(session: Any, *, contract_id: int) -> Contract:
    contract = await contract_by_id(session, contract_id=contract_id)
    assert contract is not None, "a plan has its contract"
    return contract
