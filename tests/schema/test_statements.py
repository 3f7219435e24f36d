"""How many statements reach PostgreSQL, counted on the wire: SQLAlchemy's, the driver's own, and transactions' too."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from mains_schema.declaring.node import encode_id
from mains_schema.served import graphql_app
from mains_server.adapters.host import AdapterHost
from mains_server.db.engine import make_engine
from mains_server.db.unit_of_work import unit_of_work
from mains_server.signin.operations import set_password
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.schema.asking import NOW
from tests.schema.test_portal import HOME
from tests.schema.test_served import PASSWORD, SIGN_IN, SUBMIT
from tests.schema.town import settle
from tests.schema.wire import Wire, listening

NAME = "{ viewer { name } }"
# Once a connection, asyncpg asks how types that it has not met are written, without compiling that to machine code.
LOOKING_UP = ("typeinfo_tree", "'jit'")
TAKEN = "mutation ($input: ReadingSubmitInput!) { readingSubmit(input: $input) { userErrors { code } } }"
READING = {"registerId": encode_id(type_name="Register", number=1), "value": "1014.5", "idempotencyKey": "k"}


@dataclass
class Counted:
    """A client of a server whose way to the database is listened to."""

    http: httpx2.AsyncClient
    wire: Wire

    async def ask(self, query: str, **variables: Any) -> list[str]:
        """Ask, and give the statements it took."""
        self.wire.take()
        answer = (await self.http.post("/", json={"query": query, "variables": variables})).json()
        assert "errors" not in answer, answer
        return self.wire.take()


async def opened(database_url: str, *, compiles: bool) -> AsyncIterator[Counted]:
    async with listening(database_url) as wire:
        engine = make_engine(address=wire.address, connections_max=5)
        host = AdapterHost(adapters=(), live={})
        app = graphql_app(
            engine=engine, host=host, session_lifetime=timedelta(hours=1), compiles=compiles, clock=lambda: NOW
        )
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://mains") as http:
            signed = await http.post(
                "/", json={"query": SIGN_IN, "variables": {"email": "person1@example.lv", "password": PASSWORD}}
            )
            http.headers["authorization"] = f"Bearer {signed.json()['data']['sessionCreate']['token']}"
            yield Counted(http, wire)
        await engine.dispose()


@pytest_asyncio.fixture
async def town(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await settle(connection, customers=4)
        for table in ("reading", "person", "session"):
            await connection.exec_driver_sql(f"select setval('{table}_id_seq', 1000000)")
    async with unit_of_work(engine) as session:
        await set_password(session, person_id=1, password=PASSWORD, now=NOW)


@pytest_asyncio.fixture
async def compiled(town: None, database_url: str) -> AsyncIterator[Counted]:
    async for found in opened(database_url, compiles=True):
        yield found


@pytest_asyncio.fixture
async def resolvers(town: None, database_url: str) -> AsyncIterator[Counted]:
    async for found in opened(database_url, compiles=False):
        yield found


@pytest.mark.asyncio
@pytest.mark.parametrize("query", [NAME, HOME])
async def test_a_read_is_one_statement_and_the_first_of_a_token_two(compiled: Counted, query: str) -> None:
    await compiled.http.post("/", json={"query": "{ utilityAdapters { code } }"}, headers={"authorization": ""})

    first, second, third = [await compiled.ask(query) for _ in range(3)]

    ours = [statement for statement in first if not any(words in statement for words in LOOKING_UP)]
    assert len(ours) == 2
    assert ours[0].lstrip().startswith("select json_build_array(s.id, p.id")  # who it is
    assert [len(second), len(third)] == [1, 1]
    assert second == third and second[0].startswith("select case when (")


@pytest.mark.asyncio
async def test_resolvers_take_one_statement_to_know_who_asks_and_transactions_take_none(resolvers: Counted) -> None:
    await resolvers.ask(NAME)

    assert len(await resolvers.ask(NAME)) == 2


@pytest.mark.asyncio
async def test_what_a_mutation_shows_is_one_statement(compiled: Counted) -> None:
    await compiled.ask(SUBMIT, input=READING)  # fills the caches of the driver
    shown = await compiled.ask(SUBMIT, input=READING)  # the same key: nothing is done again
    nothing = await compiled.ask(TAKEN, input=READING)

    assert sum(statement.startswith("select convert_to(") for statement in shown) == 1
    assert len(shown) == len(nothing) + 1
