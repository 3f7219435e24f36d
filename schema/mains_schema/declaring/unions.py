"""Unions: kinds of rows of one table that have no field in common, told apart by a column as an interface's types are.

A union is declared in a room's file as `Annotated[This | That, strawberry.union("Name", description=…)]`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from strawberry.types.base import StrawberryList, StrawberryOptional, get_object_definition
from strawberry.types.field import StrawberryField
from strawberry.types.union import StrawberryUnion


def is_union(value: object) -> bool:
    """Tell whether something in a module is a union that was declared there."""
    return any(isinstance(part, StrawberryUnion) for part in getattr(value, "__metadata__", ()))


def union_behind(found: Any) -> StrawberryUnion | None:
    """Give the union that a field's type is, or is a list or a connection of."""
    while isinstance(found, StrawberryOptional | StrawberryList):
        found = found.of_type
    definition = get_object_definition(found)
    if definition is not None and definition.concrete_of is not None:
        found = next(iter(definition.type_var_map.values()))
    return found if isinstance(found, StrawberryUnion) else None


def members_of(union: StrawberryUnion) -> Sequence[type]:
    """Give the classes of a union."""
    return [member for member in union.types if isinstance(member, type)]


def unions_of(fields: Sequence[StrawberryField]) -> Iterator[StrawberryUnion]:
    """Give the unions that fields lead to."""
    for declared in fields:
        if (found := union_behind(declared.type)) is not None:
            yield found
