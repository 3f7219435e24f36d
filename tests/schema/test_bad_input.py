"""Bad input gets the same typed errors, byte for byte, whether or not the server compiles."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
import pytest_asyncio
from mains_schema.declaring.connection import CHOICES_MAX, CURSOR_LENGTH_MAX
from mains_schema.http.asked import BODY_BYTES_MAX

from tests.schema.asking import Asker
from tests.schema.serving import Both, client, codes, refused

LOANS = """query ($first: Int, $after: String, $last: Int, $before: String, $order: LoanOrder, $filter: LoanFilter) {
  me { readers(first: 1) { nodes {
    loans(first: $first, after: $after, last: $last, before: $before, orderBy: $order, filter: $filter) {
      nodes { id title day } pageInfo { startCursor endCursor } } } } } }"""
ALL_LOANS = "query ($after: String) { loans(first: 2, after: $after) { nodes { id } pageInfo { endCursor } } }"
PLACED = "query ($n: Int!) { loans(first: $n) { totalCount } }"
FILTERED = "query ($f: LoanFilter) { me { readers { nodes { loans(filter: $f) { totalCount } } } } }"


@pytest_asyncio.fixture
async def both(asker: Asker) -> AsyncIterator[Both]:
    async with client(asker.engine) as compiling, client(asker.engine, compiles=False) as resolving:
        yield Both(compiling, resolving)


async def loans(both: Both, **variables: Any) -> Any:
    """Give the first reader's loans, or the whole answer if it has errors."""
    answer = await both.ask(LOANS, **variables)
    return answer if "errors" in answer else answer["data"]["me"]["readers"]["nodes"][0]["loans"]


def forged(cursor: str, *, place: int, value: Any) -> str:
    """Give a cursor with one value of another put in."""
    parts = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    parts[place : place + 1] = [value]
    return base64.urlsafe_b64encode(orjson.dumps(parts)).decode().rstrip("=")


@pytest.mark.asyncio
@pytest.mark.parametrize("cursor", ["", "x", "\x00", "W10", "bnVsbA", "💡", "=" * 8, "x" * (CURSOR_LENGTH_MAX + 1)])
async def test_cursors_that_are_none_are_refused(both: Both, cursor: str) -> None:
    assert codes(await loans(both, first=1, after=cursor)) == ["BAD_INPUT"]
    assert codes(await loans(both, last=1, before=cursor)) == ["BAD_INPUT"]
    assert await both.executor(LOANS, first=1, after=cursor) == "resolvers"


@pytest.mark.asyncio
@pytest.mark.parametrize("place", [1, 2])
@pytest.mark.parametrize(
    "value", [None, True, 1.5, "", "x", [], {}, 2**63, "9" * 500, "2023-02-30", "' or 1=1 --", "\x00"]
)
async def test_forged_values_in_a_cursor_are_refused(both: Both, place: int, value: Any) -> None:
    known = (await loans(both, first=1))["pageInfo"]["endCursor"]

    assert codes(await loans(both, first=1, after=forged(known, place=place, value=value))) == ["BAD_INPUT"]


@pytest.mark.asyncio
async def test_a_cursor_holds_for_one_list_order_and_filter(both: Both) -> None:
    known = (await loans(both, first=1))["pageInfo"]["endCursor"]

    assert codes(await both.ask(ALL_LOANS, after=known)) == ["BAD_INPUT"]
    assert codes(await loans(both, first=1, after=known, order="DEAREST")) == ["BAD_INPUT"]
    assert codes(await loans(both, first=1, after=known, filter={"status": ["OPEN"]})) == ["BAD_INPUT"]
    assert (await loans(both, first=1, after=known, order="NEWEST", filter={}))["nodes"]


@pytest.mark.asyncio
async def test_the_cursor_of_another_viewer_shows_nothing_of_theirs(both: Both) -> None:
    everything = "{ loans(first: 100) { nodes { id } } }"
    own = {node["id"] for node in (await both.ask(everything, token="janis"))["data"]["loans"]["nodes"]}
    annas = (await both.ask(ALL_LOANS))["data"]["loans"]

    after = (await both.ask(ALL_LOANS, token="janis", after=annas["pageInfo"]["endCursor"]))["data"]["loans"]

    assert len(after["nodes"]) == 2
    assert {node["id"] for node in after["nodes"]} <= own
    assert own.isdisjoint(node["id"] for node in annas["nodes"])


@pytest.mark.asyncio
async def test_a_cursor_outlives_its_row(both: Both, asker: Asker) -> None:
    """A cursor names a place in the order, not a row: when the row is gone, reading goes on behind that place."""
    page = await loans(both, first=3, order="OLDEST")
    rest = await loans(both, first=100, after=page["pageInfo"]["endCursor"], order="OLDEST")

    async with asker.engine.begin() as connection:
        await connection.exec_driver_sql("delete from lib_loan where reader_id = 1 and day <= date '2023-01-01'")

    assert await loans(both, first=100, after=page["pageInfo"]["endCursor"], order="OLDEST") == rest
    assert (await loans(both, last=3, before=page["pageInfo"]["endCursor"], order="OLDEST"))["nodes"] == []


@pytest.mark.asyncio
async def test_a_cursor_stays_where_its_row_was(both: Both, asker: Asker) -> None:
    """When the row's place in the order changes, the cursor keeps the old one; the row turns up where it is now."""
    page = await loans(both, first=3, order="OLDEST")
    moved = page["nodes"][2]
    rest = await loans(both, first=100, after=page["pageInfo"]["endCursor"], order="OLDEST")

    async with asker.engine.begin() as connection:
        statement = "update lib_loan set day = date '2024-01-01' where reader_id = 1 and day = date '2023-01-01'"
        await connection.exec_driver_sql(f"{statement} and title = '{moved['title']}'")

    now = await loans(both, first=100, after=page["pageInfo"]["endCursor"], order="OLDEST")
    assert now["nodes"] == [*rest["nodes"], {**moved, "day": "2024-01-01"}]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "page",
    [
        {"first": 0},
        {"first": -1},
        {"first": 101},
        {"last": 0},
        {"last": 101},
        {"first": 1, "last": 1},
        {"first": 1, "before": "x"},
        {"last": 1, "after": "x"},
        {"first": 2**31 - 1},
    ],
)
async def test_what_makes_no_page_is_refused(both: Both, page: dict[str, Any]) -> None:
    assert codes(await loans(both, **page)) == ["BAD_INPUT"]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("document", "variables"),
    [
        (PLACED, {}),
        (PLACED, {"n": None}),
        (PLACED, {"n": "1"}),
        (PLACED, {"n": 1.5}),
        (PLACED, {"n": True}),
        (PLACED, {"n": [1]}),
        (PLACED, {"n": {"n": 1}}),
        (PLACED, {"n": 2**31}),
        (PLACED, {"N": 1}),
        (FILTERED, {"f": "x"}),
        (FILTERED, {"f": [{}, {}]}),
        (FILTERED, {"f": {"unknown": 1}}),
        (FILTERED, {"f": {"status": [None]}}),
        (FILTERED, {"f": {"status": ["NONE"]}}),
        (FILTERED, {"f": {"status": [["OPEN"]]}}),
        (FILTERED, {"f": {"fromDay": "2023-02-30"}}),
        (FILTERED, {"f": {"amountFrom": "1e5"}}),
        (FILTERED, {"f": {"amountFrom": 1}}),
        (FILTERED, {"f": {"amountFrom": "9" * 100_000}}),
        (LOANS, {"order": "WORST"}),
        (LOANS, {"order": 1}),
        (LOANS, {"after": 1}),
        (LOANS, {"after": ["x"]}),
    ],
)
async def test_variables_of_a_wrong_shape_are_refused(both: Both, document: str, variables: dict[str, Any]) -> None:
    assert refused(await both.post({"query": document, "variables": variables}), 400, "BAD_INPUT")


@pytest.mark.asyncio
async def test_variables_nobody_asked_for_are_left_alone(both: Both) -> None:
    plain = await both.ask(PLACED, n=1)

    assert await both.ask(PLACED, n=1, more=[{"x": "y" * 100_000}]) == plain
    assert plain["data"] == {"loans": {"totalCount": 24}}
    assert await both.executor(PLACED, n=1, more=1) == "compiled"


@pytest.mark.asyncio
async def test_filters_take_a_hundred_values(both: Both) -> None:
    assert codes(await loans(both, filter={"status": ["OPEN"] * CHOICES_MAX})) == []
    assert codes(await loans(both, filter={"status": ["OPEN"] * (CHOICES_MAX + 1)})) == ["BAD_INPUT"]


@pytest.mark.asyncio
@pytest.mark.parametrize("levels", [500, 5_000, 100_000])
async def test_variables_nested_deeply_are_refused(both: Both, levels: int) -> None:
    nested = b"[" * levels + b"]" * levels
    body = b'{"query": "query ($n: Int!) { loans(first: $n) { totalCount } }", "variables": {"n": ' + nested + b"}}"

    assert refused(await both.post(body), 400, "BAD_INPUT")


@pytest.mark.asyncio
async def test_the_last_of_a_name_said_twice_counts(both: Both) -> None:
    body = b'{"query": "{ nothing }", "query": "query ($n: Int!) { loans(first: $n) { nodes { id } } }", '
    answer = (await both.post(body + b'"variables": {"n": 5, "n": 1}}')).json()

    assert len(answer["data"]["loans"]["nodes"]) == 1


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "body",
    [
        b'{"query": "{ me { name } }\xff"}',
        b'\xef\xbb\xbf{"query": "{ me { name } }"}',
        '{"query": "{ me { name } }"}'.encode("utf-16"),
        b'{"query": "\\ud800"}',
        b'[{"query": "{ me { name } }"}, {"query": "{ me { name } }"}]',
        b'{"query": ["{ me { name } }"]}',
        b'{"query": "{ me { name } }"} {}',
        b"{'query': '{ me { name } }'}",
        b'{"query": "   "}',
    ],
)
async def test_bodies_that_are_no_request_are_refused(both: Both, body: bytes) -> None:
    assert refused(await both.post(body), 400, "BAD_INPUT")


@pytest.mark.asyncio
@pytest.mark.parametrize("kind", ["text/plain", "application/graphql", "multipart/form-data; boundary=x", "", "json"])
async def test_bodies_of_another_kind_are_refused(both: Both, kind: str) -> None:
    answer = await both.post({"query": "{ me { name } }"}, **{"content-type": kind})

    assert refused(answer, 415, "BAD_INPUT")


@pytest.mark.asyncio
async def test_a_body_may_have_a_megabyte_and_no_byte_more(both: Both) -> None:
    whole = orjson.dumps({"query": "{ me { name } }"})

    assert (await both.post(whole + b" " * (BODY_BYTES_MAX - len(whole)))).json()["data"] == {"me": {"name": "Anna"}}
    assert refused(await both.post(whole + b" " * (BODY_BYTES_MAX + 1 - len(whole))), 413, "BAD_INPUT")


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "given", ["", "x", "TG9hbjox", "TG9hbjowMQ", "UmVhZGVyOjE", "TG9hbjo5OTk5OTk5OTk5OTk5OTk5OTk5OQ"]
)
async def test_ids_that_are_none_are_refused_and_others_find_nothing(both: Both, given: str) -> None:
    answer = await both.ask("query ($id: ID!) { loan(id: $id) { title } node(id: $id) { __typename } }", id=given)

    is_id = given in ("TG9hbjox", "UmVhZGVyOjE")
    assert codes(answer)[:1] == ([] if given == "TG9hbjox" else ["BAD_INPUT"])
    assert (answer["data"]["node"] is not None) is is_id
