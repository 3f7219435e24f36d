"""What is read of contracts that a run holds: the one that an employee accepts, and those that were accepted."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from psycopg import Connection
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

# By the index of what was accepted and is held, which is empty for nearly every run.
ACCEPTED = """
select contract_id, accepted_total, currency from billing_hold
where run_id = %(run)s and accepted_total is not null and released_at is null
    and contract_id = any(%(contracts)s::bigint[])
"""
HELD = text("""
select h.id, h.customer_id, h.contract_id, h.code, h.reason, h.total, h.currency, h.accepted_total, h.released_at,
    r.adapter, r.period_from, r.issued_on
from billing_hold h join billing_run r on r.id = h.run_id where h.id = :hold for update of h
""")
HOLD_OF_CONTRACT = text("""
select h.id from billing_hold h
join billing_run r on r.id = h.run_id
join contract c on c.id = h.contract_id and c.customer_id = h.customer_id
where c.number = :number and r.period_from = :starts and r.period_to = :ends and r.adapter = c.adapter
""")


class Accepted(NamedTuple):
    """The sum for which an employee accepted a bill that was held."""

    total: Decimal
    currency: str


class HeldBill(NamedTuple):
    """A contract that a run holds, what its bill would come to where that is known, and the run's days and date."""

    id: int
    customer_id: int
    contract_id: int
    code: str
    reason: str
    total: Decimal | None
    currency: str | None
    accepted_total: Decimal | None
    released_at: datetime | None
    adapter: str
    period_from: date
    issued_on: date


def accepted_totals(connection: Connection, *, run_id: int, contracts: Collection[int]) -> Mapping[int, Accepted]:
    """Find which of these contracts, held by a run, an employee accepted, and at which sum each."""
    rows = connection.execute(ACCEPTED, {"run": run_id, "contracts": list(contracts)}).fetchall()
    return {contract: Accepted(total, currency) for contract, total, currency in rows}


async def lock_held(session: AsyncSession, *, hold_id: int) -> HeldBill | None:
    """Take hold of a held contract, so that no run changes it meanwhile."""
    row = (await session.execute(HELD, {"hold": hold_id})).one_or_none()
    return None if row is None else HeldBill(*row)


async def hold_of_contract(session: AsyncSession, *, number: str, starts: date, ends: date) -> int | None:
    """Find the hold of a contract by the run of a period, also one that was released; None where there was none."""
    found: int | None = await session.scalar(HOLD_OF_CONTRACT, {"number": number, "starts": starts, "ends": ends})
    return found
