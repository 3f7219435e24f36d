"""Compiles a validated document into one SELECT that gives the answer's JSON, from the declarations resolvers read.

It never reports an error: what it does not cover, and whatever would have to be reported, it declines, and the
resolvers answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from graphql import GraphQLObjectType, OperationDefinitionNode, is_non_null_type
from graphql.execution.values import VariableValues
from mains_server.signin.queries import viewer_text_sql

from mains_schema.compiling.compiled_leaf import failing
from mains_schema.compiling.compiled_parts import (
    MARK,
    Details,
    Patch,
    Read,
    Run,
    Writing,
    declared_of,
    fragments_of,
    once,
)
from mains_schema.compiling.compiled_plain import plain_writer
from mains_schema.compiling.compiled_rows import Place, Row, field_pieces, name_piece, row_text, scoped, select_row
from mains_schema.compiling.compiled_text import Declined, Json, Piece, joined
from mains_schema.declaring.connection import PageRequest
from mains_schema.declaring.context import Context
from mains_schema.declaring.gates import Gate, Given
from mains_schema.declaring.mapping import Asked, ById, Key, Mine, Paged, mapping_of, source_of
from mains_schema.declaring.node import Node, decode_id, number_of
from mains_schema.declaring.roles import insist_on_role, roles_of
from mains_schema.declaring.shape import fields_of, name_of, shape_of, target_of
from mains_schema.http.limits import Document

_MARK = MARK.encode()


@dataclass(frozen=True, slots=True)
class Part:
    """A part of an answer that is a row: its type, its selections, merged, and its names from the root."""

    kind: Any
    details: Details
    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """One SELECT for all requests of a document, a variable shape and a viewer shape.

    `proven` is the same for a viewer who was known before: it gives nothing unless their session proves them again.
    """

    sql: str
    proven: str
    reads: Sequence[Read]
    pages: Sequence[Callable[[VariableValues], PageRequest]]
    checks: Sequence[Callable[[Run], None]]
    patches: Sequence[Patch]

    async def run(self, run: Run) -> bytes | None:
        """Give the JSON, or None where the row is missing or the viewer not proven; failures are for the resolvers."""
        for check in self.checks:
            check(run)
        run.pages = [read(run.variables) for read in self.pages]
        values = [read(run) for read in self.reads]
        if (proof := run.context.reads.proof) is None:
            answer = await run.context.reads.answer(self.sql, values)
        else:
            values += [proof.token_hash, run.context.now, proof.text]
            answer = await run.context.reads.answer(self.proven, values)
        return await _patched(answer, self.patches, run) if self.patches and answer is not None else answer


def write_plan(
    *, schema: Any, document: Document, operation: OperationDefinitionNode, variables: VariableValues, context: Context
) -> Plan:
    """Compile an operation for the shape that these variables and this viewer have, or decline."""
    graphql = schema._schema
    writing = Writing(
        schema=schema,
        graphql=graphql,
        fragments=fragments_of(document.fragments),
        operation=operation,
        variables=variables,
        context=context,
    )
    return _plan(writing, f"convert_to({joined(_root(writing, graphql.query_type))}, 'UTF8')")


def write_payload_plan(
    *,
    schema: Any,
    document: Document,
    operation: OperationDefinitionNode,
    variables: VariableValues,
    context: Context,
    part: Part,
    target: type,
) -> Plan:
    """Compile what a mutation's payload shows of the row with a number, or decline."""
    writing = Writing(
        schema=schema,
        graphql=schema._schema,
        fragments=fragments_of(document.fragments),
        operation=operation,
        variables=variables,
        context=context,
    )
    row = Row(shape_of(target), writing.alias())
    if row.shape.key is None or not _is_shown_as(writing, target, part.kind):
        raise Declined("type")
    number = writing.parameter(lambda run: run.number)
    text = row_text(writing, part.kind, row, part.details)
    where = " and ".join([f"{row.sql(row.shape.key)} = {number}::bigint", *scoped(writing, row.shape.scope, row)])
    return _plan(writing, f"convert_to({text}, 'UTF8')", f" from {row.shape.table.name} {row.alias} where {where}")


def _is_shown_as(writing: Writing, target: type, kind: Any) -> bool:
    """Tell whether a type of the schema is what a class stands for, or an interface or union of all its kinds."""
    if isinstance(kind, GraphQLObjectType):
        return name_of(target) == kind.name and mapping_of(target).kind is None
    members = [member.extensions["strawberry-definition"].origin for member in writing.graphql.get_possible_types(kind)]
    return all("__mapped__" in member.__dict__ and shape_of(member) is shape_of(target) for member in members)


def _plan(writing: Writing, answer: str, source: str = "") -> Plan:
    places = (f"${len(writing.reads) + more}" for more in (1, 2, 3))
    is_same = f"({viewer_text_sql(token=next(places), now=next(places))}) = {next(places)}::text"
    return Plan(
        sql=f"select {answer}{source}",
        proven=f"select case when {is_same} then {answer} end{source}",
        reads=tuple(writing.reads),
        pages=tuple(writing.pages),
        checks=tuple(writing.checks),
        patches=tuple(writing.patches),
    )


def _root(writing: Writing, kind: GraphQLObjectType) -> list[Piece]:
    pieces: list[Piece] = ["{"]
    for key, details in writing.root_fields(kind):
        pieces.append(name_piece(key, is_first=len(pieces) == 1))
        pieces += _root_field(writing, Place(kind, None, details))
    return [*pieces, "}"]


def _root_field(writing: Writing, place: Place) -> list[Piece]:
    name = place.node.name.value
    source = None if name == "__typename" else source_of(declared_of(place.parent, name))
    match source:
        case Mine():
            return _mine(writing, place)
        case ById():
            return _by_id(writing, place)
        case Gate():
            return _gate(writing, place, source)
        case Given():
            write = plain_writer(writing, place.kind, place.details)
            return [writing.text(lambda run: write(source.open(run.context)))]
        case None | Paged() | Asked():
            return field_pieces(writing, place)
        case _:
            raise Declined("resolver")


def _mine(writing: Writing, place: Place) -> list[Piece]:
    if not writing.viewer.is_signed_in:
        raise Declined("unauthenticated")
    target = Row(shape_of(target_of(declared_of(place.parent, place.node.name.value))), writing.alias())
    if target.shape.key is None:
        raise Declined("type")
    person = writing.parameter(lambda run: run.context.viewer.person_id, key="viewer_person")
    found = select_row(writing, place, target, [f"{target.sql(target.shape.key)} = {person}::bigint"])
    return [Json(f"coalesce(({found}), {failing(f'{person}::bigint')})")]


def _gate(writing: Writing, place: Place, source: Gate) -> list[Piece]:
    named = place.kind.of_type if is_non_null_type(place.kind) else place.kind
    writing.checks.append(lambda run: source.check(run.context))
    pieces: list[Piece] = ["{"]
    for key, details in writing.fields(named, place.details):
        _insist_on_roles(writing, named, details)
        pieces.append(name_piece(key, is_first=len(pieces) == 1))
        pieces += field_pieces(writing, Place(named, None, details))
    return [*pieces, "}"]


def _insist_on_roles(writing: Writing, section: GraphQLObjectType, details: Details) -> None:
    """Refuse at each run who has none of the roles that a field of a section is for alone."""
    name = details[0].node.name.value
    roles = None if name == "__typename" else roles_of(declared_of(section, name))
    if roles is not None:
        writing.checks.append(lambda run: insist_on_role(roles, run.context.viewer))


def _by_id(writing: Writing, place: Place) -> list[Piece]:
    read = writing.arguments(place.parent, place.node)
    declared = target_of(declared_of(place.parent, place.node.name.value))
    target = declared if declared is not Node else _named(writing, once(read, writing.variables)["id"])
    if target is None:
        return ["null"]
    name = name_of(target)

    def number(run: Run) -> int:
        return number_of(read(run.variables)["id"], type_name=name)

    once(lambda variables: number_of(read(variables)["id"], type_name=name), writing.variables)
    row = Row(shape_of(target), writing.alias())
    if row.shape.key is None:
        raise Declined("type")
    conditions = [f"{row.sql(row.shape.key)} = {writing.parameter(number)}::bigint"]
    if (kind := mapping_of(target).kind) is not None:
        conditions.append(f"{row.sql(kind[0])} = '{kind[1].name}'")
    parts = field_pieces_of(writing, target, row, place)
    where = " and ".join([*conditions, *scoped(writing, row.shape.scope, row)])
    found = f"select {joined(parts)} from {row.shape.table.name} {row.alias} where {where}"
    missing = failing("'gone'") if is_non_null_type(place.kind) else "'null'"
    return [Json(f"coalesce(({found}), {missing})")]


def field_pieces_of(writing: Writing, target: type, row: Row, place: Place) -> list[Piece]:
    """Give the JSON object of a row whose type is known, whatever interface its field has."""
    kind = writing.graphql.type_map[name_of(target)]
    if not isinstance(kind, GraphQLObjectType):
        raise Declined("type")
    pieces: list[Piece] = ["{"]
    for key, details in writing.fields(kind, place.details):
        pieces.append(name_piece(key, is_first=len(pieces) == 1))
        pieces += field_pieces(writing, Place(kind, row, details))
    return [*pieces, "}"]


def _named(writing: Writing, given: str) -> type | None:
    """Give the class whose name a global id carries, if it is one that can be read by id."""
    name, _number = once(lambda _variables: decode_id(given), writing.variables)
    kind = writing.graphql.type_map.get(name)
    definition = None if kind is None else kind.extensions.get("strawberry-definition")
    origin = getattr(definition, "origin", None)
    if not isinstance(kind, GraphQLObjectType) or "__mapped__" not in getattr(origin, "__dict__", {}):
        return None
    assert isinstance(origin, type)
    return origin if any(isinstance(source_of(part), Key) for part in fields_of(origin)) else None


async def _patched(answer: bytes, patches: Sequence[Patch], run: Run) -> bytes:
    """Put in what Python works out; equal arguments are worked out once a request."""
    parts = answer.split(_MARK)
    made: dict[bytes, bytes] = {}
    awaited: dict[bytes, Any] = {}
    for given in dict.fromkeys(parts[1::2]):
        turn, _, arguments = given.partition(b":")
        patch = patches[int(turn)]
        values = [read(value) for read, value in zip(patch.readers, orjson.loads(arguments), strict=True)]
        if patch.is_asked:
            awaited[given] = _asked(patch, run, values)
        else:
            made[given] = orjson.dumps(patch.write(patch.compute(run.context.reads, *values)))
    if awaited:
        made.update(zip(awaited, await asyncio.gather(*awaited.values()), strict=True))
    parts[1::2] = [made[given] for given in parts[1::2]]
    return b"".join(parts)


async def _asked(patch: Patch, run: Run, values: Sequence[Any]) -> bytes:
    return orjson.dumps(patch.write(await patch.compute(run.context.reads, *values, **patch.given(run.variables))))
