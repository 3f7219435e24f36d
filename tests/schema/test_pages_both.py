"""Page walks by both executors: every connection, order and filter, forwards and backwards, with ties."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from tests.schema.asking import Asker, clerk, owner
from tests.schema.both import compiled_text, resolved_text
from tests.schema.library import LoanOrder

WALK = """query ($first: Int, $after: String, $last: Int, $before: String, $order: LoanOrder, $filter: LoanFilter) {
  me { readers(first: 1) { nodes {
    loans(first: $first, after: $after, last: $last, before: $before, orderBy: $order, filter: $filter) {
      nodes { id } edges { cursor } totalCount
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } } } }"""
ROOT = """query ($first: Int, $after: String, $last: Int, $before: String) {
  loans(first: $first, after: $after, last: $last, before: $before) {
    nodes { id } edges { cursor } totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""
FILTERS: list[dict[str, Any] | None] = [
    None,
    {"status": ["OPEN"]},
    {"fromDay": "2023-01-03"},
    {"status": ["OPEN", "BACK"], "amountFrom": "0.25"},
    {"status": []},
]


async def both(asker: Asker, document: str, **variables: Any) -> Any:
    """Give the answer that both executors agree on."""
    compiled = await compiled_text(asker, document, owner(1, 2), **variables)
    assert compiled == await resolved_text(asker, document, owner(1, 2), **variables)
    data = orjson.loads(compiled)
    return data["loans"] if "loans" in data else data["me"]["readers"]["nodes"][0]["loans"]


async def walk(asker: Asker, document: str, *, size: int, is_backwards: bool, **given: Any) -> list[str]:
    """Read a list page by page to its end."""
    found: list[str] = []
    cursor = None
    while True:
        place = {"last": size, "before": cursor} if is_backwards else {"first": size, "after": cursor}
        page = await both(asker, document, **place, **given)
        ids = [node["id"] for node in page["nodes"]]
        found = ids + found if is_backwards else found + ids
        assert len(page["edges"]) == len(ids) <= size
        cursor = page["pageInfo"]["startCursor" if is_backwards else "endCursor"]
        if not page["pageInfo"]["hasPreviousPage" if is_backwards else "hasNextPage"]:
            return found


@pytest.mark.asyncio
@pytest.mark.parametrize("is_backwards", [False, True])
@pytest.mark.parametrize("order", [order.name for order in LoanOrder])
async def test_pages_add_up_to_the_list(asker: Asker, order: str, is_backwards: bool) -> None:
    for chosen in FILTERS:
        whole = await both(asker, WALK, first=100, order=order, filter=chosen)
        ids = [node["id"] for node in whole["nodes"]]
        assert whole["totalCount"] == len(set(ids)) == len(ids)
        for size in (1, 3, 5):
            assert await walk(asker, WALK, size=size, is_backwards=is_backwards, order=order, filter=chosen) == ids


@pytest.mark.asyncio
@pytest.mark.parametrize("is_backwards", [False, True])
async def test_pages_of_a_root_add_up_too(asker: Asker, is_backwards: bool) -> None:
    ids = [node["id"] for node in (await both(asker, ROOT, first=100))["nodes"]]

    assert len(ids) == 24
    assert await walk(asker, ROOT, size=5, is_backwards=is_backwards) == ids


@pytest.mark.asyncio
@pytest.mark.parametrize("cursor", ["", "x", "\x00", "WyJ4Il0", "W10", "bnVsbA", "x" * 5_000])
async def test_forged_cursors_are_declined_and_refused(asker: Asker, cursor: str) -> None:
    assert await compiled_text(asker, ROOT, owner(1), first=1, after=cursor) in ("input", "bad_input")
    refused = await resolved_text(asker, ROOT, owner(1), first=1, after=cursor)
    assert [error.extensions["code"] for error in refused] == ["BAD_INPUT"]


@pytest.mark.asyncio
async def test_a_cursor_of_another_list_is_declined_and_refused(asker: Asker) -> None:
    foreign = (await both(asker, WALK, first=1))["pageInfo"]["endCursor"]
    known = await both(asker, ROOT, first=1)

    assert await compiled_text(asker, ROOT, owner(1), first=1, after=foreign) == "bad_input"
    assert (await both(asker, ROOT, first=1, after=known["pageInfo"]["endCursor"]))["nodes"] != known["nodes"]


@pytest.mark.asyncio
async def test_ten_thousand_documents_leave_a_bounded_cache(asker: Asker) -> None:
    plans = asker.schema.plans
    for number in range(600):
        assert isinstance(await compiled_text(asker, f"{{ a{number}: __typename }}", owner(1)), bytes)

    assert len(plans) <= 500
    assert plans.characters <= 20_000_000


@pytest.mark.asyncio
async def test_a_viewer_of_another_shape_gets_a_plan_of_their_own(asker: Asker) -> None:
    counts = []
    for viewer in (clerk(), owner(1), owner(1, 2), owner(), owner(7)):
        compiled = await compiled_text(asker, "{ loans { totalCount } }", viewer)
        assert compiled == await resolved_text(asker, "{ loans { totalCount } }", viewer)
        counts.append(orjson.loads(compiled)["loans"]["totalCount"])

    assert counts == [72, 12, 24, 0, 0]
