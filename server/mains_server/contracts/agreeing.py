"""What was agreed changes from a day on: a contract's attributes, and what is on file of a premise."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from mains_server.access.records import Refusal
from mains_server.contracts import queries
from mains_server.contracts.operations import ContractUnknown, SupplyPointUnknown
from mains_server.contracts.records import DatedAttribute
from mains_server.contracts.tables import ContractAttribute, SupplyPoint


class AttributeAgreedLater(Refusal):
    """Another value is agreed from that day or a later one on, or the present one until a day of its own."""

    code = "ATTRIBUTE_AGREED_LATER"
    path = "choices"


async def change_attributes(
    session: AsyncSession, *, contract_id: int, changes: Sequence[DatedAttribute]
) -> frozenset[str]:
    """Let attributes of a contract have other values from a day on; return the names that had one until then.

    The contract is held meanwhile. Raises `AttributeAgreedLater` where a change would cut into what is agreed already.
    """
    contract = await queries.lock_contract(session, contract_id=contract_id)
    if contract is None:
        raise ContractUnknown("there is no such contract")
    replaced = set()
    for change in changes:
        assert change.starts is not None, "a change begins on a day"
        rows = await queries.attribute_rows(session, contract_id=contract_id, name=change.name)
        for row in (row for row in rows if row.ends is None or row.ends > change.starts):
            if row.starts >= change.starts:
                raise AttributeAgreedLater(f"`{change.name}` is `{row.value}` from {row.starts} on; cancel that first")
            if row.ends != contract.ends:
                raise AttributeAgreedLater(
                    f"`{change.name}` is agreed until {row.ends}; choose that day or a later one"
                )
            row.ends = change.starts
            replaced.add(change.name)
        session.add(
            ContractAttribute(
                customer_id=contract.customer_id,
                contract_id=contract_id,
                name=change.name,
                value=change.value,
                starts=change.starts,
                ends=contract.ends,
                decision=change.decision,
            )
        )
    await session.flush()
    return frozenset(replaced)


async def take_back_attributes(
    session: AsyncSession, *, contract_id: int, starts: date, names: Sequence[str], replaced: frozenset[str]
) -> None:
    """Undo what `change_attributes` did from a day on: of `replaced` names the value before goes on."""
    contract = await queries.lock_contract(session, contract_id=contract_id)
    if contract is None:
        raise ContractUnknown("there is no such contract")
    for name in names:
        rows = await queries.attribute_rows(session, contract_id=contract_id, name=name)
        for row in (row for row in rows if row.starts == starts):
            if name in replaced:
                await _go_on_until(session, row)
            await session.execute(delete(ContractAttribute).where(col(ContractAttribute.id) == row.id))


async def _go_on_until(session: AsyncSession, row: ContractAttribute) -> None:
    """Let the value that ended with this one's first day go on for as long as this one was agreed."""
    before = (
        col(ContractAttribute.contract_id) == row.contract_id,
        col(ContractAttribute.name) == row.name,
        col(ContractAttribute.ends) == row.starts,
    )
    await session.execute(update(ContractAttribute).where(*before).values(ends=row.ends))


async def set_area(session: AsyncSession, *, supply_point_id: int, area_m2: Decimal) -> Decimal | None:
    """Put the area of a supply point on file and return the one it takes the place of."""
    if not await queries.lock_supply_points(session, supply_point_ids=[supply_point_id]):
        raise SupplyPointUnknown("there is no such supply point")
    point = await queries.supply_point_by_id(session, supply_point_id=supply_point_id)
    assert point is not None, "it was just taken hold of"
    await session.execute(update(SupplyPoint).where(col(SupplyPoint.id) == supply_point_id).values(area_m2=area_m2))
    return point.area_m2
