"""Relay connections with keyset cursors: what a client asks for, the cursor's text, and the types of the answer."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Coroutine, Generator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Any, Generic, Protocol, TypeVar

import orjson
import strawberry

from mains_schema.declaring.errors import bad_input
from mains_schema.declaring.expressions import python_type_of
from mains_schema.declaring.mapping import (
    PAGE_SIZE_DEFAULT,
    PAGE_SIZE_MAX,
    Condition,
    Expression,
    Order,
    Part,
    ReadField,
)

T = TypeVar("T")

CURSOR_LENGTH_MAX = 1_000
CHOICES_MAX = 100
BIGINT_MAX = 2**63 - 1
STRANGE_CURSOR = "This cursor is not from this list, order and filter."


@dataclass(frozen=True, slots=True)
class PageRequest:
    """One page as a client asked for it; equal requests share one statement."""

    size: int
    is_backwards: bool
    order: Order
    wanted: tuple[tuple[Condition[Any], Any], ...]
    fingerprint: str
    position: tuple[Any, ...] | None

    @property
    def is_descending(self) -> bool:
        """Tell the direction in which rows are read, which for a page from the end is turned round."""
        return self.order.is_descending != self.is_backwards


@dataclass(frozen=True, slots=True, eq=False)
class Page:
    """The rows of one page in the list's order, and whether there are more in the direction it was read."""

    rows: Sequence[Any]
    has_more: bool


@dataclass(frozen=True, slots=True, eq=False)
class List:
    """What stays the same of a connection whatever is asked: its name, its default order, its filter's conditions."""

    name: str
    default: Order
    key: Expression
    conditions: Mapping[str, Condition[Any]]

    def request(self, arguments: Mapping[str, Any]) -> PageRequest:
        """Read the arguments of a connection, refusing what makes no page."""
        size, is_backwards = _size(arguments)
        chosen = arguments.get("order_by")
        order: Order = self.default if chosen is None else chosen.value
        wanted = self._wanted(arguments.get("filter"))
        fingerprint = self._fingerprint(order=order, wanted=wanted)
        cursor = arguments.get("before" if is_backwards else "after")
        columns = [*order.columns, self.key]
        position = None if cursor is None else _position(cursor, fingerprint=fingerprint, columns=columns)
        return PageRequest(size, is_backwards, order, wanted, fingerprint, position)

    def _wanted(self, chosen: object) -> tuple[tuple[Condition[Any], Any], ...]:
        if chosen is None:
            return ()
        found = ((condition, getattr(chosen, name)) for name, condition in self.conditions.items())
        return tuple((condition, _frozen(value)) for condition, value in found if value not in (None, strawberry.UNSET))

    def _fingerprint(self, *, order: Order, wanted: Sequence[tuple[Condition[Any], Any]]) -> str:
        names = {id(condition): name for name, condition in self.conditions.items()}
        words = repr((self.name, order.doc, [(names[id(condition)], value) for condition, value in wanted]))
        return hashlib.sha256(words.encode()).hexdigest()[:12]


def write_cursor(request: PageRequest, values: Sequence[Any]) -> str:
    """Give the cursor of a row: where it stands in the order, and which list that order is of."""
    text = orjson.dumps([request.fingerprint, *(_sent(value) for value in values)])
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


def _size(arguments: Mapping[str, Any]) -> tuple[int, bool]:
    first, last = arguments.get("first"), arguments.get("last")
    if first is not None and last is not None:
        raise bad_input("Give `first` or `last`, not both.")
    is_backwards = last is not None
    if arguments.get("after" if is_backwards else "before") is not None:
        raise bad_input("`after` goes with `first`, and `before` with `last`.")
    size = PAGE_SIZE_DEFAULT if first is None and last is None else first or last or 0
    if not 1 <= size <= PAGE_SIZE_MAX:
        raise bad_input(f"`{'last' if is_backwards else 'first'}` is from 1 to {PAGE_SIZE_MAX}.")
    return size, is_backwards


def _frozen(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    if len(value) > CHOICES_MAX:
        raise bad_input(f"A filter takes at most {CHOICES_MAX} values.")
    return tuple(value)


def _position(cursor: str, *, fingerprint: str, columns: Sequence[Expression]) -> tuple[Any, ...]:
    try:
        padded = cursor[:CURSOR_LENGTH_MAX] + "=" * (-len(cursor) % 4)
        sent = orjson.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError):
        raise bad_input(STRANGE_CURSOR) from None
    if not isinstance(sent, list) or len(sent) != len(columns) + 1 or sent[0] != fingerprint:
        raise bad_input(STRANGE_CURSOR)
    return tuple(_received(value, column) for value, column in zip(sent[1:], columns, strict=True))


def _sent(value: Any) -> Any:
    match value:
        case Enum():
            return value.name
        case bool() | int() | str():
            return value
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="microseconds")
        case date():
            return value.isoformat()
        case _:
            return format(value, "f")


def _received(value: Any, column: Expression) -> Any:
    """Read a cursor's value as the column's Python type, so that a forged one never reaches the database."""
    wanted = python_type_of(column)
    try:
        return READERS[next(kind for kind in wanted.__mro__ if kind in READERS)](value, wanted)
    except (ValueError, TypeError, KeyError, InvalidOperation, OverflowError, StopIteration):
        raise bad_input(STRANGE_CURSOR) from None


def _whole(value: Any, _wanted: type) -> int:
    if type(value) is not int or not -BIGINT_MAX <= value <= BIGINT_MAX:
        raise ValueError
    return value


def _text(value: Any, _wanted: type) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise ValueError
    return value


def _exact(value: Any, _wanted: type) -> Decimal:
    number = Decimal(_text(value, str))
    if not number.is_finite() or abs(number.adjusted()) > 30:
        raise ValueError
    return number


def _instant(value: Any, _wanted: type) -> datetime:
    instant = datetime.fromisoformat(_text(value, str))
    if instant.tzinfo is None:
        raise ValueError
    return instant


READERS: Mapping[type, Callable[[Any, Any], Any]] = {
    int: _whole,
    str: _text,
    Decimal: _exact,
    datetime: _instant,
    date: lambda value, _wanted: date.fromisoformat(_text(value, str)),
    Enum: lambda value, wanted: wanted[_text(value, str)],
}


class Pages(Protocol):
    """What stands behind a connection: its page, loaded once and only if a field needs it, and its count likewise."""

    async def edges(self) -> Sequence[Any]:
        """Give the rows with their cursors."""

    async def nodes(self) -> Sequence[Any]:
        """Give the rows."""

    async def page_info(self) -> PageInfo:
        """Tell where the page stands."""

    async def count(self) -> int:
        """Count the whole list."""


class Later(Generic[T]):
    """An answer that is begun when somebody awaits it: a field dropped for a refused sibling leaves nothing behind."""

    __slots__ = ("_begin",)

    def __init__(self, begin: Callable[[], Coroutine[Any, Any, T]]) -> None:
        self._begin = begin

    def __await__(self) -> Generator[Any, None, T]:
        return self._begin().__await__()


def _part(doc: str, read: Callable[[Pages], Callable[[], Coroutine[Any, Any, Any]]]) -> Any:
    declared = ReadField(description=doc, metadata={"source": Part()})
    declared.reader = lambda source, _reads, _arguments: Later(read(source))
    return declared


@strawberry.type(description="Where a page stands in its list.")
class PageInfo:
    """Whether to go on, and from where."""

    has_next_page: bool = strawberry.field(description="Whether rows follow this page.")
    has_previous_page: bool = strawberry.field(description="Whether rows precede this page.")
    start_cursor: str | None = strawberry.field(description="Cursor of the first row; null on an empty page.")
    end_cursor: str | None = strawberry.field(description="Cursor of the last row; null on an empty page.")


@strawberry.type(description="A row and its place in the list.")
class Edge(Generic[T]):
    """One row of a page."""

    node: T = strawberry.field(description="The row.")
    cursor: str = strawberry.field(description="Its place in this list, order and filter; an `after` or `before`.")


@strawberry.type(description="One page of a list that grows.")
class Connection(Generic[T]):
    """The same four fields on every list; the instance is a `Pages`."""

    edges: list[Edge[T]] = _part("The rows with their cursors.", lambda pages: pages.edges)
    nodes: list[T] = _part("The rows.", lambda pages: pages.nodes)
    page_info: PageInfo = _part("Whether to go on, and from where.", lambda pages: pages.page_info)
    total_count: int = _part("How many rows the whole list has under this filter.", lambda pages: pages.count)
