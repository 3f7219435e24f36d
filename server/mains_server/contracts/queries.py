"""Questions to the contracts room: contracts and supply points by their numbers, and who has a place on a day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from sqlalchemy import BigInteger, ColumnElement, String, and_, any_, func, literal, or_, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlmodel import col

from mains_server.contracts.records import (
    Contract,
    ContractBilling,
    ContractThere,
    Coverage,
    DatedAttribute,
    PointRole,
    Settlement,
    SupplyPoint,
    Terms,
)
from mains_server.contracts.tables import (
    Building,
    ContractAttribute,
    ContractFormerTerms,
    ContractSupplyPoint,
    TakenContractNumber,
)
from mains_server.contracts.tables import Contract as ContractRow
from mains_server.contracts.tables import SupplyPoint as SupplyPointRow
from mains_server.customers.records import Address

# Asked for every reading, so they are written out: building them anew would cost more than asking.
NEAR = """
from supply_point here
join supply_point near on near.id = here.id or near.building_id = here.building_id
join contract_supply_point s on s.supply_point_id = near.id and s.starts <= :day and (s.ends is null or s.ends >= :day)
join contract c on c.id = s.contract_id
where here.id = :point
"""
THERE = text(
    "select distinct c.id, c.customer_id, c.adapter, near.id <> here.id as is_managers"
    f"{NEAR} and (near.id = here.id or near.role = 'BUILDING' and c.billing = 'BY_MEMBERS') order by c.id"
)
BILLED_BY = text(f"select distinct c.id{NEAR} order by c.id")


async def contract_by_number(session: AsyncSession, *, number: str) -> Contract | None:
    """Find a contract by the number printed on it."""
    row = await session.scalar(select(ContractRow).where(col(ContractRow.number) == number))
    return None if row is None else await _contract(session, row)


async def contract_by_id(session: AsyncSession, *, contract_id: int) -> Contract | None:
    """Find a contract by id."""
    row = await session.scalar(select(ContractRow).where(col(ContractRow.id) == contract_id))
    return None if row is None else await _contract(session, row)


async def contract_ids_of_customer(session: AsyncSession, *, customer_id: int) -> frozenset[int]:
    """List the ids of all contracts a customer has or had."""
    found = await session.scalars(select(col(ContractRow.id)).where(col(ContractRow.customer_id) == customer_id))
    return frozenset(found)


async def supply_point_by_identifier(
    session: AsyncSession, *, commodity: str, scheme: str, identifier: str
) -> SupplyPoint | None:
    """Find a supply point by the identifier it has in a scheme, such as an EIC."""
    row = await session.scalar(
        select(SupplyPointRow).where(
            col(SupplyPointRow.commodity) == commodity,
            col(SupplyPointRow.scheme) == scheme,
            col(SupplyPointRow.identifier) == identifier,
        )
    )
    return None if row is None else _supply_point(row)


async def supply_point_by_id(session: AsyncSession, *, supply_point_id: int) -> SupplyPoint | None:
    """Find a supply point by id."""
    row = await session.scalar(select(SupplyPointRow).where(col(SupplyPointRow.id) == supply_point_id))
    return None if row is None else _supply_point(row)


async def points_by_identifiers(session: AsyncSession, *, identifiers: Sequence[str]) -> tuple[SupplyPoint, ...]:
    """Find the supply points that have one of these identifiers in whatever scheme."""
    found = await session.scalars(
        select(SupplyPointRow)
        .where(col(SupplyPointRow.identifier) == any_(literal(list(identifiers), ARRAY(String()))))
        .order_by(col(SupplyPointRow.id))
    )
    return tuple(_supply_point(row) for row in found)


async def points_of_buildings(session: AsyncSession, *, building_ids: Sequence[int]) -> tuple[SupplyPoint, ...]:
    """List the supply points of buildings: each house's own first, then its premises."""
    found = await session.scalars(
        select(SupplyPointRow)
        .where(col(SupplyPointRow.building_id) == any_(literal(list(building_ids), ARRAY(BigInteger()))))
        .order_by(col(SupplyPointRow.building_id), col(SupplyPointRow.role), col(SupplyPointRow.id))
    )
    return tuple(_supply_point(row) for row in found)


async def managed_buildings(
    session: AsyncSession, *, customer_ids: Sequence[int], contract_ids: Sequence[int], day: date
) -> frozenset[int]:
    """List the buildings whose cost a contract of these customers, or one of these contracts, shares out on a day."""
    customers = any_(literal(list(customer_ids), ARRAY(BigInteger())))
    contracts = any_(literal(list(contract_ids), ARRAY(BigInteger())))
    found = await session.scalars(
        select(col(SupplyPointRow.building_id))
        .join(ContractSupplyPoint, col(ContractSupplyPoint.supply_point_id) == col(SupplyPointRow.id))
        .join(ContractRow, col(ContractRow.id) == col(ContractSupplyPoint.contract_id))
        .where(
            col(SupplyPointRow.role) == PointRole.BUILDING,
            col(SupplyPointRow.building_id).is_not(None),
            col(ContractRow.billing) == ContractBilling.BY_MEMBERS,
            or_(col(ContractRow.customer_id) == customers, col(ContractRow.id) == contracts),
            _covers(day),
        )
    )
    return frozenset(building for building in found if building is not None)


async def points_of_contracts(
    session: AsyncSession, *, customer_ids: Sequence[int], contract_ids: Sequence[int], day: date
) -> frozenset[int]:
    """List the supply points that contracts of these customers, or these contracts, have on a day."""
    found = await session.scalars(
        select(col(ContractSupplyPoint.supply_point_id)).where(
            or_(
                col(ContractSupplyPoint.customer_id) == any_(literal(list(customer_ids), ARRAY(BigInteger()))),
                col(ContractSupplyPoint.contract_id) == any_(literal(list(contract_ids), ARRAY(BigInteger()))),
            ),
            _covers(day),
        )
    )
    return frozenset(found)


async def contracts_there(session: AsyncSession, *, supply_point_id: int, day: date) -> tuple[ContractThere, ...]:
    """List the contracts that have a supply point on a civil day, the day they leave it included.

    The contract of a building's manager answers for every premise of the building, because the manager reports for all.
    """
    found = await session.execute(THERE, {"point": supply_point_id, "day": day})
    return tuple(
        ContractThere(contract_id=row.id, customer_id=row.customer_id, adapter=row.adapter, is_managers=row.is_managers)
        for row in found
    )


async def contract_covering(session: AsyncSession, *, supply_point_id: int, day: date) -> Contract | None:
    """Find the contract that covers a supply point on a civil day; there is at most one."""
    starts, ends = col(ContractSupplyPoint.starts), col(ContractSupplyPoint.ends)
    row = await session.scalar(
        select(ContractRow)
        .join(ContractSupplyPoint, col(ContractSupplyPoint.contract_id) == col(ContractRow.id))
        .where(
            col(ContractSupplyPoint.supply_point_id) == supply_point_id,
            starts <= day,
            or_(ends.is_(None), ends > day),
        )
    )
    return None if row is None else await _contract(session, row)


async def attribute_rows(session: AsyncSession, *, contract_id: int, name: str) -> Sequence[ContractAttribute]:
    """Read the values of an attribute, the earliest first, for a change inside this room."""
    found = await session.scalars(
        select(ContractAttribute)
        .where(col(ContractAttribute.contract_id) == contract_id, col(ContractAttribute.name) == name)
        .order_by(col(ContractAttribute.starts))
        .execution_options(populate_existing=True)
    )
    return found.all()


async def contracts_billed_by(session: AsyncSession, *, supply_point_id: int, day: date) -> frozenset[int]:
    """List the contracts whose bills a reading here goes into: the place's own, and in a building everybody's."""
    return frozenset(await session.scalars(BILLED_BY, {"point": supply_point_id, "day": day}))


async def time_zones_of_points(session: AsyncSession, *, supply_point_ids: Sequence[int]) -> Mapping[int, str]:
    """Tell by whose clock each supply point counts its days."""
    found = await session.execute(
        select(col(SupplyPointRow.id), col(SupplyPointRow.time_zone)).where(
            col(SupplyPointRow.id) == any_(literal(list(supply_point_ids), ARRAY(BigInteger())))
        )
    )
    return {row.id: row.time_zone for row in found}


async def lock_supply_points(session: AsyncSession, *, supply_point_ids: Sequence[int]) -> frozenset[int]:
    """Take hold of supply points until the transaction ends, in the order of their ids, and tell which there are."""
    found = await session.scalars(
        select(col(SupplyPointRow.id))
        .where(col(SupplyPointRow.id) == any_(literal(list(supply_point_ids), ARRAY(BigInteger()))))
        .order_by(col(SupplyPointRow.id))
        .with_for_update()
    )
    return frozenset(found)


async def lock_contract(session: AsyncSession, *, contract_id: int) -> ContractRow | None:
    """Take hold of a contract until the transaction ends, for a change inside this room."""
    return await session.scalar(
        select(ContractRow)
        .where(col(ContractRow.id) == contract_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


async def lock_building(session: AsyncSession, *, building_id: int) -> None:
    """Take hold of a building until the transaction ends, so that who works on the whole house takes turns."""
    await session.execute(select(col(Building.id)).where(col(Building.id) == building_id).with_for_update())


async def levelled_numbers(session: AsyncSession, *, customer_id: int) -> tuple[tuple[int, str], ...]:
    """List the contracts of a customer that are, or were once, paid by levelled amounts: their ids and numbers."""
    was_levelled = select(col(ContractFormerTerms.contract_id)).where(
        col(ContractFormerTerms.customer_id) == customer_id,
        col(ContractFormerTerms.settlement) == Settlement.LEVELLED,
    )
    is_levelled = or_(col(ContractRow.settlement) == Settlement.LEVELLED, col(ContractRow.id).in_(was_levelled))
    found = await session.execute(
        select(col(ContractRow.id), col(ContractRow.number))
        .where(col(ContractRow.customer_id) == customer_id, is_levelled)
        .order_by(col(ContractRow.id))
    )
    return tuple((row.id, row.number) for row in found)


async def former_terms(session: AsyncSession, *, contract_id: int) -> Sequence[ContractFormerTerms]:
    """List the rows of what was agreed before on a contract, the earliest first, for a change inside this room."""
    found = await session.scalars(
        select(ContractFormerTerms)
        .where(col(ContractFormerTerms.contract_id) == contract_id)
        .order_by(col(ContractFormerTerms.starts))
        .execution_options(populate_existing=True)
    )
    return found.all()


async def first_taken_number(session: AsyncSession, *, numbers: Sequence[str]) -> str | None:
    """Find the first of some numbers that a contract has, of whichever customer."""
    number = col(TakenContractNumber.number)
    return await session.scalar(select(number).where(number.in_(numbers)).order_by(number).limit(1))


async def first_overlap(session: AsyncSession, *, first_id: int, last_id: int) -> tuple[str, str, str] | None:
    """Find a supply point that one of the contracts with these ids covers on a day on which another coverage does.

    Coverages of a place are laid out by their start, so that only neighbours need comparing: one sort for a whole load.
    """
    here, starts, contract = (
        col(ContractSupplyPoint.supply_point_id),
        col(ContractSupplyPoint.starts),
        col(ContractSupplyPoint.contract_id),
    )
    order = (starts, col(ContractSupplyPoint.id))
    laid_out = (
        select(
            here.label("point"),
            contract.label("contract"),
            col(ContractSupplyPoint.ends).label("ends"),
            func.lead(contract).over(partition_by=here, order_by=order).label("next_contract"),
            func.lead(starts).over(partition_by=here, order_by=order).label("next_starts"),
        )
        .where(here.in_(select(here).where(contract.between(first_id, last_id))))
        .subquery()
    )
    found = await session.execute(
        select(laid_out.c.point, laid_out.c.contract, laid_out.c.next_contract)
        .where(
            or_(
                laid_out.c.next_starts < laid_out.c.ends,
                laid_out.c.ends.is_(None) & laid_out.c.next_starts.is_not(None),
            )
        )
        .order_by(laid_out.c.point)
        .limit(1)
    )
    overlap = found.one_or_none()
    if overlap is None:
        return None
    point, one, other = overlap
    mine, theirs = (one, other) if first_id <= one <= last_id else (other, one)
    return await _names(session, point=point, mine=mine, theirs=theirs)


async def _names(session: AsyncSession, *, point: int, mine: int, theirs: int) -> tuple[str, str, str]:
    """Name what overlaps as people know it."""
    first, second = aliased(ContractRow), aliased(ContractRow)
    found = await session.execute(
        select(col(SupplyPointRow.identifier), col(first.number), col(second.number))
        .select_from(SupplyPointRow)
        .join(first, col(first.id) == mine)
        .join(second, col(second.id) == theirs)
        .where(col(SupplyPointRow.id) == point)
    )
    row = found.one()
    return row[0], row[1], row[2]


def _covers(day: date) -> ColumnElement[bool]:
    ends = col(ContractSupplyPoint.ends)
    return and_(col(ContractSupplyPoint.starts) <= day, or_(ends.is_(None), ends >= day))


async def _contract(session: AsyncSession, row: ContractRow) -> Contract:
    covers = await session.scalars(
        select(ContractSupplyPoint)
        .where(col(ContractSupplyPoint.contract_id) == row.id)
        .order_by(col(ContractSupplyPoint.starts), col(ContractSupplyPoint.supply_point_id))
    )
    attributes = await session.scalars(
        select(ContractAttribute)
        .where(col(ContractAttribute.contract_id) == row.id)
        .order_by(col(ContractAttribute.name), col(ContractAttribute.starts))
    )
    return Contract(
        id=row.id,
        customer_id=row.customer_id,
        number=row.number,
        adapter=row.adapter,
        product=row.product,
        billing=row.billing,
        settlement=row.settlement,
        delivery=row.delivery,
        payment_term_days=row.payment_term_days,
        signed_on=row.signed_on,
        starts=row.starts,
        ends=row.ends,
        price_fixed_until=row.price_fixed_until,
        covers=tuple(Coverage(supply_point_id=c.supply_point_id, starts=c.starts, ends=c.ends) for c in covers),
        attributes=tuple(
            DatedAttribute(name=a.name, value=a.value, starts=a.starts, ends=a.ends, decision=a.decision)
            for a in attributes
        ),
        terms=await _terms(session, row),
        terms_document_id=row.terms_document_id,
        is_distance=row.is_distance,
    )


async def _terms(session: AsyncSession, row: ContractRow) -> tuple[Terms, ...]:
    """List all that was ever agreed on a contract, the earliest first."""
    former = await former_terms(session, contract_id=row.id)
    return (*(_former(one) for one in former), _latest(row))


def _former(row: ContractFormerTerms) -> Terms:
    return Terms(
        starts=row.starts,
        product=row.product,
        settlement=row.settlement,
        price_fixed_until=row.price_fixed_until,
        terms_document_id=row.terms_document_id,
    )


def _latest(row: ContractRow) -> Terms:
    return Terms(
        starts=row.terms_since or row.starts,
        product=row.product,
        settlement=row.settlement,
        price_fixed_until=row.price_fixed_until,
        terms_document_id=row.terms_document_id,
    )


def _supply_point(row: SupplyPointRow) -> SupplyPoint:
    return SupplyPoint(
        id=row.id,
        commodity=row.commodity,
        scheme=row.scheme,
        identifier=row.identifier,
        address=Address(
            line=row.address_line, city=row.address_city, postcode=row.address_postcode, country=row.address_country
        ),
        time_zone=row.time_zone,
        role=row.role,
        premise_kind=row.premise_kind,
        building_id=row.building_id,
        premise=row.premise,
        area_m2=row.area_m2,
        residents=row.residents,
        phases=row.phases,
        amperes=row.amperes,
    )
