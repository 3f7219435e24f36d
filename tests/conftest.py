"""A real PostgreSQL for tests: one server a run, an empty migrated database for each test that asks."""

import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from mains_server.db.addresses import asyncpg_url
from mains_server.db.embedded import embedded_server
from mains_server.db.engine import make_engine
from mains_server.db.registry import whole_metadata
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.databases import Databases, databases


@pytest.fixture(scope="session")
def server_address() -> Iterator[str]:
    """Give the administrator's address of the server tests run on: `MAINS_TEST_DATABASE_URL`, or an embedded one.

    All processes of a run share the embedded one, in the folder that `conftest.py` at the top makes.
    """
    address = os.environ.get("MAINS_TEST_DATABASE_URL")
    if address is not None:
        yield address
        return
    with embedded_server(data_dir=Path(os.environ["MAINS_TEST_FOLDER"]), is_durable=False) as server:
        yield server.address(database="postgres")


@pytest.fixture(scope="session")
def test_databases(server_address: str) -> Iterator[Databases]:
    """Give the databases that tests take turns with.

    Every table is known then, as in the server: a room's rows point to rows of rooms that it never names.
    """
    whole_metadata()
    with databases(server_address, kind="template") as found:
        yield found


@pytest.fixture
def psycopg_dsn(test_databases: Databases) -> Iterator[str]:
    """Give an empty, migrated database of the test's own by its libpq address."""
    with test_databases.one() as address:
        yield address


@pytest.fixture
def database_url(psycopg_dsn: str) -> str:
    """Give the test's database as SQLAlchemy's asyncpg dialect wants it."""
    return asyncpg_url(psycopg_dsn).render_as_string(hide_password=False)


@pytest_asyncio.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    """Give an engine on the test's database."""
    made = make_engine(address=database_url, connections_max=5)
    yield made
    await made.dispose()


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """Give a folder for an embedded server's data; pytest closes `tmp_path` to the server's account."""
    with tempfile.TemporaryDirectory(prefix="mains-embedded-", ignore_cleanup_errors=True) as folder:
        yield Path(folder) / "with a space"
