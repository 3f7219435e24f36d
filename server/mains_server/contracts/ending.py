"""A contract ends: terminated with the fee shown first, or withdrawn from; a termination is taken back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from mains_server.adapters.live import LiveAdapter
from mains_server.contracts import queries, statements
from mains_server.contracts.charging import (
    EXIT_FEE,
    NewFee,
    forget_fee,
    note_fee,
    put_fees_back,
    set_fees_aside,
    switch_fee_key,
)
from mains_server.contracts.desk import Desk
from mains_server.contracts.life import (
    DayOutside,
    LifeRefusal,
    StartsTooEarly,
    check_unbilled,
    check_withdrawal,
    exit_fee,
)
from mains_server.contracts.operations import SupplyPointTaken, end_contract
from mains_server.contracts.records import Contract, ContractStep, Coverage, DatedAttribute, Settlement, Terms
from mains_server.contracts.restoring import covers_put_back, terms_put_back
from mains_server.contracts.tables import Contract as ContractRow
from mains_server.contracts.tables import (
    ContractAttribute,
    ContractFormerTerms,
    ContractSupplyPoint,
)
from mains_server.contracts.terms import Step, drop_future_terms, locked_contract, note_step
from mains_server.contracts.votes import hand_back, put_back


class TerminatedAlready(LifeRefusal):
    """The contract has an end already."""

    code = "TERMINATED_ALREADY"


class NotTerminated(LifeRefusal):
    """The contract has no termination that could be taken back, or has ended by it."""

    code = "NOT_TERMINATED"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedEnd:
    """What ending a contract on a day would bring: the last bill's fee, and the product's rule behind it."""

    contract: Contract
    ends: date
    fee: Decimal
    price_fixed_until: date | None


async def plan_termination(session: AsyncSession, *, desk: Desk, contract_id: int, ends: date) -> PlannedEnd:
    """Work out what terminating a contract would cost, or refuse it by name; `ends` is the first day without it."""
    contract = await desk.contract(session, contract_id)
    if contract.ends is not None:
        raise TerminatedAlready(f"contract {contract.number} ends on {contract.ends} already")
    if ends <= contract.starts:
        following = contract.starts + timedelta(days=1)
        raise DayOutside(f"contract {contract.number} starts on {contract.starts}", next_allowed=following)
    tomorrow = desk.today + timedelta(days=1)
    if ends < tomorrow and not desk.is_staff:
        raise StartsTooEarly(f"a contract ends tomorrow, {tomorrow}, or later", next_allowed=tomorrow)
    billed_until = await desk.billed_until(session, contract_id)
    if billed_until is not None and ends < billed_until:
        check_unbilled(ends, billed_until=billed_until)
    left = contract.terms_on(ends - timedelta(days=1))
    fee = fee_of_ending(contract, adapter=desk.adapter(contract.adapter), ends=ends)
    return PlannedEnd(contract=contract, ends=ends, fee=fee, price_fixed_until=left.price_fixed_until)


async def terminate(session: AsyncSession, *, desk: Desk, contract_id: int, ends: date) -> int:
    """End a contract as planned, note its exit fee for the final bill, and return its id."""
    await desk.held_contract(session, contract_id)
    planned = await plan_termination(session, desk=desk, contract_id=contract_id, ends=ends)
    contract = planned.contract
    before = await _state_of(session, contract=contract, ends=ends)
    await _end(session, contract=contract, ends=ends)
    note_step(session, contract=contract, what=ContractStep.TERMINATED, day=ends, step=desk.step, before=before)
    if planned.fee:
        ended = await locked_contract(session, contract_id=contract_id)
        fee = NewFee(
            code=EXIT_FEE,
            quantity=planned.fee,
            day=ends - timedelta(days=1),
            reason=f"ended while the agreed price ran until {planned.price_fixed_until}",
            source="termination",
            key=_fee_key(ends),
        )
        await note_fee(session, contract=ended, fee=fee, adapter=desk.adapter(contract.adapter), now=desk.now)
    await session.flush()
    return contract_id


async def take_back_termination(session: AsyncSession, *, desk: Desk, contract_id: int) -> int:
    """Let a terminated contract go on as if nobody had terminated it, while it is still in force; return its id."""
    contract = await desk.held_contract(session, contract_id)
    event = await statements.last_step(session, contract_id=contract_id, steps=(ContractStep.TERMINATED,))
    if contract.ends is None or event is None or event.day != contract.ends or "switched_to" in (event.before or {}):
        raise NotTerminated(f"contract {contract.number} was not terminated; there is nothing to take back")
    if contract.ends <= desk.today:
        raise NotTerminated(f"contract {contract.number} ended on {contract.ends}; conclude a new one")
    billed_until = await desk.billed_until(session, contract_id)
    if billed_until is not None and billed_until >= contract.ends:
        raise NotTerminated(f"contract {contract.number} has its final bill; conclude a new one")
    assert event.before is not None
    await restore(session, contract=contract, before=event.before)
    await forget_fee(session, contract=contract, key=_fee_key(contract.ends))
    note_step(session, contract=contract, what=ContractStep.TERMINATION_WITHDRAWN, day=contract.ends, step=desk.step)
    await session.flush()
    return contract_id


async def withdraw(session: AsyncSession, *, desk: Desk, contract_id: int) -> int:
    """Withdraw from a contract concluded at a distance, within its days and without a fee; return its id.

    Before it starts it is as if it had never been, and the contract it would have followed goes on; afterwards it ends
    tomorrow, and the days supplied are billed. Source: 14 days for distance contracts (the adapter's rules).
    """
    contract = await desk.held_contract(session, contract_id)
    if contract.ends is not None:
        raise TerminatedAlready(f"contract {contract.number} ends on {contract.ends} already")
    rules = desk.adapter(contract.adapter).utility.contract_rules
    check_withdrawal(is_distance=contract.is_distance, concluded_on=contract.signed_on, today=desk.today, rules=rules)
    tomorrow = desk.today + timedelta(days=1)
    ends = contract.starts if desk.today < contract.starts else tomorrow
    before = await _state_of(session, contract=contract, ends=ends)
    await _end(session, contract=contract, ends=ends)
    note_step(session, contract=contract, what=ContractStep.WITHDRAWN, day=ends, step=desk.step, before=before)
    await session.flush()
    if ends == contract.starts:
        await _let_former_go_on(session, contract=contract, step=desk.step)
    return contract_id


async def end_by_switch(session: AsyncSession, *, contract: Contract, ends: date, step: Step) -> None:
    """End a contract since another one takes its places from that day on; what undoing it needs is kept."""
    before = await _state_of(session, contract=contract, ends=ends)
    await _end(session, contract=contract, ends=ends)
    before["switched_to"] = ends.isoformat()
    note_step(session, contract=contract, what=ContractStep.TERMINATED, day=ends, step=step, before=before)
    await session.flush()


def fee_of_ending(contract: Contract, *, adapter: LiveAdapter, ends: date) -> Decimal:
    """Tell what a contract owes in euros for ending on a day, by the rule of the product it leaves."""
    left = contract.terms_on(ends - timedelta(days=1))
    for product in adapter.products(on=left.starts):
        if product.code == left.product:
            return exit_fee(product, agreed_on=left.starts, price_fixed_until=left.price_fixed_until, leaves_on=ends)
    return Decimal(0)


async def restore(session: AsyncSession, *, contract: Contract, before: dict[str, Any]) -> None:
    """Put an ended contract back as it was, with what was agreed since, unless one of its places is taken by now."""
    had = [
        Coverage(supply_point_id=point, starts=_day(starts), ends=_day(ends))
        for point, starts, ends in before["covers"]
    ]
    assert contract.ends is not None, "only a contract with an end goes on after all"
    covers = covers_put_back(had, current=contract.covers, ended=contract.ends, ends=_day(before["ends"]))
    await queries.lock_supply_points(session, supply_point_ids=sorted({cover.supply_point_id for cover in covers}))
    row = await queries.lock_contract(session, contract_id=contract.id)
    assert row is not None
    for part in (ContractSupplyPoint, ContractAttribute, ContractFormerTerms):
        await session.execute(delete(part).where(col(part.contract_id) == contract.id))
    own: dict[str, Any] = {"customer_id": contract.customer_id, "contract_id": contract.id}
    session.add_all(ContractSupplyPoint(**asdict(cover), **own) for cover in covers)
    were = [
        DatedAttribute(
            name=name, value=value, starts=_day(starts), ends=_day(ends), decision=next(iter(decision), None)
        )
        for name, value, starts, ends, *decision in before["attributes"]
    ]
    for one in put_back(were, current=contract.attributes, ended=contract.ends, ends=_day(before["ends"])):
        session.add(ContractAttribute(**asdict(one), **own))
    agreed = terms_put_back([_terms(one) for one in before["terms"]], current=contract.terms, ended=contract.ends)
    _put_terms(session, row=row, terms=agreed, own=own)
    row.ends = _day(before["ends"])
    await put_fees_back(session, contract=contract, fees=before.get("switch_fees", ()))
    await session.flush()
    overlap = await queries.first_overlap(session, first_id=contract.id, last_id=contract.id)
    if overlap is not None:
        raise SupplyPointTaken(f"contract {overlap[2]} has supply point {overlap[0]} by now; conclude a new one")


async def _end(session: AsyncSession, *, contract: Contract, ends: date) -> None:
    row = await queries.lock_contract(session, contract_id=contract.id)
    assert row is not None
    if ends > contract.starts:
        await drop_future_terms(session, row=row, ends=ends)
        await end_contract(session, contract_id=contract.id, ends=ends)
        return
    await session.execute(delete(ContractSupplyPoint).where(col(ContractSupplyPoint.contract_id) == contract.id))
    # What a house's owners voted stays written down, for whichever contract follows.
    agreed = col(ContractAttribute.contract_id) == contract.id, col(ContractAttribute.decision).is_(None)
    await session.execute(delete(ContractAttribute).where(*agreed))
    row.ends = contract.starts
    await session.flush()


async def _let_former_go_on(session: AsyncSession, *, contract: Contract, step: Step) -> None:
    """Let the contract that made room for one that never was go on as before."""
    for event in await statements.switches_to(
        session, customer_id=contract.customer_id, day=contract.starts, covers=contract.covers
    ):
        former = await locked_contract(session, contract_id=event.contract_id)
        if former.ends != contract.starts or event.before is None:
            continue
        # Before what was set aside comes back, which may be the fee of a switch planned for the same day.
        await forget_fee(session, contract=former, key=switch_fee_key(contract.starts))
        await restore(session, contract=former, before=event.before)
        restored = await locked_contract(session, contract_id=former.id)
        await hand_back(session, never_was=contract.attributes, contract=restored)
        note_step(session, contract=former, what=ContractStep.TERMINATION_WITHDRAWN, day=contract.starts, step=step)
    await session.flush()


async def _state_of(session: AsyncSession, *, contract: Contract, ends: date) -> dict[str, Any]:
    """Write down all that ending a contract changes, so that it can be put back exactly.

    A switch that will not come about any more costs nothing, so that its fee is set aside.
    """
    switches = [switch_fee_key(terms.starts) for terms in contract.terms if terms.starts >= ends]
    former = await queries.former_terms(session, contract_id=contract.id)
    return {
        "ends": _text(contract.ends),
        "covers": [[c.supply_point_id, _text(c.starts), _text(c.ends)] for c in contract.covers],
        "attributes": [[a.name, a.value, _text(a.starts), _text(a.ends), a.decision] for a in contract.attributes],
        "terms": [
            [t.product, t.settlement.name, _text(t.price_fixed_until), t.terms_document_id, _text(t.starts), _text(e)]
            for t, e in zip(contract.terms, [*(row.ends for row in former), None], strict=True)
        ],
        "switch_fees": await set_fees_aside(session, contract=contract, keys=switches),
    }


def _terms(written: Sequence[Any]) -> Terms:
    product, settlement, fixed_until, document, starts, _ = written
    return Terms(
        starts=_day(starts),
        product=product,
        settlement=Settlement[settlement],
        price_fixed_until=_day(fixed_until),
        terms_document_id=document,
    )


def _put_terms(session: AsyncSession, *, row: ContractRow, terms: Sequence[Terms], own: dict[str, Any]) -> None:
    *former, last = terms
    for one, following in zip(former, terms[1:], strict=True):
        session.add(ContractFormerTerms(**asdict(one), ends=following.starts, **own))
    for name, value in asdict(last).items():
        if name != "starts":
            setattr(row, name, value)
    row.terms_since = last.starts if former else None


def _fee_key(ends: date) -> str:
    return f"{EXIT_FEE} {ends}"


def _text(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _day(text: str | None) -> Any:
    return None if text is None else date.fromisoformat(text)
