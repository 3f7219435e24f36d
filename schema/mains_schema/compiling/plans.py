"""The plans of a process: one for each document, operation, shape of variables and shape of viewer, the last ones kept.

Presence, booleans, enum members and the type in a global id decide a plan's text; all other values are parameters.
Keys hold the document's text, so that of a document too long for `limits.Documents` nothing is kept here either.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import structlog
from graphql import (
    GraphQLEnumType,
    GraphQLError,
    GraphQLInputObjectType,
    OperationDefinitionNode,
    OperationType,
    get_named_type,
    get_operation_ast,
    get_variable_values,
    is_list_type,
    type_from_ast,
)
from graphql.execution.values import VariableValues
from graphql.type import get_nullable_type
from prometheus_client import Counter

from mains_schema.compiling.compiled import Part, Plan, write_payload_plan, write_plan
from mains_schema.compiling.compiled_parts import Run
from mains_schema.compiling.compiled_text import Declined, viewer_shape
from mains_schema.declaring.context import Context
from mains_schema.declaring.errors import RequestRefused
from mains_schema.declaring.node import decode_id
from mains_schema.http.limits import KEPT_LENGTH_MAX, Document, chosen
from mains_schema.http.machine_reach import reject_unopened

LOG = structlog.get_logger("mains_schema")
PLANS_KEPT = 500
CHARACTERS_KEPT = 20_000_000
COSTS_KEPT = 200
ANSWERS = Counter("mains_graphql_answers", "Answers by the executor that gave them.", ["executor", "reason"])
_COMPILED = ANSWERS.labels("compiled", "")
PAYLOADS = Counter("mains_graphql_payloads", "Rows of mutations' payloads by what read them.", ["executor", "reason"])

Shape = Callable[[Any], Hashable]


@dataclass(frozen=True, slots=True)
class Answered:
    """What a request came to: the JSON of `data` and its cost, or why the resolvers must answer."""

    data: bytes | None
    cost: int
    reason: str


@dataclass(slots=True)
class Entry:
    """What is known of one operation of a document, whatever is asked with it."""

    document: Document
    operation: OperationDefinitionNode
    shapes: Mapping[str, Shape]
    sizes: tuple[str, ...]
    cost_name: str | None
    is_short: bool
    costs: dict[Hashable, int] = field(default_factory=dict)


class Plans:
    """Compiles and keeps plans for one schema, and runs them."""

    def __init__(self, schema: Any) -> None:
        self._schema = schema
        self._entries: OrderedDict[Hashable, Entry] = OrderedDict()
        self._plans: OrderedDict[Hashable, Plan | Declined] = OrderedDict()
        self._characters = 0

    @property
    def characters(self) -> int:
        """How much SQL is kept."""
        return self._characters

    def __len__(self) -> int:
        return len(self._plans)

    async def payload(
        self,
        *,
        part: Part,
        target: type,
        number: int,
        operation: OperationDefinitionNode,
        variables: VariableValues,
        context: Context,
    ) -> bytes | None:
        """Read what a mutation's payload shows of a row, `null` if it has none, or leave it to the resolvers."""
        assert operation.loc is not None
        query, name = operation.loc.source.body, None if operation.name is None else operation.name.value
        run, found, reason = Run(context, variables, number=number), None, ""
        try:
            entry = self._entry(query, name)
            asked = (query, name, part.path, target)
            plan = self._plan(asked, run, entry, lambda: self._write_part(entry, run, part, target))
            found = await plan.run(run) or b"null"
        except Declined as declined:
            reason = declined.reason
        except Exception as error:
            LOG.info("compiled_payload_failed", error=type(error).__name__)
            reason = "fallback"
        context.payloads.append((".".join(part.path), reason))
        PAYLOADS.labels(_executor(reason) if reason else "compiled", reason).inc()
        return found

    async def answer(self, *, query: str, name: str | None, variables: Mapping[str, Any], context: Context) -> Answered:
        """Answer by one statement, or say why not; the resolvers then answer, and report what there is to report."""
        answered = await self.attempt(query=query, name=name, variables=variables, context=context)
        count(answered)
        return answered

    async def attempt(
        self, *, query: str, name: str | None, variables: Mapping[str, Any], context: Context
    ) -> Answered:
        """Answer like `answer`, without counting it."""
        try:
            entry = self._entry(query, name)
            if entry.operation.operation is not OperationType.QUERY:
                raise Declined(entry.operation.operation.value)
            reject_unopened(self._schema._schema, entry.document.node, context.viewer)
            run = Run(context, self._coerced(entry, variables))
            plan = self._plan((query, name), run, entry, lambda: self._write(entry, run))
            cost = self._cost(entry, variables)
            data = await plan.run(run)
            return Answered(data, cost, "" if data is not None else "stale")
        except Declined as declined:
            return Answered(None, 0, declined.reason)
        except RequestRefused as refused:
            return Answered(None, 0, refused.code.value.lower())
        except GraphQLError:
            return Answered(None, 0, "invalid")
        except Exception as error:
            LOG.info("compiled_read_failed", error=type(error).__name__)
            return Answered(None, 0, "fallback")

    def _entry(self, query: str, name: str | None) -> Entry:
        key = (query, name)
        entry = self._entries.get(key)
        if entry is None:
            entry = self._read(query, name)
            if entry.is_short:
                self._entries[key] = entry
            if len(self._entries) > PLANS_KEPT:
                self._entries.popitem(last=False)
        else:
            self._entries.move_to_end(key)
        return entry

    def _read(self, query: str, name: str | None) -> Entry:
        document = self._schema.documents.read(query)
        if document.errors:
            raise Declined("invalid")
        operation = chosen(document, name)
        shapes: dict[str, Shape] = {}
        sizes = []
        for definition in operation.variable_definitions or ():
            kind: Any = type_from_ast(self._schema._schema, definition.type)
            shapes[definition.variable.name.value] = _shape(kind)
            if getattr(get_nullable_type(kind), "name", "") == "Int":
                sizes.append(definition.variable.name.value)
        cost_name = None if get_operation_ast(document.node) is not None else name
        is_short = len(query) <= KEPT_LENGTH_MAX
        return Entry(document, operation, shapes, tuple(sizes), cost_name, is_short)

    def _coerced(self, entry: Entry, variables: Mapping[str, Any]) -> VariableValues:
        definitions = entry.operation.variable_definitions
        if not definitions:
            return VariableValues({}, {})
        found = get_variable_values(self._schema._schema, definitions, dict(variables))
        if isinstance(found, list):
            raise Declined("variables")
        return found

    def _cost(self, entry: Entry, variables: Mapping[str, Any]) -> int:
        key = tuple(_size(variables.get(name)) for name in entry.sizes)
        cost = entry.costs.get(key)
        if cost is None:
            cost = self._schema.documents.cost(entry.document, name=entry.cost_name, variables=variables)
            if len(entry.costs) >= COSTS_KEPT:
                entry.costs.clear()
            entry.costs[key] = cost
        return cost

    def _plan(self, asked: Hashable, run: Run, entry: Entry, write: Callable[[], Plan]) -> Plan:
        coerced = run.variables.coerced
        shape = tuple(entry.shapes[given](value) for given, value in coerced.items())
        key = (asked, tuple(coerced), shape, viewer_shape(run.context.viewer))
        found = self._plans.get(key)
        if found is None:
            found = _written(write)
            if entry.is_short:
                self._keep(key, found)
        else:
            self._plans.move_to_end(key)
        if isinstance(found, Declined):
            raise found
        return found

    def _write(self, entry: Entry, run: Run) -> Plan:
        return write_plan(
            schema=self._schema,
            document=entry.document,
            operation=entry.operation,
            variables=run.variables,
            context=run.context,
        )

    def _write_part(self, entry: Entry, run: Run, part: Part, target: type) -> Plan:
        return write_payload_plan(
            schema=self._schema,
            document=entry.document,
            operation=entry.operation,
            variables=run.variables,
            context=run.context,
            part=part,
            target=target,
        )

    def _keep(self, key: Hashable, found: Plan | Declined) -> None:
        self._plans[key] = found
        self._characters += _length(found)
        while len(self._plans) > PLANS_KEPT or self._characters > CHARACTERS_KEPT:
            _key, gone = self._plans.popitem(last=False)
            self._characters -= _length(gone)


def count(answered: Answered) -> None:
    """Count an answer, or that resolvers have to give it, and why."""
    if answered.data is not None:
        _COMPILED.inc()
    else:
        ANSWERS.labels(_executor(answered.reason), answered.reason).inc()


def _executor(reason: str) -> str:
    return "fallback" if reason == "fallback" else "declined"


def _written(write: Callable[[], Plan]) -> Plan | Declined:
    """Write a plan, or keep that there is none; values that cannot be read say nothing about the next ones."""
    try:
        return write()
    except Declined as declined:
        if declined.reason == "bad_input":
            raise
        return Declined(declined.reason)


def _length(found: Plan | Declined) -> int:
    return len(found.sql) + len(found.proven) if isinstance(found, Plan) else 0


def _size(value: Any) -> Hashable:
    return value if isinstance(value, int) else None


def _shape(kind: Any) -> Shape:
    """Give what of a variable's value decides the text of a plan."""
    named = get_named_type(kind)
    if is_list_type(get_nullable_type(kind)):
        return lambda value: value is None
    if isinstance(named, GraphQLEnumType) or named.name == "Boolean":
        return lambda value: value
    if isinstance(named, GraphQLInputObjectType):
        return _presence
    if named.name == "ID":
        return _type_in_id
    return lambda value: value is None


def _presence(value: Any) -> Hashable:
    if isinstance(value, dict):
        return tuple(sorted((name, _presence(part)) for name, part in value.items() if part is not None))
    return value.name if isinstance(value, Enum) else value is None


def _type_in_id(value: Any) -> Hashable:
    if value is None:
        return None
    try:
        return decode_id(value)[0]
    except RequestRefused:
        return ""
