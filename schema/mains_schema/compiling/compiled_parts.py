"""A plan while it is written, and what a request brings along when it is run."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from graphql import GraphQLObjectType, GraphQLSchema, OperationDefinitionNode
from graphql.execution.collect_fields import (
    FieldDetails,
    FragmentDetails,
    collect_fields,
    collect_subfields,
)
from graphql.execution.values import VariableValues, get_argument_values
from graphql.language import VariableNode
from mains_server.access.records import Viewer
from strawberry.types.arguments import convert_arguments
from strawberry.types.field import StrawberryField

from mains_schema.compiling.compiled_text import Declined, Json, viewer_value
from mains_schema.declaring.connection import PageRequest
from mains_schema.declaring.context import Context
from mains_schema.declaring.errors import RequestRefused

Details = list[FieldDetails]
Read = Callable[["Run"], Any]
MARK = "\x01"


@dataclass(slots=True)
class Run:
    """One request that a plan is run for; `number` is the row that a payload shows."""

    context: Context
    variables: VariableValues
    pages: Sequence[PageRequest] = ()
    number: int = 0


@dataclass(frozen=True, slots=True)
class Patch:
    """A value that Python works out of arguments in the answer, and of `given` by the client; `write` makes it JSON."""

    readers: Sequence[Callable[[Any], Any]]
    compute: Callable[..., Any]
    write: Callable[[Any], Any]
    is_asked: bool
    given: Callable[[VariableValues], Mapping[str, Any]]


@dataclass(slots=True)
class Writing:
    """One plan under way: what the document and the variables fix, and what it will ask of each request."""

    schema: Any
    graphql: GraphQLSchema
    fragments: dict[str, FragmentDetails]
    operation: OperationDefinitionNode
    variables: VariableValues
    context: Context
    reads: list[Read] = field(default_factory=list)
    pages: list[Callable[[VariableValues], PageRequest]] = field(default_factory=list)
    patches: list[Patch] = field(default_factory=list)
    checks: list[Callable[[Run], None]] = field(default_factory=list)
    _places: dict[Hashable, str] = field(default_factory=dict)
    _aliases: int = 0

    @property
    def viewer(self) -> Viewer:
        """Who asks; of them only the shape may go into the text."""
        return self.context.viewer

    def alias(self) -> str:
        """Give a name for a table that no other has."""
        self._aliases += 1
        return f"t{self._aliases}"

    def parameter(self, read: Read, *, key: Hashable = None) -> str:
        """Give the place of a parameter, `$1`; with a key, one place for all that share it."""
        if key is not None and key in self._places:
            return self._places[key]
        self.reads.append(read)
        place = f"${len(self.reads)}"
        if key is not None:
            self._places[key] = place
        return place

    def of_viewer(self, name: str) -> str:
        """Give the place of a parameter of a scope."""
        value = viewer_value(name)
        return self.parameter(lambda run: value(run.context.viewer), key=name)

    def text(self, make: Callable[[Run], Any]) -> Json:
        """Give a piece of JSON that Python makes before the statement runs."""
        return Json(f"{self.parameter(lambda run: orjson.dumps(make(run)).decode())}::text")

    def root_fields(self, kind: GraphQLObjectType) -> Iterator[tuple[str, Details]]:
        """Give the operation's fields by their names in the answer."""
        found = collect_fields(self.graphql, self.fragments, self.variables, kind, self.operation)
        yield from found.grouped_field_set.items()

    def fields(self, kind: GraphQLObjectType, details: Details) -> Iterator[tuple[str, Details]]:
        """Give the fields below a field by their names in the answer, merged and with fragments resolved."""
        found = collect_subfields(self.graphql, self.fragments, self.variables, self.operation, kind, details)
        yield from found.grouped_field_set.items()

    def arguments(self, parent: GraphQLObjectType, node: Any) -> Callable[[VariableValues], Mapping[str, Any]]:
        """Give what reads a field's arguments as its resolver would get them."""
        known = parent.fields[node.name.value]
        declared = declared_of(parent, node.name.value)
        config, scalars = self.schema.config, self.schema.schema_converter.scalar_registry

        def read(variables: VariableValues) -> Mapping[str, Any]:
            given = get_argument_values(known, node, variables)
            return convert_arguments(given, declared.arguments, scalars, config)

        return read


def declared_of(parent: GraphQLObjectType, name: str) -> StrawberryField:
    """Give the declaration behind a field; introspection has none."""
    known = parent.fields.get(name)
    if known is None:
        raise Declined("introspection")
    declared: StrawberryField | None = known.extensions.get("strawberry-definition")
    if declared is None:
        raise Declined("resolver")
    return declared


def is_static(node: Any) -> bool:
    """Tell whether a field's arguments are the same for every request."""
    return not any(_has_variable(argument.value) for argument in node.arguments or ())


def once(read: Callable[[VariableValues], Any], variables: VariableValues) -> Any:
    """Read arguments while a plan is written; what cannot be read is left to the resolvers to refuse."""
    try:
        return read(variables)
    except RequestRefused:
        raise Declined("bad_input") from None


def _has_variable(value: Any) -> bool:
    if isinstance(value, VariableNode):
        return True
    parts = getattr(value, "values", None) or [part.value for part in getattr(value, "fields", None) or ()]
    return any(_has_variable(part) for part in parts)


def fragments_of(fragments: Mapping[str, Any]) -> dict[str, FragmentDetails]:
    """Give a document's fragments as graphql-core collects fields from them."""
    return {name: FragmentDetails(definition) for name, definition in fragments.items()}
