"""Serves the town's subscriptions over a real WebSocket, and speaks graphql-transport-ws with it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson
import uvicorn
from mains_schema.http.edge import Edge
from mains_schema.http.view import GraphQLView
from mains_schema.live.hub import Hub
from mains_schema.live.messages import PROTOCOL
from mains_schema.live.socket import endpoint_of
from mains_schema.served import schema
from mains_server.access.queries import viewer_of_person
from mains_server.access.records import Viewer
from mains_server.db.engine import Lent
from mains_server.db.outbox import NewsEvent, append_news
from mains_server.db.unit_of_work import read_session, unit_of_work
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from tests.schema.asking import NO_ADAPTERS, NOW
from tests.schema.authorization_actors import ACTORS

PATIENCE_SECONDS = 60
MESSAGES = "subscription { inboxMessage { subject } }"
EDGE = Edge(origins=frozenset({"https://portal.example"}))


class Talk:
    """One connection, as a client has it."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def say(self, type_: str, **parts: Any) -> None:
        await self.connection.send(orjson.dumps({"type": type_, **parts}).decode())

    async def hear(self) -> dict[str, Any]:
        found: dict[str, Any] = orjson.loads(await asyncio.wait_for(self.connection.recv(), PATIENCE_SECONDS))
        return found

    async def begin(self, token: str) -> None:
        await self.say("connection_init", payload={"authorization": f"Bearer {token}"})
        assert await self.hear() == {"type": "connection_ack"}

    async def subscribe(self, id_: str, query: str = MESSAGES, **more: Any) -> None:
        """Subscribe, and wait until it runs: messages are obeyed one after the other."""
        await self.say("subscribe", id=id_, payload={"query": query, **more})
        await self.settled()

    async def settled(self) -> None:
        await self.say("ping")
        assert await self.hear() == {"type": "pong"}

    async def refused(self, id_: str) -> str:
        """Give the code with which a subscription ended."""
        told = await self.hear()
        assert (told["type"], told["id"]) == ("error", id_), told
        return str(told["payload"][0]["extensions"]["code"])

    async def next(self, id_: str) -> Any:
        told = await self.hear()
        assert (told["type"], told["id"]) == ("next", id_), told
        assert "errors" not in told["payload"], told
        return told["payload"]["data"]

    async def closed(self) -> int:
        """Wait until the other side closes, and give its code."""
        try:
            while True:
                await asyncio.wait_for(self.connection.recv(), PATIENCE_SECONDS)
        except ConnectionClosed as closed:
            assert closed.rcvd is not None
            return closed.rcvd.code


@dataclass(frozen=True)
class Live:
    """A process that serves subscriptions on a database."""

    address: str
    engine: AsyncEngine

    @asynccontextmanager
    async def talk(self, *, protocol: str = PROTOCOL, headers: Mapping[str, str] | None = None) -> AsyncIterator[Talk]:
        """Open a connection."""
        names = [Subprotocol(protocol)] if protocol else None
        async with connect(self.address, subprotocols=names, additional_headers=dict(headers or {})) as connection:
            yield Talk(connection)

    @asynccontextmanager
    async def subscriber(self, actor: str, query: str = MESSAGES, **more: Any) -> AsyncIterator[Talk]:
        """Open a connection of somebody with one subscription `1`."""
        async with self.talk() as talk:
            await talk.begin(actor)
            await talk.subscribe("1", query, **more)
            yield talk

    async def happens(self, kind: str, customer_id: int | None = 1, /, **payload: Any) -> None:
        """Let something be committed."""
        async with unit_of_work(self.engine) as session:
            event = NewsEvent(kind=kind, customer_id=customer_id, payload=payload)  # type: ignore[arg-type]
            await append_news(session, news=[event], now=NOW)

    async def told(self, notice: int, customer_id: int = 1) -> None:
        """Let a notice that is there be told."""
        await self.happens("notice.told", customer_id, notice_id=notice)

    async def ended(self, actor: str, **payload: Any) -> None:
        """End the rights of somebody on customer 1, with the event or without."""
        async with unit_of_work(self.engine) as session:
            ends = text("update access_grant set ends_at = :now where id = :id")
            await session.execute(ends, {"now": NOW, "id": ACTORS[actor]})
            if payload:
                news = NewsEvent(kind="delegation.revoked", customer_id=1, payload=payload)
                await append_news(session, news=[news], now=NOW)


@asynccontextmanager
async def living(engine: AsyncEngine, *, edge: Edge = EDGE, gone: set[str] | None = None) -> AsyncIterator[Live]:
    """Serve; a token is the name of an actor, until it is among those that are `gone`."""

    async def authenticate(_lent: Lent, token: str, now: datetime) -> Viewer | None:
        person = ACTORS.get(token) if token not in (gone or ()) else None
        if person is None:
            return None
        async with read_session(engine) as session:
            return await viewer_of_person(session, person_id=person, now=now, session_id=person)

    view = GraphQLView(
        schema=schema(),
        engine=engine,
        services=replace(NO_ADAPTERS),
        authenticate=authenticate,
        clock=lambda: NOW,
        edge=edge,
    )
    hub = Hub(engine, sockets_max=edge.sockets_max, sockets_per_address=edge.sockets_per_address)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with hub.running():
            yield

    app = Starlette(routes=[WebSocketRoute("/graphql", endpoint_of(view, hub))], lifespan=lifespan)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", ws_max_size=1_000_000))
    task = asyncio.create_task(server.serve())
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not server.started:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield Live(f"ws://127.0.0.1:{port}/graphql", engine)
    finally:
        server.should_exit = True
        await task
