"""The demo utility with its billed year, once a test run, and front ends that talk to it over HTTP."""

import io
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from typing import Any

import httpx2
import psycopg
import pytest
from mains_server.adapters.host import AdapterHost
from mains_server.adapters.loading import load_adapters
from mains_server.app import make_app
from mains_server.commands.demo import prepare
from mains_server.db.engine import make_engine
from mains_server.demo.cast import PASSWORD
from mains_server.settings import Mode, Settings
from rich.console import Console

from tests.databases import Databases, copy_of, shared_template

SIGN_IN = """
mutation ($input: SessionCreateInput!) { sessionCreate(input: $input) { token userErrors { code message } } }
"""


class FrontEnd:
    """A front end signed in as somebody, or as nobody."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self.client = client
        self.headers: dict[str, str] = {}

    async def sign_in(self, email: str) -> None:
        """Sign in with the demo's password."""
        data = await self.ask(SIGN_IN, input={"email": email, "password": PASSWORD})
        assert data["sessionCreate"]["userErrors"] == []
        self.headers = {"Authorization": f"Bearer {data['sessionCreate']['token']}"}

    async def answer(self, query: str, **variables: object) -> dict[str, Any]:
        """Ask and give the whole answer."""
        body = {"query": query, "variables": variables}
        answer: dict[str, Any] = (await self.client.post("/graphql", json=body, headers=self.headers)).json()
        return answer

    async def ask(self, query: str, **variables: object) -> dict[str, Any]:
        """Ask and give the data; there must be no error."""
        answer = await self.answer(query, **variables)
        assert "errors" not in answer, answer["errors"]
        data: dict[str, Any] = answer["data"]
        return data


@pytest.fixture(scope="session")
def demo_host() -> AdapterHost:
    """Give the adapters as the demo finds them."""
    return load_adapters(on=date(2022, 3, 1))


@pytest.fixture(scope="session")
def demo_template(test_databases: Databases) -> Iterator[str]:
    """Have the demo's billed year as a template, made once for all processes of a run: it takes most of a minute."""

    def settled(address: str) -> None:
        prepare(address=address, console=Console(file=io.StringIO()))

    server, like = test_databases.server, test_databases.template
    with shared_template(server, kind="demo", like=like, prepare=settled) as template:
        yield template


@pytest.fixture(scope="session")
def demo_address(test_databases: Databases, demo_template: str) -> Iterator[str]:
    """Give a database with the demo's billed year; tests that change it use numbers of their own."""
    with copy_of(test_databases.server, template=demo_template) as address:
        yield address


@pytest.fixture
def demo_rows(demo_address):
    """Give what asks the demo's database directly."""

    def rows(statement: str, *values: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(demo_address) as connection:
            return connection.execute(statement, values).fetchall()

    return rows


@pytest.fixture
def front_end(demo_address, demo_host):
    """Give what opens a front end, signed in as somebody."""

    @asynccontextmanager
    async def opened(email: str | None) -> AsyncIterator[FrontEnd]:
        engine = make_engine(address=demo_address, connections_max=5)
        app = make_app(engine=engine, settings=Settings(mode=Mode.DEMO), host=demo_host)
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://mains.test") as client:
            found = FrontEnd(client)
            if email is not None:
                await found.sign_in(email)
            yield found
        await engine.dispose()

    return opened


@pytest.fixture(scope="session")
def today() -> datetime:
    """Give a moment at which the demo's year is over."""
    return datetime(2023, 3, 25, 12, tzinfo=UTC)
