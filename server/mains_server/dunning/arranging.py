"""A debt of a contract is paid in parts: arranged by the customer where the conditions hold, or by an employee."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from mains_server.contracts.desk import Desk, NotPermitted
from mains_server.contracts.operations import ContractUnknown
from mains_server.contracts.queries import contract_by_id, lock_contract
from mains_server.contracts.records import Contract
from mains_server.db.outbox import append_event
from mains_server.db.unit_of_work import read_session, unit_of_work
from mains_server.dunning import queries
from mains_server.dunning.queries import StoredArrangement
from mains_server.dunning.records import Arrangement, ArrangementState, OverdueInvoice, Part, PartsAsked, Policy
from mains_server.dunning.reminding import Dunner
from mains_server.dunning.rules import DunningRefusal, days_overdue, first_missed, parts_of
from mains_server.dunning.tables import ArrangedInvoice, DebtArrangement, DebtPart

ARRANGED, ENDED = "dunning.debt_arranged", "dunning.arrangement_ended"
ARRANGEMENTS_AT_ONCE = 200
NOTE_CHARACTERS_MAX = 1000
DAYS_A_MONTH = 31


class NoDebtToArrange(DunningRefusal):
    """Nothing is overdue on the contract that is not disputed, or too little to be paid in parts."""

    code = "NO_DEBT_TO_ARRANGE"


class ArrangementRuns(DunningRefusal):
    """A debt of the contract is being paid in parts already."""

    code = "ARRANGEMENT_RUNS"


class BrokenBefore(DunningRefusal):
    """An arrangement was broken not long ago; only an employee may make another."""

    code = "BROKEN_BEFORE"


class NotArrangeable(DunningRefusal):
    """The utility has not said yet how debts are paid in parts."""

    code = "NOT_ARRANGEABLE"


class ArrangementUnknown(DunningRefusal):
    """There is no such arrangement that runs."""

    code = "ARRANGEMENT_UNKNOWN"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedArrangement:
    """What an arrangement would be: the debts in it and its parts."""

    contract: Contract
    policy: Policy
    invoices: tuple[OverdueInvoice, ...]
    total: Decimal
    parts: tuple[Part, ...]


async def plan_arrangement(
    session: AsyncSession, *, desk: Desk, contract_id: int, asked: PartsAsked
) -> PlannedArrangement:
    """Work out how a contract's overdue debt would be paid in parts, or refuse; nothing is written."""
    contract = await desk.contract(session, contract_id)
    policy = await queries.policy_in_force(session, adapter=contract.adapter, on=desk.today)
    if policy is None:
        raise NotArrangeable(f"{contract.adapter} does not arrange debts")
    found = await queries.open_of_contracts(session, contract_ids=[contract_id])
    invoices = tuple(
        one for one in found if days_overdue(one.due_on, today=desk.today) and not one.is_disputed
        and one.currency == policy.currency
    )  # fmt: skip
    total = sum((one.open_amount for one in invoices), Decimal(0))
    earlier = await queries.arrangements_of(session, contract_ids=[contract_id])
    _require_allowed(desk, policy=policy, total=total, earlier=[one.arrangement for one in earlier])
    terms = policy.arrangement
    parts_max = terms.staff_parts_max if desk.is_staff else terms.parts_max
    parts = parts_of(total, asked=asked, terms=terms, today=desk.today, parts_max=parts_max)
    return PlannedArrangement(contract=contract, policy=policy, invoices=invoices, total=total, parts=parts)


async def arrange(session: AsyncSession, *, desk: Desk, contract_id: int, asked: PartsAsked) -> int:
    """Let a contract's overdue debt be paid in parts, and give the arrangement's id; it is what the preview showed."""
    await desk.contract(session, contract_id)
    await lock_contract(session, contract_id=contract_id)
    planned = await plan_arrangement(session, desk=desk, contract_id=contract_id, asked=asked)
    assert desk.viewer.person_id is not None, "who arranges a debt is signed in"
    row = DebtArrangement(
        customer_id=planned.contract.customer_id,
        contract_id=contract_id,
        made_on=desk.today,
        made_at=desk.now,
        made_by_person_id=desk.viewer.person_id,
        is_by_staff=desk.is_staff,
        grace_days=planned.policy.arrangement.grace_days,
        pauses_interest=planned.policy.arrangement.pauses_interest,
        currency=planned.policy.currency,
        total=planned.total,
        state=ArrangementState.RUNNING,
    )
    session.add(row)
    await session.flush()
    owned = {"customer_id": row.customer_id, "arrangement_id": row.id}
    parts = [owned | {"number": one.number, "due_on": one.due_on, "amount": one.amount} for one in planned.parts]
    invoices = [owned | {"invoice_id": one.id, "amount": one.open_amount} for one in planned.invoices]
    await session.execute(insert(DebtPart), parts)
    await session.execute(insert(ArrangedInvoice), invoices)
    payload = {"arrangementId": row.id, "contractId": contract_id}
    append_event(session, kind=ARRANGED, payload=payload, customer_id=row.customer_id, now=desk.now)
    return row.id


async def cancel_arrangement(session: AsyncSession, *, desk: Desk, contract_id: int, note: str) -> int:
    """Let an employee end what runs on a contract: the rest is due at once. Gives the contract's id."""
    if not desk.is_staff:
        raise NotPermitted("only operators and administrators end an arrangement")
    if await contract_by_id(session, contract_id=contract_id) is None:
        raise ContractUnknown("there is no such contract")
    await lock_contract(session, contract_id=contract_id)
    stored = await queries.arrangements_of(session, contract_ids=[contract_id])
    running = [one.arrangement for one in stored if one.arrangement.state is ArrangementState.RUNNING]
    if not running:
        raise ArrangementUnknown("no debt of this contract is being paid in parts")
    plain = " ".join(note.split())[:NOTE_CHARACTERS_MAX] or None
    await _end(session, running[0], state=ArrangementState.CANCELLED, ended_on=desk.today, note=plain, now=desk.now)
    return contract_id


async def watch_arrangements(dunner: Dunner) -> Counter[str]:
    """Look at every debt of a utility that is paid in parts: kept once all is paid, broken once a part was missed.

    What was paid counts by the day it was received, so a day without a look changes nothing.
    """
    counts: Counter[str] = Counter()
    after = 0
    while True:
        async with read_session(dunner.engine) as session:
            found = await queries.running_arrangements(
                session, adapter=dunner.adapter.code, after=after, most=ARRANGEMENTS_AT_ONCE
            )
        for stored in found:
            async with unit_of_work(dunner.engine) as session:
                outcome = await _look_at(session, dunner=dunner, contract_id=stored.arrangement.contract_id)
            counts[outcome] += 1
        if len(found) < ARRANGEMENTS_AT_ONCE:
            del counts["running"]
            return counts
        after = found[-1].arrangement.id


async def _look_at(session: AsyncSession, *, dunner: Dunner, contract_id: int) -> str:
    await lock_contract(session, contract_id=contract_id)
    for stored in await queries.arrangements_of(session, contract_ids=[contract_id]):
        if stored.arrangement.state is not ArrangementState.RUNNING:
            continue
        state, ended_on = _state_on(stored, today=dunner.today)
        if state is not ArrangementState.RUNNING:
            await _end(session, stored.arrangement, state=state, ended_on=ended_on, note=None, now=dunner.now)
            return state.name.lower()
    return "running"


def _state_on(stored: StoredArrangement, *, today: date) -> tuple[ArrangementState, date]:
    parts = stored.arrangement.parts
    missed = first_missed(parts, paid_on=stored.paid_on, grace_days=stored.grace_days, today=today)
    if missed is not None:
        return ArrangementState.BROKEN, missed
    if stored.arrangement.paid >= stored.arrangement.total:
        last = max((on for on, _ in stored.paid_on), default=today)
        return ArrangementState.KEPT, max(last, stored.arrangement.made_on)
    return ArrangementState.RUNNING, today


async def _end(
    session: AsyncSession,
    arrangement: Arrangement,
    *,
    state: ArrangementState,
    ended_on: date,
    note: str | None,
    now: datetime,
) -> None:
    await session.execute(
        update(DebtArrangement)
        .where(
            col(DebtArrangement.id) == arrangement.id,
            col(DebtArrangement.customer_id) == arrangement.customer_id,
            col(DebtArrangement.state) == ArrangementState.RUNNING,
        )
        .values(state=state, ended_on=ended_on, note=note)
    )
    payload = {"arrangementId": arrangement.id, "contractId": arrangement.contract_id, "state": state.name}
    append_event(session, kind=ENDED, payload=payload, customer_id=arrangement.customer_id, now=now)


def _require_allowed(desk: Desk, *, policy: Policy, total: Decimal, earlier: list[Arrangement]) -> None:
    if any(one.state is ArrangementState.RUNNING for one in earlier):
        raise ArrangementRuns("a debt of this contract is being paid in parts; keep to that, or ask an employee")
    if total <= 0 or (total < policy.arrangement.debt_min and not desk.is_staff):
        raise NoDebtToArrange(f"debts of {policy.arrangement.debt_min} {policy.currency} or more can be paid in parts")
    since = desk.today - timedelta(days=DAYS_A_MONTH * policy.arrangement.months_after_broken)
    is_broken = any(
        one.state is ArrangementState.BROKEN and one.ended_on is not None and one.ended_on >= since for one in earlier
    )
    if is_broken and not desk.is_staff:
        raise BrokenBefore("an arrangement was broken; ask an employee for another")
