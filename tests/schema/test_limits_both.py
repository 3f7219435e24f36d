"""A document at each limit is answered, and one over is refused, in the same bytes by both executors."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from mains_schema.declaring.node import encode_id
from mains_schema.http.limits import (
    ALIASES_MAX,
    COST_MAX,
    DEPTH_MAX,
    DIRECTIVES_MAX,
    INTROSPECTION_DEPTH_MAX,
    REPEATS_MAX,
    ROOT_FIELDS_MAX,
    TOKENS_MAX,
)

from tests.schema.asking import Asker
from tests.schema.serving import Both, client, codes

LOAN = encode_id(type_name="Loan", number=1)
ROWS = "query ($n: Int) { me { readers(first: 100) { nodes { loans(first: $n) { nodes { id } } } } } }"
NESTED = "query ($n: Int = 98) { me { readers(first: 100) { nodes { ...r } } } } "
SPREAD = "fragment r on Reader { loans(first: $n) { nodes { id } } }"


@pytest_asyncio.fixture
async def both(asker: Asker) -> AsyncIterator[Both]:
    async with client(asker.engine) as compiling, client(asker.engine, compiles=False) as resolving:
        yield Both(compiling, resolving)


def deep(levels: int) -> str:
    pairs, rest = divmod(levels - 2, 2)
    inner = "paid { amount }" if rest else "title"
    return f'{{ loan(id: "{LOAN}") {{ ' + "lines { loan { " * pairs + inner + " } }" * pairs + " } }"


def aliased(count: int) -> str:
    return "{ me { " + " ".join(f"a{n}: name" for n in range(count)) + " } }"


def directed(count: int) -> str:
    return "{ me { " + " ".join(f"a{n}: name @include(if: true)" for n in range(count)) + " } }"


def repeated(count: int) -> str:
    return "{ me { " + "name " * (count + 1) + "} }"


def rooted(count: int) -> str:
    return "{ " + " ".join(f"a{n}: me {{ name }}" for n in range(count)) + " }"


def long(tokens: int) -> str:
    fragments, names = divmod(tokens - 5, 4)
    return "{ me { " + "... { name } " * fragments + "id " * names + "} }"


def introspective(levels: int) -> str:
    pairs = levels - 4
    types = "__schema { types { fields { type { " + "ofType { " * (pairs - 1) + "name" + " }" * (pairs - 1) + " } } } }"
    return "{ " + types + " }"


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("made", "limit"),
    [
        (deep, DEPTH_MAX),
        (aliased, ALIASES_MAX),
        (directed, DIRECTIVES_MAX),
        (repeated, REPEATS_MAX),
        (long, TOKENS_MAX),
        (rooted, ROOT_FIELDS_MAX),
    ],
)
async def test_a_document_may_reach_a_limit_and_not_pass_it(both: Both, made: Any, limit: int) -> None:
    at, over = made(limit), made(limit + 1)

    answered, refused = await both.ask(at), await both.ask(over)

    assert codes(answered) == []
    assert await both.executor(at) == "compiled"
    assert codes(refused) == ["TOO_COMPLEX"]
    assert "data" not in refused


@pytest.mark.asyncio
async def test_introspection_has_a_limit_of_its_own(both: Both) -> None:
    assert codes(await both.ask(introspective(INTROSPECTION_DEPTH_MAX))) == []
    assert codes(await both.ask(introspective(INTROSPECTION_DEPTH_MAX + 1))) == ["TOO_COMPLEX"]


@pytest.mark.asyncio
@pytest.mark.parametrize("document", [ROWS, NESTED + SPREAD])
async def test_rows_are_counted_with_the_variables_of_each_request(both: Both, document: str) -> None:
    answers = [await both.ask(document, n=size) for size in (98, 99, 98, 1)]

    assert [codes(answer) for answer in answers] == [[], ["TOO_COMPLEX"], [], []]
    assert answers[0]["extensions"]["cost"] == {"rows": 1 + 100 * (1 + 98), "rowsMax": COST_MAX}
    assert await both.executor(document, n=98) == "compiled"


@pytest.mark.asyncio
async def test_a_size_of_no_page_counts_as_the_largest(both: Both) -> None:
    for size in (0, -1, 101, 2**31 - 1):
        assert codes(await both.ask(ROWS, n=size)) == ["TOO_COMPLEX"]
