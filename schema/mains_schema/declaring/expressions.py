"""SQL expressions as declarations hold them: plain Core columns, whatever an ORM class gave."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Column, ColumnElement, Table, TypeDecorator
from sqlalchemy.sql import visitors
from sqlalchemy.sql.selectable import SelectBase


class NotAnExpression(TypeError):
    """Something else than a column or SQL expression stands where one is declared."""


def plain(declared: object) -> ColumnElement[Any]:
    """Give the Core expression behind a SQLModel attribute, so that reads compile without the ORM."""
    element = declared.__clause_element__() if hasattr(declared, "__clause_element__") else declared
    if not isinstance(element, ColumnElement):
        raise NotAnExpression(f"{declared!r} is neither a column nor an SQL expression; write Table.column")
    return visitors.replacement_traverse(element, {}, _without_orm)


def _without_orm(element: Any, **_options: Any) -> Any:
    if isinstance(element, Column) and isinstance(element.table, Table):
        return element.table.c[element.key]
    return None


def table_of(declared: Any) -> Table:
    """Give the Core table of a SQLModel class, or the table itself."""
    table = declared if isinstance(declared, Table) else getattr(declared, "__table__", None)
    if not isinstance(table, Table):
        raise NotAnExpression(f"{declared!r} is neither a SQLModel table class nor a Table")
    return table


def columns_in(expression: ColumnElement[Any]) -> Iterator[Column[Any]]:
    """Give the table columns that an expression uses, but for those inside a subquery of its own."""
    if isinstance(expression, SelectBase):
        return
    if isinstance(expression, Column):
        yield expression
    for child in expression.get_children():
        if not isinstance(child, Table):
            yield from columns_in(child)  # type: ignore[arg-type]


def is_nullable(expression: ColumnElement[Any]) -> bool | None:
    """Tell whether a column may be null; None for a computed expression, whose author answers for it."""
    return bool(expression.nullable) if isinstance(expression, Column) else None


def python_type_of(expression: ColumnElement[Any]) -> type:
    """Give the Python type of an expression's values; SQLModel's text columns hide theirs behind a decorator."""
    kind: Any = expression.type
    found: type = (kind.impl_instance if isinstance(kind, TypeDecorator) else kind).python_type
    return found
