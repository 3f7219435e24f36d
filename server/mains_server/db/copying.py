"""Many rows at once by binary COPY, inside the session's own transaction."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession


async def draw_ids(session: AsyncSession, *, sequence: str, count: int) -> tuple[int, ...]:
    """Draw `count` ids from a sequence in one statement, for rows that others in the same load point to."""
    statement = text("select nextval(cast(:sequence as regclass)) from generate_series(1, :count)")
    found = await session.scalars(statement, {"sequence": sequence, "count": count})
    return tuple(found.all())


async def copy_rows(
    session: AsyncSession, *, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Write rows as they stand; enums go as their names, and the caller has checked what the database does not."""
    await session.flush()
    connection = await session.connection()
    await connection.execute(text("select 1"))
    raw = await connection.get_raw_connection()
    assert raw.driver_connection is not None
    await raw.driver_connection.copy_records_to_table(table, columns=list(columns), records=rows)
