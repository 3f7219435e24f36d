"""Meters installed and replaced, and readings loaded, on the real database."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal as D

import pytest
from mains_server.db.unit_of_work import unit_of_work
from mains_server.metering import installation, judging, loading, operations, queries, rules
from mains_server.metering.records import MeterReplacement, NewRegister, ReadingQuality
from mains_spi.record import Period
from sqlalchemy import text

from tests.server.metering.conftest import NOW, loaded, never_billed, new_meter, readings, submit

pytestmark = pytest.mark.asyncio
DAY = date(2023, 3, 12)
NEW = NewRegister(code="T1", quantity="kwh", unit="kWh", first_value=D(7))


async def replace_meter(engine, home, *, is_billed=never_billed, note_correction=None, **changes):
    replacement = MeterReplacement(
        meter_id=home.meter.id,
        replaced_on=DAY,
        final_values={"T1": D("1140.25")},
        serial="B-2",
        digits=6,
        registers=(NEW,),
    )
    async with unit_of_work(engine) as session:
        return await installation.replace_meter(
            session,
            replacement=replace(replacement, **changes),
            now=NOW,
            is_billed=is_billed,
            note_correction=note_correction,
        )


async def meters(engine, home):
    async with unit_of_work(engine) as session:
        return await queries.meters_at(session, supply_point_id=home.point)


async def load(engine, *many):
    async with unit_of_work(engine) as session:
        await loading.load_readings(session, readings=many, now=NOW)


async def test_a_meter_is_installed_with_what_it_showed(engine, home):
    (meter,) = await meters(engine, home)

    assert meter == home.meter
    assert (meter.serial, meter.installed_on, meter.removed_on) == ("A-1", date(2022, 1, 1), None)
    assert meter.register("T1").unit == "kWh"
    async with unit_of_work(engine) as session:
        first = (await queries.readings_of_register(session, register_id=home.register))[0]
    assert first.taken_at == datetime(2021, 12, 31, 22, tzinfo=UTC)
    assert (first.counts_for, first.value, first.source.name) == (date(2022, 1, 1), D("2.5"), "INSTALLER")


async def test_many_meters_are_installed_at_once_or_none(engine, home):
    many = [new_meter(home.point, serial=f"M-{n}", registers=(NEW, replace(NEW, code="T2"))) for n in range(200)]
    async with unit_of_work(engine) as session:
        made = await installation.load_meters(session, meters=many, now=NOW)

    with pytest.raises(installation.MeterExists):
        async with unit_of_work(engine) as session:
            again = [new_meter(home.point, serial="N-1"), new_meter(home.point, serial="M-7")]
            await installation.load_meters(session, meters=again, now=NOW)

    assert [meter.serial for meter in made] == [f"M-{n}" for n in range(200)]
    assert set(await meters(engine, home)) == {home.meter, *made}


async def test_two_registers_of_one_code_are_refused(engine, home):
    with pytest.raises(installation.MeterExists):
        async with unit_of_work(engine) as session:
            await installation.install_meter(
                session, meter=new_meter(home.point, serial="B", registers=(NEW, NEW)), now=NOW
            )

    assert await meters(engine, home) == (home.meter,)


async def test_a_meter_is_removed_after_it_was_installed(engine, home):
    with pytest.raises(installation.MeterDatesWrong):
        async with unit_of_work(engine) as session:
            wrong = new_meter(home.point, serial="B", removed_on=date(2022, 1, 1))
            await installation.install_meter(session, meter=wrong, now=NOW)

    assert await meters(engine, home) == (home.meter,)


async def test_a_replaced_meter_is_measured_to_its_end_and_the_new_one_from_its_start(engine, home):
    new = await replace_meter(engine, home)
    await load(engine, loaded(new, date(2023, 4, 1), "57.5"))

    async with unit_of_work(engine) as session:
        period = Period(date(2023, 3, 1), date(2023, 4, 1))
        told = await queries.register_readings(session, supply_point_ids=[home.point], period=period)

    usage = rules.measure(registers=told[home.point], period=period)
    assert [(stretch.period, stretch.value, stretch.place) for stretch in usage] == [
        (Period(date(2023, 3, 1), DAY), D("40.25"), str(home.point)),
        (Period(DAY, date(2023, 4, 1)), D("50.5"), str(home.point)),
    ]
    old, after = await meters(engine, home)
    assert (old.removed_on, after.installed_on, after.supply_point_id) == (DAY, DAY, home.point)


async def test_what_counted_after_the_removal_gives_way_to_the_final_value(engine, home):
    await load(engine, loaded(home.meter, date(2023, 4, 1), "1139", taken_at=datetime(2023, 3, 12, 6, tzinfo=UTC)))

    await replace_meter(engine, home)

    assert (await readings(engine, home))[-2:] == [
        (DAY, D("1140.25"), "ACCEPTED"),
        (date(2023, 4, 1), D(1139), "SUPERSEDED"),
    ]


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"meter_id": 404}, installation.MeterUnknown),
        ({"final_values": {}}, installation.FinalValuesIncomplete),
        ({"final_values": {"T1": D(1140), "T2": D(1)}}, installation.FinalValuesIncomplete),
        ({"final_values": {"T1": D(1099)}}, judging.ReadingRunsBackwards),
        ({"final_values": {"T1": D("NaN")}}, judging.ReadingMalformed),
        ({"replaced_on": date(2022, 1, 1)}, installation.MeterDatesWrong),
        ({"replaced_on": date(2023, 2, 10), "final_values": {"T1": D(1050)}}, installation.MeterDatesWrong),
        ({"registers": (replace(NEW, first_value=D(1_000_000)),)}, judging.ReadingTooLarge),
    ],
)
async def test_a_replacement_that_cannot_be_is_refused_and_leaves_nothing(engine, home, changes, refusal):
    before = await readings(engine, home)

    with pytest.raises(refusal):
        await replace_meter(engine, home, **changes)

    assert await meters(engine, home) == (home.meter,)
    assert await readings(engine, home) == before


async def test_a_meter_is_replaced_once(engine, home):
    await replace_meter(engine, home)

    with pytest.raises(installation.MeterUnknown):
        await replace_meter(engine, home, serial="C-3")

    assert [meter.serial for meter in await meters(engine, home)] == ["A-1", "B-2"]


async def test_a_billed_reading_does_not_give_way_unless_it_says_the_same(engine, home):
    async def billed(session, contract_ids, day):
        return True

    await load(engine, loaded(home.meter, DAY, "1140"))

    with pytest.raises(operations.ReadingAlreadyBilled):
        await replace_meter(engine, home, is_billed=billed)
    await replace_meter(engine, home, is_billed=billed, final_values={"T1": D(1140)})

    assert (await readings(engine, home))[-2:] == [(DAY, D(1140), "SUPERSEDED"), (DAY, D(1140), "ACCEPTED")]


async def test_a_final_value_takes_the_place_of_estimates_that_were_billed_and_notes_it(engine, home):
    noted = []

    async def billed(session, contract_ids, day):
        return True

    async def note(session, *, contracts, day, reading_id, now):
        noted.append((len(contracts), day, now))

    estimates = [
        replace(loaded(home.meter, day, value), quality=ReadingQuality.ESTIMATED)
        for day, value in ((DAY, "1139"), (date(2023, 4, 1), "1190"))
    ]
    await load(engine, *estimates)

    with pytest.raises(operations.ReadingAlreadyBilled):
        await replace_meter(engine, home, is_billed=billed)
    assert await meters(engine, home) == (home.meter,)
    await replace_meter(engine, home, is_billed=billed, note_correction=note)

    assert noted == [(1, DAY, NOW), (1, date(2023, 4, 1), NOW)]
    assert (await readings(engine, home))[-3:] == [
        (DAY, D(1139), "SUPERSEDED"),
        (DAY, D("1140.25"), "ACCEPTED"),
        (date(2023, 4, 1), D(1190), "SUPERSEDED"),
    ]


async def test_a_final_value_notes_no_correction_of_a_true_reading(engine, home):
    async def billed(session, contract_ids, day):
        return True

    async def note(session, **_):
        raise AssertionError("a true reading that was billed does not give way")

    await load(engine, loaded(home.meter, DAY, "1140"))

    with pytest.raises(operations.ReadingAlreadyBilled):
        await replace_meter(engine, home, is_billed=billed, note_correction=note)

    assert await meters(engine, home) == (home.meter,)


async def test_a_removed_meter_takes_no_reading(engine, home):
    await replace_meter(engine, home)

    with pytest.raises(judging.ReadingAfterRemoval):
        await submit(engine, home, "1200")
    with pytest.raises(judging.ReadingAfterRemoval):
        await submit(engine, home, "1200", taken_at=datetime(2023, 3, 12, 22, tzinfo=UTC))

    assert (await readings(engine, home))[-1] == (DAY, D("1140.25"), "ACCEPTED")


async def test_a_meter_takes_no_reading_from_before_it_came(engine, home):
    new = await replace_meter(engine, home)

    with pytest.raises(judging.ReadingBeforeInstallation):
        await submit(engine, home, "8", register_id=new.registers[0].id, taken_at=datetime(2023, 3, 11, 12, tzinfo=UTC))


async def test_a_day_is_loaded_once(engine, home):
    before = await readings(engine, home)

    with pytest.raises(loading.ReadingExists):
        await load(engine, loaded(home.meter, date(2023, 4, 1), "1200"), loaded(home.meter, date(2023, 3, 1), "1100"))

    assert await readings(engine, home) == before


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-1", "0.0000001", "1e12"])
async def test_a_loaded_value_is_a_plain_number(engine, home, value):
    with pytest.raises(judging.ReadingNegative if value == "-1" else judging.ReadingMalformed):
        await load(engine, loaded(home.meter, date(2023, 4, 1), value))

    async with unit_of_work(engine) as session:
        assert await session.scalar(text("select count(*) from reading")) == 3
