from __future__ import annotations

import base64
from typing import Any

import orjson
import pytest

from tests.schema.asking import Asker, owner

ORDERS = ["NEWEST", "OLDEST", "DEAREST", "LATEST", "TITLE", "STATUS"]
WALK = """query ($first: Int, $after: String, $last: Int, $before: String, $by: LoanOrder, $filter: LoanFilter) {
  me { readers { nodes { loans(
    first: $first, after: $after, last: $last, before: $before, orderBy: $by, filter: $filter) {
    edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } } } }"""


async def page(asker: Asker, **arguments: Any) -> Any:
    answer = await asker.ask(WALK, viewer=owner(3), **arguments)
    assert answer.errors == []
    return answer.data["me"]["readers"]["nodes"][0]["loans"]


def ids(found: Any) -> list[str]:
    return [edge["node"]["id"] for edge in found["edges"]]


@pytest.mark.asyncio
@pytest.mark.parametrize("by", ORDERS)
async def test_pages_forwards_join_to_the_whole_list(asker: Asker, by: str) -> None:
    whole = ids(await page(asker, first=100, by=by))

    for size in (1, 5, 12):
        walked: list[str] = []
        after, goes_on = None, True
        while goes_on:
            found = await page(asker, first=size, after=after, by=by)
            walked += ids(found)
            assert found["pageInfo"]["hasPreviousPage"] is (after is not None)
            after, goes_on = found["pageInfo"]["endCursor"], found["pageInfo"]["hasNextPage"]
        assert walked == whole
    assert len(whole) == len(set(whole)) == 12


@pytest.mark.asyncio
@pytest.mark.parametrize("by", ORDERS)
async def test_pages_backwards_join_to_the_whole_list(asker: Asker, by: str) -> None:
    whole = ids(await page(asker, first=100, by=by))

    walked: list[str] = []
    before, goes_on = None, True
    while goes_on:
        found = await page(asker, last=5, before=before, by=by)
        walked = ids(found) + walked
        assert found["pageInfo"]["hasNextPage"] is (before is not None)
        before, goes_on = found["pageInfo"]["startCursor"], found["pageInfo"]["hasPreviousPage"]

    assert walked == whole


@pytest.mark.asyncio
async def test_a_filter_narrows_the_list_and_its_count(asker: Asker) -> None:
    answer = await asker.ask(
        '{ me { readers { nodes { loans(filter: {status: [BACK], fromDay: "2023-01-02", amountFrom: "0.25"}) {'
        " totalCount nodes { day status amount { amount } } } } } } }",
        viewer=owner(3),
    )

    assert answer.data["me"]["readers"]["nodes"] == [
        {
            "loans": {
                "totalCount": 2,
                "nodes": [
                    {"day": "2023-01-03", "status": "BACK", "amount": {"amount": "0.50"}},
                    {"day": "2023-01-02", "status": "BACK", "amount": {"amount": "0.25"}},
                ],
            }
        }
    ]


@pytest.mark.asyncio
async def test_a_null_filter_sets_no_condition(asker: Asker) -> None:
    assert ids(await page(asker, filter={"status": None})) == ids(await page(asker))


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "arguments",
    [
        {"first": 0},
        {"first": -1},
        {"first": 101},
        {"last": 0},
        {"last": 101},
        {"first": 1, "last": 1},
        {"first": 1, "before": "x"},
        {"last": 1, "after": "x"},
        {"filter": {"status": ["OPEN"] * 101}},
    ],
)
async def test_arguments_that_make_no_page_are_bad_input(asker: Asker, arguments: dict[str, Any]) -> None:
    answer = await asker.ask(WALK, viewer=owner(3), **arguments)

    assert answer.codes == ["BAD_INPUT"]


def forged(*values: Any) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(list(values))).decode().rstrip("=")


@pytest.mark.asyncio
async def test_a_cursor_holds_for_its_own_list_order_and_filter_only(asker: Asker) -> None:
    cursor = (await page(asker, first=1, by="NEWEST"))["pageInfo"]["endCursor"]
    elsewhere: list[dict[str, Any]] = [
        {"by": "OLDEST"},
        {"by": "NEWEST", "filter": {"status": ["OPEN"]}},
        {"by": "TITLE"},
    ]

    for arguments in elsewhere:
        answer = await asker.ask(WALK, viewer=owner(3), after=cursor, **arguments)
        assert answer.codes == ["BAD_INPUT"]
    answer = await asker.ask("query ($c: String) { loans(after: $c) { nodes { id } } }", viewer=owner(3), c=cursor)
    assert answer.codes == ["BAD_INPUT"]


STRANGE: list[Any] = [
    None,
    True,
    1.5,
    [],
    {},
    "",
    "x",
    "\x00",
    "NaN",
    "Infinity",
    "1e999999",
    2**63,
    "0000-01-01",
    "2023-02-30",
]


@pytest.mark.asyncio
@pytest.mark.parametrize("by", ORDERS)
async def test_a_forged_cursor_never_reaches_the_database(asker: Asker, by: str) -> None:
    cursor = (await page(asker, first=1, by=by))["pageInfo"]["endCursor"]
    fingerprint, place, number = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    of_places = [value for value in STRANGE if not (by == "TITLE" and isinstance(value, str) and value != "\x00")]
    texts = [forged(fingerprint, value, number) for value in of_places]
    texts += [forged(fingerprint, place, value) for value in STRANGE]
    texts += [forged(fingerprint, place), forged("", place, number), forged(), "", "é", "x" * 5000, cursor + "x"]

    for text in texts:
        answer = await asker.ask(WALK, viewer=owner(3), after=text, by=by)
        assert answer.codes == ["BAD_INPUT"], text
