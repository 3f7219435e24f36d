from __future__ import annotations

import types
from typing import Any

import pytest
import strawberry
from mains_schema.declaring.checks import WrongDeclarations
from mains_schema.declaring.connection import Connection
from mains_schema.declaring.mapping import (
    Column,
    OrderBy,
    asked,
    by_id,
    column,
    connection,
    descending,
    embed,
    equals,
    filters,
    key,
    known,
    many,
    mapped,
    one,
    orders,
    section,
    where,
)
from mains_schema.declaring.node import Node
from mains_schema.declaring.roles import by
from mains_schema.declaring.scalars import Money
from mains_schema.declaring.scope import allowed
from mains_schema.http.build import build_schema
from mains_server.access.records import CLERKS
from sqlalchemy import func

from tests.schema.library import LineKind, LineRow, LoanRow, LoanStatus, ReaderRow, weigh


def findings(*classes: type) -> tuple[str, ...]:
    """Build a schema of a root with one loan and the given classes, and give what is wrong with it."""
    room = types.ModuleType("room")
    for cls in classes:
        setattr(room, cls.__name__, cls)
    query = next((cls for cls in classes if cls.__name__ == "Query"), None) or root()
    room.Query = query  # type: ignore[attr-defined]
    try:
        build_schema(query=query, rooms=[room])
    except WrongDeclarations as wrong:
        return wrong.findings
    return ()


def root() -> type:
    @section
    class Query:
        """Roots."""

        node: Node | None = by_id("Anything.")

    return Query


def loan_with(**fields: tuple[Any, Any]) -> type:
    members = {"__annotations__": {"id": strawberry.ID}, "__doc__": "A loan.", "__module__": __name__}
    members["id"] = key("Id.", LoanRow.id)
    for name, (annotation, declared) in fields.items():
        members["__annotations__"][name] = annotation  # type: ignore[index]
        members[name] = declared
    return mapped(LoanRow, scope=allowed(LoanRow.customer_id))(type("Loan", (Node,), members))


def test_right_declarations_have_no_findings() -> None:
    assert findings(loan_with(title=(str, column("Title.", LoanRow.title)))) == ()


@pytest.mark.parametrize(
    ("annotation", "declared", "finding"),
    [
        (str, column("", LoanRow.title), "Loan.it: no description"),
        (str, column("Name.", ReaderRow.name), "lib_reader.name is not a column of lib_loan; declare it on that table"),
        (str, column("Name.", func.lower(ReaderRow.name)), "lib_reader.name is not a column of lib_loan"),
        (str | None, column("Title.", LoanRow.title), "Loan.it: its column is never null; drop `| None`"),
        (str, column("Paid.", LoanRow.paid), "Loan.it: its column may be null; make the field optional"),
        (
            Money,
            embed("Paid.", Money, amount=LoanRow.paid, currency=LoanRow.currency),  # type: ignore[arg-type]
            "Loan.it: amount may be null; wrap it in known()",
        ),
        (
            Money | None,
            embed("Fee.", Money, amount=known(LoanRow.amount), currency=LoanRow.currency),
            "Loan.it: amount is never null; drop known()",
        ),
        (
            Money,
            embed("Paid.", Money, amount=known(LoanRow.paid), currency=LoanRow.currency),
            "Loan.it: its column may be null; make the field optional",
        ),
        (str, asked("Weight.", weigh, LineRow.id), "lib_line.id is not a column of lib_loan"),
    ],
)
def test_a_wrong_field_is_found(annotation: Any, declared: Any, finding: str) -> None:
    assert any(finding in found for found in findings(loan_with(it=(annotation, declared))))


def test_lists_need_an_index() -> None:
    @mapped(LineRow, scope=allowed(LineRow.customer_id))
    class Part:
        """A line."""

        position: int = column("Place.", LineRow.position)

    loan = loan_with(parts=(list[Part], many("Lines.", LineRow.loan_id, order=(LineRow.pages,))))

    assert findings(loan, Part) == ("Loan.parts: no index on lib_line starts with (loan_id, pages)",)


def test_orders_need_columns_that_are_never_null_and_an_index() -> None:
    @orders
    class LoanOrder(OrderBy):
        """Orders."""

        PAID = descending("By what is paid.", LoanRow.paid)

    @filters
    class LoanFilter:
        """Which."""

        name: str | None = where("", equals(ReaderRow.name))

    loan = loan_with()

    @section
    class Query:
        """Roots."""

        loans: Connection[loan] = connection("All.", orders=LoanOrder, filters=LoanFilter)  # type: ignore[valid-type]

    Query.__strawberry_definition__.fields[0].type_annotation.raw_annotation = "Connection[Loan]"  # type: ignore
    assert findings(loan, Query) == (
        "LoanFilter.name: no description",
        "Query.loans(name): lib_reader.name is not a column of lib_loan; declare it on that table's type",
        "Query.loans: order PAID sorts by lib_loan.paid, which is not a column that is never null",
        "Query.loans PAID: no index on lib_loan starts with (paid, id)",
    )


def interface_of(*, scope: Any, kind: Any) -> tuple[type, type]:
    @mapped(LineRow, scope=allowed(LineRow.customer_id), interface=True)
    class Line:
        """A line."""

        position: int = column("Place.", LineRow.position)

    shared = Line.__mapped__.scope  # type: ignore[attr-defined]

    @mapped(LineRow, scope=scope or shared, kind=kind)
    class BookLine(Line):
        """A book."""

    return Line, BookLine


def test_an_interface_has_one_scope_and_a_type_for_each_kind() -> None:
    line, book = interface_of(scope=allowed(LineRow.customer_id), kind=(LineRow.kind, LineKind.BOOK))

    assert findings(line, book) == (
        "BookLine: its scope differs from that of Line; give both the same one",
        "Line: no type has the rows of kind FEE",
    )


def test_a_type_of_an_interface_says_its_kind() -> None:
    line, book = interface_of(scope=None, kind=None)

    assert findings(line, book) == ("BookLine: say with kind=(column, value) which rows of Line it is",)


def test_the_types_of_an_interface_have_one_table_and_one_kind_column() -> None:
    line, book = interface_of(scope=None, kind=(LineRow.kind, LineKind.BOOK))
    shared = line.__mapped__.scope  # type: ignore[attr-defined]
    fee = mapped(LoanRow, scope=shared, kind=(LoanRow.status, LoanStatus.OPEN))(
        type("Fee", (line,), {"__doc__": "A fee.", "__annotations__": {}, "__module__": __name__})
    )

    found = findings(line, book, fee)

    assert "Fee: its table differs from that of Line" in found
    assert "Line: its types are told apart by lib_line.kind and by lib_loan.status; use one column" in found


def test_what_tells_types_apart_is_never_null() -> None:
    line, book = interface_of(scope=None, kind=(LineRow.pages, LineKind.BOOK))

    assert "Line: lib_line.pages tells its types apart and may be null" in findings(line, book)


def test_two_types_do_not_claim_one_kind() -> None:
    line, book = interface_of(scope=None, kind=(LineRow.kind, LineKind.BOOK))
    shared = line.__mapped__.scope  # type: ignore[attr-defined]
    other = mapped(LineRow, scope=shared, kind=(LineRow.kind, LineKind.BOOK))(
        type("Other", (line,), {"__doc__": "Another.", "__annotations__": {}, "__module__": __name__})
    )

    assert findings(line, book, other) == (
        "Line: two types claim the rows of kind BOOK",
        "Line: no type has the rows of kind FEE",
    )


def test_a_type_without_a_scope_is_found() -> None:
    @mapped(LineRow, scope=None)  # type: ignore[arg-type]
    class Part:
        """A line."""

        position: int = column("Place.", LineRow.position)

    assert findings(loan_with(), Part) == ("Part: no scope; say who may see its rows",)


def test_a_list_is_ordered_by_columns_of_its_own_table() -> None:
    @mapped(LineRow, scope=allowed(LineRow.customer_id))
    class Part:
        """A line."""

        position: int = column("Place.", LineRow.position)

    loan = loan_with(parts=(list[Part], many("Lines.", LineRow.loan_id, order=(LoanRow.day,))))

    assert any("lib_loan.day is not a column of lib_line" in found for found in findings(loan, Part))


def test_a_relation_leads_to_the_interface() -> None:
    line, book = interface_of(scope=None, kind=(LineRow.kind, LineKind.BOOK))
    loan = loan_with(line=(book | None, one("A line.", LoanRow.id, to=LineRow.loan_id)))

    assert "Loan.line: BookLine is one kind of Line; lead to that interface" in findings(line, book, loan)


def test_what_is_not_a_column_is_refused_where_it_is_declared() -> None:
    with pytest.raises(TypeError, match=r"write Table\.column"):
        column("Title.", "title")


def test_a_type_without_words_is_refused_where_it_is_declared() -> None:
    with pytest.raises(TypeError, match="needs a docstring"):
        mapped(LoanRow, scope=allowed(LoanRow.customer_id))(type("Loan", (), {"__annotations__": {}}))


def test_two_classes_of_one_name_are_refused() -> None:
    rooms = [types.ModuleType(name) for name in "ab"]
    for room in rooms:
        room.Loan = loan_with()  # type: ignore[attr-defined]

    with pytest.raises(TypeError, match="two different classes are called Loan"):
        build_schema(query=root(), rooms=rooms)


def test_sources_survive_strawberrys_copying() -> None:
    import copy

    declared = loan_with(title=(str, column("Title.", LoanRow.title))).__strawberry_definition__.fields[1]  # type: ignore[attr-defined]

    assert isinstance(copy.copy(declared).metadata["source"], Column)


def test_roles_of_employees_stand_on_sections_and_mutations() -> None:
    @mapped(LoanRow, scope=allowed(LoanRow.customer_id))
    class Loan(Node):
        """A loan."""

        id: strawberry.ID = key("Global id.", LoanRow.id)
        title: str = by(CLERKS)(column("Title.", LoanRow.title))

    assert findings(Loan) == (
        "Loan.title: roles stand on fields of sections and on mutations; limit a type's rows by its scope",
    )
