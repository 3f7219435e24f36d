"""A contract takes a supply point in, or lets one go, from a civil day on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from mains_server.contracts import queries, statements
from mains_server.contracts.admission import check_allowed
from mains_server.contracts.desk import Desk
from mains_server.contracts.life import (
    DayOutside,
    LifeRefusal,
    StartsTooEarly,
    check_first,
    check_unbilled,
    earliest_first,
)
from mains_server.contracts.operations import SupplyPointTaken, SupplyPointUnknown
from mains_server.contracts.records import Contract, ContractStep, Coverage, SupplyPoint
from mains_server.contracts.tables import ContractSupplyPoint
from mains_server.contracts.terms import note_step


class PlaceUnknown(SupplyPointUnknown):
    """There is no such supply point, or the contract does not have it."""

    path = "supplyPoint"


class PlaceTaken(SupplyPointTaken):
    """A contract has the supply point on some of the days."""

    path = "supplyPoint"


class LastSupplyPoint(LifeRefusal):
    """A contract has at least one supply point on each of its days."""

    code = "LAST_SUPPLY_POINT"
    path = "supplyPoint"


class CommodityDiffers(LifeRefusal):
    """A contract covers supply points of one commodity."""

    code = "SUPPLY_POINTS_WRONG"
    path = "supplyPoint"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCoverage:
    """Which supply point, by its identifier, a contract is to cover from a day on."""

    contract_id: int
    supply_point: str
    starts: date
    is_from_other_utility: bool = False


async def add_point(session: AsyncSession, *, desk: Desk, wanted: NewCoverage) -> int:
    """Let a contract cover a free supply point from a day on that is not billed, and return the contract's id."""
    contract = await desk.held_contract(session, wanted.contract_id)
    adapter = desk.adapter(contract.adapter)
    _check_within(contract, day=wanted.starts)
    if wanted.is_from_other_utility:
        earliest = earliest_first(told_on=desk.today, rules=adapter.utility.contract_rules)
        check_first(wanted.starts, earliest=earliest)
    elif wanted.starts < desk.today and not desk.is_staff:
        raise StartsTooEarly(f"choose today, {desk.today}, or later", next_allowed=desk.today)
    check_unbilled(wanted.starts, billed_until=await desk.billed_until(session, contract.id))
    point = await _point(session, wanted.supply_point)
    await _check_commodity(session, contract=contract, point=point)
    await queries.lock_supply_points(session, supply_point_ids=[point.id])
    held = await statements.coverage_after(session, supply_point_id=point.id, day=wanted.starts)
    cover = Coverage(supply_point_id=point.id, starts=wanted.starts, ends=contract.ends)
    terms = replace(contract.terms_on(wanted.starts), starts=wanted.starts)
    seen = replace(contract, covers=(*contract.covers, cover))
    await check_allowed(session, adapter=adapter, contract=seen, terms=terms, today=desk.today)
    own = {"customer_id": contract.customer_id, "contract_id": contract.id}
    session.add(ContractSupplyPoint(supply_point_id=point.id, starts=wanted.starts, ends=contract.ends, **own))
    await session.flush()
    overlap = await queries.first_overlap(session, first_id=contract.id, last_id=contract.id)
    if overlap is not None:
        raise PlaceTaken(
            f"contract {overlap[2]} has supply point {overlap[0]} on some of these days",
            next_allowed=None if held is None else held.ends,
        )
    note_step(session, contract=contract, what=ContractStep.POINT_ADDED, day=wanted.starts, step=desk.step)
    await session.flush()
    return contract.id


async def end_point(session: AsyncSession, *, desk: Desk, contract_id: int, supply_point: str, ends: date) -> int:
    """Let a contract no longer cover a supply point from a day on, and return the contract's id."""
    contract = await desk.held_contract(session, contract_id)
    point = await _point(session, supply_point)
    cover = _covered_until(contract, point=point, ends=ends)
    tomorrow = desk.today + timedelta(days=1)
    if ends < tomorrow and not desk.is_staff:
        raise StartsTooEarly(f"choose tomorrow, {tomorrow}, or later", next_allowed=tomorrow)
    check_unbilled(ends, billed_until=await desk.billed_until(session, contract.id))
    others = [
        other
        for other in contract.covers
        if other.supply_point_id != point.id
        and (other.starts or contract.starts) <= ends
        and (other.ends is None or other.ends == contract.ends)
    ]
    if not others:
        raise LastSupplyPoint("no other supply point stays; terminate the contract instead")
    await session.execute(
        update(ContractSupplyPoint)
        .where(
            col(ContractSupplyPoint.contract_id) == contract.id,
            col(ContractSupplyPoint.supply_point_id) == point.id,
            col(ContractSupplyPoint.starts) == cover.starts,
        )
        .values(ends=ends)
    )
    note_step(session, contract=contract, what=ContractStep.POINT_ENDED, day=ends, step=desk.step)
    await session.flush()
    return contract.id


def _check_within(contract: Contract, *, day: date) -> None:
    if day < contract.starts:
        raise DayOutside(f"contract {contract.number} starts on {contract.starts}", next_allowed=contract.starts)
    if contract.ends is not None and day >= contract.ends:
        raise DayOutside(f"contract {contract.number} ends on {contract.ends}")


def _covered_until(contract: Contract, *, point: SupplyPoint, ends: date) -> Coverage:
    for cover in contract.covers:
        is_open = cover.ends is None or cover.ends == contract.ends
        if cover.supply_point_id == point.id and is_open:
            if ends <= (cover.starts or contract.starts) or (cover.ends is not None and ends >= cover.ends):
                raise _outside(contract, point=point, cover=cover)
            return cover
    raise PlaceUnknown(f"contract {contract.number} has no supply point {point.identifier} now")


def _outside(contract: Contract, *, point: SupplyPoint, cover: Coverage) -> DayOutside:
    first = (cover.starts or contract.starts) + timedelta(days=1)
    until = "" if cover.ends is None else f" to {cover.ends - timedelta(days=1)}"
    is_possible = cover.ends is None or first < cover.ends
    return DayOutside(
        f"contract {contract.number} can let {point.identifier} go on a day from {first}{until}"
        if is_possible
        else f"contract {contract.number} has {point.identifier} for one day only",
        next_allowed=first if is_possible else None,
    )


async def _point(session: AsyncSession, identifier: str) -> SupplyPoint:
    found = await queries.points_by_identifiers(session, identifiers=[identifier])
    if len(found) != 1:
        raise PlaceUnknown(f"there is no supply point {identifier}")
    return found[0]


async def _check_commodity(session: AsyncSession, *, contract: Contract, point: SupplyPoint) -> None:
    first = await queries.supply_point_by_id(session, supply_point_id=contract.covers[0].supply_point_id)
    if first is not None and first.commodity != point.commodity:
        raise CommodityDiffers(f"the contract covers {first.commodity}, and {point.identifier} is {point.commodity}")
