"""What a house's owners voted for outlasts their manager's contract: it reaches whichever contract follows."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date

from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.contracts import queries, statements
from mains_server.contracts.agreeing import change_attributes
from mains_server.contracts.records import Contract, DatedAttribute
from mains_server.contracts.tables import ContractAttribute


def held_at_end(contract: Contract, *, name: str) -> DatedAttribute | None:
    """Give what owners voted for that holds to the end of a contract; None where it goes on, or they voted nothing."""
    if contract.ends is None:
        return None
    held = (one for one in contract.attributes if one.name == name and one.decision is not None)
    return next((one for one in held if one.ends == contract.ends), None)


async def carry_on(session: AsyncSession, *, before: Contract, names: Collection[str]) -> None:
    """Let contracts that follow one over its house have what was voted on it since they were concluded.

    `before` is the contract as it was before the vote, or before the vote was called off. What a following contract
    says itself, and what was voted on it since, stays; what it had taken over from `before` follows `before`.
    """
    after = await queries.contract_by_id(session, contract_id=before.id)
    assert after is not None, "a contract is never removed"
    following = await statements.following_over_house(session, contract_id=before.id)
    for name in names:
        was, now = held_at_end(before, name=name), held_at_end(after, name=name)
        if _what(was) == _what(now):
            continue
        for contract_id in following:
            if not await _follow(session, contract_id=contract_id, name=name, was=was, now=now):
                break


async def hand_back(session: AsyncSession, *, never_was: Sequence[DatedAttribute], contract: Contract) -> None:
    """Give a contract that goes on after all what owners voted on the one that would have followed it."""
    own = {(one.name, one.value, one.decision) for one in contract.attributes}
    for vote in sorted(never_was, key=lambda one: (one.starts or date.min, one.name)):
        if vote.decision is not None and (vote.name, vote.value, vote.decision) not in own:
            await change_attributes(session, contract_id=contract.id, changes=[vote])


async def _follow(
    session: AsyncSession, *, contract_id: int, name: str, was: DatedAttribute | None, now: DatedAttribute | None
) -> bool:
    """Put into one following contract what holds now in the place of what it took over; tell whether it goes on."""
    contract = await queries.lock_contract(session, contract_id=contract_id)
    assert contract is not None, "it was just found"
    rows = await queries.attribute_rows(session, contract_id=contract_id, name=name)
    first = next((row for row in rows if row.starts == contract.starts), None)
    taken_over = None if first is None else (first.value, first.decision)
    if taken_over != _what(was) or any(row.decision is None for row in rows):
        return False
    if first is not None and now is None:
        await session.delete(first)
    elif first is not None and now is not None:
        first.value, first.decision = now.value, now.decision
    elif now is not None:
        later = min((row.starts for row in rows), default=contract.ends)
        session.add(
            ContractAttribute(
                customer_id=contract.customer_id,
                contract_id=contract_id,
                name=name,
                value=now.value,
                starts=contract.starts,
                ends=later,
                decision=now.decision,
            )
        )
    await session.flush()
    return first is None or first.ends == contract.ends


def put_back(
    before: Sequence[DatedAttribute], *, current: Sequence[DatedAttribute], ended: date, ends: date | None
) -> list[DatedAttribute]:
    """Give the attributes of a contract that goes on after all, which had ended on a day and now does on another.

    They are as they were, but of those on which owners voted since: what they voted holds on.
    """
    found: list[DatedAttribute] = []
    for name in sorted({one.name for one in (*before, *current)}):
        old, new = ([one for one in rows if one.name == name] for rows in (before, current))
        if _sorted(_left_of(old, ended=ended)) == _sorted(new):
            found += old
            continue
        later = min((one.starts for one in new if one.starts is not None and one.starts >= ended), default=ends)
        found += [replace(one, ends=later) if one.ends == ended else one for one in new]
    return found


def _left_of(rows: Sequence[DatedAttribute], *, ended: date) -> list[DatedAttribute]:
    """Tell what an end leaves of attributes: nothing lasts longer, but what was voted for later stays written down."""
    kept = []
    for one in rows:
        assert one.starts is not None, "what is written down has days"
        if one.starts < ended:
            kept.append(replace(one, ends=ended) if one.ends is None or one.ends > ended else one)
        elif one.decision is not None:
            kept.append(one)
    return kept


def _sorted(rows: Sequence[DatedAttribute]) -> list[DatedAttribute]:
    return sorted(rows, key=lambda one: one.starts or date.min)


def _what(vote: DatedAttribute | None) -> tuple[str, str | None] | None:
    return None if vote is None else (vote.value, vote.decision)
