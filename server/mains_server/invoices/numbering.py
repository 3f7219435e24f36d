"""Drawing invoice numbers without a gap: the series' row stays locked until the drawing transaction ends.

Draw late, when everything else is done, since all who number wait. A transaction that fails gives its numbers back.
"""

from __future__ import annotations

from psycopg import AsyncConnection, Connection
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

DRAW = "update invoice_series set last_number = last_number + {count} where code = {code} returning last_number"
_BY_PSYCOPG = DRAW.format(count="%(count)s", code="%(code)s")
_BY_SESSION = DRAW.format(count="cast(:count as bigint)", code=":code")


class SeriesNotFound(LookupError):
    """There is no series of invoice numbers by a code."""


class CountNotPossible(ValueError):
    """Numbers are drawn in counts of one or more."""


def draw_numbers(connection: Connection, *, series: str, count: int) -> range:
    """Draw the next `count` numbers of a series, over psycopg."""
    row = connection.execute(_BY_PSYCOPG, _asked(series=series, count=count)).fetchone()
    return _drawn(last=None if row is None else row[0], series=series, count=count)


async def draw_numbers_async(connection: AsyncConnection, *, series: str, count: int) -> range:
    """Draw the next `count` numbers of a series, over asynchronous psycopg."""
    cursor = await connection.execute(_BY_PSYCOPG, _asked(series=series, count=count))
    row = await cursor.fetchone()
    return _drawn(last=None if row is None else row[0], series=series, count=count)


async def draw_number(session: AsyncSession, *, series: str) -> int:
    """Draw the next number of a series inside a unit of work."""
    last = await session.scalar(text(_BY_SESSION), _asked(series=series, count=1))
    return _drawn(last=last, series=series, count=1)[0]


def _asked(*, series: str, count: int) -> dict[str, str | int]:
    if count < 1:
        raise CountNotPossible(f"{count} numbers of series {series} cannot be drawn")
    return {"code": series, "count": count}


def _drawn(*, last: int | None, series: str, count: int) -> range:
    if last is None:
        raise SeriesNotFound(f"there is no invoice series {series!r}; register its seller first")
    return range(last - count + 1, last + 1)
