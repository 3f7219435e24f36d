"""Unions by a kind column: what they answer by both executors, and what is refused when the schema is built."""

from __future__ import annotations

import types
from typing import Annotated, Any

import orjson
import pytest
import strawberry
from mains_schema.declaring.checks import WrongDeclarations
from mains_schema.declaring.mapping import by_id, column, key, many, mapped, one, section
from mains_schema.declaring.node import Node, encode_id
from mains_schema.declaring.scope import allowed
from mains_schema.http.build import build_schema
from mains_server.access.records import Viewer

from tests.schema.asking import Asker, owner
from tests.schema.both import compiled_text, resolved_text
from tests.schema.library import LINES, LineKind, LineRow, LoanRow

SPREAD = """
fragment All on Item { kind: __typename ... on Node { id } ... on Volume { pages }
  ... on Charge { place loan { title } } }
"""
DOCUMENTS = [
    "{ loans(first: 3) { nodes { items { ...All } } } }" + SPREAD,
    "{ loans(first: 2) { nodes { pages(first: 1) { totalCount nodes { ...All } edges { cursor } } } } }" + SPREAD,
    "{ loans(first: 2) { nodes { pages(last: 1) { pageInfo { startCursor hasPreviousPage } nodes { ...All } } } } }"
    + SPREAD,
    "{ loans(first: 1) { nodes { items { ... on Charge { loan { items { __typename } } } } } } }",
    "query ($no: Boolean = false) { loans { nodes { items { ... on Volume @include(if: $no) { pages } } } } }",
]


@pytest.mark.asyncio
@pytest.mark.parametrize("viewer", [owner(1, 2), owner(3), owner()], ids=["two", "one", "none"])
@pytest.mark.parametrize("document", DOCUMENTS)
async def test_both_answer_the_same(asker: Asker, document: str, viewer: Viewer) -> None:
    compiled = await compiled_text(asker, document, viewer)

    assert isinstance(compiled, bytes), compiled
    assert compiled == await resolved_text(asker, document, viewer)


@pytest.mark.asyncio
async def test_each_row_is_of_its_kind(asker: Asker) -> None:
    answer = await compiled_text(asker, DOCUMENTS[0], owner(1))

    assert isinstance(answer, bytes)
    newest = orjson.loads(answer)["loans"]["nodes"][0]
    assert newest["items"] == [
        {"kind": "Volume", "id": encode_id(type_name="Volume", number=133), "pages": 166},
        {"kind": "Charge", "place": 2, "loan": {"title": "cc"}},
    ]


@pytest.mark.asyncio
async def test_an_id_names_a_row_of_its_kind_alone(asker: Asker) -> None:
    document = "query ($id: ID!) { node(id: $id) { __typename ... on Volume { pages } } item(id: $id) { pages } }"

    for number in (1, 2):  # a book, and a fee
        given = {"id": encode_id(type_name="Volume", number=number)}
        compiled = await compiled_text(asker, document, owner(1), **given)
        assert compiled == await resolved_text(asker, document, owner(1), **given)
        assert isinstance(compiled, bytes)
        assert (orjson.loads(compiled)["node"] is None) == (number == 2)


def part(name: str, kind: LineKind | None, *, scope: Any = LINES, table: Any = LineRow) -> type:
    members = {"__annotations__": {"place": int}, "__doc__": "A part.", "__module__": __name__}
    members["place"] = column("Place.", table.position if table is LineRow else table.id)  # type: ignore[assignment]
    told = None if kind is None else (LineRow.kind, kind)
    return mapped(table, scope=scope, kind=told)(type(name, (), members))


def findings(first: type, second: type, *, doc: str = "Parts.", more: Any = None) -> tuple[str, ...]:
    """Build a schema of a loan whose parts are a union of two types, and give what is wrong with it."""
    room = types.ModuleType("room")
    parts = Annotated[first | second, strawberry.union("Part", description=doc)]  # type: ignore[valid-type]
    members: dict[str, Any] = {"__doc__": "A loan.", "__module__": __name__, "id": key("Id.", LoanRow.id)}
    members["__annotations__"] = {"id": strawberry.ID, "parts": list[parts]} | ({} if more is None else {"more": more})  # type: ignore[valid-type]
    members["parts"] = many("Parts.", LineRow.loan_id, order=(LineRow.position,))
    if more is not None:
        members["more"] = one("One part.", LoanRow.id, to=LineRow.loan_id)
    loan = mapped(LoanRow, scope=allowed(LoanRow.customer_id))(type("Loan", (Node,), members))

    @section
    class Query:
        """Roots."""

        node: Node | None = by_id("Anything.")

    for cls in (first, second, loan, Query):
        setattr(room, cls.__name__, cls)
    try:
        build_schema(query=Query, rooms=[room])
    except WrongDeclarations as wrong:
        return wrong.findings
    return ()


def test_a_right_union_has_no_findings() -> None:
    assert findings(part("Book", LineKind.BOOK), part("Fee", LineKind.FEE)) == ()


def test_a_union_needs_words() -> None:
    assert findings(part("Book", LineKind.BOOK), part("Fee", LineKind.FEE), doc="") == ("Part: no description",)


def test_a_union_has_one_scope() -> None:
    fee = part("Fee", LineKind.FEE, scope=allowed(LineRow.customer_id))

    assert findings(part("Book", LineKind.BOOK), fee) == (
        "Fee: its scope differs from that of Book; give both the same one",
    )


def test_a_union_has_one_table() -> None:
    book, fee = part("Book", LineKind.BOOK), part("Fee", LineKind.FEE, table=LoanRow)

    assert "Fee: its table differs from that of Book" in findings(book, fee)


def test_every_kind_has_one_type() -> None:
    assert findings(part("Book", LineKind.BOOK), part("Other", LineKind.BOOK)) == (
        "Part: two types claim the rows of kind BOOK",
        "Part: no type has the rows of kind FEE",
    )


def test_each_type_says_its_kind() -> None:
    assert findings(part("Book", LineKind.BOOK), part("Fee", None)) == (
        "Fee: say with kind=(column, value) which rows of Part it is",
        "Part: no type has the rows of kind FEE",
    )


def test_a_relation_leads_to_the_union() -> None:
    book = part("Book", LineKind.BOOK)

    assert "Loan.more: Book is one kind of a union's rows" in findings(
        book, part("Fee", LineKind.FEE), more=book | None
    )
