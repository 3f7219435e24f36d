"""A page in a browser is told of payments while there are two server processes and one of them is killed."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2
import orjson
import pytest
from mains_schema.declaring.node import encode_id
from mains_schema.served import utc_now
from mains_server.access.records import Person
from mains_server.db.unit_of_work import unit_of_work
from mains_server.payments.operations import receive_payment
from mains_server.payments.records import PaymentMethod, PaymentRequest
from mains_server.signin.records import UNKNOWN_DEVICE, Lifetimes
from mains_server.signin.sessions import begin_session
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.npm import install
from tests.schema.town import settle

pytestmark = [pytest.mark.asyncio, pytest.mark.slow]

PAGE = Path(__file__).parent / "live_client.mjs"
PACKAGES = ("graphql-ws@6", "graphql@16", "ws@8", "@urql/core@6")
PATIENCE_SECONDS = 120
HOUR = timedelta(hours=1)
OWNER = Person(id=1, email="person1@example.lv", name="Person 1", language="lv")


@pytest.fixture(scope="module")
def packages() -> Iterator[Path]:
    """Give a folder with the clients from npm."""
    with tempfile.TemporaryDirectory() as folder:
        install(Path(folder), *PACKAGES)
        yield Path(folder)


@dataclass
class Page:
    """What a page was told and read so far."""

    process: asyncio.subprocess.Process
    ids: set[str] = field(default_factory=set)
    told: set[str] = field(default_factory=set)
    connected: list[str] = field(default_factory=list)
    wrong: list[Any] = field(default_factory=list)
    _more: asyncio.Event = field(default_factory=asyncio.Event)

    async def listen(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            said = orjson.loads(line)
            if "id" in said:
                self.ids.add(said["id"])
                self.told |= {said["id"]} if said["by"] == "told" else set()
            elif "connected" in said:
                self.connected.append(said["connected"])
            elif "unread" not in said:
                self.wrong.append(said)
            self._more.set()

    async def until(self, is_so: Any) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not is_so(self):
                self._more.clear()
                await self._more.wait()


@asynccontextmanager
async def serving(address: str) -> AsyncIterator[tuple[int, asyncio.subprocess.Process]]:
    """Run a server process on a port of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = (str(Path(sys.executable).with_name("mains")), "serve", "--port", str(port))
    process = await asyncio.create_subprocess_exec(*command, env={**os.environ, "MAINS_DATABASE_URL": address})
    try:
        async with asyncio.timeout(PATIENCE_SECONDS), httpx2.AsyncClient() as http:
            while not await _is_ready(http, port):  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        yield port, process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _is_ready(http: httpx2.AsyncClient, port: int) -> bool:
    try:
        return (await http.get(f"http://127.0.0.1:{port}/health/ready")).status_code == 200
    except httpx2.TransportError:
        return False


@asynccontextmanager
async def opened(packages: Path, kind: str, token: str, *ports: int) -> AsyncIterator[Page]:
    process = await asyncio.create_subprocess_exec(
        "node", str(PAGE), str(packages), kind, token, *map(str, ports), stdout=asyncio.subprocess.PIPE
    )
    page = Page(process)
    listening = asyncio.create_task(page.listen())
    try:
        yield page
    finally:
        process.kill()
        await process.wait()
        await listening


async def pay(engine: AsyncEngine, number: int) -> str:
    """Receive a payment of customer 1, and give its id once it is committed."""
    async with unit_of_work(engine) as session:
        request = PaymentRequest(
            customer_id=1,
            amount=Decimal("1.00"),
            currency="EUR",
            method=PaymentMethod.BANK_TRANSFER,
            received_on=date(2023, 3, 1),
            reference="",
            idempotency_key=f"live {number}",
        )
        return encode_id(
            type_name="Payment", number=(await receive_payment(session, request=request, now=utc_now())).id
        )


@pytest.mark.parametrize("kind", ["graphql-ws", "urql"])
async def test_a_page_misses_no_payment_while_a_server_is_killed(packages, kind, engine, database_url):
    token = await _signed_in(engine)
    async with AsyncExitStack() as stack:
        (first, doomed), (second, _process) = [await stack.enter_async_context(serving(database_url)) for _ in range(2)]
        page = await stack.enter_async_context(opened(packages, kind, token, first, second))
        await page.until(lambda so_far: so_far.connected)
        paid = {await pay(engine, number) for number in range(10)}
        await page.until(lambda so_far: paid <= so_far.told)

        doomed.kill()
        paid |= {await pay(engine, number) for number in range(10, 40)}
        await page.until(lambda so_far: str(second) in so_far.connected)
        later = {await pay(engine, number) for number in range(40, 50)}

        await page.until(lambda so_far: paid | later <= so_far.ids and later <= so_far.told)
        assert page.wrong == []


async def _signed_in(engine: AsyncEngine) -> str:
    async with engine.begin() as connection:
        await settle(connection, customers=4, months=1)
        sequences = await connection.exec_driver_sql("select sequencename from pg_sequences where schemaname='public'")
        for (name,) in sequences.all():
            await connection.exec_driver_sql(f"select setval('{name}', 1000000)")
    async with unit_of_work(engine) as session:
        lifetimes = Lifetimes(access=HOUR, session=HOUR)
        made = await begin_session(session, person=OWNER, device=UNKNOWN_DEVICE, now=utc_now(), lifetimes=lifetimes)
    return made.token
