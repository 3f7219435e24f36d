"""Values that Python makes, written as JSON under a selection: enums, scalars, and the small objects of payloads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphql import GraphQLObjectType, get_nullable_type, is_leaf_type, is_list_type, is_non_null_type

from mains_schema.compiling.compiled_parts import Details, Writing, declared_of
from mains_schema.compiling.compiled_text import Declined
from mains_schema.declaring.mapping import source_of

Write = Callable[[Any], Any]


def plain_writer(writing: Writing, kind: Any, details: Details) -> Write:
    """Give what turns a value of a type into JSON for these selections; it declines where null may not be."""
    named = get_nullable_type(kind)
    write = _writer(writing, named, details)
    if not is_non_null_type(kind):
        return lambda value: None if value is None else write(value)

    def strict(value: Any) -> Any:
        if value is None:
            raise Declined("null")
        return write(value)

    return strict


def _writer(writing: Writing, named: Any, details: Details) -> Write:
    if is_leaf_type(named):
        write: Write = named.coerce_output_value
        return write
    if is_list_type(named):
        of = plain_writer(writing, named.of_type, details)
        return lambda values: [of(value) for value in values]
    if isinstance(named, GraphQLObjectType):
        return _object(writing, named, details)
    raise Declined("type")


def _object(writing: Writing, named: GraphQLObjectType, details: Details) -> Write:
    parts: list[tuple[str, str, Write]] = []
    for key, below in writing.fields(named, details):
        name = below[0].node.name.value
        if name == "__typename":
            parts.append((key, "__class__", lambda _value: named.name))
            continue
        declared = declared_of(named, name)
        if declared.base_resolver is not None or source_of(declared) is not None:
            raise Declined("resolver")
        parts.append((key, declared.python_name, plain_writer(writing, named.fields[name].type, below)))
    return lambda value: {key: write(getattr(value, name)) for key, name, write in parts}
