"""Days of smart meters over GraphQL: 23 to 25 hours, gaps as null, only on days of contracts one sees."""

from __future__ import annotations

from datetime import date
from typing import Any

import orjson
import pytest
import pytest_asyncio
from mains_schema.declaring.node import encode_id
from mains_schema.served import schema
from mains_server.access.records import Viewer
from mains_server.intervals.tables import IntervalDay, IntervalImport
from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.schema.asking import Asker, clerk, delegate, owner
from tests.schema.both import compiled_text, resolved_text
from tests.schema.metering_rows import interval_day, interval_import
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


GAPS = """query ($id: ID!, $from: Date!, $to: Date!) { node(id: $id) { ... on SupplyPoint {
  intervalDays(first: 10, orderBy: OLDEST) { nodes { day register { id } } }
  gaps(period: {from: $from, to: $to}) { values count stretches { registerId serial startsAt endsAt values } } } } }"""


@pytest_asyncio.fixture
async def smart(asker: Asker) -> Asker:
    async with asker.engine.begin() as connection:
        await connection.execute(text("update register set collection = 'INTERVALS'"))
    return asker


async def gaps_of(asker: Asker, n: int, viewer: Viewer, start: str, end: str) -> Any:
    asked = {"id": encode_id(type_name="SupplyPoint", number=n), "from": start, "to": end}
    answer = await asker.resolve(GAPS, viewer=viewer, **asked)
    return answer.codes or answer.data["node"]


@pytest.mark.asyncio
async def test_what_is_missing_is_told_by_stretches_of_time(smart: Asker) -> None:
    """The second hour of 26 and of 27 March is null, and the 28th never came."""
    found = await gaps_of(smart, 1, owner(1), "2022-03-26", "2022-03-29")

    register = encode_id(type_name="Register", number=1)
    assert found["gaps"] == {
        "values": 26,
        "count": 3,
        "stretches": [
            {"registerId": register, "serial": "M-1", "startsAt": start, "endsAt": end, "values": values}
            for start, end, values in (
                ("2022-03-25T23:00:00.000Z", "2022-03-26T00:00:00.000Z", 1),
                ("2022-03-26T23:00:00.000Z", "2022-03-27T00:00:00.000Z", 1),
                ("2022-03-27T21:00:00.000Z", "2022-03-28T21:00:00.000Z", 24),
            )
        ],
    }


@pytest.mark.asyncio
async def test_days_of_all_meters_of_a_place_are_one_list(smart: Asker) -> None:
    found = await gaps_of(smart, 1, owner(1), "2022-03-26", "2022-03-27")

    register = {"id": encode_id(type_name="Register", number=1)}
    assert found["intervalDays"]["nodes"] == [{"day": day.isoformat(), "register": register} for day in DAYS]
    assert (found["gaps"]["values"], found["gaps"]["count"]) == (1, 1)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("viewer", "point", "values"),
    [(owner(1), 1, 24), (clerk(), 1, 24), (owner(1), HOUSE, 24), (owner(3), 1, 0), (owner(3), HOUSE, 24)],
)
async def test_gaps_are_told_to_who_sees_the_days(smart: Asker, viewer: Viewer, point: int, values: int) -> None:
    found = await gaps_of(smart, point, viewer, "2022-03-28", "2022-03-29")

    assert found["gaps"]["values"] == values


@pytest.mark.asyncio
async def test_who_moved_out_is_told_of_gaps_until_then(smart: Asker) -> None:
    async with smart.engine.begin() as connection:
        await connection.execute(text(MOVED))

    found = await gaps_of(smart, 1, owner(1), "2022-03-25", "2022-04-01")

    # The 25th never came, of the 26th an hour did not, and from the 27th on somebody else lives there.
    assert found["gaps"]["values"] == 25


@pytest.mark.asyncio
async def test_days_that_are_not_over_are_no_gap(smart: Asker) -> None:
    """Today is 20 March 2023, the last day that is over the 19th."""
    today = await gaps_of(smart, 1, owner(1), "2023-03-20", "2023-04-20")
    yesterday = await gaps_of(smart, 1, owner(1), "2023-03-19", "2023-04-20")

    assert (today["gaps"]["values"], yesterday["gaps"]["values"]) == (0, 24)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("start", "end"), [("2022-03-26", "2022-03-26"), ("2022-03-27", "2022-03-26"), ("2021-01-01", "2022-01-03")]
)
async def test_a_period_that_is_none_or_too_long_is_bad_input(smart: Asker, start: str, end: str) -> None:
    assert await gaps_of(smart, 1, owner(1), start, end) == ["BAD_INPUT"]
