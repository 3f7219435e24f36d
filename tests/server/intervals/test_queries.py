"""Days as they were known then, and what is missing."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal as D

import pytest
from mains_server.db.unit_of_work import read_session
from mains_server.intervals import queries
from mains_server.intervals.records import DaysAsked
from mains_spi.record import Period

from tests.server.intervals.conftest import NOW, answer, element, hours_of

pytestmark = pytest.mark.asyncio
DAY = date(2024, 10, 27)
LATER = NOW + timedelta(days=1)


async def test_a_correction_is_not_seen_before_it_came(smart):
    await smart.take(answer(hours_of(DAY)))
    starts = int(datetime(2024, 10, 26, 21, tzinfo=UTC).timestamp())
    await smart.take(answer([element(starts + 3600, "2.5")]), now=LATER)

    async with read_session(smart.engine) as session:
        totals = [
            [day.total for day in await queries.days_known(session, asked=asked(smart, known_at))]
            for known_at in (NOW - timedelta(seconds=1), NOW, LATER)
        ]

    assert totals == [[], [D("12.5")], [D("14.5")]]


async def test_gaps_are_listed_over_the_days_on_which_the_meter_was_there(smart):
    elements = hours_of(DAY)
    await smart.take(answer(elements[:3] + elements[5:]))

    async with read_session(smart.engine) as session:
        (register,) = await queries.registers_by_intervals(session, period=Period(DAY, DAY + timedelta(days=1)))
        gaps = await queries.gaps_of_register(
            session, register=register, period=Period(DAY, DAY + timedelta(days=1)), now=NOW
        )
        before = await queries.gaps_of_register(
            session, register=register, period=Period(date(2023, 12, 30), date(2024, 1, 2)), now=NOW
        )

    assert gaps == ((smart.register, datetime(2024, 10, 27, 0, tzinfo=UTC), datetime(2024, 10, 27, 2, tzinfo=UTC), 2),)
    assert [gap.values for gap in before] == [24]


async def test_only_registers_of_intervals_are_listed(smart):
    async with read_session(smart.engine) as session:
        found = await queries.registers_by_intervals(session, period=Period(DAY, DAY + timedelta(days=1)))

    assert [register.id for register in found] == [smart.register]


def asked(smart, known_at):
    return DaysAsked(register_id=smart.register, period=Period(DAY, DAY + timedelta(days=1)), known_at=known_at)
