"""The library of `library.py` with its rows in a database of the test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
import pytest_asyncio
from mains_schema.http.build import build_schema
from mains_server.db.addresses import asyncpg_url
from mains_server.db.engine import make_engine
from sqlalchemy import create_engine, insert, make_url
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.databases import Databases, databases
from tests.schema import library
from tests.schema.asking import Asker
from tests.schema.library import LineKind, LineRow, LoanRow, LoanStatus, PersonRow, ReaderRow

SCHEMA = build_schema(query=library.Query, rooms=[library])
READERS = 6
LOANS_EACH = 12


@pytest.fixture(scope="session")
def library_databases(test_databases: Databases) -> Iterator[Databases]:
    """Give databases that have the library's tables besides ours; a test that made them itself would spoil its own."""

    def prepare(address: str) -> None:
        engine = create_engine(make_url(address).set(drivername="postgresql+psycopg"))
        library.Table.metadata.create_all(engine)
        engine.dispose()

    server, like = test_databases.server, test_databases.template
    with databases(server, kind="library", like=like, prepare=prepare) as found:
        yield found


@pytest_asyncio.fixture
async def library_engine(library_databases: Databases) -> AsyncIterator[AsyncEngine]:
    """Give an engine on a database with the library's tables."""
    with library_databases.one() as address:
        made = make_engine(address=asyncpg_url(address).render_as_string(hide_password=False), connections_max=5)
        yield made
        await made.dispose()


@pytest_asyncio.fixture
async def asker(library_engine: AsyncEngine) -> Asker:
    """Six readers of customers 1 to 6, each with twelve loans of which days and fees tie, each loan with two lines."""
    engine = library_engine
    async with engine.begin() as connection:
        await connection.execute(insert(PersonRow), [{"id": 1, "name": "Anna"}, {"id": 2, "name": "Jānis"}])
        readers = [{"id": n, "customer_id": n, "name": f"Reader {n}"} for n in range(1, READERS + 1)]
        await connection.execute(insert(ReaderRow), readers)
        await connection.execute(insert(LoanRow), [_loan(n) for n in range(READERS * LOANS_EACH)])
        await connection.execute(insert(LineRow), [_line(n) for n in range(2 * READERS * LOANS_EACH)])
    return Asker(SCHEMA, engine)


def _loan(n: int) -> dict[str, object]:
    reader, turn = n % READERS + 1, n // READERS
    return {
        "id": n + 1,
        "customer_id": reader,
        "reader_id": reader,
        "day": date(2023, 1, 1) + timedelta(days=turn // 3),
        "at": datetime(2023, 1, 1, 12, 0, 0, 123_456 * (turn % 2), tzinfo=UTC) + timedelta(hours=turn // 2),
        "title": "ābc"[turn % 3] * 2,
        "amount": Decimal(turn // 4).scaleb(0) / 4,
        "paid": None if turn % 2 else Decimal("0.10"),
        "currency": "EUR",
        "status": LoanStatus.BACK if turn % 4 == 0 else LoanStatus.OPEN,
    }


def _line(n: int) -> dict[str, object]:
    loan = n // 2
    kind = LineKind.FEE if n % 2 else LineKind.BOOK
    return {
        "id": n + 1,
        "customer_id": loan % READERS + 1,
        "loan_id": loan + 1,
        "position": n % 2 + 1,
        "kind": kind,
        "pages": 100 + loan if kind is LineKind.BOOK else None,
    }
