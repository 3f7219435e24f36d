"""Many rows at once by binary COPY, inside the session's own transaction."""

from collections.abc import Iterable, Sequence
from typing import Any

from asyncpg.exceptions import UniqueViolationError
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession


class RowExists(Exception):
    """A copied row is there already by one of the table's unique keys, which `constraint` names."""

    def __init__(self, *, table: str, constraint: str) -> None:
        super().__init__(f"{table} has such a row already by {constraint}")
        self.constraint = constraint


async def draw_ids(session: AsyncSession, *, sequence: str, count: int) -> tuple[int, ...]:
    """Draw `count` ids from a sequence in one value, for rows that others in the same load point to."""
    statement = text("select array_agg(nextval(cast(:sequence as regclass))) from generate_series(1, :count)")
    return tuple(await session.scalar(statement, {"sequence": sequence, "count": count}) or ())


async def copy_rows(
    session: AsyncSession, *, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Write rows as they stand, all or none; enums go as their names, and the caller has checked the rest."""
    await session.flush()
    try:
        async with session.begin_nested():
            raw = await (await session.connection()).get_raw_connection()
            assert raw.driver_connection is not None
            await raw.driver_connection.copy_records_to_table(table, columns=list(columns), records=rows)
    except UniqueViolationError as refused:
        raise RowExists(table=table, constraint=str(refused.constraint_name)) from refused
