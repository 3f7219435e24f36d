"""Builds the schema from the rooms' declarations, and exports it as SDL."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from types import ModuleType
from typing import Any

import strawberry
from graphql import GraphQLError, get_operation_ast
from strawberry.exceptions import MissingQueryError
from strawberry.extensions import SchemaExtension
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.exceptions import InvalidOperationTypeError
from strawberry.types.base import get_object_definition
from strawberry.types.execution import ExecutionContext, ExecutionResult, PreExecutionError
from strawberry.types.union import StrawberryUnion

from mains_schema.compiling.changed import Execution
from mains_schema.compiling.plans import Plans
from mains_schema.declaring import connection, errors, node, scalars
from mains_schema.declaring.bind import bind, declare_arguments
from mains_schema.declaring.checks import check
from mains_schema.declaring.context import Context
from mains_schema.declaring.mapping import Key, Many, One, Paged, ReadField, mapping_of, source_of
from mains_schema.declaring.shape import Shape, fields_of, shape_of, target_of
from mains_schema.declaring.unions import is_union, members_of, unions_of
from mains_schema.http.audited import audit_mutations
from mains_schema.http.limits import Documents, chosen, published
from mains_schema.http.machine_reach import reject_unopened


class Schema(strawberry.Schema):
    """The served schema: Strawberry's, with documents read once and measured, and every error typed."""

    documents: Documents
    plans: Plans

    async def execute(self, query: str | None, *args: Any, **kwargs: Any) -> ExecutionResult:
        """Run one operation; what stops it before it ran comes back without `data`."""
        try:
            chosen(self.documents.read(query or ""), kwargs.get("operation_name"))
            result = await super().execute(query, *args, **kwargs)
        except InvalidOperationTypeError:
            raise
        except GraphQLError as error:
            result = PreExecutionError(data=None, errors=[error])
        except MissingQueryError:
            result = PreExecutionError(data=None, errors=[errors.bad_input("There is no query in this request.")])
        finally:
            await _finish(kwargs.get("context_value"))
        result.errors = errors.typed(result.errors) if result.errors else None
        return result

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Log nothing here: Strawberry would print the query; `errors.typed` logs what is unexpected."""


class Guard(SchemaExtension):
    """Hands Strawberry the document that was read already, with its validation, and refuses what costs too much."""

    cost: int | None = None

    def on_parse(self) -> Iterator[None]:
        """Use the document that `Documents` keeps."""
        context = self.execution_context
        document = _documents(context).read(context.query or "")
        if document.shows_schema and getattr(context.context, "hides_schema", False):
            raise errors.bad_input("Introspection is off here; `schema/schema.graphql` is the schema.")
        if not document.errors:
            reject_unopened(context.schema._schema, document.node, getattr(context.context, "viewer", None))
        context.graphql_document = document.node
        context.pre_execution_errors = list(document.errors)
        if not document.errors:
            name = None if get_operation_ast(document.node) is not None else context.operation_name
            self.cost = _documents(context).cost(document, name=name, variables=context.variables or {})
        yield

    def get_results(self) -> dict[str, Any]:
        """Publish what the operation was counted as."""
        return {} if self.cost is None else {"cost": published(self.cost)}


def build_schema(
    *,
    query: type,
    mutation: type | None = None,
    subscription: type | None = None,
    rooms: Sequence[ModuleType],
) -> Schema:
    """Build a schema from root types and the modules that declare the others; refuse declarations that do not hold."""
    classes = _classes_of([connection, node, scalars, *rooms])
    _resolve_names({**classes, **_unions_in(rooms)})
    mapped_classes = [cls for cls in classes.values() if "__mapped__" in cls.__dict__]
    sections = [cls for cls in classes.values() if "__mapped__" not in cls.__dict__ and get_object_definition(cls)]
    unions = _unions_of([*mapped_classes, *sections])
    _give_shapes(mapped_classes, [members_of(union) for union in unions])
    nodes = {
        cls.__name__: shape_of(cls) for cls in mapped_classes if not mapping_of(cls).is_interface and _has_key(cls)
    }
    for cls in mapped_classes:
        _bind_fields(cls, shape_of(cls), nodes)
    for cls in sections:
        _bind_fields(cls, None, nodes)
    _select_orders([*mapped_classes, *sections])
    check(mapped_classes, sections, unions)
    schema = Schema(
        query=query,
        mutation=mutation,
        subscription=subscription,
        types=mapped_classes,
        extensions=[Guard],
        execution_context_class=Execution,
        config=StrawberryConfig(scalar_map=scalars.scalar_map(), disable_field_suggestions=True),
    )
    audit_mutations(schema._schema, mapped_classes)
    schema.documents = Documents(schema._schema)
    schema.plans = Plans(schema)
    return schema


def export_sdl(schema: strawberry.Schema) -> str:
    """Give the schema as SDL, the text of `schema/schema.graphql`."""
    return schema.as_str().strip() + "\n"


async def _finish(context: object) -> None:
    if isinstance(context, Context):
        await context.reads.finish()


def _documents(context: ExecutionContext) -> Documents:
    schema = context.schema
    assert isinstance(schema, Schema)
    return schema.documents


def _classes_of(modules: Sequence[ModuleType]) -> Mapping[str, type]:
    """Give every class of the modules that GraphQL knows, by name; the name is what annotations use."""
    found: dict[str, type] = {}
    for module in modules:
        for name, value in vars(module).items():
            is_named = isinstance(value, type) and (_is_declared(value) or issubclass(value, Enum))
            if is_named and found.setdefault(name, value) is not value:
                raise TypeError(f"two different classes are called {name}: {found[name]} and {value}")
    return found


def _is_declared(cls: type) -> bool:
    return "__strawberry_definition__" in cls.__dict__


def _unions_in(modules: Sequence[ModuleType]) -> Mapping[str, Any]:
    return {name: value for module in modules for name, value in vars(module).items() if is_union(value)}


def _unions_of(classes: Sequence[type]) -> Sequence[StrawberryUnion]:
    """Give the unions that mapped rows are read into, each once."""
    found = {
        union.graphql_name: union
        for cls in classes
        for union in unions_of([field for field in fields_of(cls) if isinstance(source_of(field), One | Many | Paged)])
    }
    return list(found.values())


def _resolve_names(names: Mapping[str, Any]) -> None:
    for cls in names.values():
        for declared in fields_of(cls) if get_object_definition(cls) else ():
            annotation = declared.type_annotation
            if annotation is not None:
                annotation.namespace = {**names, **(annotation.namespace or {})}
            if isinstance(declared, ReadField):
                declare_arguments(declared)


def _give_shapes(classes: Sequence[type], unions: Sequence[Sequence[type]]) -> None:
    """Let the types of an interface or a union share one shape, so that a row fits whichever of them it is."""
    for cls in classes:
        mapping_of(cls).shape = None
    heads = [cls for cls in classes if mapping_of(cls).is_interface]
    under = [(head, [member for member in classes if issubclass(member, head)]) for head in [*heads, *classes]]
    families = [*under[: len(heads)], *((members[0], members) for members in unions), *under[len(heads) :]]
    for head, family in families:
        if mapping_of(head).shape is None:
            shape = Shape(cls=head, family=family)
            for member in family:
                mapping_of(member).shape = shape


def _bind_fields(cls: type, owner: Shape | None, nodes: Mapping[str, Shape]) -> None:
    for declared in fields_of(cls):
        if isinstance(declared, ReadField):
            bind(declared=declared, owner=owner, name=f"{cls.__name__}.{declared.python_name}", nodes=nodes)


def _select_orders(classes: Sequence[type]) -> None:
    """Take the columns that lists are ordered by into what is selected, since cursors are made of them."""
    for cls in classes:
        for declared in fields_of(cls):
            source = source_of(declared)
            if isinstance(source, Paged) and source.orders is not None:
                for member in source.orders:
                    for column in member.value.columns:
                        shape_of(target_of(declared)).slot(column)


def _has_key(cls: type) -> bool:
    return any(isinstance(source_of(declared), Key) for declared in fields_of(cls))
