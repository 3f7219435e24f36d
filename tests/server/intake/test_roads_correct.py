"""By whatever road a true reading comes, a bill that stands on an estimate for its day is noted to be corrected."""

from datetime import date

import pytest
from mains_server.db.unit_of_work import unit_of_work
from mains_server.intake import taking
from mains_server.intake.operations import submit_many
from sqlalchemy import text

from tests.server.intake.conftest import NOW, shown_in
from tests.server.intake.test_links import made as link_made
from tests.server.intake.test_links import sent as link_sent
from tests.server.intake.test_operations import announced, many
from tests.server.intake.test_operations import sent as file_sent
from tests.server.intake.test_sms import texted

APRIL = date(2023, 4, 1)
ESTIMATE = """
insert into reading (register_id, supply_point_id, taken_at, counts_for, value, source, quality, status, received_at)
values (:register, :point, :now, :day, 104, 'ESTIMATION', 'ESTIMATED', 'ACCEPTED', :now)
"""


async def by_text(engine, house):
    await texted(engine, text="KU-1 105,5")


async def by_link(engine, house):
    link = await link_made(engine, house)
    await link_sent(engine, link.token, ("hot_water", "105.5"))


async def by_file(engine, house):
    upload = await announced(engine, house)
    await file_sent(engine, upload.token, "KU-1;hot_water;31.03.2023;105,5")


async def by_many(engine, house):
    async with unit_of_work(engine) as session:
        await submit_many(session, viewer=house.family, request=many(house, (1, "105.5")), now=NOW)


@pytest.fixture
def noted(monkeypatch):
    """Let everything be billed, and give the corrections that were noted: how many contracts, and the day."""
    found = []

    async def billed(session, contracts, day):
        return True

    async def note(session, *, contracts, day, reading_id, now):
        found.append((len(contracts), day))

    monkeypatch.setattr(taking, "is_billed", billed)
    monkeypatch.setattr(taking, "note_correction", note)
    return found


@pytest.mark.asyncio
@pytest.mark.parametrize("road", [by_text, by_link, by_file, by_many])
async def test_a_true_reading_of_an_estimated_day_leads_to_a_correction(engine, house, noted, road):
    async with unit_of_work(engine) as session:
        given = {"register": house.register(1), "point": house.points[1], "now": NOW, "day": APRIL}
        await session.execute(text(ESTIMATE), given)

    await road(engine, house)

    # The bills of all four contracts of the house share what its registers counted.
    assert noted == [(4, APRIL)]
    estimate, true = await shown_in(engine, house, 1)
    assert (estimate[1:], str(true[0]), true[2]) == (("ESTIMATION", "SUPERSEDED"), "105.500000", "ACCEPTED")
