"""Days of smart meters over GraphQL: 23 to 25 hours, gaps as null, only on days of contracts one sees."""

from __future__ import annotations

from datetime import date
from typing import Any

import orjson
import pytest
import pytest_asyncio
from mains_schema.node import encode_id
from mains_schema.served import schema
from mains_server.access.records import Viewer
from mains_server.intervals.tables import IntervalDay, IntervalImport
from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.schema.asking import Asker, clerk, delegate, owner
from tests.schema.both import compiled_text, resolved_text
from tests.schema.crowd import interval_day, interval_import
from tests.schema.town import HOUSE, settle

DAYS = (date(2022, 3, 26), date(2022, 3, 27), date(2022, 10, 30))
DOCUMENT = """
query ($id: ID!, $order: IntervalDayOrder, $filter: IntervalDayFilter) {
  node(id: $id) { ... on SupplyPoint { meters { registers {
    intervalDays(first: 10, orderBy: $order, filter: $filter) { totalCount nodes {
      day stepSeconds values statuses quality total { value unit } known expected version isCurrent knownAt } } } } } }
}
"""
MOVED = "update contract_supply_point set ends = '2022-03-27' where supply_point_id = 1"


@pytest_asyncio.fixture
async def asker(engine: AsyncEngine) -> Asker:
    async with engine.begin() as connection:
        await settle(connection, customers=4, months=1)
        await connection.execute(insert(IntervalImport), [interval_import()])
        rows = [interval_day(n * 10 + at, n, day) for n in (1, 4, HOUSE) for at, day in enumerate(DAYS)]
        await connection.execute(insert(IntervalDay), [*rows, interval_day(9, 1, DAYS[0], version=0)])
    return Asker(schema(), engine)


async def days_of(asker: Asker, n: int, viewer: Viewer, **variables: Any) -> Any:
    """Ask both executors, which must answer alike, for the days at a supply point; None where it is not seen."""
    asked = {"id": encode_id(type_name="SupplyPoint", number=n), **variables}
    compiled = await compiled_text(asker, DOCUMENT, viewer, **asked)
    resolved = await resolved_text(asker, DOCUMENT, viewer, **asked)
    assert isinstance(resolved, bytes), resolved
    assert isinstance(compiled, bytes), compiled
    assert orjson.loads(compiled) == orjson.loads(resolved)
    node = orjson.loads(resolved)["node"]
    return None if node is None else node["meters"][0]["registers"][0]["intervalDays"]["nodes"]


@pytest.mark.asyncio
async def test_the_clock_changes_have_23_and_25_hours_and_a_gap_is_null(asker: Asker) -> None:
    (plain, spring, autumn) = await days_of(asker, 1, owner(1), order="OLDEST")

    assert [len(day["values"]) for day in (plain, spring, autumn)] == [24, 23, 25]
    assert spring == {
        "day": "2022-03-27", "stepSeconds": 3600, "values": ["0.50000000", None, *["0.50000000"] * 21],
        "statuses": ["D", *[""] * 22], "quality": "INCOMPLETE", "total": {"value": "11.000000", "unit": "MWh"},
        "known": 22, "expected": 23, "version": 1, "isCurrent": True, "knownAt": spring["knownAt"],
    }  # fmt: skip


@pytest.mark.asyncio
async def test_days_are_chosen_and_ordered(asker: Asker) -> None:
    newest = await days_of(asker, 1, owner(1))
    chosen = await days_of(asker, 1, owner(1), filter={"dayFrom": "2022-03-27", "dayBefore": "2022-10-30"})

    assert [day["day"] for day in newest] == ["2022-10-30", "2022-03-27", "2022-03-26"]
    assert [day["day"] for day in chosen] == ["2022-03-27"]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("viewer", "point", "count"),
    [
        (owner(1), 1, 3),
        (clerk(), 1, 4),  # staff see what was corrected, too
        (owner(1), HOUSE, 3),  # who lives in a house sees its own meter
        (owner(3), HOUSE, 3),
        (owner(3), 1, 0),  # the manager sees the meter of a flat, but not when somebody was at home
        (owner(2), 1, None),
        (owner(1), 4, None),
        (delegate(1, 99), 1, None),
    ],
)
async def test_days_are_seen_by_whose_contract_covers_them(
    asker: Asker, viewer: Viewer, point: int, count: int | None
) -> None:
    found = await days_of(asker, point, viewer)

    assert (None if found is None else len(found)) == count


@pytest.mark.asyncio
async def test_who_moved_out_sees_the_days_until_then(asker: Asker, engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.execute(text(MOVED))

    found = await days_of(asker, 1, owner(1))

    assert [day["day"] for day in found] == ["2022-03-26"]
