"""Page walks over every connection that is served, in each order and under each filter, by both executors.

The connections are found in the schema: a new one joins by itself, or fails here until `crowd.py` has rows for it.
What a list should hold is asked of its table in plain SQL, and filtered in Python.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from itertools import pairwise
from typing import Any

import orjson
import pytest
import pytest_asyncio
from mains_schema.declaring.mapping import Condition, Order, Paged, source_of
from mains_schema.declaring.node import encode_id
from mains_schema.declaring.shape import Shape, name_of, shape_of, target_of
from mains_schema.served import schema
from mains_server.access.records import ADMINS, OFFICE, Viewer
from sqlalchemy import ARRAY, UniqueConstraint, desc, func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from tests.schema.asking import Asker, owner
from tests.schema.both import compiled_text, resolved_text
from tests.schema.crowd import CUSTOMERS_MAX, settle_crowd

ROWS_MIN = 4
SIZES_OF_FILTERED = (2,)
SIZES_AT_FIRST = (2,)
ROOTS = {"Query": "%s", "Viewer": "viewer { %s }", "Staff": "staff { %s }"}
PAGE = """{ nodes { id } edges { cursor node { id } } totalCount
  pageInfo { hasNextPage hasPreviousPage startCursor endCursor } }"""
EVERYBODY = Viewer(person_id=1, grants=owner(*range(1, CUSTOMERS_MAX + 1)).grants, staff=OFFICE | ADMINS)
KEY_ORDER = Order("key", [], False)


@dataclass(frozen=True, eq=False)
class Listed:
    """A connection as it is declared: on which type, by which field, and what it reads."""

    parent: str
    parent_shape: Shape | None
    field: Any

    @property
    def source(self) -> Paged:
        found = source_of(self.field)
        assert isinstance(found, Paged)
        return found

    @property
    def target(self) -> Shape:
        return shape_of(target_of(self.field))

    @property
    def orders(self) -> Mapping[str | None, Order]:
        if self.source.orders is None:
            return {None: KEY_ORDER}
        return {name: member.value for name, member in self.source.orders.__members__.items()}

    @property
    def conditions(self) -> Mapping[str, Condition[Any]]:
        return {camel(name): condition for name, condition in self.field.listed.conditions.items()}

    def document(self) -> str:
        """Ask for a page by variables; on a type that is no root, of the row with `$id`."""
        declared = ["$first: Int", "$after: String", "$last: Int", "$before: String"]
        given = ["first: $first", "after: $after", "last: $last", "before: $before"]
        if self.source.orders is not None:
            declared.append(f"$order: {self.source.orders.__name__}")
            given.append("orderBy: $order")
        if self.source.filters is not None:
            declared.append(f"$filter: {self.source.filters.__name__}")
            given.append("filter: $filter")
        page = f"page: {camel(self.field.python_name)}({', '.join(given)}) {PAGE}"
        if self.parent in ROOTS:
            return f"query ({', '.join(declared)}) {{ {ROOTS[self.parent] % page} }}"
        return f"query ($id: ID!, {', '.join(declared)}) {{ node(id: $id) {{ ... on {self.parent} {{ {page} }} }} }}"

    def can_tie(self, order: Order) -> bool:
        """Tell whether rows may stand alike in an order: no unique key lies within its columns."""
        names = {getattr(column, "name", "") for column in order.columns}
        unique = [part for part in self.target.table.constraints if isinstance(part, UniqueConstraint)]
        return bool(order.columns) and not any({c.name for c in part.columns} <= names for part in unique)


def camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def served() -> Mapping[str, Listed]:
    """Find every connection of the schema."""
    found = {}
    for name, kind in schema()._schema.type_map.items():
        definition = kind.extensions.get("strawberry-definition")
        for field in getattr(definition, "fields", ()):
            if isinstance(source_of(field), Paged):
                parent = shape_of(definition.origin) if "__mapped__" in definition.origin.__dict__ else None
                found[f"{name}.{camel(field.python_name)}"] = Listed(name, parent, field)
    return found


SERVED = served()


@dataclass(frozen=True, eq=False)
class Walker:
    """Reads one list of a town, and compares the executors page by page."""

    asker: Asker
    listed: Listed
    given: Mapping[str, Any]

    async def page(self, variables: Mapping[str, Any]) -> Any:
        """Give the page that both executors agree on, byte by byte."""
        document = self.listed.document()
        compiled = await compiled_text(self.asker, document, EVERYBODY, **self.given, **variables)
        assert compiled == await resolved_text(self.asker, document, EVERYBODY, **self.given, **variables)
        found = orjson.loads(compiled)
        while "page" not in found:
            (found,) = found.values()
        return found["page"]

    async def walk(
        self, expected: Sequence[str], *, size: int, is_backwards: bool, chosen: Mapping[str, Any]
    ) -> list[str]:
        """Read page by page to the end, checking what each page says of itself, and give the ids in order."""
        found: list[str] = []
        cursor, goes_on = None, True
        while goes_on:
            place = {"last": size, "before": cursor} if is_backwards else {"first": size, "after": cursor}
            page = await self.page({**place, **chosen})
            ids = [node["id"] for node in page["nodes"]]
            found = ids + found if is_backwards else found + ids
            goes_on = len(found) < len(expected) and bool(ids)
            is_later = cursor is not None
            before, after = (goes_on, is_later) if is_backwards else (is_later, goes_on)
            cursors = [edge["cursor"] for edge in page["edges"]]
            assert [edge["node"]["id"] for edge in page["edges"]] == ids
            assert page["totalCount"] == len(expected)
            assert page["pageInfo"] == {
                "hasNextPage": after,
                "hasPreviousPage": before,
                "startCursor": cursors[0] if cursors else None,
                "endCursor": cursors[-1] if cursors else None,
            }
            cursor = cursors[0 if is_backwards else -1] if cursors else None
        return found


@dataclass(frozen=True, eq=False)
class Truth:
    """What the table of a list holds: its rows in one order, and what filters compare."""

    listed: Listed
    rows: Sequence[Any]

    def ids(self, filters: Mapping[str, Any]) -> list[str]:
        """Give the ids of the rows that fit all filters, in order."""
        name = name_of(self.listed.target.cls)
        fitting = [row for row in self.rows if all(self._fits(row, *part) for part in filters.items())]
        return [encode_id(type_name=name, number=row[0]) for row in fitting]

    def filters(self) -> Iterator[dict[str, Any]]:
        """Make filters out of the values there are: none, each condition by itself, and neighbours together."""
        yield {}
        singles: list[dict[str, Any]] = []
        for name, condition in self.listed.conditions.items():
            values = sorted({part for row in self.rows for part in self._values(row, name)} - {None}, key=str)
            assert values, f"give rows something to filter by {name} in tests/schema/crowd.py"
            middle, takes_many = values[len(values) // 2], condition.is_of_many or _is_array(condition)
            singles.append({name: [middle, values[0]] if takes_many else middle})
            if takes_many:
                yield {name: values[:1]}
        yield from singles
        yield from ({**one, **other} for one, other in pairwise(singles))

    def _values(self, row: Any, name: str) -> list[Any]:
        value = row[1 + list(self.listed.conditions).index(name)]
        return list(value or ()) if _is_array(self.listed.conditions[name]) else [value]

    def _fits(self, row: Any, name: str, wanted: Any) -> bool:
        condition, values = self.listed.conditions[name], self._values(row, name)
        if condition.is_of_many or _is_array(condition):
            return not set(values).isdisjoint(wanted)
        return bool(condition.compare(values[0], wanted))


def _is_array(condition: Condition[Any]) -> bool:
    """Tell whether rows have several values, of which one suffices."""
    return isinstance(condition.column.type, ARRAY)


def sent(value: Any) -> Any:
    """Give a filter's value as a client sends it."""
    match value:
        case dict():
            return {name: sent(part) for name, part in value.items()}
        case list():
            return [sent(part) for part in value]
        case Enum():
            return value.name
        case date():
            return value.isoformat()
        case Decimal():
            return str(value)
        case _:
            return value


async def fullest(connection: AsyncConnection, listed: Listed) -> tuple[Any, dict[str, str]]:
    """Find the row with the longest list: what the list's rows point with, and the variable that names the row."""
    paged = listed.source
    if listed.parent in ROOTS:
        return EVERYBODY.person_id, {}
    assert listed.parent_shape is not None
    key = listed.parent_shape.key
    assert key is not None, f"{listed.parent} has no id; say in ROOTS how its lists are reached"
    pointing = select(paged.theirs).where(paged.theirs.is_not(None))
    counted = pointing.group_by(paged.theirs).order_by(desc(func.count())).limit(1)
    value = (await connection.execute(counted)).scalar()
    column = key if paged.own is None else paged.own
    number = (await connection.execute(select(key).where(column == value).limit(1))).scalar()
    return value, {"id": encode_id(type_name=listed.parent, number=number or 1)}


async def truth(connection: AsyncConnection, listed: Listed, *, points_with: Any, order: Order) -> Truth:
    paged, key = listed.source, listed.target.key
    assert key is not None
    compared = [condition.column for condition in listed.conditions.values()]
    turned = desc if order.is_descending else (lambda column: column)
    statement = select(key, *compared).order_by(*(turned(column) for column in (*order.columns, key)))
    if paged.theirs is not None:
        statement = statement.where(paged.theirs == points_with)
    narrowed = None if paged.within is None else paged.within.condition(EVERYBODY)
    if narrowed is not None:
        statement = statement.where(narrowed)
    return Truth(listed, (await connection.execute(statement)).all())


async def ties(connection: AsyncConnection, listed: Listed, *, points_with: Any, order: Order) -> bool:
    statement = select(func.count()).select_from(listed.target.table).group_by(*order.columns)
    if listed.source.theirs is not None:
        statement = statement.where(listed.source.theirs == points_with)
    narrowed = None if listed.source.within is None else listed.source.within.condition(EVERYBODY)
    if narrowed is not None:
        statement = statement.where(narrowed)
    return max((await connection.execute(statement)).scalars()) > 1


@pytest_asyncio.fixture
async def crowd(engine: AsyncEngine) -> Asker:
    async with engine.begin() as connection:
        await settle_crowd(connection)
    return Asker(schema(), engine)


def test_every_connection_can_be_reached() -> None:
    homeless = [name for name, listed in SERVED.items() if listed.parent not in ROOTS and listed.parent_shape is None]

    assert homeless == [], "say in ROOTS how these are reached"
    assert {"Query.products", "Viewer.contracts", "Register.readings", "Staff.invoices"} <= SERVED.keys()


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "in_every_size",
    [
        pytest.param(False, id="in pages of two"),
        pytest.param(True, id="in pages of every size", marks=pytest.mark.slow),
    ],
)
async def test_every_served_list_walks_alike_forwards_and_backwards(crowd: Asker, in_every_size: bool) -> None:
    lacking = []
    for label, listed in SERVED.items():
        async with crowd.engine.connect() as connection:
            points_with, given = await fullest(connection, listed)
            for name, order in listed.orders.items():
                held = await truth(connection, listed, points_with=points_with, order=order)
                if len(held.rows) < ROWS_MIN:
                    lacking.append(f"{label} has {len(held.rows)} rows, not {ROWS_MIN}")
                elif listed.can_tie(order) and not await ties(connection, listed, points_with=points_with, order=order):
                    lacking.append(f"{label} has no rows that tie in {name}")
                else:
                    await walk_all(Walker(crowd, listed, given), held, order=name, in_every_size=in_every_size)

    assert lacking == [], "give these rows in tests/schema/crowd.py"


async def walk_all(walker: Walker, held: Truth, *, order: str | None, in_every_size: bool) -> None:
    """Walk a list with pages of each size, in both directions, and read it, or walk it, under each filter."""
    lengths = set()
    for filters in held.filters():
        expected = held.ids(filters)
        lengths.add(len(expected))
        chosen = {} if order is None else {"order": order}
        chosen |= {"filter": sent(filters)} if filters else {}
        whole = await walker.page({"first": 100, **chosen})
        assert [node["id"] for node in whole["nodes"]] == expected, (walker.listed.document(), chosen)
        for size in _sizes(len(expected), is_filtered=bool(filters), in_every_size=in_every_size):
            for is_backwards in (False, True):
                found = await walker.walk(expected, size=size, is_backwards=is_backwards, chosen=chosen)
                assert found == expected, (walker.listed.document(), chosen, size, is_backwards)
    is_cut = any(0 < length < len(held.rows) for length in lengths)
    assert is_cut or not walker.listed.conditions, f"no filter cuts {walker.listed.document()} short"


def _sizes(count: int, *, is_filtered: bool, in_every_size: bool) -> Sequence[int]:
    if in_every_size and not is_filtered:
        return range(1, count + 1)
    chosen = SIZES_OF_FILTERED if in_every_size else () if is_filtered else SIZES_AT_FIRST
    return [size for size in chosen if size <= count]
