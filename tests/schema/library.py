"""A small schema of its own for tests of the machinery: a library's readers, their loans, and the lines of a loan."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Annotated

import strawberry
from mains_schema.declaring.connection import Connection
from mains_schema.declaring.mapping import (
    OrderBy,
    ascending,
    asked,
    at_least,
    by_id,
    column,
    computed,
    connection,
    descending,
    described,
    embed,
    filters,
    key,
    known,
    many,
    mapped,
    mine,
    one,
    one_of,
    orders,
    section,
    where,
)
from mains_schema.declaring.node import Node
from mains_schema.declaring.scalars import Money
from mains_schema.declaring.scope import allowed, oneself
from mains_server.db.columns import choice, instant, money, reference
from mains_server.db.columns import key as id_key
from sqlalchemy import Index, MetaData
from sqlalchemy.orm import registry
from sqlmodel import SQLModel

if TYPE_CHECKING:
    from mains_schema.declaring.resolve import Reads


class LoanStatus(Enum):
    OPEN = "open"
    BACK = "back"


class LineKind(Enum):
    BOOK = "book"
    FEE = "fee"


class Table(SQLModel, registry=registry(metadata=MetaData())):
    pass


class PersonRow(Table, table=True):
    __tablename__ = "lib_person"
    id: int = id_key()
    name: str


class ReaderRow(Table, table=True):
    __tablename__ = "lib_reader"
    __table_args__ = (Index("lib_reader_name", "name", "id"),)
    id: int = id_key()
    customer_id: int = reference()
    name: str


class LoanRow(Table, table=True):
    __tablename__ = "lib_loan"
    __table_args__ = (
        Index("lib_loan_reader", "reader_id", "day", "id"),
        Index("lib_loan_reader_amount", "reader_id", "amount", "id"),
        Index("lib_loan_reader_at", "reader_id", "at", "id"),
        Index("lib_loan_reader_title", "reader_id", "title", "id"),
        Index("lib_loan_reader_status", "reader_id", "status", "id"),
        Index("lib_loan_day", "day", "id"),
    )
    id: int = id_key()
    customer_id: int = reference()
    reader_id: int = reference()
    day: date
    at: datetime = instant()
    title: str
    amount: Decimal = money()
    paid: Decimal | None = money(nullable=True)
    currency: str
    status: LoanStatus = choice(LoanStatus)


class LineRow(Table, table=True):
    __tablename__ = "lib_line"
    __table_args__ = (Index("lib_line_loan", "loan_id", "position", "id"), Index("lib_line_loan_key", "loan_id", "id"))
    id: int = id_key()
    customer_id: int = reference()
    loan_id: int = reference()
    position: int
    kind: LineKind = choice(LineKind)
    pages: int | None = None


described(LoanStatus, "Where the book is.", {"OPEN": "With the reader.", "BACK": "On its shelf."})


def shout(reads: Reads, title: str) -> str:
    return f"{title.upper()} ({reads.language})"


async def weigh(reads: Reads, number: int) -> str | None:
    return f"{number} g"


@orders
class ReaderOrder(OrderBy):
    """Order of readers."""

    NAME = ascending("By name.", ReaderRow.name)


@orders
class LoanOrder(OrderBy):
    """Order of loans."""

    NEWEST = descending("Latest day first.", LoanRow.day)
    OLDEST = ascending("Earliest day first.", LoanRow.day)
    DEAREST = descending("Largest fee first.", LoanRow.amount)
    LATEST = descending("Latest moment first.", LoanRow.at)
    TITLE = ascending("By title.", LoanRow.title)
    STATUS = ascending("By state.", LoanRow.status)


@orders
class AllLoansOrder(OrderBy):
    """Order of all loans."""

    NEWEST = descending("Latest day first.", LoanRow.day)


@filters
class LoanFilter:
    """Which loans."""

    status: list[LoanStatus] | None = where("In one of these states.", one_of(LoanRow.status))
    from_day: date | None = where("This day or later.", at_least(LoanRow.day))
    amount_from: Decimal | None = where("This fee or a larger one.", at_least(LoanRow.amount))


@mapped(PersonRow, scope=oneself(PersonRow.id))
class Me(Node):
    """Who asks."""

    id: strawberry.ID = key("Global id.", PersonRow.id)
    name: str = column("Name.", PersonRow.name)
    readers: Connection[Reader] = connection("Readers one may see.", orders=ReaderOrder)


LINES = allowed(LineRow.customer_id)
LOANS = allowed(LoanRow.customer_id)


@mapped(ReaderRow, scope=allowed(ReaderRow.customer_id))
class Reader(Node):
    """Somebody who borrows."""

    id: strawberry.ID = key("Global id.", ReaderRow.id)
    name: str = column("Name.", ReaderRow.name)
    loans: Connection[Loan] = connection("Loans.", LoanRow.reader_id, orders=LoanOrder, filters=LoanFilter)


@mapped(LineRow, scope=LINES, interface=True)
class Line:
    """A part of a loan."""

    position: int = column("Place.", LineRow.position)
    loan: Loan | None = one("Its loan.", LineRow.loan_id)


@mapped(LineRow, scope=LINES, kind=(LineRow.kind, LineKind.BOOK))
class BookLine(Line):
    """A book."""

    pages: int | None = column("Pages; null if nobody counted.", LineRow.pages)


@mapped(LineRow, scope=LINES, kind=(LineRow.kind, LineKind.FEE))
class FeeLine(Line):
    """A fee."""


@mapped(LineRow, scope=LINES, kind=(LineRow.kind, LineKind.BOOK))
class Volume(Node):
    """A book that was lent."""

    id: strawberry.ID = key("Global id.", LineRow.id)
    pages: int | None = column("Pages; null if nobody counted.", LineRow.pages)


@mapped(LineRow, scope=LINES, kind=(LineRow.kind, LineKind.FEE))
class Charge:
    """What lending cost."""

    place: int = column("Place.", LineRow.position)
    loan: Loan | None = one("Its loan.", LineRow.loan_id)


Item = Annotated[Volume | Charge, strawberry.union("Item", description="What a loan is made of.")]


@mapped(LoanRow, scope=LOANS)
class Loan(Node):
    """Something borrowed."""

    id: strawberry.ID = key("Global id.", LoanRow.id)
    day: date = column("Day.", LoanRow.day)
    at: datetime = column("Moment.", LoanRow.at)
    title: str = column("Title.", LoanRow.title)
    status: LoanStatus = column("State.", LoanRow.status)
    loud: str = computed("Loud title.", shout, LoanRow.title)
    weight: str | None = asked("Weight.", weigh, LoanRow.id)
    amount: Money = embed("Fee.", Money, amount=LoanRow.amount, currency=LoanRow.currency)
    paid: Money | None = embed(
        "Paid; null if nothing was.", Money, amount=known(LoanRow.paid), currency=LoanRow.currency
    )
    reader: Reader | None = one("Who.", LoanRow.reader_id)
    lines: list[Line] = many("Parts, at most 5.", LineRow.loan_id, order=(LineRow.position,), about=3)
    items: list[Item] = many("Parts again, at most 5.", LineRow.loan_id, order=(LineRow.position,), about=3)
    pages: Connection[Item] = connection("Parts, page by page.", LineRow.loan_id)


@section
class Query:
    """Roots."""

    me: Me = mine("Who asks.")
    node: Node | None = by_id("Anything by id.")
    loan: Loan | None = by_id("A loan by id.")
    loans: Connection[Loan] = connection("All loans.", orders=AllLoansOrder)
    item: Volume | None = by_id("A book by id.")
