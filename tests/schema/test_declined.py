"""What the compiler leaves to the resolvers in the middle of a page: the answer is theirs, whole, and nobody else's."""

from __future__ import annotations

import sys
from typing import Any

import orjson
import pytest
import strawberry
from mains_schema.declaring.connection import Connection
from mains_schema.declaring.mapping import column, connection, key, mapped, resolved, section
from mains_schema.declaring.node import Node
from mains_schema.http.build import build_schema
from mains_schema.served import schema
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.schema.asking import Asker, owner
from tests.schema.both import compiled_text, resolved_text
from tests.schema.library import LOANS, LoanRow
from tests.schema.town import settle

INVOICES = "{ viewer { contracts { nodes { invoices(first: 3) { nodes { number seller { name } } } } } } }"


@mapped(LoanRow, scope=LOANS)
class Book(Node):
    """Something borrowed, of which one field is written by hand."""

    id: strawberry.ID = key("Global id.", LoanRow.id)
    title: str = column("Title.", LoanRow.title)

    @resolved("The colour of its spine.")
    def spine(self) -> str:
        """Give the colour, which is the same for all."""
        return "red"


@section
class Shelf:
    """Roots."""

    books: Connection[Book] = connection("All books.")


@pytest.mark.asyncio
async def test_a_hand_written_field_leaves_its_whole_document_to_the_resolvers(asker: Asker) -> None:
    made = Asker(build_schema(query=Shelf, rooms=[sys.modules[__name__]]), asker.engine)
    document = "query ($more: Boolean!) { books(first: 3) { nodes { title spine @include(if: $more) id } totalCount } }"

    assert await compiled_text(made, document, owner(1), more=True) == "resolver"
    resolving = orjson.loads(await resolved_text(made, document, owner(1), more=True))  # type: ignore[arg-type]
    assert [node["spine"] for node in resolving["books"]["nodes"]] == ["red", "red", "red"]
    without = await compiled_text(made, document, owner(1), more=False)
    assert without == await resolved_text(made, document, owner(1), more=False)


@pytest.mark.asyncio
async def test_a_row_that_breaks_a_promise_is_reported_where_it_stands(engine: AsyncEngine) -> None:
    async with engine.begin() as connected:
        await settle(connected, customers=4, months=4, lines=1)
    asker = Asker(schema(), engine)
    whole = await compiled_text(asker, INVOICES, owner(1))

    await _point_the_second_invoice_at(engine, seller=999)
    assert await compiled_text(asker, INVOICES, owner(1)) == "fallback"
    errors: Any = await resolved_text(asker, INVOICES, owner(1))
    await _point_the_second_invoice_at(engine, seller=1)

    where = ["viewer", "contracts", "nodes", 0, "invoices", "nodes", 1, "seller"]
    assert [(error.path, error.extensions["code"]) for error in errors] == [(where, "INTERNAL")]
    assert await compiled_text(asker, INVOICES, owner(1)) == whole == await resolved_text(asker, INVOICES, owner(1))


async def _point_the_second_invoice_at(engine: AsyncEngine, *, seller: int) -> None:
    async with engine.begin() as connected:
        await connected.exec_driver_sql("set session_replication_role = replica")
        await connected.exec_driver_sql(f"update invoice set seller_id = {seller} where id = 102")
        await connected.exec_driver_sql("reset session_replication_role")
