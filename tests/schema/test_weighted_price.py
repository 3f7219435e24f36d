"""A customer at the exchange's price sees the month's one price, and the hours or days behind it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from mains_schema.declaring.node import encode_id
from mains_schema.served import schema
from mains_server.billing.explain import explain_invoices
from mains_server.billing.run import Shift, run_billing
from mains_server.db.unit_of_work import read_session
from psycopg.types.json import Jsonb
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.schema.asking import NO_ADAPTERS, Asker, clerk, owner
from tests.schema.test_explanation import small_utility

pytestmark = pytest.mark.asyncio
SHOWN = """query ($id: ID!, $width: PointWidth) { node(id: $id) { ... on Contract { invoices { nodes { lines { code
  weightedPrice(width: $width) { weightedBy series seriesUnit weightUnit intervals intervalSeconds weight product
    exactPrice simplePrice price { amount unit } points { startsAt endsAt weight price } } } } } } } }"""
KNOWN = datetime(2023, 1, 5, tzinfo=UTC)
STARTS = datetime(2022, 12, 31, 22, tzinfo=UTC)
HOURS = 744


@pytest.fixture
def billed(psycopg_dsn: str) -> tuple[Any, int, int]:
    """Bill January at the exchange: one contract by 30 kWh of its own hours, one by the profile."""
    small = small_utility()
    with psycopg.connect(psycopg_dsn, autocommit=True) as connection:
        town = small.Town(connection)
        town.found()
        point = town.point()
        own = town.contract(customer=town.customer(), points=(point,), product="dynamic")
        register = town.meter(point)
        connection.execute("update register set collection = 'INTERVALS' where id = %s", [register])
        _send(town, register=register, point=point)
        prices = [Decimal("0.10")] * HOURS
        prices[4] = Decimal("-0.00809")
        for name, unit, values in (("market", "EUR/kWh", prices), ("profile", "1", [Decimal(1)] * HOURS)):
            town.insert(
                "fact_series", name=name, unit=unit, starts_at=STARTS, ends_at=STARTS + timedelta(hours=HOURS),
                step_seconds=3600, values=values, known_at=KNOWN, source="test",
            )  # fmt: skip
        other = town.household(used="30", product="dynamic")
        shift = Shift(adapter=small.host_of().adapter("small"), now=small.NOW)
        run_billing(connection, request=small.request(), shift=shift)
    return small, own, other


def _send(town: Any, *, register: int, point: int) -> None:
    file = town.insert(
        "interval_import", format="CSV", name="test", sha256="", received_at=KNOWN, days_new=0, days_corrected=0,
        days_unchanged=0, rows_refused=0, refused=Jsonb([]),
    )  # fmt: skip
    for number in range(31):
        values = [Decimal(0)] * 24
        if number == 0:
            values[3], values[4] = Decimal(20), Decimal(10)
        town.insert(
            "interval_day", register_id=register, supply_point_id=point, day=date(2023, 1, 1 + number), version=1,
            is_current=True, step_seconds=3600, values=values, statuses="." * 24, total=sum(values), known=24,
            known_at=KNOWN, import_id=file,
        )  # fmt: skip


def asker(small: Any, engine: AsyncEngine) -> Asker:
    host = small.host_of()

    async def explain(invoices: Any) -> Any:
        async with read_session(engine) as session:
            return await explain_invoices(session, host=host, invoice_ids=invoices)

    return Asker(schema(), engine, replace(NO_ADAPTERS, host=host, explain=explain))


async def weighted(small: Any, engine: AsyncEngine, contract: int, width: str | None = None) -> Any:
    answer = await asker(small, engine).ask(
        SHOWN, viewer=clerk(), id=encode_id(type_name="Contract", number=contract), width=width
    )
    assert answer.errors == []
    (invoice,) = answer.data["node"]["invoices"]["nodes"]
    (line,) = [line for line in invoice["lines"] if line["code"] == "spot"]
    return line["weightedPrice"]


async def test_own_hours_are_shown_with_what_they_come_to(engine: AsyncEngine, billed: Any) -> None:
    """20 kWh at 0.10 and 10 kWh at -0.00809 are 1.9191 for 30 kWh."""
    small, own, _ = billed

    found = await weighted(small, engine, own, "INTERVAL")

    assert {name: found[name] for name in ("weightedBy", "series", "weight", "product", "exactPrice")} == {
        "weightedBy": "OWN_INTERVALS", "series": "market", "weight": "30", "product": "1.9191", "exactPrice": "0.06397",
    }  # fmt: skip
    assert (found["intervals"], found["intervalSeconds"], len(found["points"])) == (744, 3600, 744)
    assert found["price"] == {"amount": "0.06397000", "unit": "EUR/kWh"}
    # (743 x 0.10 - 0.00809) / 744
    assert found["simplePrice"] == "0.09985472"
    assert found["points"][4] == {
        "startsAt": "2023-01-01T02:00:00.000Z",
        "endsAt": "2023-01-01T03:00:00.000Z",
        "weight": "10.000000",
        "price": "-0.00809000",
    }


async def test_days_are_shown_unless_intervals_are_wanted(engine: AsyncEngine, billed: Any) -> None:
    small, own, _ = billed

    points = (await weighted(small, engine, own))["points"]

    assert len(points) == 31
    assert (points[0]["weight"], points[0]["price"]) == ("30.000000", "0.06397000")
    assert points[1] == {
        "startsAt": "2023-01-01T22:00:00.000Z",
        "endsAt": "2023-01-02T22:00:00.000Z",
        "weight": "0.000000",
        "price": "0.10000000",
    }


async def test_a_meter_without_intervals_is_weighed_by_the_profile(engine: AsyncEngine, billed: Any) -> None:
    small, _, other = billed

    found = await weighted(small, engine, other)

    assert (found["weightedBy"], found["weightUnit"], found["weight"]) == ("PROFILE", "1", "744")
    assert found["price"]["amount"] == "0.09985000"


async def test_a_stranger_sees_none_of_it(engine: AsyncEngine, billed: Any) -> None:
    small, own, _ = billed

    answer = await asker(small, engine).ask(
        SHOWN, viewer=owner(99), id=encode_id(type_name="Contract", number=own), width=None
    )

    assert answer.data == {"node": None}
