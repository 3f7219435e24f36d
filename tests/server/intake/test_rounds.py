"""Which premises have reported, told to who manages the house."""

from datetime import date
from decimal import Decimal as D

import pytest
from mains_server.db.unit_of_work import unit_of_work
from mains_server.intake.rounds import reading_round

from tests.server.intake.conftest import NOW
from tests.server.intake.test_operations import many, submitted

pytestmark = pytest.mark.asyncio
APRIL = date(2023, 4, 1)


async def asked(engine, house, viewer):
    async with unit_of_work(engine) as session:
        return await reading_round(session, viewer=viewer, building_id=house.building, day=APRIL, now=NOW)


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
