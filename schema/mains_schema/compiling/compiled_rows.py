"""Rows as JSON: the fields of a mapped type on one alias of its table, and the relations that lead to other rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLObjectType, get_named_type, get_nullable_type, is_abstract_type, is_non_null_type
from graphql.execution.values import VariableValues

from mains_schema.compiling.compiled_leaf import argument, failing, leaf, no_binds, reader, witness
from mains_schema.compiling.compiled_parts import MARK, Details, Patch, Writing, declared_of, once
from mains_schema.compiling.compiled_plain import plain_writer
from mains_schema.compiling.compiled_text import Declined, Json, Piece, expression_text, joined, scope_text
from mains_schema.declaring.mapping import (
    Asked,
    Column,
    Computed,
    Embed,
    Expression,
    Key,
    Many,
    One,
    Paged,
    mapping_of,
    source_of,
)
from mains_schema.declaring.scope import Scope
from mains_schema.declaring.shape import Shape, shape_of, target_of

Given = Callable[[VariableValues], Mapping[str, Any]]
ID_TEXT = "translate(encode(convert_to(concat({}, {}), 'UTF8'), 'base64'), E'+/=\\n', '-_')"


@dataclass(frozen=True, slots=True)
class Row:
    """A row that fields stand on: its type's shape, and the alias of its table."""

    shape: Shape
    alias: str

    def sql(self, expression: Expression) -> str:
        """Give a declared expression on this row."""
        return expression_text(expression, self.shape.table).on(self.alias, no_binds)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a field stands: its parent in the schema, the row if it has one, and its selections, merged."""

    parent: GraphQLObjectType
    row: Row | None
    details: Details

    @property
    def node(self) -> Any:
        """The first of the field's nodes; its arguments are those of the others."""
        return self.details[0].node

    @property
    def kind(self) -> Any:
        """The field's type."""
        return self.parent.fields[self.node.name.value].type

    @property
    def known_row(self) -> Row:
        """The row; a field that needs one and has none is not for the compiler."""
        if self.row is None:
            raise Declined("resolver")
        return self.row


def row_text(writing: Writing, kind: Any, row: Row, details: Details) -> str:
    """Give the JSON object of a row as one SQL expression; of an interface or a union, by the row's kind."""
    named = get_named_type(kind)
    if isinstance(named, GraphQLObjectType):
        return joined(_object(writing, named, row, details))
    if not is_abstract_type(named) or row.shape.kind_slot is None:
        raise Declined("type")
    cases = []
    column = None
    for member in writing.graphql.get_possible_types(named):
        found = mapping_of(member.extensions["strawberry-definition"].origin).kind
        if found is None:
            raise Declined("type")
        column = row.sql(found[0])
        cases.append(f"when '{found[1].name}' then {joined(_object(writing, member, row, details))}")
    return f"case {column} {' '.join(cases)} else {failing(str(column))} end"


def scoped(writing: Writing, scope: Scope | None, row: Row) -> list[str]:
    """Give the condition of a scope on a row, if it has one for this viewer."""
    template = None if scope is None else scope_text(scope, writing.viewer, row.shape.table)
    return [] if template is None else [template.on(row.alias, writing.of_viewer)]


def target_row(writing: Writing, place: Place) -> Row:
    """Give a fresh row of the type that a relation leads to."""
    return Row(shape_of(target_of(declared_of(place.parent, place.node.name.value))), writing.alias())


def name_piece(key: str, *, is_first: bool) -> str:
    """Give the name of a field in the answer."""
    return ("" if is_first else ",") + f'"{key}":'


def _object(writing: Writing, kind: GraphQLObjectType, row: Row, details: Details) -> list[Piece]:
    pieces: list[Piece] = ["{"]
    for key, below in writing.fields(kind, details):
        pieces.append(name_piece(key, is_first=len(pieces) == 1))
        pieces += field_pieces(writing, Place(kind, row, below))
    return [*pieces, "}"]


def field_pieces(writing: Writing, place: Place) -> list[Piece]:
    """Give the JSON of one field."""
    name = place.node.name.value
    if name == "__typename":
        return [f'"{place.parent.name}"']
    source = source_of(declared_of(place.parent, name))
    write = _WRITERS.get(type(source))
    if write is None:
        raise Declined("resolver")
    return write(writing, place, source)


def _column(_writing: Writing, place: Place, source: Column) -> list[Piece]:
    row = place.known_row
    return leaf(expression=source.expression, kind=place.kind, table=row.shape.table, alias=row.alias)


def _key(_writing: Writing, place: Place, source: Key) -> list[Piece]:
    number = place.known_row.sql(source.expression)
    return ['"', Json(ID_TEXT.format(f"'{place.parent.name}:'", number)), '"']


def _embed(writing: Writing, place: Place, source: Embed) -> list[Piece]:
    row, named = place.known_row, get_nullable_type(place.kind)
    if not isinstance(named, GraphQLObjectType):
        raise Declined("type")
    pieces: list[Piece] = ["{"]
    for key, below in writing.fields(named, place.details):
        pieces.append(name_piece(key, is_first=len(pieces) == 1))
        name = below[0].node.name.value
        if name == "__typename":
            pieces.append(f'"{named.name}"')
            continue
        expression = source.parts.get(declared_of(named, name).python_name)
        if expression is None:
            raise Declined("type")
        pieces += leaf(expression=expression, kind=named.fields[name].type, table=row.shape.table, alias=row.alias)
    pieces.append("}")
    if not source.known:
        return pieces
    unknown = " or ".join(f"{row.sql(source.parts[name])} is null" for name in sorted(source.known))
    missing = failing(witness(row.shape.table, row.alias)) if is_non_null_type(place.kind) else "'null'"
    return [Json(f"case when {unknown} then {missing} else {joined(pieces)} end")]


def _patched(writing: Writing, place: Place, source: Computed | Asked) -> list[Piece]:
    """Leave the arguments in the answer, between marks that JSON text cannot hold, for Python to replace."""
    write = plain_writer(writing, place.kind, place.details)
    if isinstance(source, Computed) and not source.arguments:
        compute = source.compute
        return [writing.text(lambda run: write(compute(run.context.reads)))]
    call, given = _called(writing, place, source)
    writing.patches.append(
        Patch([reader(part) for part in source.arguments], call, write, isinstance(source, Asked), given)
    )
    pieces: list[Piece] = [f"{MARK}{len(writing.patches) - 1}:["]
    for place_of, part in enumerate(source.arguments):
        row = place.known_row
        pieces += ["," if place_of else "", argument(expression=part, table=row.shape.table, alias=row.alias)]
    return [*pieces, f"]{MARK}"]


def _called(writing: Writing, place: Place, source: Computed | Asked) -> tuple[Callable[..., Any], Given]:
    """Give the function of a patch, and what reads the arguments that the client gives it by name."""
    if isinstance(source, Computed):
        return source.compute, _nothing_given
    if not source.given:
        return source.ask, _nothing_given
    given = writing.arguments(place.parent, place.node)
    once(given, writing.variables)
    return source.ask, given


def _nothing_given(_variables: VariableValues) -> Mapping[str, Any]:
    return {}


def _one(writing: Writing, place: Place, source: One) -> list[Piece]:
    owner, target = place.known_row, target_row(writing, place)
    key = source.to if source.to is not None else target.shape.key
    if key is None:
        raise Declined("type")
    pointer = owner.sql(source.source)
    found = select_row(writing, place, target, [f"{target.sql(key)} = {pointer}"])
    missing = failing(pointer) if is_non_null_type(place.kind) else "'null'"
    return [Json(f"coalesce(({found}), {missing})")]


def select_row(writing: Writing, place: Place, target: Row, conditions: list[str]) -> str:
    """Give the SELECT of one row in scope."""
    text = row_text(writing, place.kind, target, place.details)
    where = " and ".join([*conditions, *scoped(writing, target.shape.scope, target)])
    return f"select {text} from {target.shape.table.name} {target.alias} where {where}"


def _many(writing: Writing, place: Place, source: Many) -> list[Piece]:
    owner, target = place.known_row, target_row(writing, place)
    own = source.own if source.own is not None else owner.shape.key
    if own is None:
        raise Declined("type")
    text = row_text(writing, place.kind, target, place.details)
    conditions = [f"{target.sql(source.theirs)} = {owner.sql(own)}", *scoped(writing, target.shape.scope, target)]
    order = ", ".join(target.sql(part) for part in source.order)
    listed = f"string_agg({text}, ','{f' order by {order}' if order else ''})"
    where = " and ".join(conditions)
    return ["[", Json(f"(select {listed} from {target.shape.table.name} {target.alias} where {where})"), "]"]


def _paged(writing: Writing, place: Place, source: Paged) -> list[Piece]:
    from mains_schema.compiling.compiled_pages import page_pieces  # pages are made of rows, and rows of pages

    return page_pieces(writing, place, source)


_WRITERS: Mapping[type, Callable[[Writing, Place, Any], list[Piece]]] = {
    Column: _column,
    Key: _key,
    Embed: _embed,
    Computed: _patched,
    Asked: _patched,
    One: _one,
    Many: _many,
    Paged: _paged,
}
