"""GraphQL over HTTP on the served schema, row by row, where no database answers: all of it is decided before one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import httpx2
import pytest
import pytest_asyncio
from graphql import get_introspection_query
from mains_schema.http.asked import GRAPHQL_JSON
from mains_schema.http.edge import PLAIN_EDGE
from mains_schema.served import graphql_app
from mains_server.adapters.host import AdapterHost
from mains_server.db.engine import make_engine

from tests.schema.serving import refused

pytestmark = pytest.mark.asyncio
HEADERS = {"accept": GRAPHQL_JSON}
CHANGE = "mutation M { sessionRevokeAll { ended } }"
READ = "query Q { __typename }"
LISTEN = "subscription { inboxMessage { id } }"


@pytest_asyncio.fixture
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    app = graphql_app(
        engine=make_engine(address="postgresql://nobody@/nowhere?host=/nonexistent"),
        host=AdapterHost(adapters=(), live={}),
        session_lifetime=timedelta(hours=1),
        edge=PLAIN_EDGE,
    )
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://mains") as opened:
        yield opened


NEVER_BY_GET = {
    "a mutation": ({"query": CHANGE}, 405),
    "one that is chosen": ({"query": f"{READ} {CHANGE}", "operationName": "M"}, 405),
    "a subscription": ({"query": LISTEN}, 400),
    "nothing": ({}, 400),
    "nothing that is chosen": ({"query": READ, "operationName": "N"}, 400),
    "one of two": ({"query": f"{READ} {CHANGE}"}, 400),
}


@pytest.mark.parametrize("name", NEVER_BY_GET)
async def test_a_get_reads_and_never_changes(http: httpx2.AsyncClient, name: str) -> None:
    params, status = NEVER_BY_GET[name]

    answer = await http.get("/graphql", params=params, headers=HEADERS)
    read = await http.get("/graphql", params={"query": f"{READ} {CHANGE}", "operationName": "Q"}, headers=HEADERS)

    assert refused(answer, status, "BAD_INPUT")
    assert (answer.headers.get("allow") == "POST") is (status == 405)
    assert read.json()["data"] == {"__typename": "Query"}


async def test_an_operation_that_is_one_of_several_is_named_or_refused(http: httpx2.AsyncClient) -> None:
    both = f"{READ} query R {{ a: __typename }}"

    unnamed = await http.post("/graphql", json={"query": both}, headers=HEADERS)
    unknown = await http.post("/graphql", json={"query": both, "operationName": "S"}, headers=HEADERS)
    named = await http.post("/graphql", json={"query": both, "operationName": "R"}, headers=HEADERS)

    assert refused(unnamed, 400, "BAD_INPUT")
    assert "operationName" in unnamed.json()["errors"][0]["message"]
    assert refused(unknown, 400, "BAD_INPUT")
    assert named.json()["data"] == {"a": "Query"}


async def test_who_subscribes_over_http_is_told_where_to(http: httpx2.AsyncClient) -> None:
    answer = await http.post("/graphql", json={"query": LISTEN}, headers=HEADERS)

    assert refused(answer, 400, "BAD_INPUT")
    assert "graphql-transport-ws" in answer.json()["errors"][0]["message"]


async def test_a_bomb_of_98_nested_fragments_is_refused_on_the_wire(http: httpx2.AsyncClient) -> None:
    """How much work that is, is counted in `test_edge.py`."""
    parts = " ".join(
        f"fragment f{n} on Contract {{ supplies {{ contract {{ ...f{n + 1} }} }} ...f{n + 1} }}" for n in range(98)
    )
    text = f'{{ node(id: "x") {{ ...f0 }} }} {parts} fragment f98 on Contract {{ number }}'

    assert refused(await http.post("/graphql", json={"query": text}, headers=HEADERS), 400, "TOO_COMPLEX")


async def test_generators_introspect_as_deep_as_they_do(http: httpx2.AsyncClient) -> None:
    """The queries of GraphiQL and of graphql-codegen, with everything that they may ask for switched on."""
    whole = get_introspection_query(
        descriptions=True, specified_by_url=True, directive_is_repeatable=True, schema_description=True,
        input_value_deprecation=True, one_of=True,
    )  # fmt: skip

    for query in (get_introspection_query(), whole):
        answer = (await http.post("/graphql", json={"query": query}, headers=HEADERS)).json()
        assert "errors" not in answer
        assert {"Contract", "Invoice"} <= {kind["name"] for kind in answer["data"]["__schema"]["types"]}
