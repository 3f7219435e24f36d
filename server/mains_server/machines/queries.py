"""Questions to the machines room: whose token is this, and what does it reach today."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import date, datetime

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from mains_server.access.queries import viewer_of_person
from mains_server.access.records import Machine, MachineScope, Viewer
from mains_server.machines import rules, statements
from mains_server.machines.records import Reach, TokenListed
from mains_server.machines.tables import MachineToken


async def token_in_force(session: AsyncSession, *, given: str, now: datetime) -> MachineToken | None:
    """Find a token that holds now, for questions inside this room."""
    return await session.scalar(
        select(MachineToken).where(
            col(MachineToken.token_hash) == rules.token_hash(given),
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
    found = await session.execute(text(statements.CUSTOMERS_OF), {"contracts": sorted(contract_ids)})
    return {row.id: row.customer_id for row in found}


async def is_there(session: AsyncSession, *, reach: Reach) -> bool:
    """Tell whether everything that is named is there."""
    named_ids = {
        "customers": sorted(reach.customers),
        "contracts": sorted(reach.contracts),
        "buildings": sorted(reach.buildings),
        "points": sorted(reach.supply_points),
    }
    return bool(await session.scalar(text(statements.COUNT_REACHED), named_ids) == reach.count)


async def named(
    session: AsyncSession, *, customers: Collection[str], contracts: Collection[str], supply_points: Collection[str]
) -> Reach | None:
    """Find what is named by numbers and identifiers, as people know it; None where something is not there."""
    found: list[frozenset[int]] = []
    for statement, words in zip(statements.NAMED, (customers, contracts, supply_points), strict=True):
        rows = (await session.execute(text(statement), {"words": sorted(set(words))})).all()
        if {row.word for row in rows} != set(words):
            return None
        found.append(frozenset(row.id for row in rows))
    return Reach(customers=found[0], contracts=found[1], supply_points=found[2])


async def tokens(session: AsyncSession) -> tuple[TokenListed, ...]:
    """List all tokens, the last made first."""
    found = await session.execute(text(statements.LISTED))
    return tuple(TokenListed(**{**row, "scopes": tuple(row["scopes"])}) for row in found.mappings())


async def _contracts(session: AsyncSession, *, token: MachineToken, today: date) -> dict[int, set[int]]:
    """Give, by customer, the single contracts that a token reaches: those named, and those that supply its places."""
    places = {"points": token.supply_point_ids, "buildings": token.building_ids, "today": today}
    found = await session.execute(text(statements.CONTRACTS_REACHED), {"contracts": token.contract_ids, **places})
    reached: dict[int, set[int]] = defaultdict(set)
    for row in found:
        reached[row.customer_id].add(row.id)
    return dict(reached)
