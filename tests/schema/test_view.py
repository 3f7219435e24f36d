from __future__ import annotations

from collections.abc import AsyncIterator

import httpx2
import pytest
import pytest_asyncio
from mains_schema.http.asked import BODY_BYTES_MAX
from mains_schema.http.edge import PLAIN_EDGE
from mains_server.db.engine import make_engine
from prometheus_client import REGISTRY

from tests.schema.asking import Asker
from tests.schema.serving import client, headers, post, refused

COUNTER = "mains_graphql_answers_total"


@pytest_asyncio.fixture(params=[True, False], ids=["compiled", "resolvers"])
async def http(asker: Asker, request: pytest.FixtureRequest) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of a server that compiles, and of one that does not: both must answer alike."""
    async with client(asker.engine, compiles=request.param) as opened:
        yield opened


@pytest_asyncio.fixture
async def bare() -> AsyncIterator[httpx2.AsyncClient]:
    """A client of a server whose database does not exist, so that a test fails if it is asked for anything."""
    async with client(make_engine(address="postgresql://nobody@/nowhere?host=/nonexistent")) as opened:
        yield opened


@pytest.mark.asyncio
async def test_a_query_is_answered(http: httpx2.AsyncClient) -> None:
    response = await post(http, {"query": "query ($n: Int) { me { name } loans(first: $n) { totalCount } }"})

    assert response.status_code == 200
    assert response.headers["content-type"] == "application/graphql-response+json; charset=utf-8"
    assert response.json() == {
        "data": {"me": {"name": "Anna"}, "loans": {"totalCount": 24}},
        "extensions": {"cost": {"rows": 11, "rowsMax": 10_000}},
    }


@pytest.mark.asyncio
async def test_plain_json_is_answered_to_whoever_asks_for_it(http: httpx2.AsyncClient) -> None:
    for accept in ("application/json", "*/*", ""):
        response = await post(http, {"query": "{ me { name } }"}, accept=accept)
        assert response.headers["content-type"] == "application/json; charset=utf-8"
        assert response.json()["data"] == {"me": {"name": "Anna"}}


@pytest.mark.asyncio
async def test_a_query_can_be_sent_with_get(http: httpx2.AsyncClient) -> None:
    params = {"query": "query ($n: Int) { loans(first: $n) { nodes { title } } }", "variables": '{"n": 1}'}

    response = await http.get("/", params=params, headers=headers())

    assert response.json()["data"] == {"loans": {"nodes": [{"title": "cc"}]}}


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b'"text"',
        b"[]",
        b"[{}]",
        b"null",
        b"17",
        b"{}",
        b"[" * 100_000,
        b'{"query":' + b"[" * 100_000,
        b'{"query": 1}',
        b'{"query": null}',
        b'{"query": ""}',
        b'{"query": "{ me { name } }", "variables": []}',
        b'{"query": "{ me { name } }", "variables": "x"}',
        b'{"query": "{ me { name } }", "operationName": 1}',
        b'{"query": "{ me { name } }", "extensions": 1}',
        b'{"query": "{ me { name } }", "variables": {"n": NaN}}',
        b'{"query": "{"}',
        b'{"query": "{ me { nam } }"}',
        b'{"query": "{ me }"}',
        b'{"query": "{ me { name } }", "operationName": "Other"}',
        b'{"query": "query A { me { name } } query B { me { name } }"}',
        b'{"query": "fragment a on Me { name }"}',
        b'{"query": "query ($n: Int!) { loans(first: $n) { totalCount } }"}',
        b'{"query": "query ($n: Int) { loans(first: $n) { totalCount } }", "variables": {"n": ' + b"9" * 5_000 + b"}}",
        b'{"query": "query ($n: Int) { loans(first: $n) { totalCount } }", "variables": {"n": 1.5}}',
        b'{"query": "query ($n: Int) { loans(first: $n) { totalCount } }", "variables": {"n": "1"}}',
        b'{"query": "{ loans(first: ' + b"9" * 5_000 + b') { totalCount } }"}',
        b'{"query": "{ loans(orderBy: NONE) { totalCount } }"}',
        b'{"query": "{ me { readers { nodes { loans(filter: {amountFrom: 1.5}) { totalCount } } } } }"}',
        b'{"query": "{ me { readers { nodes { loans(filter: {amountFrom: \\"NaN\\"}) { totalCount } } } } }"}',
    ],
)
async def test_what_cannot_be_read_is_bad_input(bare: httpx2.AsyncClient, body: bytes) -> None:
    assert refused(await post(bare, body), 400, "BAD_INPUT")


@pytest.mark.asyncio
async def test_variables_are_never_repeated_in_full(bare: httpx2.AsyncClient) -> None:
    body = {"query": "query ($n: Int) { loans(first: $n) { totalCount } }", "variables": {"n": "secret" * 500}}

    assert len((await post(bare, body)).content) < 1_000


@pytest.mark.asyncio
async def test_unknown_fields_get_no_suggestions(bare: httpx2.AsyncClient) -> None:
    response = await post(bare, {"query": "{ me { nam } }"})

    assert response.json()["errors"][0]["message"] == "Cannot query field 'nam' on type 'Me'."


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "body",
    [
        {"query": "{ loans(frist: 1) { totalCount } }"},
        {"query": "{ ... on Quer { me { name } } }"},
        {"query": "query ($a: Strin) { me { name } }"},
        {"query": "{ loans(orderBy: TITL) { totalCount } }"},
        {"query": "query ($a: Int) { loans(first: $b) { totalCount } }", "variables": {"a": "x"}},
    ],
)
async def test_nothing_else_is_spelled_out_either(bare: httpx2.AsyncClient, body: dict[str, object]) -> None:
    found = (await post(bare, body)).json()["errors"]

    assert not [error for error in found if "Did you mean" in error["message"]]
    assert {error["extensions"]["code"] for error in found} == {"BAD_INPUT"}


@pytest.mark.asyncio
async def test_too_much_is_too_complex(bare: httpx2.AsyncClient) -> None:
    assert refused(await post(bare, {"query": "{ a " * 600 + "}" * 600}), 400, "TOO_COMPLEX")


@pytest.mark.asyncio
async def test_a_body_has_at_most_a_megabyte(bare: httpx2.AsyncClient) -> None:
    async def unannounced() -> AsyncIterator[bytes]:
        for _ in range(BODY_BYTES_MAX // 1000 + 1):
            yield b" " * 1000

    assert refused(await post(bare, b" " * (BODY_BYTES_MAX + 1)), 413, "BAD_INPUT")
    assert refused(await bare.post("/", content=unannounced(), headers=headers()), 413, "BAD_INPUT")


@pytest.mark.asyncio
async def test_other_methods_and_media_types_are_refused(bare: httpx2.AsyncClient) -> None:
    assert refused(await bare.put("/", content=b"{}", headers=headers()), 405, "BAD_INPUT")
    assert refused(await post(bare, b"query=1", **{"content-type": "text/plain"}), 415, "BAD_INPUT")
    assert refused(await bare.get("/", headers=headers()), 400, "BAD_INPUT")
    assert refused(
        await bare.get("/", params={"query": "{ me { name } }", "variables": "["}, headers=headers()), 400, "BAD_INPUT"
    )


@pytest.mark.asyncio
@pytest.mark.parametrize("given", ["Bearer", "Bearer ", "Bearer wrong", "Basic anna", "anna", "Bearer " + "x" * 5000])
async def test_a_token_that_is_no_good_is_refused(bare: httpx2.AsyncClient, given: str) -> None:
    response = await post(bare, {"query": "{ loans { totalCount } }"}, authorization=given)

    assert refused(response, 401, "UNAUTHENTICATED")
    assert response.headers["www-authenticate"] == "Bearer"


@pytest.mark.asyncio
async def test_without_a_token_one_is_nobody(http: httpx2.AsyncClient) -> None:
    request = http.build_request("POST", "/", json={"query": "{ loans { totalCount } me { name } }"})

    answer = (await http.send(request)).json()

    assert answer["data"] is None
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["UNAUTHENTICATED"]


@pytest.mark.asyncio
async def test_browsers_get_the_query_editor(bare: httpx2.AsyncClient) -> None:
    response = await bare.get("/", headers={"accept": "text/html,*/*"})

    assert response.status_code == 200
    assert "graphiql" in response.text.lower()


@pytest.mark.asyncio
async def test_the_query_editor_can_be_left_out() -> None:
    async with client(make_engine(address="postgresql://nobody@/nowhere"), edge=PLAIN_EDGE) as opened:
        response = await opened.get("/", headers={"accept": "text/html,*/*"})

    assert refused(response, 404, "BAD_INPUT")


@pytest.mark.asyncio
async def test_documents_that_fail_keep_status_200_for_plain_json(bare: httpx2.AsyncClient) -> None:
    response = await post(bare, {"query": "{"}, accept="application/json")

    assert response.status_code == 200
    assert [error["extensions"]["code"] for error in response.json()["errors"]] == ["BAD_INPUT"]


@pytest.mark.asyncio
async def test_what_nobody_foresaw_is_masked(bare: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.schema.serving.TOKENS", None)

    response = await post(bare, {"query": "{ me { name } }"})

    error = response.json()["errors"][0]
    assert response.status_code == 500
    assert error["extensions"]["code"] == "INTERNAL"
    assert (
        error["message"]
        == f"Something went wrong on our side. Tell us {error['extensions']['correlationId']} and we will find it."
    )


@pytest.mark.asyncio
async def test_developers_are_told_who_answered(asker: Asker) -> None:
    asked = {"query": "{ me { name } }"}, {"query": "{ __schema { __typename } }"}
    told = {"x-mains-executor": "1"}
    async with client(asker.engine) as demo, client(asker.engine, edge=PLAIN_EDGE) as production:
        executors = [(await post(demo, body, **told)).json()["extensions"]["executor"] for body in asked]
        quiet = (await post(production, asked[0], **told)).json()

    assert executors == [
        {"name": "compiled", "reason": ""},
        {"name": "resolvers", "reason": "introspection"},
    ]
    assert list(quiet["extensions"]) == ["cost"]


@pytest.mark.asyncio
async def test_answers_are_counted_by_executor(asker: Asker) -> None:
    def counted(executor: str, reason: str) -> float:
        return REGISTRY.get_sample_value(COUNTER, {"executor": executor, "reason": reason}) or 0.0

    before = counted("compiled", ""), counted("declined", "unauthenticated")
    async with client(asker.engine) as opened:
        await post(opened, {"query": "{ loans { totalCount } }"})
        await opened.post("/", json={"query": "{ me { name } }"})

    assert counted("compiled", "") == before[0] + 1
    assert counted("declined", "unauthenticated") == before[1] + 1
