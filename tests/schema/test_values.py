"""How long an answer may get: estimated before it is run, and counted where lists are longer than that."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from mains_schema.http.limits import LIST_ABOUT, VALUES_MAX, Documents
from mains_schema.served import schema

from tests.schema.asking import Asker
from tests.schema.conftest import SCHEMA
from tests.schema.serving import Both, client, codes, post, refused
from tests.schema.test_served import Portal, portal

__all__ = ["portal"]
COUNTED = "mains_schema.compiling.changed.VALUES_SHOWN_MAX"


def loans(fields: str) -> str:
    """Ask 5,000 loans: of each reader `readers`, `nodes`, and 50 times `loans`, `nodes` and the fields."""
    inner = f"loans(first: 50) {{ nodes {{ {fields} }} }}"
    return f"{{ me {{ readers(first: 100) {{ nodes {{ {inner} }} }} }} }}"


def values_of(document: str) -> int:
    documents = Documents(SCHEMA._schema)
    read = documents.read(document)
    return documents._measure(read, read.operations[0], {})[1].values


def test_values_are_fields_times_rows() -> None:
    assert values_of("{ me { id name } }") == 1 + 2
    assert values_of("{ loan(id: 1) { amount { amount currency } } }") == 1 + (1 + 2)
    assert values_of("{ loan(id: 1) { lines { position } } }") == 1 + 3 * (1 + 1)
    assert values_of("{ loans(first: 7) { totalCount nodes { id } edges { cursor } } }") == 7 * (1 + 1 + 2 + 2)
    assert values_of(loans("id title")) == 1 + 100 * (1 + 1 + 50 * (1 + 1 + 2))
    assert values_of("{ loans(first: 5) { ...f } } fragment f on LoanConnection { nodes { id } }") == 5 * 3


def test_a_list_that_a_room_works_out_is_taken_to_have_ten_parts() -> None:
    documents = schema().documents
    read = documents.read("{ utilityAdapters { code attributes { name } } }")

    size = documents._measure(read, read.operations[0], {})[1]

    assert size.values == LIST_ABOUT * (1 + 1 + LIST_ABOUT * (1 + 1))


@pytest_asyncio.fixture
async def both(asker: Asker) -> AsyncIterator[Both]:
    async with client(asker.engine) as compiling, client(asker.engine, compiles=False) as resolving:
        yield Both(compiling, resolving)


@pytest.mark.asyncio
async def test_an_answer_may_have_fifty_thousand_values(both: Both) -> None:
    seven, eight = "id day at title status a: title b: title", "id day at title status a: title b: title c: title"
    assert values_of(loans(seven)) <= VALUES_MAX < values_of(loans(eight))

    answered, over = await both.ask(loans(seven)), await both.ask(loans(eight))

    assert codes(answered) == []
    assert await both.executor(loans(seven)) == "compiled"
    assert codes(over) == ["TOO_COMPLEX"]
    assert "Ask for smaller pages" in over["errors"][0]["message"]


@pytest.mark.asyncio
async def test_resolvers_give_up_where_lists_are_longer_than_they_were_taken_to_be(
    asker: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """12 loans and their connection are 2 objects of one field and 12 of two: 26 values."""
    query = "{ loans(first: 12) { nodes { id weight } } }"
    async with client(asker.engine, compiles=False) as http:
        monkeypatch.setattr(COUNTED, 26)
        whole = await post(http, {"query": query})
        monkeypatch.setattr(COUNTED, 25)
        stopped = await post(http, {"query": query})

    assert len(whole.json()["data"]["loans"]["nodes"]) == 12
    assert refused(stopped, 400, "TOO_COMPLEX")


@pytest.mark.asyncio
async def test_what_a_mutation_did_is_told_however_long_it_is(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(COUNTED, 0)

    made = await portal.sign_in("person1@example.lv")

    assert made["userErrors"] == []
