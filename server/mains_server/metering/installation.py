"""Changes of meters: installed, replaced, and loaded by the thousand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import Enum

from mains_spi.readings import USUAL_READING_RULES
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from mains_server.access.records import Refusal
from mains_server.contracts.queries import time_zones_of_points
from mains_server.db.copying import RowExists, copy_rows, draw_ids
from mains_server.metering import judging, queries, rules
from mains_server.metering.loading import load_readings
from mains_server.metering.operations import set_aside, write_flagged
from mains_server.metering.records import (
    IsBilled,
    LoadedReading,
    Meter,
    MeterReplacement,
    NewMeter,
    NoteCorrection,
    Reading,
    ReadingInContext,
    ReadingQuality,
    ReadingSender,
    ReadingSource,
    ReadingStatus,
    Register,
)
from mains_server.metering.tables import Meter as MeterRow
from mains_server.metering.tables import Reading as ReadingRow

METER_COLUMNS = ("id", "supply_point_id", "serial", "digits", "multiplier", "installed_on", "removed_on")
REGISTER_COLUMNS = ("id", "meter_id", "supply_point_id", "code", "quantity", "unit", "zone", "collection")


class MeterExists(Refusal):
    """This meter is installed at this place on this day already."""

    code = "METER_EXISTS"
    path = "serial"


class MeterUnknown(Refusal):
    """There is no such meter in use."""

    code = "METER_UNKNOWN"
    path = "meterId"


class MeterDatesWrong(Refusal):
    """The dates of a meter contradict each other or its readings."""

    code = "METER_DATES_WRONG"


class FinalValuesIncomplete(Refusal):
    """A removed meter whose last value nobody wrote down could never be billed."""

    code = "FINAL_VALUES_INCOMPLETE"
    path = "finalValues"


async def load_meters(session: AsyncSession, *, meters: Sequence[NewMeter], now: datetime) -> tuple[Meter, ...]:
    """Install many meters at once, all or none, with what their registers showed where that is known."""
    if any(meter.removed_on is not None and meter.removed_on <= meter.installed_on for meter in meters):
        raise MeterDatesWrong("let a meter be removed after the day it was installed")
    ids = await draw_ids(session, sequence="meter_id_seq", count=len(meters))
    count = sum(len(meter.registers) for meter in meters)
    register_ids = iter(await draw_ids(session, sequence="register_id_seq", count=count))
    installed = [
        _meter(meter_id, meter, register_ids=[next(register_ids) for _ in meter.registers])
        for meter_id, meter in zip(ids, meters, strict=True)
    ]
    registers = [register for meter in installed for register in meter.registers]
    try:
        await copy_rows(session, table="meter", columns=METER_COLUMNS, rows=_rows(installed, METER_COLUMNS))
        await copy_rows(session, table="register", columns=REGISTER_COLUMNS, rows=_rows(registers, REGISTER_COLUMNS))
    except RowExists as refused:
        raise MeterExists("this meter is installed here on this day, or has two registers of one code") from refused
    await _load_first_values(session, meters=meters, installed=installed, now=now)
    return tuple(installed)


async def install_meter(session: AsyncSession, *, meter: NewMeter, now: datetime) -> Meter:
    """Install a meter at a supply point, with what its registers showed where that is known."""
    (installed,) = await load_meters(session, meters=[meter], now=now)
    return installed


async def replace_meter(
    session: AsyncSession,
    *,
    replacement: MeterReplacement,
    now: datetime,
    is_billed: IsBilled,
    note_correction: NoteCorrection | None = None,
) -> Meter:
    """Take a meter away and put another in its place on one civil day, and return the new one.

    What counted for that day or later gives way to the final values, unless it has been billed. An estimate that was
    billed gives way, too, where `note_correction` is there to be told: nobody can have read a meter that was gone.
    """
    old = await queries.lock_meter(session, meter_id=replacement.meter_id)
    if old is None or old.removed_on is not None:
        raise MeterUnknown("there is no such meter in use")
    if {register.code for register in old.registers} != set(replacement.final_values):
        raise FinalValuesIncomplete(f"write down what every register of meter {old.serial} showed, and no other")
    day = replacement.replaced_on
    if day <= old.installed_on:
        raise MeterDatesWrong(f"meter {old.serial} was installed on {old.installed_on}; replace it on a later day")
    for register in old.registers:
        row, later = await _write_final_value(
            session, register=register, value=replacement.final_values[register.code], day=day, now=now
        )
        await set_aside(session, readings=later, by=row, now=now, is_billed=is_billed, note_correction=note_correction)
        row.status = ReadingStatus.ACCEPTED
        await session.flush()
    await session.execute(update(MeterRow).where(col(MeterRow.id) == old.id).values(removed_on=day))
    new = NewMeter(
        supply_point_id=old.supply_point_id,
        serial=replacement.serial,
        digits=replacement.digits,
        installed_on=day,
        registers=replacement.registers,
        multiplier=replacement.multiplier,
    )
    return await install_meter(session, meter=new, now=now)


async def _write_final_value(
    session: AsyncSession, *, register: Register, value: Decimal, day: date, now: datetime
) -> tuple[ReadingRow, tuple[Reading, ...]]:
    """Write down what a register showed at last, and give it with the readings that are to give way to it."""
    found = await queries.installed_register(session, register_id=register.id)
    assert found is not None
    reading = ReadingInContext(
        register=found,
        taken_at=rules.day_start(day, time_zone=found.time_zone),
        day=day,
        value=judging.read_value(value, digits=found.digits),
        limits=USUAL_READING_RULES,
        before=await queries.readings_before(session, register_id=register.id, day=day),
    )
    judging.check_order(reading)
    later = await queries.accepted_from(session, register_id=register.id, day=day)
    true = (held for held in later if held.quality is ReadingQuality.ACTUAL)
    if any(rules.civil_day(held.taken_at, time_zone=found.time_zone) > day for held in true):
        raise MeterDatesWrong(f"meter {found.serial} was read after {day}; replace it on a later day")
    row = await write_flagged(session, reading=reading, sender=ReadingSender(source=ReadingSource.INSTALLER), now=now)
    return row, later


async def _load_first_values(
    session: AsyncSession, *, meters: Sequence[NewMeter], installed: Sequence[Meter], now: datetime
) -> None:
    points = sorted({meter.supply_point_id for meter in meters})
    zones = await time_zones_of_points(session, supply_point_ids=points)
    first = [
        LoadedReading(
            register_id=register.id,
            supply_point_id=meter.supply_point_id,
            taken_at=rules.day_start(meter.installed_on, time_zone=zones[meter.supply_point_id]),
            counts_for=meter.installed_on,
            value=judging.read_value(new.first_value, digits=meter.digits),
            source=ReadingSource.INSTALLER,
        )
        for asked, meter in zip(meters, installed, strict=True)
        for new, register in zip(asked.registers, meter.registers, strict=True)
        if new.first_value is not None
    ]
    await load_readings(session, readings=first, now=now)


def _meter(meter_id: int, meter: NewMeter, *, register_ids: Sequence[int]) -> Meter:
    point = meter.supply_point_id
    return Meter(
        id=meter_id,
        supply_point_id=point,
        serial=meter.serial,
        digits=meter.digits,
        multiplier=meter.multiplier,
        installed_on=meter.installed_on,
        removed_on=meter.removed_on,
        registers=tuple(
            Register(
                id=register_id, meter_id=meter_id, supply_point_id=point,
                code=new.code, quantity=new.quantity, unit=new.unit, zone=new.zone, collection=new.collection,
            )
            for register_id, new in zip(register_ids, meter.registers, strict=True)
        ),
    )  # fmt: skip


def _rows(records: Sequence[Meter | Register], columns: tuple[str, ...]) -> Iterator[tuple[object, ...]]:
    return (tuple(_stored(getattr(record, column)) for column in columns) for record in records)


def _stored(value: object) -> object:
    return value.name if isinstance(value, Enum) else value
