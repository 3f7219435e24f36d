"""Budgets that server processes share: each takes some of a minute's rows ahead, and asks again when they are read."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlmodel import col

from mains_server.db.engine import Lent
from mains_server.db.tables import RowBudget

KEPT_FOR = timedelta(hours=1)
# A minute that is over begins anew. Of the one that runs, what was read without asking is taken off first; then as much
# is granted as is wanted and still there. One statement, so that processes that ask at once wait for each other's row.
LEASE = """
insert into row_budget as b (bucket, minute, taken, granted)
select $1::bytea, $2::bigint, $3::bigint + n.granted, n.granted
from (select least($4::bigint, greatest($5::bigint - $3::bigint, 0))) n (granted)
on conflict (bucket) do update set minute = greatest(b.minute, excluded.minute),
    granted = case when b.minute < excluded.minute then excluded.granted
        else least($4::bigint, greatest($5::bigint - b.taken - $3::bigint, 0)) end,
    taken = case when b.minute < excluded.minute then excluded.taken
        else b.taken + $3::bigint + least($4::bigint, greatest($5::bigint - b.taken - $3::bigint, 0)) end
returning granted, taken
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a process asks for: whose budget, in which minute, what it read there without asking, and how much more.

    All are rows, as documents are counted in; `allowed` is what all processes together may read.
    """

    spender: str
    minute: int
    read: int
    wanted: int
    allowed: int


@dataclass(frozen=True, slots=True)
class Lease:
    """Rows that a process may read before it asks again, and what all processes have taken by then."""

    granted: int
    taken: int


class RowLeases:
    """Grants a process its parts of budgets, out of one row of the database for each spender."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def take(self, asked: Asked) -> Lease:
        """Take rows ahead; none are granted where all are taken. Whose they are is kept as a hash."""
        lent = Lent(self._engine)
        bucket = hashlib.sha256(asked.spender.encode()).digest()
        try:
            connection = await lent.connection()
            row = await connection.fetchrow(LEASE, bucket, asked.minute, asked.read, asked.wanted, asked.allowed)
        finally:
            await lent.give_back()
        return Lease(granted=row["granted"], taken=row["taken"])


async def forget_budgets(session: AsyncSession, *, now: datetime) -> None:
    """Delete what was read in minutes that are long over."""
    before = int((now - KEPT_FOR).timestamp()) // 60
    await session.execute(delete(RowBudget).where(col(RowBudget.minute) < before))
