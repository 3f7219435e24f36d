"""Puts a reader behind every declared field: which slots of the row it takes, and which batch it joins."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import strawberry
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.arguments import StrawberryArgument

from mains_schema.declaring import resolve
from mains_schema.declaring.connection import List
from mains_schema.declaring.mapping import (
    Asked,
    ById,
    Column,
    Computed,
    Embed,
    Expression,
    Key,
    Many,
    Mine,
    One,
    Order,
    Paged,
    Reader,
    ReadField,
)
from mains_schema.declaring.node import Node, encode_id
from mains_schema.declaring.roles import Roles, insist_on_role, roles_of
from mains_schema.declaring.shape import Shape, fields_of, name_of, shape_of, target_of


def bind(*, declared: ReadField, owner: Shape | None, name: str, nodes: Mapping[str, Shape]) -> None:
    """Give a field its reader; `owner` is the shape of the rows it stands on, None at a root."""
    source = declared.metadata["source"]
    match source:
        case Asked() if not source.arguments:
            declared.reader = _asked(source.ask, ())
        case Column() | Key() | Embed() | Computed() | Asked():
            declared.reader = _leaf(source, _required(owner, name))
        case One():
            declared.reader = _related(
                resolve.one(source, shape_of(target_of(declared))), _required(owner, name).slot(source.source)
            )
        case Many():
            read = resolve.many(source, shape_of(target_of(declared)))
            declared.reader = _related(read, _own_slot(source.own, _required(owner, name)))
        case Paged():
            declared.reader = _paged(declared, source, owner=owner, name=name)
        case Mine():
            read_mine = resolve.mine(shape_of(target_of(declared)))
            declared.reader = lambda _row, reads, _arguments: read_mine(reads)
        case ById():
            read_by_id = _by_id(declared, nodes)
            declared.reader = lambda _row, reads, arguments: read_by_id(reads, arguments["id"])
    if (roles := roles_of(declared)) is not None and declared.reader is not None:
        declared.reader = _for_roles(declared.reader, roles)


def declare_arguments(declared: ReadField) -> None:
    """Give a field its arguments; no default is declared, so that none is published."""
    source = declared.metadata["source"]
    if isinstance(source, ById):
        declared.arguments = [_argument("id", strawberry.ID, "Global id of what to read.")]
    if isinstance(source, Asked) and source.given:
        declared.arguments = [_argument(given.name, given.kind, given.doc) for given in source.given]
    if isinstance(source, Paged):
        declared.arguments = [_argument(name, kind, doc) for name, kind, doc in _page_arguments(source)]


def _page_arguments(paged: Paged) -> list[tuple[str, Any, str]]:
    found: list[tuple[str, Any, str]] = [
        ("first", int | None, "How many rows to read forwards, 1 to 100."),
        ("after", str | None, "Cursor to read on after; goes with `first`."),
        ("last", int | None, "How many rows to read from the end, 1 to 100."),
        ("before", str | None, "Cursor to read back from; goes with `last`."),
    ]
    if paged.orders is not None:
        found.append(("order_by", paged.orders | None, "Order of the list; by default the first one of the enum."))
    if paged.filters is not None:
        found.append(("filter", paged.filters | None, "Which rows; by default all."))
    return found


def _argument(name: str, kind: Any, doc: str) -> StrawberryArgument:
    return StrawberryArgument(name, None, StrawberryAnnotation(kind), description=doc)


def _for_roles(read: Reader, roles: Roles) -> Reader:
    """Let only employees with one of the roles come to a reader."""

    def for_roles(source: Any, reads: Any, arguments: Mapping[str, Any]) -> Any:
        insist_on_role(roles, reads.viewer)
        return read(source, reads, arguments)

    return for_roles


def _leaf(source: Column | Key | Embed | Computed | Asked, owner: Shape) -> Reader:
    match source:
        case Column():
            return _column(owner.slot(source.expression))
        case Key():
            return _key(owner.slot(source.expression))
        case Embed():
            slots = {name: owner.slot(part) for name, part in source.parts.items()}
            return _embed(source, slots)
        case Computed():
            return _computed(source.compute, tuple(owner.slot(part) for part in source.arguments))
        case Asked():
            return _asked(source.ask, tuple(owner.slot(part) for part in source.arguments))


def _column(slot: int) -> Reader:
    return lambda source, _reads, _arguments: source.row[slot]


def _key(slot: int) -> Reader:
    return lambda source, _reads, _arguments: encode_id(type_name=name_of(type(source)), number=source.row[slot])


def _embed(source: Embed, slots: Mapping[str, int]) -> Reader:
    make, known = source.make, [slots[name] for name in source.known]

    def read(row_of: Any, _reads: Any, _arguments: Any) -> Any:
        row = row_of.row
        if any(row[slot] is None for slot in known):
            return None
        return make(**{name: row[slot] for name, slot in slots.items()})

    return read


def _computed(compute: Callable[..., Any], slots: tuple[int, ...]) -> Reader:
    return lambda source, reads, _arguments: compute(reads, *(source.row[slot] for slot in slots))


def _asked(ask: Callable[..., Any], slots: tuple[int, ...]) -> Reader:
    return lambda source, reads, arguments: ask(reads, *(source.row[slot] for slot in slots), **arguments)


def _related(read: Callable[[Any, Any], Any], slot: int) -> Reader:
    return lambda source, reads, _arguments: read(reads, source.row[slot])


def _paged(declared: ReadField, paged: Paged, *, owner: Shape | None, name: str) -> Reader:
    target = shape_of(target_of(declared))
    if target.key is None:
        raise TypeError(f"{name} is a connection, and {target.cls.__name__} has no key to order its rows by")
    default = Order("key", [], False) if paged.orders is None else next(iter(paged.orders)).value
    conditions = (
        {} if paged.filters is None else {f.python_name: f.metadata["condition"] for f in fields_of(paged.filters)}
    )
    listed = declared.listed = List(name, default, target.key, conditions)
    pages = resolve.PageReader(paged=paged, target=target, listed=listed)
    if paged.theirs is None:
        return lambda _row, reads, arguments: pages.open(reads, None, arguments)
    slot = _own_slot(paged.own, _required(owner, name))
    return lambda source, reads, arguments: pages.open(reads, source.row[slot], arguments)


def _by_id(declared: ReadField, nodes: Mapping[str, Shape]) -> Callable[[Any, str], Any]:
    target = target_of(declared)
    if target is Node:
        return resolve.node(nodes)
    return resolve.by_id(shape_of(target), name_of(target))


def _own_slot(own: Expression | None, owner: Shape) -> int:
    found = owner.key if own is None else own
    if found is None:
        raise TypeError(f"{owner.cls.__name__} has no key; name the column that others point to with own=")
    return owner.slot(found)


def _required(owner: Shape | None, name: str) -> Shape:
    if owner is None:
        raise TypeError(f"{name} reads a row, and its type is not mapped to a table")
    return owner
