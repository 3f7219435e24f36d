"""How a GraphQL type reads from its table, declared once: columns, relations, computed values, and who sees which rows.

The functions here only record; `resolve` executes what is recorded, and `compiled` makes one SELECT of a document.
They are typed so that mypy compares an annotation with its column: to mypy, SQLModel's attributes are plain values.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, TypeVar

import strawberry
from sqlalchemy import ARRAY, ColumnElement, Table, any_, literal, select
from strawberry.types.field import StrawberryField
from strawberry.types.info import Info

from mains_schema.declaring.expressions import plain, table_of
from mains_schema.declaring.scope import Scope

if TYPE_CHECKING:
    from mains_schema.declaring.given import Given
    from mains_schema.declaring.resolve import Reads
    from mains_schema.declaring.shape import Shape

T = TypeVar("T")
P = ParamSpec("P")
Cls = TypeVar("Cls", bound=type)
Expression = ColumnElement[Any]

PAGE_SIZE_MAX = 100
PAGE_SIZE_DEFAULT = 10
PAGE_WORDS = f"Pages of at most {PAGE_SIZE_MAX}, of {PAGE_SIZE_DEFAULT} if neither `first` nor `last` is given."


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """A value that is a column or SQL expression of the type's own table."""

    expression: Expression


@dataclass(frozen=True, slots=True, eq=False)
class Key:
    """The row's number, given to clients as a global id."""

    expression: Expression


@dataclass(frozen=True, slots=True, eq=False)
class Embed:
    """A small value such as Money made of several columns; null where one of the `known` ones is."""

    make: Callable[..., Any]
    parts: Mapping[str, Expression]
    known: frozenset[str]


@dataclass(frozen=True, slots=True, eq=False)
class Computed:
    """A leaf worked out by a pure function from columns of the row and what the request knows."""

    compute: Callable[..., Any]
    arguments: Sequence[Expression]


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """A value that a room is asked for, row by row: the way out where SQL cannot say it; `rows` is what it costs."""

    ask: Callable[..., Awaitable[Any]]
    arguments: Sequence[Expression]
    given: Sequence[Given] = ()
    rows: int = 10


@dataclass(frozen=True, slots=True, eq=False)
class One:
    """The one row of another type whose key, or `to`, equals this row's `source`."""

    source: Expression
    to: Expression | None


@dataclass(frozen=True, slots=True, eq=False)
class Many:
    """All rows of another type whose `theirs` equals this row's key, or `own`."""

    theirs: Expression
    own: Expression | None
    order: Sequence[Expression]
    about: int


@dataclass(frozen=True, slots=True, eq=False)
class Paged:
    """A page of another type's rows: those whose `theirs` equals this row's key or `own`, or all that are in scope."""

    theirs: Expression | None
    own: Expression | None
    orders: type[OrderBy] | None
    filters: type | None
    within: Scope | None


@dataclass(frozen=True, slots=True, eq=False)
class Mine:
    """The viewer's own row, at the root."""


@dataclass(frozen=True, slots=True, eq=False)
class ById:
    """The row that a global id names, at the root; null where there is none in scope."""


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A part of a connection: its edges, nodes, place or count."""


Source = Column | Key | Embed | Computed | Asked | One | Many | Paged | Mine | ById | Part
Reader = Callable[[Any, Any, Mapping[str, Any]], Any]


class ReadField(StrawberryField):
    """A field whose value comes from a declared source; `reader` is put in when the schema is built."""

    reader: Reader | None = None
    listed: Any = None
    has_arguments = False

    @property
    def is_basic_field(self) -> bool:
        """Tell Strawberry that it need not make an `Info` where a row answers by itself; a root is no row."""
        source = source_of(self)
        by_row = bool(source.arguments and not source.given) if isinstance(source, Asked) else True
        return by_row and not isinstance(source, Paged | Mine | ById)

    def get_result(self, source: Any, info: Info[Any, Any] | None, args: list[Any], kwargs: Any) -> Any:
        """Read the value, from the row or through the request's batches."""
        if self.reader is None:
            raise RuntimeError(f"field {self.python_name} was never bound; build it with mains_schema.http.build")
        return self.reader(source, source.reads if info is None else info.context.reads, kwargs)

    def __copy__(self) -> ReadField:
        """Keep what was bound, which Strawberry's own copying does not know."""
        copied: ReadField = super().__copy__()
        copied.reader, copied.listed = self.reader, self.listed
        return copied


@dataclass(slots=True, eq=False)
class Mapped:
    """What `mapped` recorded about a class; `shape`, the columns to select, is worked out when the schema is built."""

    table: Table
    scope: Scope
    is_interface: bool
    kind: tuple[Expression, Enum] | None
    shape: Shape | None = field(default=None)


def mapped(
    source: Any, *, scope: Scope, interface: bool = False, kind: tuple[Any, Enum] | None = None
) -> Callable[[Cls], Cls]:
    """Declare that a class reads the rows of a table or view that `scope` lets the viewer see.

    The types of an interface share its table; each names with `kind` the column and the value that make a row its own.
    """

    def declare(cls: Cls) -> Cls:
        description = _words_of(cls)
        (strawberry.interface if interface else strawberry.type)(cls, description=description)
        kind_column = None if kind is None else (plain(kind[0]), kind[1])
        cls.__mapped__ = Mapped(table_of(source), scope, interface, kind_column)  # type: ignore[attr-defined]
        return cls

    return declare


def section(cls: Cls) -> Cls:
    """Declare a class of fields that stand on no table, such as the root of queries; its docstring describes it."""
    return strawberry.type(cls, description=_words_of(cls))


def column(doc: str, source: T) -> T:
    """Declare a field that is a column, or an SQL expression over columns, of the type's table."""
    declared: T = _field(doc, Column(plain(source)))
    return declared


def key(doc: str, source: int) -> strawberry.ID:
    """Declare the field that gives the row's global id."""
    declared: strawberry.ID = _field(doc, Key(plain(source)))
    return declared


def constant(value: T) -> T:
    """Use a fixed value as part of an embedded one, such as the unit that a column's name says."""
    declared: Any = literal(value)
    return declared  # type: ignore[no-any-return]


def looked_up(value: T, *conditions: object) -> T:
    """Use a value of another table's one row that fits the conditions, as a column of this table."""
    declared: Any = select(plain(value)).where(*(plain(condition) for condition in conditions)).scalar_subquery()
    return declared  # type: ignore[no-any-return]


class Known:
    """Marks a part of an embedded value that may be null, in which case the whole is."""

    def __init__(self, source: object) -> None:
        self.expression = plain(source)


def known(source: T | None) -> T:
    """Use a nullable column as part of an embedded value, which is then null where the column is."""
    return Known(source)  # type: ignore[return-value]


def embed(doc: str, make: Callable[P, T], *args: P.args, **parts: P.kwargs) -> T:
    """Declare a field that makes a small value, such as Money, of several columns given by name."""
    if args:
        raise TypeError("give the parts of an embedded value by name")
    made = {name: part.expression if isinstance(part, Known) else plain(part) for name, part in parts.items()}
    nullable = frozenset(name for name, part in parts.items() if isinstance(part, Known))
    declared: T = _field(doc, Embed(make, made, nullable))
    return declared


def computed(doc: str, compute: Callable[Concatenate[Reads, P], T], *columns: P.args, **none: P.kwargs) -> T:
    """Declare a leaf that a pure function works out from the request (language, today, labels) and columns."""
    if none:
        raise TypeError("give the columns of a computed field by position")
    declared: T = _field(doc, Computed(compute, [plain(part) for part in columns]))
    return declared


def asked(doc: str, ask: Callable[Concatenate[Reads, P], Awaitable[T]], *columns: P.args, **none: P.kwargs) -> T:
    """Declare a value that a room is asked for, given columns of the row; each costs a call after the SELECT."""
    if none:
        raise TypeError("give the columns of an asked field by position")
    declared: T = _field(doc, Asked(ask, [plain(part) for part in columns]))
    return declared


def one(doc: str, source: object, *, to: object | None = None) -> Any:
    """Declare a relation to the one row whose key, or `to`, equals a column of this row."""
    return _field(doc, One(plain(source), None if to is None else plain(to)))


def many(doc: str, theirs: object, *, order: Sequence[object], own: object | None = None, about: int = 10) -> Any:
    """Declare a relation to all rows that point here, for lists with a natural bound, which `doc` states.

    `about` is how many there usually are; the cost of a document counts with it.
    """
    return _field(doc, Many(plain(theirs), None if own is None else plain(own), [plain(part) for part in order], about))


def connection(
    doc: str,
    theirs: object | None = None,
    *,
    own: object | None = None,
    orders: type[OrderBy] | None = None,
    filters: type | None = None,
    within: Scope | None = None,
) -> Any:
    """Declare a list that grows, read page by page: the rows that point here, or at a root all rows in scope.

    Without `orders` the list is in the order of its keys; `within` narrows the scope further.
    """
    pages = Paged(
        None if theirs is None else plain(theirs), None if own is None else plain(own), orders, filters, within
    )
    return _field(f"{doc} {PAGE_WORDS}", pages)


def mine(doc: str) -> Any:
    """Declare the root field that gives the viewer's own row, and refuses who is not signed in."""
    return _field(doc, Mine())


def by_id(doc: str) -> Any:
    """Declare a root field that gives the row a global id names; `id` is its argument."""
    return _field(doc, ById())


def resolved(doc: str) -> Callable[[Callable[..., Any]], Any]:
    """Declare a method as hand-written resolver: mutations, and roots that stand on no table."""
    declare: Callable[[Callable[..., Any]], Any] = strawberry.field(description=doc)
    return declare


@dataclass(frozen=True, slots=True, eq=False)
class Condition(Generic[T]):
    """What a filter's value is compared with, and how."""

    column: Expression
    compare: Callable[[Expression, Any], Expression]
    is_of_many: bool = False

    def fits(self, value: Any) -> Expression:
        """Say that the column compares so with a value."""
        kind: Any = ARRAY(self.column.type) if self.is_of_many else self.column.type
        return self.compare(self.column, literal(value, kind))


def where(doc: str, condition: Condition[T]) -> T | None:
    """Declare one filter; left out or null it sets no condition."""
    return StrawberryField(description=doc, default=strawberry.UNSET, metadata={"condition": condition})  # type: ignore[return-value]


def equals(column_: T | None) -> Condition[T]:
    """Compare for the same value."""
    return Condition(plain(column_), lambda left, value: left == value)


def one_of(column_: T | None) -> Condition[list[T]]:
    """Compare for one of at most 100 values."""
    return Condition(plain(column_), lambda left, values: left == any_(values), is_of_many=True)


def at_least(column_: T | None) -> Condition[T]:
    """Compare for this value or a greater one."""
    return Condition(plain(column_), lambda left, value: left >= value)


def before(column_: T | None) -> Condition[T]:
    """Compare for a smaller value, so that periods are half-open."""
    return Condition(plain(column_), lambda left, value: left < value)


def filters(cls: Cls) -> Cls:
    """Declare a class of `where` fields as the filter of a connection; all conditions must hold."""
    return strawberry.input(cls, description=_words_of(cls))


@dataclass(frozen=True, slots=True, eq=False)
class Order:
    """Columns to sort by, all in one direction; the key breaks ties."""

    doc: str
    columns: Sequence[Expression]
    is_descending: bool


def ascending(doc: str, *columns: object) -> Order:
    """Sort from small to large."""
    return Order(doc, [plain(part) for part in columns], False)


def descending(doc: str, *columns: object) -> Order:
    """Sort from large to small."""
    return Order(doc, [plain(part) for part in columns], True)


class OrderBy(Enum):
    """Base of a connection's orders; the first member is the default."""


def orders(cls: Cls) -> Cls:
    """Declare an enum of orders as a connection's `orderBy`."""
    return described(cls, _words_of(cls), {member.name: member.value.doc for member in cls})  # type: ignore[attr-defined]


def described(cls: Cls, doc: str, values: Mapping[str, str], *, name: str | None = None) -> Cls:
    """Put an enum of the rooms into the schema, each of its members described."""
    declared: Any = strawberry.enum(cls, description=doc, name=name)  # type: ignore[call-overload]
    for value in declared.__strawberry_definition__.values:
        value.description = values[value.name]
    if strangers := values.keys() - {value.name for value in declared.__strawberry_definition__.values}:
        raise ValueError(f"{cls.__name__} has no members {sorted(strangers)}")
    return cls


def mapping_of(cls: Any) -> Mapped:
    """Give what `mapped` recorded about a class."""
    recorded = cls.__dict__.get("__mapped__")
    if not isinstance(recorded, Mapped):
        raise TypeError(f"{getattr(cls, '__name__', cls)} is not a mapped type; put @mapped(table, scope=…) on it")
    return recorded


def source_of(declared: StrawberryField) -> Source | None:
    """Give the source a field was declared with, or None for hand-written ones."""
    return declared.metadata.get("source")


def _field(doc: str, source: Source) -> Any:
    return ReadField(description=doc, metadata={"source": source})


def _words_of(cls: type) -> str:
    if not cls.__doc__ or cls.__doc__.startswith(f"{cls.__name__}("):
        raise TypeError(f"{cls.__name__} needs a docstring: it is the type's description in the schema")
    return inspect.cleandoc(cls.__doc__)
