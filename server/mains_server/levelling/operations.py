"""Changes of plans: begun, given a new version with its letter, ended and closed. Whoever calls holds the contract."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import update
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from mains_server.contracts.records import Contract, Delivery
from mains_server.customers.queries import customer_by_id
from mains_server.db.outbox import append_event
from mains_server.levelling import rules
from mains_server.levelling.records import HeldTask, LetterChannel, NewVersion, Plan, PlanReason
from mains_server.levelling.tables import LevelledHold, LevelledLetter, LevelledPlan, LevelledVersion

STARTED, CHANGED, ENDED = "levelled.plan_started", "levelled.plan_changed", "levelled.plan_ended"
MANY_CHANGED = "levelled.plans_changed"
"""Some plans of the yearly recalculation, by their new versions: of no customer, since it is of several."""


async def begin_plan(
    session: AsyncSession, *, contract: Contract, version: NewVersion, settles_from: date, due_day: int, now: datetime
) -> int:
    """Begin a contract's levelled payment with its first version, and return the plan's id."""
    plan = LevelledPlan(
        customer_id=contract.customer_id,
        contract_id=contract.id,
        starts=version.starts,
        due_day=due_day,
        settles_from=settles_from,
        currency=version.expectation.currency,
        started_at=now,
    )
    session.add(plan)
    await session.flush()
    version_id = await _insert(session, contract=contract, plan_id=plan.id, number=1, version=version, now=now)
    assert version_id is not None, "a new plan has no version yet"
    _tell(session, kind=STARTED, contract=contract, version=version, version_id=version_id, now=now)
    return plan.id


async def add_version(
    session: AsyncSession, *, contract: Contract, plan: Plan, version: NewVersion, now: datetime
) -> int | None:
    """Give a plan a new version, once by its key, with a letter where the amount changes; None where it has it."""
    version_id = await _insert(
        session, contract=contract, plan_id=plan.plan_id, number=plan.number + 1, version=version, now=now
    )
    if version_id is None:
        return None
    old, new = amount_on(plan, starts=version.starts), rules.twelfth(version.amounts.total, month=0)
    if old != new or version.reason in (PlanReason.SETTLEMENT, PlanReason.YEARLY):
        await _write_letter(session, contract=contract, version=version, version_id=version_id, old=old, now=now)
    _tell(session, kind=CHANGED, contract=contract, version=version, version_id=version_id, now=now)
    return version_id


async def end_plan(session: AsyncSession, *, plan: Plan, ends: date, now: datetime) -> None:
    """Let a plan ask for nothing from a day on; it is closed once the days before are settled."""
    await session.execute(
        update(LevelledPlan)
        .where(col(LevelledPlan.id) == plan.plan_id, col(LevelledPlan.customer_id) == plan.customer_id)
        .values(ends=ends)
    )
    payload = {"contractId": plan.contract_id, "planId": plan.plan_id, "ends": ends.isoformat()}
    append_event(session, kind=ENDED, payload=payload, customer_id=plan.customer_id, now=now)


async def close_plan(session: AsyncSession, *, plan: Plan, ends: date, now: datetime) -> None:
    """Close a plan whose last day is settled, with what was paid on it in all."""
    await session.execute(
        update(LevelledPlan)
        .where(col(LevelledPlan.id) == plan.plan_id, col(LevelledPlan.customer_id) == plan.customer_id)
        .values(ends=ends, closed_at=now, paid_at_end=plan.paid)
    )


async def note_reading(session: AsyncSession, *, plan: Plan, day: date) -> None:
    """Write down that readings up to a day were looked at."""
    await session.execute(
        update(LevelledPlan)
        .where(col(LevelledPlan.id) == plan.plan_id, col(LevelledPlan.customer_id) == plan.customer_id)
        .values(read_upto=day)
    )


async def hold(session: AsyncSession, *, customer_id: int, contract_id: int, held: HeldTask, now: datetime) -> None:
    """Write down why something could not be done with a plan, which goes on as it was."""
    values = {
        "customer_id": customer_id,
        "contract_id": contract_id,
        "task": held.task,
        "code": held.code,
        "reason": held.reason,
        "held_at": now,
    }
    statement = postgresql.insert(LevelledHold).values(values)
    again = {name: statement.excluded[name] for name in ("code", "reason", "held_at")}
    await session.execute(
        statement.on_conflict_do_update(constraint="levelled_hold_once", set_={**again, "released_at": None})
    )


async def release_hold(session: AsyncSession, *, contract_id: int, task: str, now: datetime) -> None:
    """Write down that what had been held is done."""
    await session.execute(
        update(LevelledHold)
        .where(
            col(LevelledHold.contract_id) == contract_id,
            col(LevelledHold.task) == task,
            col(LevelledHold.released_at).is_(None),
        )
        .values(released_at=now)
    )


def amount_on(plan: Plan, *, starts: date) -> Decimal:
    """Tell what a plan asks for the month that begins on a day, as it stands."""
    month = rules.months_between(plan.version_starts, starts)
    total = plan.amounts.total if month < rules.MONTHS else plan.amounts.going_on
    return rules.twelfth(total, month=month)


async def _insert(
    session: AsyncSession, *, contract: Contract, plan_id: int, number: int, version: NewVersion, now: datetime
) -> int | None:
    expectation, amounts = version.expectation, version.amounts
    row: dict[str, Any] = {
        "customer_id": contract.customer_id,
        "plan_id": plan_id,
        "contract_id": contract.id,
        "number": number,
        "once_key": version.key,
        "reason": version.reason,
        "starts": version.starts,
        "usage": [
            {
                "quantity": one.quantity,
                "zone": one.zone,
                "unit": one.unit,
                "value": format(one.value, "f"),
                "source": one.source,
            }
            for one in expectation.usage
        ],
        "basis": expectation.basis,
        "known_on": expectation.known_on,
        "priced_from": expectation.starts,
        "base_total": amounts.base_total,
        "used_before": version.used,
        "paid_before": version.paid,
        "difference": amounts.difference,
        "total": amounts.total,
        "going_on": amounts.going_on,
        "currency": expectation.currency,
        "made_at": now,
    }
    statement = postgresql.insert(LevelledVersion).values(row)
    once = statement.on_conflict_do_nothing(constraint="levelled_version_once")
    return await session.scalar(once.returning(col(LevelledVersion.id)))


async def _write_letter(
    session: AsyncSession, *, contract: Contract, version: NewVersion, version_id: int, old: Decimal, now: datetime
) -> None:
    customer = await customer_by_id(session, customer_id=contract.customer_id)
    assert customer is not None, "a contract has its customer"
    new, base = (rules.twelfth(total, month=0) for total in (version.amounts.total, version.amounts.base_total))
    session.add(
        LevelledLetter(
            customer_id=contract.customer_id,
            contract_id=contract.id,
            version_id=version_id,
            channel=channel_of(contract),
            language=customer.language,
            starts=version.starts,
            old_amount=old,
            new_amount=new,
            base_part=base,
            difference_part=new - base,
            currency=version.expectation.currency,
            made_at=now,
        )
    )


def channel_of(contract: Contract) -> LetterChannel:
    """Tell by which road a contract's letters go: by post to who gets invoices by post, else by e-mail."""
    return LetterChannel.POST if contract.delivery is Delivery.POST else LetterChannel.EMAIL


def _tell(
    session: AsyncSession, *, kind: str, contract: Contract, version: NewVersion, version_id: int, now: datetime
) -> None:
    payload = {
        "contractId": contract.id,
        "versionId": version_id,
        "reason": version.reason.name,
        "channel": channel_of(contract).name,
    }
    append_event(session, kind=kind, payload=payload, customer_id=contract.customer_id, now=now)
