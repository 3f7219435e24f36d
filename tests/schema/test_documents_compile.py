"""Every query in the README, the docs and the journeys is compiled; none goes to the resolvers."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLError,
    OperationType,
    get_named_type,
    get_nullable_type,
    get_variable_values,
    is_list_type,
    parse,
    type_from_ast,
)
from mains_schema.compiled import write_plan
from mains_schema.node import encode_id
from mains_schema.served import schema
from mains_server.db.engine import make_engine

from tests.schema.asking import NO_ADAPTERS, Asker, clerk

ROOT = Path(__file__).parents[2]
LEAST = 15


def documents() -> Iterator[tuple[str, str]]:
    """Give the documents with where they stand."""
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        for number, found in enumerate(re.findall(r"```graphql\n(.*?)```", page.read_text(), re.DOTALL)):
            yield f"{page.name}-{number}", found
    for code in [*sorted((ROOT / "tests" / "journeys").glob("*.py")), ROOT / "server/mains_server/commands/demo.py"]:
        for node in ast.walk(ast.parse(code.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and is_document(node.value):
                yield f"{code.name}:{node.lineno}", node.value


def is_document(text: str) -> bool:
    try:
        return not schema().documents.read(text).errors
    except GraphQLError:
        return False


def value_of(kind: Any) -> Any:
    """Give some value of a type, for a variable that must have one."""
    named = get_named_type(kind)
    if is_list_type(get_nullable_type(kind)):
        return []
    if isinstance(named, GraphQLEnumType):
        return next(iter(named.values))
    known = {"Int": 1, "ID": encode_id(type_name="Invoice", number=1), "Boolean": True, "Date": "2023-01-01"}
    return known.get(named.name, "x")


QUERIES = [
    (where, text)
    for where, text in documents()
    if any(getattr(part, "operation", None) is OperationType.QUERY for part in parse(text).definitions)
]


def test_there_are_documents_to_compile() -> None:
    assert len(QUERIES) >= LEAST


@pytest.mark.parametrize(("where", "text"), QUERIES, ids=[where for where, _ in QUERIES])
def test_it_compiles(where: str, text: str) -> None:
    made, document = schema(), schema().documents.read(text)
    context = Asker(made, make_engine(address="postgresql://nobody@/nowhere"), NO_ADAPTERS).context(clerk())
    for operation in document.operations:
        definitions = operation.variable_definitions or ()
        given = {
            part.variable.name.value: value_of(kind)
            for part in definitions
            if str(kind := type_from_ast(made._schema, part.type)).endswith("!")
        }
        variables = get_variable_values(made._schema, definitions, given)
        assert not isinstance(variables, list), variables

        plan = write_plan(schema=made, document=document, operation=operation, variables=variables, context=context)

        assert plan.sql.startswith("select convert_to(")
