"""The SQL text that declared expressions and scopes stand for, rendered by SQLAlchemy once a process and pasted."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from mains_server.access.records import Permission, Viewer
from sqlalchemy import ARRAY, BindParameter, ColumnElement, Select, Table, bindparam, literal_column, select
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.sql.type_api import TypeEngine
from sqlalchemy.sql.util import ClauseAdapter

from mains_schema.declaring.mapping import Condition
from mains_schema.declaring.scope import Scope

Expression = ColumnElement[Any]
Bind = Callable[[str], str]

SELF = "mains_self"
WANTED = "wanted"
CONCAT_MAX = 90
TEMPLATES_KEPT = 4_000
_PARAMETER = re.compile(r"(?<!:):([a-z_]\w*)")
_DIALECT = PGDialect_asyncpg(paramstyle="named")  # type: ignore[no-untyped-call]


class Declined(Exception):
    """The compiler leaves a document to the resolvers; the reason is one word for the metrics."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Template:
    """SQL on one table, which is called `mains_self`, with named parameters that only the request knows."""

    text: str

    def on(self, alias: str, bind: Bind) -> str:
        """Paste the text under an alias; `bind` gives the place of a named parameter."""
        return _PARAMETER.sub(lambda found: bind(found[1]), self.text.replace(SELF, alias))


@dataclass(frozen=True, slots=True)
class Json:
    """SQL that gives a piece of JSON as text and is never null."""

    sql: str


Piece = str | Json


def joined(pieces: Sequence[Piece]) -> str:
    """Give one SQL text expression for pieces of JSON, of which plain strings are known already."""
    merged: list[str] = []
    words = ""
    for piece in [*pieces, Json("")]:
        if isinstance(piece, str):
            words += piece
            continue
        if words:
            merged.append(quoted(words))
            words = ""
        if piece.sql:
            merged.append(piece.sql)
    while len(merged) > CONCAT_MAX:
        merged = [_concat(merged[at : at + CONCAT_MAX]) for at in range(0, len(merged), CONCAT_MAX)]
    return _concat(merged)


def quoted(words: str) -> str:
    """Give an SQL literal."""
    return "'" + words.replace("'", "''") + "'"


def expression_text(expression: Expression, table: Table) -> Template:
    """Render a declared expression of a table."""
    return _expression(_Same(expression), table)


def condition_text(condition: Condition[Any], table: Table) -> Template:
    """Render a filter's comparison with the parameter `wanted`."""
    return _condition(_Same(condition), table)


def scope_text(scope: Scope, viewer: Viewer, table: Table) -> Template | None:
    """Render a scope as it is for viewers of one shape; None where they see every row."""
    return _scope(_Same(scope), _Shaped(viewer, viewer_shape(viewer)), table)


def viewer_shape(viewer: Viewer) -> Hashable:
    """Tell what of a viewer decides the text of scopes, as against their parameters."""
    held = {
        (permission, grant.contract_ids is None)
        for grant in viewer.grants
        for permission in grant.permissions
        if grant.contract_ids is None or grant.contract_ids
    }
    return viewer.is_signed_in, viewer.staff, bool(viewer.customers_owned), frozenset(held)


def viewer_value(name: str) -> Callable[[Viewer], Any]:
    """Give what reads the value of a scope's parameter off a viewer."""
    if name == "viewer_person":
        return lambda viewer: viewer.person_id
    if name == "viewer_owned_customers":
        return lambda viewer: sorted(viewer.customers_owned)
    _, what, permission = name.split("_", 2)
    wanted = Permission[permission.upper()]
    if what == "customers":
        return lambda viewer: sorted(viewer.customers_with(wanted))
    if what == "contracts":
        return lambda viewer: sorted(viewer.contracts_with(wanted))
    raise Declined("scope")


def cast_text(kind: TypeEngine[Any]) -> str:
    """Give the SQL name of a column's type, as parameters are cast to it."""
    return kind.compile(dialect=_DIALECT)


def bind_value(kind: TypeEngine[Any]) -> Callable[[Any], Any]:
    """Give what turns a value into what asyncpg wants for a column's type, such as an enum into its name."""
    if isinstance(kind, ARRAY):
        of = bind_value(kind.item_type)
        return lambda values: [of(value) for value in values]
    processor = kind.dialect_impl(_DIALECT).bind_processor(_DIALECT)
    return processor if processor is not None else lambda value: value


class _Same:
    """Lets a declared thing be the key of a cache by what it is, not by what it says; SQL expressions have no `==`."""

    __slots__ = ("it",)

    def __init__(self, it: Any) -> None:
        self.it = it

    def __hash__(self) -> int:
        return id(self.it)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.it is self.it


class _Shaped:
    """A viewer that stands for all of the same shape."""

    __slots__ = ("shape", "viewer")

    def __init__(self, viewer: Viewer, shape: Hashable) -> None:
        self.viewer = viewer
        self.shape = shape

    def __hash__(self) -> int:
        return hash(self.shape)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Shaped) and other.shape == self.shape


@lru_cache(TEMPLATES_KEPT)
def _expression(expression: _Same, table: Table) -> Template:
    return _rendered(expression.it, table)


@lru_cache(TEMPLATES_KEPT)
def _condition(condition: _Same, table: Table) -> Template:
    found: Condition[Any] = condition.it
    kind: Any = ARRAY(found.column.type) if found.is_of_many else found.column.type
    return _rendered(found.compare(found.column, bindparam(WANTED, type_=kind, required=True)), table)


@lru_cache(TEMPLATES_KEPT)
def _scope(scope: _Same, shaped: _Shaped, table: Table) -> Template | None:
    condition = scope.it.condition(shaped.viewer)
    return None if condition is None else _rendered(condition, table)


def _rendered(expression: Expression, table: Table) -> Template:
    """Render inside a WHERE on the table, so that subqueries correlate as they do for the resolvers."""
    own = table.alias(SELF)
    adapted = ClauseAdapter(own).traverse(expression)
    statement: Select[Any] = select(literal_column("1")).select_from(own).where(adapted)
    compiled = statement.compile(dialect=_DIALECT)
    text = str(compiled).partition("WHERE ")[2]
    binds: dict[str, BindParameter[Any]] = compiled.binds
    return Template(_PARAMETER.sub(lambda found: _placed(binds[found[1]], found[1]), f"({text})"))


def _placed(bind: BindParameter[Any], name: str) -> str:
    """Keep what the request gives as a parameter, and write what the declaration fixed into the text."""
    if name == WANTED or name.startswith("viewer_"):
        return f":{name}"
    processor = bind.type.dialect_impl(_DIALECT).literal_processor(_DIALECT)
    if processor is None or bind.expanding:
        raise Declined("expression")
    return processor(bind.effective_value)


def _concat(parts: Sequence[str]) -> str:
    if not parts:
        return "''"
    return f"concat({', '.join(parts)})"
