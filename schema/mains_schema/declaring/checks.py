"""What must hold of every declaration before a schema is served; each finding names the field and the remedy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Column as TableColumn
from sqlalchemy import Index, PrimaryKeyConstraint, Table, UniqueConstraint
from strawberry.types.base import get_object_definition
from strawberry.types.field import StrawberryField
from strawberry.types.union import StrawberryUnion

from mains_schema.declaring.expressions import columns_in, is_nullable
from mains_schema.declaring.mapping import Asked, Column, Embed, Expression, Many, One, Paged, mapping_of, source_of
from mains_schema.declaring.roles import roles_of
from mains_schema.declaring.shape import Shape, expressions_of, fields_of, is_optional, shape_of, target_of
from mains_schema.declaring.unions import members_of, union_behind


class WrongDeclarations(Exception):
    """The schema's declarations contradict its tables or each other; every finding is in the message."""

    def __init__(self, findings: Sequence[str]) -> None:
        super().__init__("\n".join(findings))
        self.findings = tuple(findings)


def check(classes: Sequence[type], sections: Sequence[type], unions: Sequence[StrawberryUnion] = ()) -> None:
    """Refuse declarations that do not hold, all findings at once."""
    findings = [finding for cls in classes for finding in _of_mapped(cls)]
    findings += [finding for union in unions for finding in _of_union(union)]
    findings += [finding for cls in sections for finding in _of_fields(cls, None)]
    if findings:
        raise WrongDeclarations(findings)


def _of_mapped(cls: type) -> Iterator[str]:
    mapping, shape = mapping_of(cls), shape_of(cls)
    yield from _of_fields(cls, shape)
    if mapping.scope is None:
        yield f"{cls.__name__}: no scope; say who may see its rows"
    if mapping.is_interface:
        yield from _of_interface(cls, shape)


def _of_target(name: str, declared: StrawberryField) -> Iterator[str]:
    target = target_of(declared)
    if mapping_of(target).kind is not None and union_behind(declared.type) is None:
        together = shape_of(target).cls
        whole = (
            f"{together.__name__}; lead to that interface" if mapping_of(together).is_interface else "a union's rows"
        )
        yield f"{name}: {target.__name__} is one kind of {whole}"


def _of_interface(cls: type, shape: Shape) -> Iterator[str]:
    yield from _of_family(cls.__name__, cls, [member for member in shape.family if member is not cls])


def _of_union(union: StrawberryUnion) -> Iterator[str]:
    name, members = str(union.graphql_name), members_of(union)
    if not union.description:
        yield f"{name}: no description"
    for member in members:
        if shape_of(member) is not shape_of(members[0]):
            yield f"{name}: {member.__name__} is a kind of another interface or union already"
    yield from _of_family(name, members[0], members)


def _of_family(name: str, first: type, members: Sequence[type]) -> Iterator[str]:
    """Check types that stand for the rows of one table, each for those of its kind."""
    for member in members:
        if mapping_of(member).scope is not mapping_of(first).scope:
            yield f"{member.__name__}: its scope differs from that of {first.__name__}; give both the same one"
        if mapping_of(member).table is not mapping_of(first).table:
            yield f"{member.__name__}: its table differs from that of {first.__name__}"
        if mapping_of(member).kind is None:
            yield f"{member.__name__}: say with kind=(column, value) which rows of {name} it is"
    claimed = [kind for member in members if (kind := mapping_of(member).kind) is not None]
    kinds = [kind for _column, kind in claimed]
    for column, _kind in claimed:
        if column is not claimed[0][0]:
            yield f"{name}: its types are told apart by {claimed[0][0]} and by {column}; use one column"
        if is_nullable(column):
            yield f"{name}: {column} tells its types apart and may be null"
    for twice in {found for found in kinds if kinds.count(found) > 1}:
        yield f"{name}: two types claim the rows of kind {twice.name}"
    if kinds:
        for missing in [member for member in type(kinds[0]) if member not in kinds]:
            yield f"{name}: no type has the rows of kind {missing.name}"


def _of_fields(cls: type, shape: Shape | None) -> Iterator[str]:
    for declared in fields_of(cls):
        name = f"{cls.__name__}.{declared.python_name}"
        if not declared.description:
            yield f"{name}: no description"
        source = source_of(declared)
        if shape is not None and roles_of(declared) is not None:
            yield f"{name}: roles stand on fields of sections and on mutations; limit a type's rows by its scope"
        if shape is not None:
            yield from _of_columns(name, expressions_of(source), shape.table)
        if isinstance(source, One | Many | Paged):
            yield from _of_target(name, declared)
        match source:
            case Column() if (nullable := is_nullable(source.expression)) is not None:
                yield from _of_nullability(name, declared, nullable)
            case Embed():
                yield from _of_embed(name, declared, source)
            case One() if is_nullable(source.source):
                yield from _of_nullability(name, declared, True)
            case Many():
                yield from _of_index(name, target_of(declared), source.theirs, source.order, needs_key=False)
            case Paged():
                yield from _of_pages(name, declared, source)
            case Asked() | _:
                continue


def _of_columns(name: str, expressions: Sequence[Expression], table: Table) -> Iterator[str]:
    for expression in expressions:
        for used in columns_in(expression):
            if used.table is not table:
                yield f"{name}: {used} is not a column of {table.name}; declare it on that table's type"


def _of_nullability(name: str, declared: StrawberryField, is_null_possible: bool) -> Iterator[str]:
    if is_null_possible and not is_optional(declared):
        yield f"{name}: its column may be null; make the field optional and say what null means"
    if not is_null_possible and is_optional(declared):
        yield f"{name}: its column is never null; drop `| None`"


def _of_embed(name: str, declared: StrawberryField, embed: Embed) -> Iterator[str]:
    made = {part.python_name: part for part in fields_of(embed.make)}  # type: ignore[arg-type]
    for part, expression in embed.parts.items():
        nullable = is_nullable(expression)
        if nullable and part not in embed.known and not is_optional(made[part]):
            yield f"{name}: {part} may be null; wrap it in known() and make the field optional"
        if nullable is False and part in embed.known:
            yield f"{name}: {part} is never null; drop known()"
    yield from _of_nullability(name, declared, bool(embed.known))


def _of_pages(name: str, declared: StrawberryField, paged: Paged) -> Iterator[str]:
    target = target_of(declared)
    if paged.filters is not None:
        table = mapping_of(target).table
        for chosen in fields_of(paged.filters):
            if not chosen.description:
                yield f"{paged.filters.__name__}.{chosen.python_name}: no description"
            yield from _of_columns(f"{name}({chosen.python_name})", [chosen.metadata["condition"].column], table)
    orders: Mapping[str, Sequence[Expression]] = (
        {"KEY": []} if paged.orders is None else {member.name: member.value.columns for member in paged.orders}
    )
    for member, columns in orders.items():
        for column in columns:
            if is_nullable(column) is not False:
                yield f"{name}: order {member} sorts by {column}, which is not a column that is never null"
        narrowed = paged.within is not None
        yield from _of_index(f"{name} {member}", target, paged.theirs, columns, needs_key=True, with_partial=narrowed)


def _of_index(
    name: str,
    target: type,
    theirs: Expression | None,
    order: Sequence[Expression],
    *,
    needs_key: bool,
    with_partial: bool = False,
) -> Iterator[str]:
    """A list that is narrowed, or an aggregate, may lean on an index with the same condition."""
    shape = shape_of(target)
    wanted = [
        *([] if theirs is None else [theirs]),
        *order,
        *([shape.key] if needs_key and shape.key is not None else []),
    ]
    yield from _of_columns(name, wanted, shape.table)
    table = _base_of(shape.table)
    is_aggregated = shape.key is None and table is not shape.table
    if is_aggregated:
        wanted = wanted[:1]  # its own order stands in no index
    names = [column.name for column in wanted if isinstance(column, TableColumn)]
    if not any(index[: len(names)] == names for index in _indexes(table, with_partial=is_aggregated or with_partial)):
        yield f"{name}: no index on {table.name} starts with ({', '.join(names)})"


def _base_of(table: Table) -> Table:
    """Give the table that a view shows, since that is where its indexes are."""
    base = table.info.get("view_of")
    return table if base is None else table.metadata.tables[base]


def _indexes(table: Table, *, with_partial: bool) -> Iterator[list[str]]:
    """Give the columns of a table's indexes; a partial one serves a view that has the same condition."""
    for index in table.indexes:
        if with_partial or index.dialect_options["postgresql"]["where"] is None:
            yield _names(index)
    for constraint in table.constraints:
        if isinstance(constraint, PrimaryKeyConstraint | UniqueConstraint):
            yield [column.name for column in constraint.columns]


def _names(index: Index) -> list[str]:
    return [getattr(part, "name", None) or "" for part in index.expressions]


def all_described(definitions: Sequence[Any]) -> Iterator[str]:
    """Give the types and enum values of a schema that say nothing about themselves."""
    for definition in definitions:
        if not definition.description:
            yield f"{definition.name}: no description"
        if get_object_definition(definition) is None:
            for value in getattr(definition, "values", []):
                if not value.description:
                    yield f"{definition.name}.{value.name}: no description"
