"""A real PostgreSQL for tests: one server a run, one fresh database a test that asks."""

import os
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest
import pytest_asyncio
from mains_server.db.addresses import psycopg_dsn as libpq_address
from mains_server.db.embedded import embedded_server
from mains_server.db.engine import make_engine
from mains_server.db.migrate import upgrade
from sqlalchemy import make_url
from sqlalchemy.ext.asyncio import AsyncEngine


@pytest.fixture(scope="session")
def server_address() -> Iterator[str]:
    """Give the administrator's address of the server tests run on: `MAINS_TEST_DATABASE_URL`, or an embedded one."""
    with ExitStack() as stack:
        address = os.environ.get("MAINS_TEST_DATABASE_URL")
        if address is None:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="mains-test-", ignore_cleanup_errors=True))
            server = stack.enter_context(embedded_server(data_dir=Path(folder), is_durable=False))
            address = server.address(database="postgres")
        yield libpq_address(address)


@pytest.fixture(scope="session")
def template_database(server_address: str) -> Iterator[str]:
    """Give the name of a migrated, empty database that the others are copied from."""
    name = f"mains_template_{uuid.uuid4().hex[:12]}"
    _administer(server_address, f'create database "{name}"')
    upgrade(address=_with_database(server_address, name))
    yield name
    _administer(server_address, f'drop database "{name}" with (force)')


@pytest.fixture
def psycopg_dsn(server_address: str, template_database: str) -> Iterator[str]:
    """Give a fresh database by its libpq address; it is gone after the test."""
    name = f"mains_test_{uuid.uuid4().hex[:12]}"
    _administer(server_address, f'create database "{name}" template "{template_database}" strategy file_copy')
    yield _with_database(server_address, name)
    _administer(server_address, f'drop database "{name}" with (force)')


@pytest.fixture
def database_url(psycopg_dsn: str) -> str:
    """Give the test's database as SQLAlchemy's asyncpg dialect wants it."""
    return make_url(psycopg_dsn).set(drivername="postgresql+asyncpg").render_as_string(hide_password=False)


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """Give a folder for an embedded server's data; pytest closes `tmp_path` to the server's account."""
    with tempfile.TemporaryDirectory(prefix="mains-embedded-", ignore_cleanup_errors=True) as folder:
        yield Path(folder) / "with a space"


@pytest_asyncio.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    """Give an engine on the test's database."""
    made = make_engine(address=database_url, connections_max=5)
    yield made
    await made.dispose()


def _administer(address: str, statement: str) -> None:
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(statement)


def _with_database(address: str, name: str) -> str:
    return make_url(address).set(database=name).render_as_string(hide_password=False)
