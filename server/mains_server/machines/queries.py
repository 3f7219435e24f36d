"""Questions to the machines room: whose token is this, and what does it reach today."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import ARRAY, BigInteger, ColumnElement, any_, func, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from mains_server.access.queries import viewer_of_person
from mains_server.access.records import Machine, MachineScope, Viewer
from mains_server.access.tables import Person
from mains_server.contracts.tables import Building, Contract, ContractSupplyPoint, SupplyPoint
from mains_server.customers.tables import Customer
from mains_server.machines import rules
from mains_server.machines.records import Reach, TokenListed
from mains_server.machines.tables import MachineToken


async def token_in_force(session: AsyncSession, *, text: str, now: datetime) -> MachineToken | None:
    """Find a token that holds now, for questions inside this room."""
    return await session.scalar(
        select(MachineToken).where(
            col(MachineToken.token_hash) == rules.token_hash(text),
            col(MachineToken.expires_at) > now,
            col(MachineToken.revoked_at).is_(None) | (col(MachineToken.revoked_at) > now),
        )
    )


async def viewer_of(session: AsyncSession, *, token: MachineToken, now: datetime, today: date) -> Viewer | None:
    """Resolve a token into what it may see and do now; None where its person is gone."""
    person = await viewer_of_person(session, person_id=token.person_id, now=now)
    if person is None:
        return None
    scopes = frozenset(MachineScope[word] for word in token.scopes)
    permissions = rules.permissions_of(scopes)
    contracts = await _contracts(session, token=token, today=today)
    if token.partner is None:
        contracts = {customer: ids for customer, ids in contracts.items() if customer in person.customers_owned}
    return Viewer(
        person_id=token.person_id,
        language=person.language,
        grants=rules.grants_of(permissions=permissions, customers=token.customer_ids, contracts=contracts),
        machine=Machine(token_id=token.id, scopes=scopes, rows_a_minute=token.rows_a_minute),
    )


async def lock_token(session: AsyncSession, *, token_id: int) -> MachineToken | None:
    """Take hold of a token until the transaction ends, for a change inside this room."""
    return await session.scalar(
        select(MachineToken)
        .where(col(MachineToken.id) == token_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


async def count_in_force(session: AsyncSession, *, person_id: int, now: datetime) -> int:
    """Count a person's tokens that hold."""
    return int(
        await session.scalar(
            select(func.count()).where(
                col(MachineToken.person_id) == person_id,
                col(MachineToken.expires_at) > now,
                col(MachineToken.revoked_at).is_(None),
            )
        )
        or 0
    )


async def customers_of(session: AsyncSession, *, contract_ids: Collection[int]) -> Mapping[int, int]:
    """Give, by contract, whose it is; contracts that are not there are left out."""
    found = await session.execute(
        select(col(Contract.id), col(Contract.customer_id)).where(_among(col(Contract.id), contract_ids))
    )
    return {row.id: row.customer_id for row in found}


async def is_there(session: AsyncSession, *, reach: Reach) -> bool:
    """Tell whether everything that is named is there."""
    counted = (
        (Customer.id, reach.customers),
        (Contract.id, reach.contracts),
        (Building.id, reach.buildings),
        (SupplyPoint.id, reach.supply_points),
    )
    found = await session.execute(
        select(*(select(func.count()).where(_among(col(id_), ids)).scalar_subquery() for id_, ids in counted))
    )
    return list(found.one()) == [len(ids) for _id, ids in counted]


async def named(
    session: AsyncSession, *, customers: Collection[str], contracts: Collection[str], supply_points: Collection[str]
) -> Reach | None:
    """Find what is named by numbers and identifiers, as people know it; None where something is not there."""
    found = Reach(
        customers=frozenset(await session.scalars(select(col(Customer.id)).where(col(Customer.number).in_(customers)))),
        contracts=frozenset(await session.scalars(select(col(Contract.id)).where(col(Contract.number).in_(contracts)))),
        supply_points=frozenset(
            await session.scalars(select(col(SupplyPoint.id)).where(col(SupplyPoint.identifier).in_(supply_points)))
        ),
    )
    wanted = len(set(customers)), len(set(contracts)), len(set(supply_points))
    return found if wanted == (len(found.customers), len(found.contracts), len(found.supply_points)) else None


async def tokens(session: AsyncSession) -> tuple[TokenListed, ...]:
    """List all tokens, the last made first."""
    found = await session.execute(
        select(MachineToken, col(Person.email))
        .join(Person, col(Person.id) == col(MachineToken.person_id))
        .order_by(col(MachineToken.created_at).desc(), col(MachineToken.id).desc())
    )
    return tuple(
        TokenListed(
            id=row.id,
            name=row.name,
            partner=row.partner,
            email=email,
            scopes=tuple(row.scopes),
            expires_at=row.expires_at,
            last_used_at=row.last_used_at,
            revoked_at=row.revoked_at,
        )
        for row, email in found.all()
    )


async def _contracts(session: AsyncSession, *, token: MachineToken, today: date) -> dict[int, set[int]]:
    """Give, by customer, the single contracts that a token reaches: those named, and those that supply its places."""
    reached: dict[int, set[int]] = defaultdict(set)
    if token.contract_ids:
        for contract, customer in (await customers_of(session, contract_ids=token.contract_ids)).items():
            reached[customer].add(contract)
    if token.building_ids or token.supply_point_ids:
        found = await session.execute(
            select(col(ContractSupplyPoint.customer_id), col(ContractSupplyPoint.contract_id))
            .join(SupplyPoint, col(SupplyPoint.id) == col(ContractSupplyPoint.supply_point_id))
            .where(
                or_(
                    _among(col(SupplyPoint.id), token.supply_point_ids),
                    _among(col(SupplyPoint.building_id), token.building_ids),
                ),
                col(ContractSupplyPoint.starts) <= today,
                col(ContractSupplyPoint.ends).is_(None) | (col(ContractSupplyPoint.ends) > today),
            )
        )
        for row in found:
            reached[row.customer_id].add(row.contract_id)
    return dict(reached)


def _among(column: Any, ids: Collection[int]) -> ColumnElement[bool]:
    among: ColumnElement[bool] = column == any_(literal(sorted(ids), ARRAY(BigInteger)))
    return among
