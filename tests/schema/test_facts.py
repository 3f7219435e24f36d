"""Staff see how fresh figures from outside are, and where they have holes; nobody else does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import orjson
import pytest
from mains_schema.served import schema
from mains_server.db.unit_of_work import unit_of_work
from mains_server.facts.operations import load_series
from mains_server.facts.records import Stretch
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.schema.asking import Asker, clerk, owner
from tests.schema.both import compiled_text, resolved_text

START = datetime(2023, 3, 1, tzinfo=UTC)
FRESH = """query Fresh($filter: FactStretchFilter) { staff { factStretches(last: 2, filter: $filter) {
  totalCount nodes { series unit startsAt endsAt stepSeconds missing knownAt source } } } }"""


def stretch(name: str, *values: str | None) -> Stretch:
    told = tuple(None if value is None else Decimal(value) for value in values)
    return Stretch(
        name=name, unit="EUR/MWh", starts_at=START, step_seconds=3600, values=told, known_at=START - timedelta(hours=9),
        source="entsoe",
    )  # fmt: skip


@pytest.mark.asyncio
async def test_staff_see_what_is_missing_and_since_when_it_is_known(engine: AsyncEngine) -> None:
    async with unit_of_work(engine) as session:
        await load_series(session, stretches=[stretch("other", "1"), stretch("nordpool.lv", "-8.09", None, "0")])
    asker = Asker(schema(), engine)

    text = await compiled_text(asker, FRESH, clerk(), filter={"series": ["nordpool.lv"]})

    assert text == await resolved_text(asker, FRESH, clerk(), filter={"series": ["nordpool.lv"]})
    assert orjson.loads(text)["staff"]["factStretches"] == {
        "totalCount": 1,
        "nodes": [
            {
                "series": "nordpool.lv",
                "unit": "EUR/MWh",
                "startsAt": "2023-03-01T00:00:00.000Z",
                "endsAt": "2023-03-01T03:00:00.000Z",
                "stepSeconds": 3600,
                "missing": 1,
                "knownAt": "2023-02-28T15:00:00.000Z",
                "source": "entsoe",
            }
        ],
    }


@pytest.mark.asyncio
async def test_customers_see_none_of_it(engine: AsyncEngine) -> None:
    answer = await Asker(schema(), engine).ask(FRESH, viewer=owner(1))

    assert answer.codes == ["FORBIDDEN"]
