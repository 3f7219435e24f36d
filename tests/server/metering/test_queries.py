"""What a period's usage is measured from."""

from dataclasses import replace
from datetime import date
from decimal import Decimal as D

import pytest
from mains_server.db.unit_of_work import unit_of_work
from mains_server.metering import installation, loading, queries
from mains_server.metering.records import ReadingQuality
from mains_spi.hooks import ReadingPoint, RegisterReadings
from mains_spi.record import Period
from mains_spi.requests import Quality

from tests.server.metering.conftest import NOW, loaded, new_meter

pytestmark = pytest.mark.asyncio
FEBRUARY = Period(date(2023, 2, 1), date(2023, 3, 1))


async def test_registers_come_with_the_readings_of_the_period(engine, home):
    async with unit_of_work(engine) as session:
        told = await queries.register_readings(session, supply_point_ids=[home.point, 404], period=FEBRUARY)

    assert told[404] == ()
    assert told[home.point] == (
        RegisterReadings(
            quantity="kwh",
            unit="kWh",
            readings=(
                ReadingPoint(date(2023, 2, 1), D(1000), Quality.ACTUAL, "IMPORT"),
                ReadingPoint(date(2023, 3, 1), D(1100), Quality.ACTUAL, "IMPORT"),
            ),
            installed=Period.since(date(2022, 1, 1)),
            digits=5,
            multiplier=D(1),
            place=str(home.point),
            serial="A-1",
        ),
    )


async def test_a_meter_of_other_days_and_a_reading_set_aside_do_not_count(engine, home):
    async with unit_of_work(engine) as session:
        gone = new_meter(home.point, serial="G", installed_on=date(2021, 1, 1), removed_on=date(2023, 2, 1))
        to_come = new_meter(home.point, serial="C", installed_on=date(2023, 3, 1))
        await installation.load_meters(session, meters=[gone, to_come], now=NOW)
        guess = loaded(home.meter, date(2023, 2, 15), "1050", quality=ReadingQuality.ESTIMATED)
        await loading.load_readings(session, readings=[guess], now=NOW)

    async with unit_of_work(engine) as session:
        told = await queries.register_readings(session, supply_point_ids=[home.point], period=FEBRUARY)

    (register,) = told[home.point]
    assert register.serial == "A-1"
    assert [(reading.value, reading.quality.name) for reading in register.readings] == [
        (D(1000), "ACTUAL"),
        (D(1050), "ESTIMATED"),
        (D(1100), "ACTUAL"),
    ]


async def test_a_habit_is_told_by_the_last_true_readings(engine, home):
    days = [date(2022, month, 1) for month in range(2, 13)] + [date(2023, 1, 1), date(2023, 1, 10), date(2023, 1, 20)]
    async with unit_of_work(engine) as session:
        many = [loaded(home.meter, day, str(100 + n)) for n, day in enumerate(days)]
        many[-1] = replace(many[-1], quality=ReadingQuality.ESTIMATED)
        await loading.load_readings(session, readings=many, now=NOW)

    async with unit_of_work(engine) as session:
        before = await queries.readings_before(session, register_id=home.register, day=date(2023, 3, 1))
        after = await queries.reading_after(session, register_id=home.register, day=date(2023, 2, 1))
        nothing = await queries.reading_after(session, register_id=home.register, day=date(2023, 3, 1))

    assert [reading.counts_for for reading in before] == [*days[:-1], date(2023, 2, 1)]
    assert len(before) == queries.HABIT_READINGS_MAX
    assert after.value == D(1100)
    assert nothing is None
