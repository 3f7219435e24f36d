"""A small library served over HTTP, by both executors: what tests send it, and what it refuses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx2
import orjson
from mains_schema.http.asked import GRAPHQL_JSON
from mains_schema.http.edge import Edge
from mains_schema.http.view import GraphQLView
from mains_server.access.records import Viewer
from mains_server.db.engine import Lent
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.schema.asking import NO_ADAPTERS, NOW, owner
from tests.schema.conftest import SCHEMA

EDITING = Edge(has_editor=True)
TOKENS = {"anna": owner(1, 2), "janis": owner(3, person=2)}


@dataclass(frozen=True)
class Both:
    """Two servers on one database: one that compiles what it can, and one whose resolvers answer everything."""

    compiling: httpx2.AsyncClient
    resolving: httpx2.AsyncClient

    async def post(self, body: Any, **more: str) -> httpx2.Response:
        """Send both the same, insist on the same status and body, and give the answer."""
        answers = [await post(http, body, **more) for http in (self.compiling, self.resolving)]
        assert answers[0].status_code == answers[1].status_code
        assert answers[0].content == answers[1].content
        assert answers[0].headers["content-type"] == answers[1].headers["content-type"]
        return answers[0]

    async def ask(self, query: str, *, token: str = "anna", **variables: Any) -> dict[str, Any]:
        """Ask both as somebody, and give the JSON of their answer."""
        answer = await self.post({"query": query, "variables": variables}, authorization=f"Bearer {token}")
        found: dict[str, Any] = answer.json()
        return found

    async def executor(self, query: str, **variables: Any) -> str:
        """Tell which executor the compiling server lets answer."""
        body = {"query": query, "variables": variables}
        answer = (await post(self.compiling, body, **{"x-mains-executor": "1"})).json()
        return str(answer["extensions"]["executor"]["name"])


def codes(answer: Any) -> list[str]:
    """Give the codes of an answer's errors."""
    return [error["extensions"]["code"] for error in answer.get("errors", ())]


async def authenticate(_lent: Lent, token: str, now: datetime) -> Viewer | None:
    assert now == NOW
    return TOKENS.get(token)


def view(engine: AsyncEngine, *, edge: Edge = EDITING, compiles: bool = True) -> GraphQLView:
    return GraphQLView(
        schema=SCHEMA,
        engine=engine,
        services=NO_ADAPTERS,
        authenticate=authenticate,
        clock=lambda: NOW,
        edge=edge,
        compiles=compiles,
    )


def client(engine: AsyncEngine, *, edge: Edge = EDITING, compiles: bool = True) -> httpx2.AsyncClient:
    app = view(engine, edge=edge, compiles=compiles)
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://mains")


def headers(**more: str) -> dict[str, str]:
    return {"accept": GRAPHQL_JSON, "content-type": "application/json", "authorization": "Bearer anna"} | more


async def post(http: httpx2.AsyncClient, body: Any, **more: str) -> httpx2.Response:
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    return await http.post("/", content=content, headers=headers(**more))


def refused(response: httpx2.Response, status: int, code: str) -> bool:
    answer = response.json()
    assert response.status_code == status, answer
    assert "data" not in answer
    return [error["extensions"]["code"] for error in answer["errors"]] == [code]
