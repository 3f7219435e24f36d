"""Who asked a moment ago is never answered from what they were then: every change of their rights shows at once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from mains_schema.served import graphql_app
from mains_server.adapters.host import AdapterHost
from mains_server.db.unit_of_work import unit_of_work
from mains_server.signin.operations import set_password
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.schema.asking import NOW
from tests.schema.serving import codes
from tests.schema.test_served import PASSWORD, SIGN_IN, Portal
from tests.schema.town import settle

LIFETIME = timedelta(hours=1)
NUMBERS = "{ viewer { customers(first: 100) { nodes { number } } } }"
STAFF = "{ staff { customers(first: 100) { totalCount } } }"
FIRST, FOURTH = "C-000001", "C-000004"
GRANT = """insert into access_grant (id, customer_id, person_id, role, permissions, starts_at)
  values (900, 1, 4, 'DELEGATE', '{VIEW}', '2022-01-01')"""


@dataclass
class Signed:
    """Somebody who is signed in and has just asked, and a clock that tests move."""

    engine: AsyncEngine
    now: datetime = NOW
    portal: Portal = field(init=False)

    async def change(self, statement: str) -> None:
        async with self.engine.begin() as connection:
            await connection.exec_driver_sql(statement)

    async def numbers(self) -> Any:
        """Give the numbers of the customers they see, or the codes of what they are told instead."""
        answer = await self.portal.ask(NUMBERS)
        return codes(answer) or [node["number"] for node in answer["data"]["viewer"]["customers"]["nodes"]]


@pytest_asyncio.fixture
async def signed(engine: AsyncEngine) -> AsyncIterator[Signed]:
    """Person 4, owner of customer 4 and an operator, who has asked everything twice."""
    async with engine.begin() as connection:
        await settle(connection, customers=4, months=1, lines=1)
        for table in ("person", "session"):
            await connection.exec_driver_sql(f"select setval('{table}_id_seq', 1000000)")
    async with unit_of_work(engine) as session:
        await set_password(session, person_id=4, password=PASSWORD, now=NOW)
    found = Signed(engine)
    host = AdapterHost(adapters=(), live={})
    app = graphql_app(engine=engine, host=host, session_lifetime=LIFETIME, clock=lambda: found.now)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://mains") as http:
        found.portal = Portal(http)
        answer = await found.portal.ask(SIGN_IN, email="person4@example.lv", password=PASSWORD)
        found.portal.token = answer["data"]["sessionCreate"]["token"]
        for _ in range(2):
            assert FOURTH in await found.numbers()
            assert (await found.portal.ask(STAFF))["data"] == {"staff": {"customers": {"totalCount": 4}}}
        yield found


@pytest.mark.asyncio
async def test_a_revoked_session_is_over_at_once(signed: Signed) -> None:
    await signed.change("update session set revoked_at = '2023-03-20 10:00+00'")

    assert await signed.numbers() == ["UNAUTHENTICATED"]
    assert await signed.numbers() == ["UNAUTHENTICATED"]


@pytest.mark.asyncio
async def test_a_session_ends_when_it_does(signed: Signed) -> None:
    signed.now = NOW + LIFETIME - timedelta(seconds=1)
    assert FOURTH in await signed.numbers()

    signed.now = NOW + LIFETIME + timedelta(seconds=1)

    assert await signed.numbers() == ["UNAUTHENTICATED"]


@pytest.mark.asyncio
async def test_a_role_that_is_taken_away_is_gone_at_once(signed: Signed) -> None:
    await signed.change("delete from staff_member")

    assert codes(await signed.portal.ask(STAFF)) == ["FORBIDDEN"]
    assert await signed.numbers() == [FOURTH]


@pytest.mark.asyncio
async def test_grants_come_and_go_at_once(signed: Signed) -> None:
    await signed.change("delete from staff_member")
    await signed.numbers()

    await signed.change(GRANT)
    granted = await signed.numbers()
    await signed.change("update access_grant set ends_at = '2023-03-01' where id = 900")
    ended = await signed.numbers()

    assert (granted, ended) == ([FIRST, FOURTH], [FOURTH])


@pytest.mark.asyncio
async def test_a_grant_ends_by_the_clock(signed: Signed) -> None:
    await signed.change("delete from staff_member")
    await signed.change(GRANT)
    await signed.change("update access_grant set ends_at = '2023-03-20 10:30+00' where id = 900")
    before = await signed.numbers()

    signed.now = NOW + timedelta(minutes=31)

    assert (before, await signed.numbers()) == ([FIRST, FOURTH], [FOURTH])


@pytest.mark.asyncio
async def test_nobody_is_taken_for_somebody_else(signed: Signed) -> None:
    token = signed.portal.token
    assert token is not None

    signed.portal.token = token[:-1] + ("A" if token[-1] != "A" else "B")
    wrong = await signed.numbers()
    signed.portal.token = None

    assert (wrong, await signed.numbers()) == (["UNAUTHENTICATED"], ["UNAUTHENTICATED"])
