"""A thousand open WebSockets of one server process: memory and CPU of opening them, of idling, and of an event for all.

Every socket belongs to one family that looks at its balance on many devices, so each event is read and authorised
once for each socket, as it is for a thousand families. The client's own CPU is not counted.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import httpx2
import orjson
import psutil
from mains_schema.declaring.node import decode_id
from mains_server.adapters.loading import load_adapters
from mains_server.db.embedded import EmbeddedServer, embedded_server
from mains_server.db.engine import make_engine
from mains_server.db.migrate import upgrade
from mains_server.db.outbox import NewsEvent, append_news
from mains_server.db.unit_of_work import unit_of_work
from mains_server.demo.cast import OWNER
from mains_server.demo.settle import settle
from sqlalchemy.ext.asyncio import AsyncEngine
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from bench.cost import server_cpu
from bench.portal_home import SIGN_IN, cpu, ready, running_server

SOCKETS = int(os.environ.get("MAINS_BENCH_SOCKETS", "1000"))
EVENTS = 5
IDLE_SECONDS = 30
OPENED_AT_ONCE = 50
MINE = "{ viewer { customers(first: 1) { nodes { id } } } }"
SUBSCRIPTION = "subscription { balanceChanged { number balances { owed { amount currency } } } }"
PROTOCOL = [Subprotocol("graphql-transport-ws")]


@dataclass(frozen=True, slots=True)
class Spent:
    """What a step took: CPU seconds of the application and of PostgreSQL, and seconds by the clock."""

    application: float
    database: float
    seconds: float


def main() -> None:
    """Open the sockets, let them idle, tell them of events, and print what each step took."""
    with (
        tempfile.TemporaryDirectory(prefix="mains-bench-", ignore_cleanup_errors=True) as folder,
        embedded_server(data_dir=Path(folder) / "server") as server,
    ):
        upgrade(address=server.address())
        asyncio.run(_settle(server.address()))
        limits = {"MAINS_SOCKETS_PER_ADDRESS": str(2 * SOCKETS), "MAINS_ROWS_A_MINUTE": "0"}
        with running_server(address=server.address(), **limits) as (process, url):
            asyncio.run(_measure(process, url=url, server=server))


async def _settle(address: str) -> None:
    """Settle the demo's utility without any bill."""
    engine = make_engine(address=address, connections_max=2)
    now = datetime(2022, 2, 20, 8, tzinfo=UTC)
    async with unit_of_work(engine) as session:
        await settle(session, host=load_adapters(on=date(2022, 3, 1)), now=now)
    await engine.dispose()


async def _measure(process: psutil.Process, *, url: str, server: EmbeddedServer) -> None:
    async with httpx2.AsyncClient(base_url=url, timeout=60) as client:
        await ready(client)
        credentials = {"email": OWNER.email, "password": OWNER.password}
        answer = await client.post("/graphql", json={"query": SIGN_IN, "variables": {"input": credentials}})
        token = answer.json()["data"]["sessionCreate"]["token"]
        client.headers["Authorization"] = f"Bearer {token}"
        answer = await client.post("/graphql", json={"query": MINE})
        (mine,) = answer.json()["data"]["viewer"]["customers"]["nodes"]
        _type, customer_id = decode_id(mine["id"])
    engine = make_engine(address=server.address(), connections_max=1)
    at = url.replace("http://", "ws://") + "/graphql"
    warm = await _opened(at, token=token)
    await _tell(engine, customer_id, [warm])
    print(f"{SOCKETS} sockets of one process")
    memory = process.memory_info().rss
    async with _spending("open, each", process, server, parts=SOCKETS):
        sockets: list[ClientConnection] = []
        while len(sockets) < SOCKETS:
            sockets += await asyncio.gather(*(_opened(at, token=token) for _ in range(OPENED_AT_ONCE)))
    print(f"memory, each: {(process.memory_info().rss - memory) / SOCKETS / 1024:.1f} KiB")
    async with _spending("idle, each second", process, server, parts=IDLE_SECONDS):
        await asyncio.sleep(IDLE_SECONDS)
    async with _spending("event, each socket", process, server, parts=EVENTS * SOCKETS):
        for _ in range(EVENTS):
            await _tell(engine, customer_id, sockets)
    async with _spending("event of others, each", process, server, parts=100):
        for _ in range(100):
            await _tell(engine, customer_id + 1, [])
    await asyncio.gather(*(socket.close() for socket in [warm, *sockets]))
    await engine.dispose()


@asynccontextmanager
async def _spending(what: str, process: psutil.Process, server: EmbeddedServer, *, parts: int) -> AsyncIterator[None]:
    """Print what the block took, for each part of it."""
    before, began = (cpu(process), server_cpu(server)), time.perf_counter()
    yield
    spent = Spent(cpu(process) - before[0], server_cpu(server) - before[1], time.perf_counter() - began)
    print(
        f"{what:24} application {1000 * spent.application / parts:8.2f} ms CPU,"
        f" database {1000 * spent.database / parts:8.2f} ms CPU, {spent.seconds:8.1f} s in all",
        flush=True,
    )


async def _opened(at: str, *, token: str) -> ClientConnection:
    """Open a socket and subscribe; the pong says that the subscription runs."""
    socket = await connect(at, subprotocols=PROTOCOL, compression=None, ping_interval=None, open_timeout=120)
    for message in (
        {"type": "connection_init", "payload": {"authorization": f"Bearer {token}"}},
        {"type": "subscribe", "id": "1", "payload": {"query": SUBSCRIPTION}},
        {"type": "ping"},
    ):
        await socket.send(orjson.dumps(message).decode())
        if message["type"] != "subscribe":
            await socket.recv()
    return socket


async def _tell(engine: AsyncEngine, customer_id: int, sockets: list[ClientConnection]) -> None:
    """Let something be booked, and wait until every socket was told."""
    async with unit_of_work(engine) as session:
        news = NewsEvent(
            kind="ledger.balance_changed", customer_id=customer_id, payload={"kind": "REVERSAL", "document_id": 1}
        )
        await append_news(session, news=[news], now=datetime.now(UTC))
    for told in await asyncio.gather(*(socket.recv() for socket in sockets)):
        found = orjson.loads(told)
        if found["type"] != "next" or "errors" in found["payload"]:
            raise RuntimeError(found)


if __name__ == "__main__":
    main()
