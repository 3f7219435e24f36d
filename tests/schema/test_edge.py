"""What the edge allows: a budget for each token, a time for each operation, registered documents, a hidden schema."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from graphql import GraphQLError, get_introspection_query
from mains_schema.declaring import errors
from mains_schema.http.asked import Refused
from mains_schema.http.edge import Budget, Edge
from mains_schema.http.limits import ROOT_FIELDS_MAX, Documents
from mains_server.db.budgets import RowLeases
from mains_server.db.engine import make_engine
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.schema.asking import NOW, Asker
from tests.schema.conftest import SCHEMA
from tests.schema.serving import client, headers, post, refused
from tests.schema.test_limits import code_of

NAME = "{ me { name } }"
NAME_HASH = hashlib.sha256(NAME.encode()).hexdigest()


async def _rows(engine: AsyncEngine, query: str) -> list[tuple[Any, ...]]:
    async with engine.connect() as connection:
        return [tuple(row) for row in await connection.execute(text(query))]


def nowhere(edge: Edge) -> httpx2.AsyncClient:
    """A client of a server whose database does not exist: what it answers, it answers without one."""
    return client(make_engine(address="postgresql://nobody@/nowhere?host=/nonexistent"), edge=edge)


async def find_document(named: str) -> str | None:
    return {NAME_HASH: NAME}.get(named)


@pytest.mark.parametrize(("fields", "code"), [(ROOT_FIELDS_MAX, None), (ROOT_FIELDS_MAX + 1, "TOO_COMPLEX")])
def test_an_operation_has_ten_root_fields(fields: int, code: str | None) -> None:
    aliased = " ".join(f"a{n}: me {{ name }}" for n in range(fields))
    spread = " ".join(f"...f{n}" for n in range(fields)) + " }"
    fragments = " ".join(f"fragment f{n} on Query {{ a{n}: me {{ name }} }}" for n in range(fields))

    assert code_of("{ " + aliased + " }") == code
    assert code_of("{ " + spread + " " + fragments) == code


def test_a_bomb_of_nested_fragments_is_measured_by_its_length() -> None:
    """98 levels of two spreads each would be 2^98 fields; each of the text's 4 selections a level is looked at once."""
    parts = [f"fragment f{n} on Loan {{ lines {{ loan {{ ...f{n + 1} }} }} ...f{n + 1} }}" for n in range(98)]
    text = "{ loan(id: 1) { ...f0 } } " + " ".join(parts) + " fragment f98 on Loan { title }"
    documents = Documents(SCHEMA._schema)
    document = documents._parsed(text)

    measure, size = documents._measure(document, document.operations[0], {})

    assert measure.visits == 2 + 98 * 4 + 1
    assert size.depth > 12
    assert code_of(text) == "TOO_COMPLEX"


@pytest.mark.asyncio
async def test_processes_share_the_budget_of_a_minute(asker: Asker) -> None:
    budgets = [Budget(1_000, take=RowLeases(asker.engine).take) for _ in range(3)]
    read = 0
    for turn in range(150):
        budget = budgets[turn % 3]
        try:
            await budget.insist("a", now=NOW, rows_a_minute=100)
        except Refused as refused:
            assert refused.status == 429
            continue
        read += 1
        budget.spend("a", rows=1, now=NOW, rows_a_minute=100)

    assert read == 100
    assert (await _rows(asker.engine, "select taken from row_budget")) == [(100,)]


@pytest.mark.asyncio
async def test_who_reads_little_asks_the_database_nothing(asker: Asker) -> None:
    budget = Budget(1_000, take=RowLeases(asker.engine).take)
    for _ in range(2):
        await budget.insist("a", now=NOW)
        budget.spend("a", rows=10, now=NOW)
    before = await _rows(asker.engine, "select taken from row_budget")

    await budget.insist("a", now=NOW)

    assert (before, await _rows(asker.engine, "select taken from row_budget")) == ([], [(70,)])
    assert budget.spend("a", rows=0, now=NOW).left == 980


@pytest.mark.asyncio
async def test_a_process_asks_once_for_many_requests_at_a_time(asker: Asker) -> None:
    budget = Budget(1_000, take=RowLeases(asker.engine).take)

    await asyncio.gather(*(budget.insist("a", now=NOW, rows_a_minute=100) for _ in range(20)))

    assert await _rows(asker.engine, "select taken from row_budget") == [(5,)]


def test_a_budget_is_spent_within_a_minute_and_full_in_the_next() -> None:
    budget = Budget(100)

    assert budget.spend("a", rows=70, now=NOW).left == 30
    assert budget.spend("b", rows=1, now=NOW).left == 99
    assert budget.spend("a", rows=70, now=NOW).left == -40
    assert budget.spend("a", rows=0, now=NOW.replace(minute=NOW.minute + 1)).left == 100


@pytest.mark.asyncio
async def test_whoever_spent_a_budget_is_told_when_to_come_back(asker: Asker) -> None:
    edge = Edge(budget=Budget(15))
    async with client(asker.engine, edge=edge) as http:
        answers = [await post(http, {"query": "{ loans { totalCount } }"}) for _ in range(3)]
        other = await post(http, {"query": "{ loans { totalCount } }"}, authorization="Bearer janis")

    seconds = 60 - NOW.second
    spent = [answer.json()["extensions"]["cost"]["budget"] for answer in answers[:2]]
    assert spent == [{"rows": 15, "left": left, "resetsInSeconds": seconds} for left in (5, 0)]
    assert refused(answers[2], 429, "RATE_LIMITED")
    assert answers[2].headers["retry-after"] == str(seconds)
    assert other.status_code == 200


@pytest.mark.asyncio
async def test_what_is_refused_costs_too() -> None:
    async with nowhere(Edge(budget=Budget(2))) as http:
        anonymous = {"accept": "application/graphql-response+json"}
        answers = [await http.post("/", json={"query": "{ nothing }"}, headers=anonymous) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [400, 400, 429]


def test_errors_say_when_to_try_again() -> None:
    wrapped = errors.typed([GraphQLError("", original_error=errors.rate_limited("slowly", seconds=900))])

    assert wrapped[0].extensions == {"code": "RATE_LIMITED", "retryAfter": 900}
    assert errors.retry_after(wrapped) == 900
    assert errors.retry_after([errors.not_found("gone")]) is None


@pytest.mark.asyncio
@pytest.mark.parametrize("compiles", [True, False])
async def test_an_operation_is_given_up_when_its_time_is_over(asker: Asker, compiles: bool) -> None:
    async def wait_for_ever(*_anything: Any) -> None:
        await asyncio.Event().wait()

    edge = Edge(operation_seconds_max=0)
    async with client(asker.engine, edge=edge, compiles=compiles) as http:
        http._transport.app._authenticate = wait_for_ever  # type: ignore[attr-defined]
        answer = await post(http, {"query": NAME})

    assert refused(answer, 400, "TOO_COMPLEX")


def test_a_statement_that_postgresql_gave_up_is_named() -> None:
    class Cut(Exception):
        sqlstate = "57014"

    found = errors.typed([GraphQLError("", original_error=Cut())])

    assert found[0].extensions == {"code": "TOO_COMPLEX"}


@pytest.mark.asyncio
async def test_a_body_that_comes_too_slowly_is_cut() -> None:
    async def dripping() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    async with nowhere(Edge(body_seconds_max=0)) as http:
        answer = await http.post("/", content=dripping(), headers=headers())

    assert refused(answer, 408, "BAD_INPUT")


@pytest.mark.asyncio
async def test_production_hides_the_schema() -> None:
    async with nowhere(Edge(hides_schema=True)) as http:
        asked = [
            get_introspection_query(),
            '{ t: __type(name: "Me") { name } }',
            "{ ...f } fragment f on Query { __schema { __typename } }",
        ]
        answers = [await http.post("/", json={"query": query}) for query in asked]
        plain = await http.post("/", json={"query": "{ __typename }"})

    assert [answer.json()["errors"][0]["extensions"]["code"] for answer in answers] == ["BAD_INPUT"] * 3
    assert plain.json()["data"] == {"__typename": "Query"}


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "body",
    [
        {"documentId": NAME_HASH},
        {"documentId": "sha256:" + NAME_HASH},
        {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": NAME_HASH}}},
        {"query": NAME},
        {"query": NAME, "documentId": NAME_HASH},
    ],
)
async def test_a_registered_document_is_run_by_its_hash_or_text(asker: Asker, body: dict[str, Any]) -> None:
    edge = Edge(find_document=find_document, only_registered=True)
    async with client(asker.engine, edge=edge) as http:
        assert (await post(http, body)).json()["data"] == {"me": {"name": "Anna"}}
        if "query" not in body and "documentId" in body:
            assert (await http.get("/", params=body, headers=headers())).json()["data"] == {"me": {"name": "Anna"}}


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"query": "{ me { name } } "}, 403, "FORBIDDEN"),
        ({"documentId": "0" * 64}, 400, "BAD_INPUT"),
        ({"documentId": 7}, 400, "BAD_INPUT"),
        ({"documentId": ""}, 400, "BAD_INPUT"),
        ({"query": "{ loans { totalCount } }", "documentId": NAME_HASH}, 400, "BAD_INPUT"),
        ({"extensions": {"persistedQuery": {"sha256Hash": []}}}, 400, "BAD_INPUT"),
        ({"extensions": {"persistedQuery": 1}}, 400, "BAD_INPUT"),
    ],
)
async def test_no_other_document_is_run(body: dict[str, Any], status: int, code: str) -> None:
    async with nowhere(Edge(find_document=find_document, only_registered=True)) as http:
        assert refused(await post(http, body), status, code)


@pytest.mark.asyncio
@pytest.mark.parametrize("encoding", ["gzip", "br", "zstd", "deflate, gzip"])
async def test_a_packed_body_is_not_unpacked(encoding: str) -> None:
    async with nowhere(Edge()) as http:
        assert refused(await post(http, b"\x1f\x8b" * 100, **{"content-encoding": encoding}), 415, "BAD_INPUT")
