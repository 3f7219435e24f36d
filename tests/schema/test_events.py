"""Each example of docs/events.md is an answer that its document could have."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from graphql import (
    FieldNode,
    GraphQLError,
    GraphQLObjectType,
    OperationDefinitionNode,
    get_named_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    parse,
    validate,
)
from mains_schema.live.feeds import FEEDS
from mains_schema.live.posted import FIELDS
from mains_schema.served import schema
from mains_server.webhooks.records import WebhookKind

PAGE = (Path(__file__).parents[2] / "docs/events.md").read_text("utf-8")
SECTIONS = {part.partition("\n")[0]: part for part in PAGE.split("\n## ")[1:]}
TYPES = {field: kind.value for kind, field in FIELDS.items()}


def block(section: str, language: str) -> str:
    """Give the one block of a section in a language."""
    (found,) = re.findall(rf"```{language}\n(.*?)```", SECTIONS[section], re.DOTALL)
    return str(found)


def misfits(type_: Any, node: FieldNode, value: Any, path: str) -> Iterator[str]:
    """Find where a value could not be the answer of a field."""
    if is_non_null_type(type_):
        if value is None:
            yield f"{path} is null"
            return
        type_ = type_.of_type
    if value is None:
        return
    if is_list_type(type_):
        for place, one in enumerate(value):
            yield from misfits(type_.of_type, node, one, f"{path}.{place}")
    elif is_leaf_type(type_):
        try:
            type_.parse_value(value)
        except (GraphQLError, ValueError) as error:
            yield f"{path}: {error}"
    else:
        yield from _of_object(get_named_type(type_), node, value, path)


def _of_object(type_: Any, node: FieldNode, value: Any, path: str) -> Iterator[str]:
    assert isinstance(type_, GraphQLObjectType)
    assert node.selection_set is not None
    asked = {one.name.value: one for one in node.selection_set.selections if isinstance(one, FieldNode)}
    if list(asked) != list(value):
        yield f"{path} has {list(value)}, and was asked for {list(asked)}"
        return
    for name, one in asked.items():
        yield from misfits(type_.fields[name].type, one, value[name], f"{path}.{name}")


def test_every_subscription_and_every_kind_of_webhook_has_its_section() -> None:
    assert set(SECTIONS) == set(FEEDS) | {"webhook.test", "Catching up"}
    assert set(FEEDS) == set(TYPES)
    for field, type_ in TYPES.items():
        assert f"\n`{type_}`. " in SECTIONS[field]


@pytest.mark.parametrize("field", FEEDS)
def test_an_example_is_an_answer_that_its_document_could_have(field: str) -> None:
    document = parse(block(field, "graphql"))
    told = orjson.loads(block(field, "json"))

    assert validate(schema()._schema, document) == []
    (operation,) = document.definitions
    assert isinstance(operation, OperationDefinitionNode)
    (node,) = operation.selection_set.selections
    assert isinstance(node, FieldNode)
    assert node.name.value == field
    root = schema()._schema.subscription_type
    assert root is not None
    data = told["data"]
    assert list(data) == [field]
    assert list(misfits(root.fields[field].type, node, data[field], field)) == []


@pytest.mark.parametrize("field", [*TYPES, "webhook.test"])
def test_a_webhooks_example_is_a_body_as_we_word_it(field: str) -> None:
    told = orjson.loads(block(field, "json"))

    assert list(told) == ["type", "timestamp", "data"]
    assert told["type"] == TYPES.get(field, WebhookKind.TEST.value)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", told["timestamp"])
    assert datetime.fromisoformat(told["timestamp"]).tzinfo is not None


def test_what_does_not_fit_is_found() -> None:
    """The check itself sees a missing field, a null, a word that is none of the enum's and a number for a decimal."""
    (operation,) = parse("{ invoiceIssued { kind total { amount } } }").definitions
    assert isinstance(operation, OperationDefinitionNode)
    (node,) = operation.selection_set.selections
    assert isinstance(node, FieldNode)
    root = schema()._schema.subscription_type
    assert root is not None
    type_ = root.fields["invoiceIssued"].type
    wrong: list[Any] = [
        None,
        {"kind": "REGULAR"},
        {"kind": None, "total": {"amount": "1.00"}},
        {"kind": "SOME", "total": {"amount": "1.00"}},
        {"kind": "REGULAR", "total": {"amount": "x"}},
    ]

    assert all(list(misfits(type_, node, value, "it")) for value in wrong)
    assert list(misfits(type_, node, {"kind": "REGULAR", "total": {"amount": "1.00"}}, "it")) == []
