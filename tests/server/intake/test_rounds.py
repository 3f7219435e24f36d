"""Which premises have reported, told to who manages the house."""

from datetime import UTC, date, datetime
from decimal import Decimal as D
from types import SimpleNamespace
from typing import Any

import pytest
from mains_server.adapters.host import AdapterHost
from mains_server.db.unit_of_work import unit_of_work
from mains_server.intake.rounds import reading_round
from mains_spi.readings import ReadingRules
from sqlalchemy import text

from tests.server.intake.conftest import NOW
from tests.server.intake.test_operations import many, submitted

pytestmark = pytest.mark.asyncio
APRIL = date(2023, 4, 1)


def host(**rules):
    adapter: Any = SimpleNamespace(utility=SimpleNamespace(reading_rules=ReadingRules(**rules)), hooks=frozenset())
    return AdapterHost(adapters=(), live={"district_heating": adapter})


async def asked(engine, house, viewer, *, day=APRIL, now=NOW, host=None):
    async with unit_of_work(engine) as session:
        return await reading_round(session, viewer=viewer, building_id=house.building, day=day, now=now, host=host)


async def test_the_manager_sees_who_has_not_reported(engine, house):
    await submitted(engine, house.manager, many(house, (0, "101"), (2, "102")))

    found = await asked(engine, house, house.manager)

    assert (found.register_count, found.reported_count) == (4, 2)
    assert [(one.serial, one.value) for one in found.house] == [("KU-0", D("101.000000"))]
    assert [(one.premise, one.serial) for one in found.missing] == [("1", "KU-1"), ("3", "KU-3")]


async def test_people_who_live_there_do_not(engine, house):
    assert await asked(engine, house, house.family) is None
    assert await asked(engine, house, house.stranger) is None
    assert (await asked(engine, house, house.staff)).register_count == 4


async def test_who_is_read_remotely_is_not_asked_but_told_when_silent(engine, house):
    async with unit_of_work(engine) as session:
        remote = text("update register set collection = 'REMOTE' where id = any(:ids)")
        await session.execute(remote, {"ids": [house.register(place) for place in (1, 3)]})
        told = text(
            "insert into reading (register_id, supply_point_id, taken_at, counts_for, value, source, quality, status,"
            " received_at) values (:id, :point, :now, :day, 104, 'SMART_METER', 'ACTUAL', 'ACCEPTED', :now)"
        )
        await session.execute(told, {"id": house.register(1), "point": house.points[1], "now": NOW, "day": APRIL})

    found = await asked(engine, house, house.manager)

    assert (found.register_count, found.reported_count) == (2, 0)
    assert [one.premise for one in found.missing] == ["2"]
    assert [one.premise for one in found.silent] == ["3"]


@pytest.mark.parametrize(
    ("today", "rules", "day", "closes_on"),
    [
        (datetime(2023, 4, 2, 9, tzinfo=UTC), {"upto_day": 1}, date(2023, 5, 1), date(2023, 5, 1)),
        (datetime(2023, 4, 2, 9, tzinfo=UTC), {"upto_day": 3}, date(2023, 4, 1), date(2023, 4, 3)),
        (datetime(2023, 4, 30, 21, 30, tzinfo=UTC), {"upto_day": 1}, date(2023, 5, 1), date(2023, 5, 1)),
    ],
)
async def test_the_round_is_that_of_the_adapters_window(engine, house, today, rules, day, closes_on):
    found = await asked(engine, house, house.manager, day=None, now=today, host=host(**rules))

    assert (found.counts_for, found.closes_on) == (day, closes_on)


@pytest.mark.parametrize(
    ("rules", "house_unread", "premise_unread"),
    [
        ({}, "HELD", "HELD"),
        ({"estimates": True}, "ESTIMATED", "ESTIMATED"),
        ({"estimates": True, "estimates_buildings": False}, "HELD", "ESTIMATED"),
    ],
)
async def test_the_round_says_what_becomes_of_what_nobody_reads(engine, house, rules, house_unread, premise_unread):
    found = await asked(engine, house, house.manager, host=host(**rules))

    assert (found.if_house_unread.name, found.if_premise_unread.name) == (house_unread, premise_unread)
