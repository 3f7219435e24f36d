"""Documents that together ask every field of the schema by every road: along each relation, and of ids."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, partial
from typing import Any

from graphql import (
    FieldNode,
    GraphQLError,
    GraphQLObjectType,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    get_named_type,
    is_leaf_type,
    parse,
    visit,
)
from mains_schema.declaring.mapping import Asked, source_of
from mains_schema.http.limits import COST_MAX, VALUES_MAX, _refuse
from mains_schema.served import schema

NODES_AT_ONCE = 25
FIRST = 9
FEW = 2
ROOTS = ("viewer", "staff")
VALUES = {
    "Granularity!": "MONTH",
    "PeriodInput!": '{from: "2022-01-01", to: "2022-03-01"}',
    "ContractPlanInput!": '{customerId: "Q3VzdG9tZXI6MQ", adapter: "x", supplyPoints: ["x"], startsOn: "2022-01-01"}',
    "Date!": '"2022-01-01"',
    "ProductComparisonInput!": '{adapter: "x"}',
    "String!": '"x"',
    "Decimal!": '"1.00"',
    "Int!": "3",
    "ID!": '"Q29udHJhY3Q6OTk5OTk5"',  # a contract that is not there
}


def types() -> Mapping[str, Any]:
    """Give the object types that stand on a table."""
    found = schema()._schema.type_map.items()
    return {name: kind for name, kind in found if _is_mapped(kind) and isinstance(kind, GraphQLObjectType)}


@cache
def by_roads(*, asks_rooms: bool) -> Sequence[str]:
    """Ask everything that hangs on each type, on the shortest road there from `viewer` and from `staff`, and the roots.

    Fields that a room works out are never compiled, so they are asked of the resolvers alone.
    """
    return tuple(_by_roads(asks_rooms))


def _by_roads(asks_rooms: bool) -> Iterator[str]:
    query = schema()._schema.query_type
    assert query is not None
    for name, declared in query.fields.items():
        if name in ROOTS:
            for road, kind in _roads(get_named_type(declared.type)):
                fields = list(kind.fields.items())
                yield from _fitting(partial(_on_road, name, road), fields, asks_rooms=asks_rooms)
        elif name != "node":
            yield f"{{ {_field(name, declared, asks_rooms=asks_rooms, depth=1)} }}"


def by_ids(ids: Mapping[str, Sequence[str]], *, asks_rooms: bool) -> Iterator[str]:
    """Ask everything of each id, by its type, as many at once as one operation may read."""
    for name, of_type in ids.items():
        everything, at_once = _everything(types()[name], asks_rooms=asks_rooms), NODES_AT_ONCE
        while at_once > 1 and not _is_within_limits(_of_nodes(name, of_type[:at_once], everything)):
            at_once //= 2
        fields = list(types()[name].fields.items())
        for number in range(0, len(of_type), at_once):
            some = of_type[number : number + at_once]
            yield from _fitting(partial(_of_nodes, name, some), fields, asks_rooms=asks_rooms)


def _on_road(root: str, road: Sequence[str], inner: str) -> str:
    return f"{{ {root} {_nested(road, inner)} }}"


def _of_nodes(name: str, ids: Sequence[str], inner: str) -> str:
    nodes = (f'a{number}: node(id: "{id_}") {{ ...all }}' for number, id_ in enumerate(ids))
    return f"{{ {' '.join(nodes)} }} fragment all on {name} {{ {inner} }}"


def _fitting(make: Callable[[str], str], fields: Sequence[tuple[str, Any]], *, asks_rooms: bool) -> Iterator[str]:
    """Ask fields by one document, or by one for each half of them; what alone is too much, with less below it."""
    ways = [(asks_rooms, 1)] if len(fields) > 1 else [(asks_rooms, 1), (False, 1), (asks_rooms, 0)]
    for rooms, depth in ways:
        inner = " ".join(_field(name, kind, asks_rooms=rooms, depth=depth) for name, kind in fields).strip()
        text = make(inner)
        for each in (text, text.replace(f"first: {FIRST}", f"first: {FEW}")) if inner else ():
            if _is_within_limits(each):
                yield each
                return
    if len(fields) > 1:
        half = len(fields) // 2
        for some in (fields[:half], fields[half:]):
            yield from _fitting(make, some, asks_rooms=asks_rooms)


def asked(texts: Iterable[str]) -> set[tuple[str, str]]:
    """Give the fields that documents ask, by type."""
    found: set[tuple[str, str]] = set()
    seen = TypeInfo(schema()._schema)

    class Fields(Visitor):
        def enter_field(self, node: FieldNode, *_rest: Any) -> None:
            parent = seen.get_parent_type()
            assert parent is not None
            found.add((parent.name, node.name.value))

    for text in texts:
        visit(parse(text), TypeInfoVisitor(seen, Fields()))
    return found


def _roads(root: Any) -> Iterator[tuple[list[str], Any]]:
    """Find each type from a root on, nearest first, and the fields that lead there."""
    known = {root.name}
    queue: deque[tuple[list[str], Any]] = deque([([], root)])
    while queue:
        road, kind = queue.popleft()
        yield road, kind
        for name, declared in kind.fields.items():
            target, is_list = _target(declared)
            if target is not None and target.name not in known:
                known.add(target.name)
                step = name + _given(declared)
                queue.append(([*road, f"{step} {{ nodes" if is_list else step], target))


def _nested(road: Sequence[str], inner: str) -> str:
    text = f"{{ {inner} }}"
    for step in reversed(road):
        text = f"{{ {step} {text}{' }' if step.endswith('nodes') else ''} }}"
    return text


def _everything(kind: Any, *, asks_rooms: bool = False, depth: int = 1) -> str:
    """Select all fields of a type, and of what it is related with `depth` steps on; a type without id has no end."""
    chosen = [_field(name, part, asks_rooms=asks_rooms, depth=depth) for name, part in kind.fields.items()]
    return " ".join(part for part in chosen if part)


def _field(name: str, declared: Any, *, asks_rooms: bool, depth: int) -> str:
    target, is_list = _target(declared)
    named: Any = get_named_type(declared.type)
    if isinstance(source_of(declared.extensions.get("strawberry-definition")), Asked) and not asks_rooms:
        return ""
    name += _given(declared)
    if is_leaf_type(named):
        return name
    if target is None:
        return f"{name} {{ {_everything(named, asks_rooms=asks_rooms)} }}"
    if depth == 0:
        return ""
    inner = _everything(target, asks_rooms=asks_rooms, depth=depth - 1)
    if not is_list:
        return f"{name} {{ {inner} }}"
    info = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"
    return f"{name} {{ nodes {{ {inner} }} edges {{ cursor node {{ id }} }} totalCount {info} }}"


def _given(declared: Any) -> str:
    """Give the arguments that a field must have, and the length of a page."""
    given = [f"{name}: {VALUES[str(part.type)]}" for name, part in declared.args.items() if str(part.type)[-1] == "!"]
    given += [f"first: {FIRST}"] if "first" in declared.args else []
    return f"({', '.join(given)})" if given else ""


def _is_within_limits(text: str) -> bool:
    """Measure a document and no more: that it fits the schema shows when it is asked."""
    documents = schema().documents
    try:
        document = documents._parsed(text)
        measure, size = documents._measure(document, document.operations[0], {})
        _refuse(measure, size)
    except GraphQLError:
        return False
    return size.cost <= COST_MAX and size.values <= VALUES_MAX


def _target(declared: Any) -> tuple[Any, bool]:
    """Give the mapped type that a field leads to, if it leads to one, and whether by a connection."""
    named: Any = get_named_type(declared.type)
    if named.name.endswith("Connection"):
        return get_named_type(named.fields["nodes"].type), True
    return (named, False) if _is_mapped(named) else (None, False)


def _is_mapped(kind: Any) -> bool:
    definition = kind.extensions.get("strawberry-definition")
    return "__mapped__" in vars(getattr(definition, "origin", None) or object)
