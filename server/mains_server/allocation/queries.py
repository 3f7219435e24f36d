"""Questions to the allocation room: which house a contract is over, and what was announced."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from mains_server.allocation.records import AnnouncedMethod, House
from mains_server.allocation.tables import AllocationMethod, AllocationValue
from mains_server.contracts.queries import contract_by_id, supply_point_by_id
from mains_server.contracts.records import ContractBilling, PointRole, Vote
from mains_server.contracts.statements import voted_on


async def house_of(session: AsyncSession, *, contract_id: int) -> House | None:
    """Find the house whose cost a contract shares out; None where it does not share out one."""
    contract = await contract_by_id(session, contract_id=contract_id)
    if contract is None or contract.billing is not ContractBilling.BY_MEMBERS:
        return None
    for cover in contract.covers:
        point = await supply_point_by_id(session, supply_point_id=cover.supply_point_id)
        if point is not None and point.role is PointRole.BUILDING and point.building_id is not None:
            return House(
                building_id=point.building_id,
                adapter=contract.adapter,
                product=contract.product,
                customer_id=contract.customer_id,
                contract_id=contract.id,
                starts=contract.starts,
                ends=contract.ends,
                time_zone=point.time_zone,
            )
    return None


async def announced_method(session: AsyncSession, *, method_id: int) -> AnnouncedMethod | None:
    """Find an announced method and hold it until the transaction ends."""
    row = await session.scalar(
        select(AllocationMethod)
        .where(col(AllocationMethod.id) == method_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if row is None:
        return None
    found = await session.scalars(
        select(AllocationValue).where(col(AllocationValue.method_id) == method_id).order_by(col(AllocationValue.name))
    )
    values = list(found)
    return AnnouncedMethod(
        id=row.id,
        contract_id=row.contract_id,
        customer_id=row.customer_id,
        building_id=row.building_id,
        starts=row.starts,
        decision_reference=row.decision_reference,
        names=tuple(value.name for value in values),
        replaced=frozenset(value.name for value in values if value.has_replaced),
        is_cancelled=row.cancelled_at is not None,
    )


async def houses_of(session: AsyncSession, *, method: AnnouncedMethod) -> tuple[House, ...]:
    """Find the contracts that an announced method stands on: the announced one first, then those that took it over."""
    vote = Vote(
        building_id=method.building_id, names=method.names, starts=method.starts, decision=method.decision_reference
    )
    on = await voted_on(session, vote=vote)
    wanted = (method.contract_id, *(contract for contract in on if contract != method.contract_id))
    found = [await house_of(session, contract_id=contract) for contract in wanted]
    return tuple(house for house in found if house is not None)
