"""Ids drawn ahead, for writers that must know an id before the row is written."""

from psycopg import AsyncConnection, Connection, sql
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession


def next_ids(connection: Connection, *, sequence: str, count: int) -> list[int]:
    """Draw `count` ids from a sequence in one value, over psycopg."""
    with connection.cursor(binary=True) as cursor:
        ((ids,),) = cursor.execute(_draw(sequence=sequence), [count]).fetchall()
    return ids or []


async def next_ids_async(connection: AsyncConnection, *, sequence: str, count: int) -> list[int]:
    """Draw `count` ids from a sequence in one value, over asynchronous psycopg."""
    async with connection.cursor(binary=True) as cursor:
        await cursor.execute(_draw(sequence=sequence), [count])
        ((ids,),) = await cursor.fetchall()
    return ids or []


async def next_id(session: AsyncSession, *, sequence: str) -> int:
    """Draw one id from a sequence inside a unit of work."""
    found = await session.scalar(text("select nextval(cast(:sequence as regclass))"), {"sequence": sequence})
    assert isinstance(found, int)
    return found


def _draw(*, sequence: str) -> sql.Composed:
    return sql.SQL("select array_agg(nextval({}::regclass)) from generate_series(1, %s)").format(sql.Literal(sequence))
