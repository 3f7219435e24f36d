"""Every document in the README, the docs and the journeys is right, and is compiled; none goes to the resolvers.

A query is compiled whole. Of a mutation, what its payload shows of mapped types is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLError,
    GraphQLInputObjectType,
    OperationDefinitionNode,
    OperationType,
    get_named_type,
    get_nullable_type,
    get_variable_values,
    is_input_type,
    is_list_type,
    is_required_input_field,
    type_from_ast,
)
from graphql.execution.collect_fields import collect_fields, collect_subfields
from graphql.execution.values import VariableValues
from mains_schema.compiling.compiled import Part, Plan, write_payload_plan, write_plan
from mains_schema.compiling.compiled_parts import fragments_of
from mains_schema.compiling.compiled_text import Declined
from mains_schema.declaring.node import encode_id
from mains_schema.http.limits import Document
from mains_schema.served import schema
from mains_server.db.engine import make_engine

from tests.schema.asking import NO_ADAPTERS, Asker, clerk
from tests.schema.documents import ROOT, documents, documents_in, looks_like_a_document

QUERIES_LEAST, MUTATIONS_LEAST, ROWS_LEAST = 17, 5, 3
DOCUMENTS = list(documents())


def value_of(kind: Any) -> Any:
    """Give some value of a type, for a variable that must have one."""
    named = get_named_type(kind)
    if is_list_type(get_nullable_type(kind)):
        return []
    if isinstance(named, GraphQLInputObjectType):
        return {name: value_of(part.type) for name, part in named.fields.items() if is_required_input_field(part)}
    if isinstance(named, GraphQLEnumType):
        return next(iter(named.values))
    days = {"Date": "2023-01-01", "Instant": "2023-01-01T00:00:00Z"}
    known = {"Int": 1, "ID": encode_id(type_name="Invoice", number=1), "Boolean": True, **days}
    return known.get(named.name, "1")


def compiled(text: str) -> dict[OperationType, list[Plan]]:
    """Give the plans of a document's operations, one for a query and one for each row that a mutation shows."""
    document = schema().documents.read(text)
    if document.errors:
        raise document.errors[0]
    plans: dict[OperationType, list[Plan]] = {}
    for operation in document.operations:
        plans.setdefault(operation.operation, []).extend(_plans(document, operation))
    return plans


def _plans(document: Document, operation: OperationDefinitionNode) -> Iterator[Plan]:
    made = schema()
    variables = _variables(operation)
    asker = Asker(made, make_engine(address="postgresql://nobody@/nowhere"), NO_ADAPTERS)
    given: dict[str, Any] = {
        "schema": made,
        "document": document,
        "operation": operation,
        "variables": variables,
        "context": asker.context(clerk()),
    }
    if operation.operation is OperationType.QUERY:
        yield write_plan(**given)
        return
    for part, target in _shown(document, operation, variables):
        yield write_payload_plan(**given, part=part, target=target)


def _variables(operation: OperationDefinitionNode) -> VariableValues:
    definitions = operation.variable_definitions or ()
    kinds = {part.variable.name.value: type_from_ast(schema()._schema, part.type) for part in definitions}
    given = {name: value_of(kind) for name, kind in kinds.items() if is_input_type(kind) and str(kind).endswith("!")}
    found = get_variable_values(schema()._schema, definitions, given)
    assert isinstance(found, VariableValues), found
    return found


def _shown(
    document: Document, operation: OperationDefinitionNode, variables: VariableValues
) -> Iterator[tuple[Part, type]]:
    """Give what a mutation shows of mapped types, however deep in its payloads."""
    graphql, fragments = schema()._schema, fragments_of(document.fragments)
    root = graphql.mutation_type
    assert root is not None
    fields = collect_fields(graphql, fragments, variables, root, operation).grouped_field_set
    left = [(root, name, details) for name, details in fields.items()]
    while left:
        parent, name, details = left.pop()
        field = parent.fields.get(details[0].node.name.value)
        kind = None if field is None else get_named_type(field.type)
        origin = getattr(getattr(kind, "extensions", {}).get("strawberry-definition"), "origin", None)
        if "__mapped__" in getattr(origin, "__dict__", {}):
            yield Part(kind, details, (name,)), origin
        elif hasattr(kind, "fields"):
            below = collect_subfields(graphql, fragments, variables, operation, kind, details).grouped_field_set
            left += [(kind, deeper, found) for deeper, found in below.items()]


@pytest.mark.parametrize(("where", "text"), DOCUMENTS, ids=[where for where, _ in DOCUMENTS])
def test_it_is_compiled(where: str, text: str) -> None:
    for plan in [plan for plans in compiled(text).values() for plan in plans]:
        assert plan.sql.startswith("select convert_to(")


def test_none_is_forgotten() -> None:
    plans = [compiled(text) for _, text in DOCUMENTS]

    assert sum(OperationType.QUERY in found for found in plans) >= QUERIES_LEAST
    assert sum(OperationType.MUTATION in found for found in plans) >= MUTATIONS_LEAST
    assert sum(len(found.get(OperationType.MUTATION, ())) for found in plans) >= ROWS_LEAST
    assert all(plans)


@pytest.mark.parametrize(
    "text", ["{ viewer { nam } }", "query { viewer { name }", "mutation ($a: Int) { sessionRevoke { isRevoked } "]
)
def test_a_wrong_document_is_no_secret(text: str) -> None:
    assert looks_like_a_document(text)
    with pytest.raises(GraphQLError):
        compiled(text)


def test_what_cannot_be_compiled_is_found() -> None:
    with pytest.raises(Declined):
        compiled("{ viewer { name } __schema { __typename } }")


def test_documents_are_found_in_functions_and_behind_names() -> None:
    found = dict(documents_in(ROOT / "tests/schema/test_portal.py", module="tests.schema.test_portal"))

    assert "test_portal.py:HOME" in found
