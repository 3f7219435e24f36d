"""What is selected for a mapped type: one list of expressions for a type, or for all types of an interface together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, select
from strawberry.types.base import StrawberryList, StrawberryOptional, get_object_definition
from strawberry.types.field import StrawberryField

from mains_schema.declaring.mapping import (
    Asked,
    Column,
    Computed,
    Embed,
    Key,
    Many,
    Mapped,
    One,
    Paged,
    mapping_of,
    source_of,
)
from mains_schema.declaring.scope import Scope
from mains_schema.declaring.unions import members_of, union_behind

Expression = ColumnElement[Any]


class Shape:
    """The select list of a type, and how a selected row becomes an instance of it."""

    def __init__(self, *, cls: type, family: Sequence[type]) -> None:
        self.cls = cls
        self.family = family
        mapping = mapping_of(cls)
        self.scope: Scope = mapping.scope
        self.table = mapping.table
        self.key: Expression | None = None
        self._expressions: list[Expression] = []
        self._labelled: list[Expression] = []
        self._slots: dict[int, int] = {}
        for member in family:
            self._take_fields(member)
        self.kinds = {kind[1]: member for member in family if (kind := mapping_of(member).kind) is not None}
        self.kind_slot = next((self.slot(kind[0]) for m in family if (kind := mapping_of(m).kind) is not None), None)

    def slot(self, expression: Expression) -> int:
        """Give the place of an expression in the select list, taking it in if it is new."""
        place = self._slots.setdefault(id(expression), len(self._expressions))
        if place == len(self._expressions):
            self._expressions.append(expression)
            self._labelled.append(expression.label(f"c{place}"))
        return place

    def select(self, *more: Expression) -> Select[Any]:
        """Select every declared expression, labelled c0, c1, … in order, and then `more`."""
        return select(*self._labelled, *more)

    def maker(self) -> Callable[[Any, Any], Any]:
        """Give the function that makes an instance of the right type of a row and the request's reads."""
        kinds, kind_slot, cls = self.kinds, self.kind_slot, self.cls

        def make(row: Any, reads: Any) -> Any:
            member = cls if kind_slot is None else kinds[row[kind_slot]]
            made: Any = object.__new__(member)
            made.row = row
            made.reads = reads
            return made

        return make

    def _take_fields(self, member: type) -> None:
        for declared in fields_of(member):
            source = source_of(declared)
            for expression in expressions_of(source):
                self.slot(expression)
            if isinstance(source, Key):
                self.key = source.expression


def expressions_of(source: object) -> Sequence[Expression]:
    """Give the expressions that a field needs of its own row."""
    match source:
        case Column() | Key():
            return [source.expression]
        case Embed():
            return list(source.parts.values())
        case Computed() | Asked():
            return source.arguments
        case One():
            return [source.source]
        case Many() | Paged():
            return [] if source.own is None else [source.own]
        case _:
            return []


def fields_of(cls: type) -> Sequence[StrawberryField]:
    """Give the fields of a type, those of its interfaces included."""
    definition = get_object_definition(cls, strict=True)
    return definition.fields


def target_of(declared: StrawberryField) -> Any:
    """Give the class that a relation leads to: what stands in `X | None`, `list[X]` or `Connection[X]`.

    Of a union it is the first; all of them share a shape.
    """
    found: Any = declared.type
    if (union := union_behind(found)) is not None:
        return members_of(union)[0]
    while isinstance(found, StrawberryOptional | StrawberryList):
        found = found.of_type
    definition = get_object_definition(found)
    if definition is not None and definition.concrete_of is not None:
        return next(iter(definition.type_var_map.values()))
    return found


def name_of(cls: type) -> str:
    """Give a type's name in the schema."""
    return get_object_definition(cls, strict=True).name


def is_optional(declared: StrawberryField) -> bool:
    """Tell whether a field may be null."""
    return isinstance(declared.type, StrawberryOptional)


def shape_of(cls: type) -> Shape:
    """Give the shape that the schema's build worked out for a mapped type."""
    mapping: Mapped = mapping_of(cls)
    if mapping.shape is None:
        raise RuntimeError(f"{cls.__name__} is mapped but not in the schema's rooms")
    return mapping.shape
