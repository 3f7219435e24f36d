"""How one value of a row is written as JSON by PostgreSQL, letter for letter as the resolvers' scalars write it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from graphql import GraphQLEnumType, GraphQLScalarType, get_nullable_type, is_list_type, is_non_null_type
from sqlalchemy import ARRAY, BigInteger, BindParameter, Table, TypeDecorator

from mains_schema.compiling.compiled_text import Declined, Json, Piece, expression_text
from mains_schema.declaring.expressions import is_nullable, python_type_of
from mains_schema.declaring.mapping import Expression

INT_MAX = 2**31 - 1
WRITTEN = {"String": str, "Int": int, "Boolean": bool, "Decimal": Decimal, "Date": date, "Instant": datetime}


def no_binds(name: str) -> str:
    """Refuse parameters where a declared expression can have none."""
    raise Declined("expression")


def failing(words: str) -> str:
    """Give SQL text that makes the statement fail, for a place that may not be null; `words` is SQL, too."""
    return f"concat('!', {words})::json::text"


def witness(table: Table, alias: str) -> str:
    """Give a column of a row to fail on, so that failing is never worked out while planning."""
    return f"{alias}.{next(iter(table.primary_key.columns or table.columns)).name}"


def leaf(*, expression: Expression, kind: Any, table: Table, alias: str) -> list[Piece]:
    """Write the value of a declared expression as the GraphQL type of its field wants it."""
    sql = expression_text(expression, table).on(alias, no_binds)
    pieces = _pieces(sql, expression, kind)
    can_be_null = is_nullable(expression) is not False and not _is_fixed(expression)
    if not can_be_null:
        return pieces
    if not is_non_null_type(kind):
        return [Json(f"coalesce({_strict(pieces)}, 'null')")]
    return [Json(f"coalesce({_strict(pieces)}, {failing(witness(table, alias))})")]


def argument(*, expression: Expression, table: Table, alias: str) -> Json:
    """Write a value as JSON for a Python function, which `reader` reads again."""
    sql = expression_text(expression, table).on(alias, no_binds)
    wanted = python_type_of(expression)
    if issubclass(wanted, Decimal):
        sql = f"({sql})::text"
    return Json(f"coalesce(to_json({sql})::text, 'null')")


def reader(expression: Expression) -> Callable[[Any], Any]:
    """Give what reads a value back that `argument` wrote."""
    wanted = python_type_of(expression)
    if issubclass(wanted, Enum):
        return lambda value: None if value is None else wanted[value]
    for kind, read in _READERS.items():
        if issubclass(wanted, kind):
            return read
    raise Declined("type")


def order_value(*, expression: Expression, table: Table, alias: str) -> list[Piece]:
    """Write a value that a cursor holds, as `connection.write_cursor` does."""
    sql = expression_text(expression, table).on(alias, no_binds)
    wanted = python_type_of(expression)
    if issubclass(wanted, datetime):
        return ['"', Json(_moment(sql, 'US"+00:00"')), '"']
    if issubclass(wanted, Decimal):
        return ['"', Json(sql), '"']
    return [Json(f"to_json({sql})")]


def _moment(sql: str, fraction: str) -> str:
    return f"to_char(({sql}) at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.{fraction}')"


def _is_fixed(expression: Expression) -> bool:
    return isinstance(expression, BindParameter) and expression.value is not None


def _pieces(sql: str, expression: Expression, kind: Any) -> list[Piece]:
    """Write a value that is not null."""
    named = get_nullable_type(kind)
    if is_list_type(named):
        return [_list(sql, expression, named)]
    wanted = python_type_of(expression)
    if isinstance(named, GraphQLEnumType):
        if not issubclass(wanted, Enum) or not wanted.__members__.keys() <= named.values.keys():
            raise Declined("type")
        return ['"', Json(sql), '"']
    expected = WRITTEN.get(named.name) if isinstance(named, GraphQLScalarType) else None
    if expected is None or not issubclass(wanted, expected) or (wanted is bool) is not (expected is bool):
        raise Declined("type")
    return _WRITERS[expected](sql, expression)


def _list(sql: str, expression: Expression, kind: Any) -> Json:
    held: Any = expression.type
    held = held.impl_instance if isinstance(held, TypeDecorator) else held
    of = get_nullable_type(kind.of_type)
    if isinstance(held, ARRAY) and held.item_type.python_type is Decimal and of.name == "Decimal":
        return _decimals(sql, kind)
    is_of_words = isinstance(held, ARRAY) and held.item_type.python_type is str and of.name == "String"
    if not is_of_words or not is_non_null_type(kind.of_type):
        raise Declined("type")
    return Json(f"case when array_position({sql}, null) is null then to_json({sql}) else concat('!', {sql})::json end")


def _decimals(sql: str, kind: Any) -> Json:
    """A decimal is a text; null may stand among them where the type says so."""
    text = f"to_json(({sql})::text[])"
    if not is_non_null_type(kind.of_type):
        return Json(text)
    return Json(f"case when array_position({sql}, null) is null then {text} else concat('!', {sql}::text)::json end")


def _strict(pieces: list[Piece]) -> str:
    """Join a value's pieces so that null stays null."""
    parts = [f"'{piece}'" if isinstance(piece, str) else f"({piece.sql})::text" for piece in pieces]
    return "(" + " || ".join(parts) + ")"


def _whole(sql: str, expression: Expression) -> list[Piece]:
    if not isinstance(expression.type, BigInteger):
        return [Json(sql)]
    return [Json(f"case when {sql} between -{INT_MAX} - 1 and {INT_MAX} then {sql}::text else {failing(sql)} end")]


def _instant(sql: str, _expression: Expression) -> list[Piece]:
    return ['"', Json(_moment(sql, 'MS"Z"')), '"']


_WRITERS: Mapping[type, Callable[[str, Expression], list[Piece]]] = {
    str: lambda sql, _expression: [Json(f"to_json({sql})")],
    bool: lambda sql, _expression: [Json(f"to_json({sql})")],
    date: lambda sql, _expression: [Json(f"to_json({sql})")],
    Decimal: lambda sql, _expression: ['"', Json(sql), '"'],
    int: _whole,
    datetime: _instant,
}

_READERS: Mapping[type, Callable[[Any], Any]] = {
    str: lambda value: value,
    int: lambda value: value,
    list: lambda value: value,
    Decimal: lambda value: None if value is None else Decimal(value),
    datetime: lambda value: None if value is None else datetime.fromisoformat(value).astimezone(UTC),
    date: lambda value: None if value is None else date.fromisoformat(value),
}
