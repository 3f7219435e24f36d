"""What a mutation's payload would show of the rows that a query's `node` fields name, by the compiler's own plans."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphql import GraphQLObjectType, get_variable_values
from graphql.execution.collect_fields import collect_fields
from graphql.execution.values import VariableValues, get_argument_values
from mains_schema.compiling.compiled import Part
from mains_schema.compiling.compiled_parts import fragments_of
from mains_schema.declaring.errors import RequestRefused
from mains_schema.declaring.node import decode_id
from mains_server.access.records import Viewer

from tests.schema.asking import Asker


async def payload_texts(
    asker: Asker, document: str, viewer: Viewer, variables: Mapping[str, Any]
) -> Mapping[str, bytes | None]:
    """Give the JSON of each row by its name in the answer; None where the compiler declines."""
    graphql, read = asker.schema._schema, asker.schema.documents.read(document)
    [operation] = read.operations
    values = get_variable_values(graphql, operation.variable_definitions or (), dict(variables))
    root = graphql.query_type
    assert root is not None
    assert isinstance(values, VariableValues)
    fields = collect_fields(graphql, fragments_of(read.fragments), values, root, operation).grouped_field_set
    found: dict[str, bytes | None] = {}
    for name, details in fields.items():
        node = details[0].node
        named = _named(get_argument_values(root.fields["node"], node, values)) if node.name.value == "node" else None
        kind = None if named is None else graphql.type_map.get(named[0])
        if named is None or not isinstance(kind, GraphQLObjectType):
            continue
        found[name] = await asker.schema.plans.payload(
            part=Part(kind, details, (name,)),
            target=kind.extensions["strawberry-definition"].origin,
            number=named[1],
            operation=operation,
            variables=values,
            context=asker.context(viewer),
        )
    return found


def _named(arguments: Mapping[str, Any]) -> tuple[str, int] | None:
    try:
        return decode_id(arguments["id"])
    except RequestRefused:
        return None
