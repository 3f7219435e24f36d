"""Documents that together ask every field of the schema by every road: along each relation, and of ids."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from graphql import (
    FieldNode,
    GraphQLObjectType,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    get_named_type,
    is_leaf_type,
    parse,
    visit,
)
from mains_schema.declaring.errors import RequestRefused
from mains_schema.declaring.mapping import Asked, source_of
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


def by_roads(*, asks_rooms: bool) -> Iterator[str]:
    """Ask everything that hangs on each type, on the shortest road there from `viewer` and from `staff`, and the roots.

    Fields that a room works out are never compiled, so they are asked of the resolvers alone.
    """
    query = schema()._schema.query_type
    assert query is not None
    for name, declared in query.fields.items():
        if name in ROOTS:
            for road, kind in _roads(get_named_type(declared.type)):
                deep, flat = (_nested(road, _everything(kind, asks_rooms=asks_rooms, depth=depth)) for depth in (1, 0))
                texts = (deep, deep.replace(f"first: {FIRST}", f"first: {FEW}"), flat)
                yield from [text for text in (f"{{ {name} {text} }}" for text in texts) if _is_within_limits(text)][:1]
        elif name != "node":
            yield f"{{ {_field(name, declared, asks_rooms=asks_rooms, depth=1)} }}"


def by_ids(ids: Mapping[str, Sequence[str]], *, asks_rooms: bool) -> Iterator[str]:
    """Ask everything of each id, by its type, as many at once as one operation may read."""
    for name, of_type in ids.items():
        parts = _parts(types()[name], asks_rooms=asks_rooms, depth=1)
        fragment = _fragment(name, parts)
        at_once, rest = NODES_AT_ONCE, list(of_type)
        while rest:
            nodes = (f'a{number}: node(id: "{id_}") {{ ...all }}' for number, id_ in enumerate(rest[:at_once]))
            text = f"{{ {' '.join(nodes)} }}{fragment}"
            is_too_much = not _is_within_limits(text)
            if is_too_much and at_once > 1:
                at_once //= 2
                continue
            yield from _bearable(text, name=name, fragment=fragment, parts=parts) if is_too_much else [text]
            rest = rest[at_once:]


def _bearable(text: str, *, name: str, fragment: str, parts: Sequence[str]) -> Iterator[str]:
    """Ask of one id what is too much for one document: with short pages, or else half of it and the other half."""
    short = text.replace(f"first: {FIRST}", f"first: {FEW}")
    if len(parts) == 1 or _is_within_limits(short):
        yield short
        return
    middle = len(parts) // 2
    for half in (parts[:middle], parts[middle:]):
        smaller = _fragment(name, half)
        asked_of = text.removesuffix(fragment) + smaller
        yield from _bearable(asked_of, name=name, fragment=smaller, parts=half)


def _fragment(name: str, parts: Sequence[str]) -> str:
    return f" fragment all on {name} {{ {' '.join(parts)} }}"


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
    return " ".join(_parts(kind, asks_rooms=asks_rooms, depth=depth))


def _parts(kind: Any, *, asks_rooms: bool, depth: int) -> list[str]:
    chosen = [_field(name, part, asks_rooms=asks_rooms, depth=depth) for name, part in kind.fields.items()]
    return [part for part in chosen if part]


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
    documents = schema().documents
    try:
        documents.cost(documents.read(text), name=None, variables={})
    except RequestRefused:
        return False
    return True


def _target(declared: Any) -> tuple[Any, bool]:
    """Give the mapped type that a field leads to, if it leads to one, and whether by a connection."""
    named: Any = get_named_type(declared.type)
    if named.name.endswith("Connection"):
        return get_named_type(named.fields["nodes"].type), True
    return (named, False) if _is_mapped(named) else (None, False)


def _is_mapped(kind: Any) -> bool:
    definition = kind.extensions.get("strawberry-definition")
    return "__mapped__" in vars(getattr(definition, "origin", None) or object)
