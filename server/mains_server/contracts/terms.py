"""What is agreed on a contract, by civil days: other terms from a first of a month on, how it is paid and sent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from mains_server.adapters.live import LiveAdapter
from mains_server.contracts import queries
from mains_server.contracts.admission import check_allowed
from mains_server.contracts.life import DayOutside, LifeRefusal, check_first, check_unbilled, first_of_next_month
from mains_server.contracts.operations import ContractUnknown
from mains_server.contracts.records import Contract, ContractStep, Delivery, Settlement, Terms
from mains_server.contracts.tables import Contract as ContractRow
from mains_server.contracts.tables import ContractEvent, ContractFormerTerms

BilledUntil = Callable[[AsyncSession, int], Awaitable[date | None]]
"""Tells the first civil day of a contract that no bill covers; None where nothing is billed. `invoices` knows."""


class NothingChanges(LifeRefusal):
    """The contract is like this already."""

    code = "NOTHING_CHANGES"


class ChangePending(LifeRefusal):
    """Other terms are agreed for a later day already."""

    code = "CHANGE_PENDING"
    path = "startsOn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Who takes a step in a contract's life, and when; `person_id` is None where the utility's own job does."""

    now: datetime
    today: date
    person_id: int | None = None


async def change_settlement(
    session: AsyncSession,
    *,
    contract_id: int,
    settlement: Settlement,
    starts: date,
    adapter: LiveAdapter,
    billed_until: BilledUntil,
    step: Step,
) -> Contract:
    """Let a contract be paid in another way from a first of a month on that is not billed yet.

    The product must allow it, the adapter's `check_contract` is asked, and who is protected settles by invoice. The
    contract comes back as it is after the change.
    """
    contract = await locked_contract(session, contract_id=contract_id)
    check_day(contract, starts=starts, earliest=first_of_next_month(step.today))
    terms = contract.terms_on(starts)
    if terms.settlement is settlement:
        raise NothingChanges(f"contract {contract.number} is settled like this from {starts} already")
    check_unbilled(starts, billed_until=await billed_until(session, contract_id))
    changed = replace(terms, starts=starts, settlement=settlement)
    await check_allowed(session, adapter=adapter, contract=contract, terms=changed, today=step.today)
    return await agree(session, contract=contract, terms=changed, what=ContractStep.SETTLEMENT_CHANGED, step=step)


async def change_delivery(
    session: AsyncSession, *, contract_id: int, delivery: Delivery, adapter: LiveAdapter, step: Step
) -> Contract:
    """Have a contract's invoices delivered in another way from the next one on; the product must be served that way."""
    contract = await locked_contract(session, contract_id=contract_id)
    if contract.delivery is delivery:
        raise NothingChanges(f"the invoices of contract {contract.number} are delivered like this already")
    if contract.ends is not None and contract.ends <= step.today:
        raise DayOutside(f"contract {contract.number} ended on {contract.ends}")
    changed = replace(contract, delivery=delivery)
    await check_allowed(
        session, adapter=adapter, contract=changed, terms=contract.terms_on(step.today), today=step.today
    )
    row = await queries.lock_contract(session, contract_id=contract_id)
    assert row is not None
    row.delivery = delivery
    note_step(
        session,
        contract=contract,
        what=ContractStep.DELIVERY_CHANGED,
        day=step.today,
        step=step,
        before={"delivery": contract.delivery.name},
    )
    await session.flush()
    return changed


async def locked_contract(session: AsyncSession, *, contract_id: int) -> Contract:
    """Take hold of a contract until the transaction ends, so that of two changes at once the second sees the first."""
    if await queries.lock_contract(session, contract_id=contract_id) is None:
        raise ContractUnknown("there is no such contract")
    contract = await queries.contract_by_id(session, contract_id=contract_id)
    assert contract is not None
    return contract


def check_day(contract: Contract, *, starts: date, earliest: date) -> None:
    """Refuse a day on which other terms of a contract cannot begin."""
    check_first(starts, earliest=earliest)
    latest = contract.terms[-1].starts
    if contract.ends is not None and starts >= contract.ends:
        raise DayOutside(f"contract {contract.number} ends on {contract.ends}; choose a day before that")
    if starts < contract.starts:
        raise DayOutside(f"contract {contract.number} starts on {contract.starts}", next_allowed=contract.starts)
    if starts < latest:
        raise ChangePending(
            f"other terms are agreed from {latest}; choose that day or a later one", next_allowed=latest
        )


async def agree(session: AsyncSession, *, contract: Contract, terms: Terms, what: ContractStep, step: Step) -> Contract:
    """Write down other terms of a contract that is held; the former ones stay for the days before."""
    row = await queries.lock_contract(session, contract_id=contract.id)
    assert row is not None and terms.starts >= contract.terms[-1].starts, "terms follow each other"
    latest = contract.terms[-1]
    if terms.starts > latest.starts:
        session.add(
            ContractFormerTerms(
                customer_id=contract.customer_id,
                contract_id=contract.id,
                ends=terms.starts,
                starts=latest.starts,
                **_columns(latest),
            )
        )
        row.terms_since = terms.starts
    for name, value in _columns(terms).items():
        setattr(row, name, value)
    note_step(session, contract=contract, what=what, day=terms.starts, step=step, before=as_document(latest))
    await session.flush()
    return await locked_contract(session, contract_id=contract.id)


async def drop_future_terms(session: AsyncSession, *, row: ContractRow, ends: date) -> None:
    """Let terms that would start when a contract has ended never start."""
    former = await queries.former_terms(session, contract_id=row.id)
    while former and (row.terms_since or row.starts) >= ends:
        last = former[-1]
        row.product, row.settlement = last.product, last.settlement
        row.price_fixed_until, row.terms_document_id = last.price_fixed_until, last.terms_document_id
        row.terms_since = last.starts
        await session.execute(delete(ContractFormerTerms).where(col(ContractFormerTerms.id) == last.id))
        former = former[:-1]
    await session.flush()


def note_step(
    session: AsyncSession,
    *,
    contract: Contract,
    what: ContractStep,
    day: date,
    step: Step,
    before: Mapping[str, Any] | None = None,
) -> None:
    """Write a step down in the contract's story."""
    session.add(
        ContractEvent(
            customer_id=contract.customer_id,
            contract_id=contract.id,
            step=what,
            day=day,
            noted_at=step.now,
            person_id=step.person_id,
            before=None if before is None else dict(before),
        )
    )


def as_document(terms: Terms) -> dict[str, Any]:
    """Write terms as plain JSON."""
    until = terms.price_fixed_until
    return {
        "starts": terms.starts.isoformat(),
        "product": terms.product,
        "settlement": terms.settlement.name,
        "price_fixed_until": None if until is None else until.isoformat(),
        "terms_document_id": terms.terms_document_id,
    }


def _columns(terms: Terms) -> dict[str, Any]:
    return {
        "product": terms.product,
        "settlement": terms.settlement,
        "price_fixed_until": terms.price_fixed_until,
        "terms_document_id": terms.terms_document_id,
    }
