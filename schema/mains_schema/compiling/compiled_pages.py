"""Connections as JSON: a page by its keyset, its edges, its place, and the count of the whole list."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLObjectType, get_named_type
from graphql.execution.values import VariableValues
from sqlalchemy import ARRAY

from mains_schema.compiling.compiled_leaf import order_value
from mains_schema.compiling.compiled_parts import Details, Run, Writing, declared_of, is_static, once
from mains_schema.compiling.compiled_rows import Place, Row, name_piece, row_text, scoped
from mains_schema.compiling.compiled_text import Declined, Json, Piece, bind_value, cast_text, condition_text, joined
from mains_schema.declaring.connection import PageRequest
from mains_schema.declaring.mapping import Expression, Paged, ReadField
from mains_schema.declaring.shape import shape_of, target_of

CURSOR_TEXT = "translate(encode(convert_to({}, 'UTF8'), 'base64'), E'+/=\\n', '-_')"
PLACE = "mains_place"


@dataclass(frozen=True, slots=True)
class Asking:
    """One connection of a document: where it stands, and its page as it was asked for when the plan was written."""

    writing: Writing
    place: Place
    paged: Paged
    target: Row
    request: PageRequest
    now: Callable[[Run], PageRequest]
    is_static: bool

    def value(self, read: Callable[[PageRequest], Any], kind: Any) -> str:
        """Give a typed parameter that is read off the page as each request asks for it."""
        send = bind_value(kind)
        now = self.now
        return f"{self.writing.parameter(lambda run: send(read(now(run))))}::{cast_text(kind)}"

    @property
    def size(self) -> str:
        """How many rows the page has at most."""
        if self.is_static:
            return str(self.request.size)
        now = self.now
        key = ("size", self.target.alias)
        return f"{self.writing.parameter(lambda run: now(run).size, key=key)}::bigint"

    @property
    def order(self) -> list[Expression]:
        """What the list is sorted by, the key at the end."""
        key = self.target.shape.key
        if key is None:
            raise Declined("type")
        return [*self.request.order.columns, key]


def page_pieces(writing: Writing, place: Place, paged: Paged) -> list[Piece]:
    """Give the JSON of a connection."""
    asking = _asking(writing, place, paged)
    named = get_named_type(place.kind)
    if not isinstance(named, GraphQLObjectType):
        raise Declined("type")
    parts = [(key, _part(named, below), below) for key, below in writing.fields(named, place.details)]
    wanted = {name for _key, name, _below in parts}
    has_rows = bool(wanted & {"edges", "nodes", "page_info"})
    is_longer = "page_info" in wanted
    pieces: list[Piece] = ["{"]
    for key, name, below in parts:
        pieces.append(name_piece(key, is_first=len(pieces) == 1))
        pieces += _part_pieces(asking, named, name, below, is_longer)
    pieces.append("}")
    if not has_rows:
        return pieces
    return [Json(f"(select {joined(pieces)} from ({_rows(asking, is_longer)}) {asking.target.alias} having true)")]


def _asking(writing: Writing, place: Place, paged: Paged) -> Asking:
    declared = declared_of(place.parent, place.node.name.value)
    assert isinstance(declared, ReadField)
    listed = declared.listed
    if listed is None:
        raise Declined("resolver")
    read = writing.arguments(place.parent, place.node)

    def request_of(variables: VariableValues) -> PageRequest:
        request: PageRequest = listed.request(read(variables))
        return request

    request = once(request_of, writing.variables)
    target = Row(shape_of(target_of(declared)), writing.alias())
    if is_static(place.node):
        return Asking(writing, place, paged, target, request, lambda _run: request, True)
    turn = len(writing.pages)
    writing.pages.append(request_of)
    return Asking(writing, place, paged, target, request, lambda run: run.pages[turn], False)


def _part(named: GraphQLObjectType, details: Details) -> str:
    name = details[0].node.name.value
    return name if name == "__typename" else declared_of(named, name).python_name


def _part_pieces(asking: Asking, named: GraphQLObjectType, name: str, details: Details, is_longer: bool) -> list[Piece]:
    match name:
        case "__typename":
            return [f'"{named.name}"']
        case "nodes":
            kind = named.fields["nodes"].type
            text = row_text(asking.writing, kind, asking.target, details)
            return _listed(asking, text, is_longer)
        case "edges":
            return _listed(asking, _edge(asking, get_named_type(named.fields["edges"].type), details), is_longer)
        case "page_info":
            return _page_info(asking, get_named_type(named.fields["pageInfo"].type), details)
        case "total_count":
            return [Json(_count(asking))]
        case _:
            raise Declined("resolver")


def _listed(asking: Asking, text: str, is_longer: bool) -> list[Piece]:
    if not is_longer:
        turned = f" order by {asking.target.alias}.{PLACE} desc" if asking.request.is_backwards else ""
        return ["[", Json(f"string_agg({text}, ','{turned})"), "]"]
    place = f"{asking.target.alias}.{PLACE}"
    turned = " desc" if asking.request.is_backwards else ""
    kept = f"filter (where {place} <= {asking.size})"
    return ["[", Json(f"string_agg({text}, ',' order by {place}{turned}) {kept}"), "]"]


def _edge(asking: Asking, kind: Any, details: Details) -> str:
    pieces: list[Piece] = ["{"]
    for key, below in asking.writing.fields(kind, details):
        pieces.append(name_piece(key, is_first=len(pieces) == 1))
        match _part(kind, below):
            case "__typename":
                pieces.append(f'"{kind.name}"')
            case "cursor":
                pieces += ['"', Json(_cursor(asking)), '"']
            case "node":
                pieces.append(Json(row_text(asking.writing, kind.fields["node"].type, asking.target, below)))
            case _:
                raise Declined("resolver")
    return joined([*pieces, "}"])


def _cursor(asking: Asking) -> str:
    now, request = asking.now, asking.request
    if asking.is_static:
        fingerprint = f'["{request.fingerprint}"'
        pieces: list[Piece] = [fingerprint]
    else:
        key = ("fingerprint", asking.target.alias)
        place = asking.writing.parameter(lambda run: now(run).fingerprint, key=key)
        pieces = ['["', Json(f"{place}::text"), '"']
    target = asking.target
    for part in asking.order:
        pieces += [",", *order_value(expression=part, table=target.shape.table, alias=target.alias)]
    return CURSOR_TEXT.format(joined([*pieces, "]"]))


def _page_info(asking: Asking, kind: Any, details: Details) -> list[Piece]:
    goes_on = Json(f"to_json(count(*) > {asking.size})")
    came_from = "true" if asking.request.position is not None else "false"
    is_backwards = asking.request.is_backwards
    pieces: list[Piece] = ["{"]
    for key, below in asking.writing.fields(kind, details):
        pieces.append(name_piece(key, is_first=len(pieces) == 1))
        match _part(kind, below):
            case "__typename":
                pieces.append(f'"{kind.name}"')
            case "has_next_page":
                pieces.append(came_from if is_backwards else goes_on)
            case "has_previous_page":
                pieces.append(goes_on if is_backwards else came_from)
            case "start_cursor":
                pieces.append(_end(asking, is_first=not is_backwards))
            case "end_cursor":
                pieces.append(_end(asking, is_first=is_backwards))
            case _:
                raise Declined("resolver")
    return [*pieces, "}"]


def _end(asking: Asking, *, is_first: bool) -> Json:
    """Give the cursor of the first or the last row as they were read, null on an empty page."""
    place = f"{asking.target.alias}.{PLACE}"
    order = f"{place}{'' if is_first else ' desc'}"
    ends = f"(array_agg({_cursor(asking)} order by {order}) filter (where {place} <= {asking.size}))[1]"
    return Json(f"coalesce('\"' || {ends} || '\"', 'null')")


def _rows(asking: Asking, is_longer: bool) -> str:
    """Select the page's rows in the order of reading, and one more if that is of interest."""
    target, request = asking.target, asking.request
    direction = "desc" if request.is_descending else "asc"
    order = ", ".join(f"{target.sql(part)} {direction}" for part in asking.order)
    conditions = _conditions(asking, target)
    if request.position is not None:
        conditions.append(_beyond(asking))
    where = f" where {' and '.join(conditions)}" if conditions else ""
    numbered = f", row_number() over (order by {order}) as {PLACE}" if is_longer or request.is_backwards else ""
    limit = f"{asking.size} + 1" if is_longer else asking.size
    rows = f"select {target.alias}.*{numbered} from {target.shape.table.name} {target.alias}{where}"
    return f"{rows} order by {order} limit {limit}"


def _count(asking: Asking) -> str:
    counted = Row(asking.target.shape, asking.writing.alias())
    conditions = _conditions(asking, counted)
    where = f" where {' and '.join(conditions)}" if conditions else ""
    return f"(select count(*) from {counted.shape.table.name} {counted.alias}{where})"


def _conditions(asking: Asking, row: Row) -> list[str]:
    paged, writing = asking.paged, asking.writing
    conditions = []
    if paged.theirs is not None:
        owner = asking.place.known_row
        own = paged.own if paged.own is not None else owner.shape.key
        if own is None:
            raise Declined("type")
        conditions.append(f"{row.sql(paged.theirs)} = {owner.sql(own)}")
    conditions += scoped(writing, row.shape.scope, row)
    conditions += scoped(writing, paged.within, row)
    return conditions + [_filter(asking, row, turn) for turn in range(len(asking.request.wanted))]


def _filter(asking: Asking, row: Row, turn: int) -> str:
    condition = asking.request.wanted[turn][0]
    kind: Any = ARRAY(condition.column.type) if condition.is_of_many else condition.column.type
    send, now = bind_value(kind), asking.now
    key = ("wanted", asking.target.alias, turn)
    place = asking.writing.parameter(lambda run: send(now(run).wanted[turn][1]), key=key)
    return condition_text(condition, row.shape.table).on(row.alias, lambda _name: place)


def _beyond(asking: Asking) -> str:
    """Compare with the row that the cursor names, in the direction of reading."""
    sides = []
    for turn, part in enumerate(asking.order):
        there = asking.value(lambda request, turn=turn: (request.position or ())[turn], part.type)  # type: ignore[misc]
        sides.append((asking.target.sql(part), there))
    here, there = (", ".join(side) for side in zip(*sides, strict=True))
    sign = "<" if asking.request.is_descending else ">"
    return f"({here}) {sign} ({there})"
