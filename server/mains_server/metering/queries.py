"""Questions to the metering room: meters and registers where they stand, and the readings around a day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from mains_spi.hooks import ReadingPoint, RegisterReadings
from mains_spi.record import Period
from mains_spi.requests import Quality
from sqlalchemy import BigInteger, Row, Select, String, any_, func, literal, or_, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from mains_server.contracts.queries import time_zones_of_points
from mains_server.metering.records import (
    Beside,
    InstalledRegister,
    Meter,
    Reading,
    ReadingCollection,
    ReadingQuality,
    ReadingSource,
    ReadingStatus,
    Register,
)
from mains_server.metering.tables import Meter as MeterRow
from mains_server.metering.tables import Reading as ReadingRow
from mains_server.metering.tables import Register as RegisterRow

HABIT_READINGS_MAX = 14
# What is asked for every reading is written out: building it anew would cost more than asking.
INSTALLED = text("""
select r.id, r.supply_point_id, r.code, r.unit, m.serial, m.digits, m.installed_on, m.removed_on, p.time_zone,
  r.meter_id, r.quantity, r.zone, m.multiplier, r.collection
from register r join meter m on m.id = r.meter_id join supply_point p on p.id = r.supply_point_id
where r.id = :id
""")
HOLD = text("select id from register where id = :id for update")
COLUMNS = """a.id, a.register_id, a.supply_point_id, a.taken_at, a.counts_for, a.value, a.source, a.quality, a.status,
  a.actor_person_id, a.actor, a.reasons"""
TRUE = "a.register_id = :id and a.status = 'ACCEPTED' and a.quality = 'ACTUAL'"
BESIDE = text(f"""
(select -1 as place, {COLUMNS} from reading a where {TRUE} and a.counts_for < :day
 order by a.counts_for desc limit :most)
union all
(select 0, {COLUMNS} from reading a
 where a.register_id = :id and a.counts_for = :day and a.status in ('ACCEPTED', 'FLAGGED'))
union all
(select 1, {COLUMNS} from reading a where {TRUE} and a.counts_for > :day order by a.counts_for limit 1)
""")


async def installed_register(session: AsyncSession, *, register_id: int) -> InstalledRegister | None:
    """Find a register with what its meter and its place say about it."""
    if not 0 < register_id < 2**63:
        return None
    row = (await session.execute(INSTALLED, {"id": register_id})).one_or_none()
    if row is None:
        return None
    told = row._asdict()
    return InstalledRegister(**{**told, "collection": ReadingCollection[told["collection"]]})


async def registers_of_meters(
    session: AsyncSession, *, serials: Sequence[str] = (), supply_point_ids: Sequence[int] = ()
) -> tuple[InstalledRegister, ...]:
    """List the registers of meters with one of these serial numbers, and of those that are or were at these places."""
    found = await session.execute(
        select(RegisterRow, MeterRow)
        .join(MeterRow, col(MeterRow.id) == col(RegisterRow.meter_id))
        .where(
            or_(
                col(MeterRow.serial) == any_(literal(list(serials), ARRAY(String()))),
                col(MeterRow.supply_point_id) == any_(literal(list(supply_point_ids), ARRAY(BigInteger()))),
            )
        )
        .order_by(col(MeterRow.installed_on), col(RegisterRow.id))
    )
    rows = found.all()
    zones = await time_zones_of_points(session, supply_point_ids=[register.supply_point_id for register, _ in rows])
    return tuple(_installed(register, meter, time_zone=zones[register.supply_point_id]) for register, meter in rows)


async def readings_counting_for(
    session: AsyncSession, *, supply_point_ids: Sequence[int], day: date
) -> tuple[Reading, ...]:
    """List what somebody read at places for a day and is not set aside, the accepted reading of a register last."""
    found = await session.scalars(
        select(ReadingRow)
        .where(
            col(ReadingRow.supply_point_id) == any_(literal(list(supply_point_ids), ARRAY(BigInteger()))),
            col(ReadingRow.counts_for) == day,
            col(ReadingRow.status).in_([ReadingStatus.ACCEPTED, ReadingStatus.FLAGGED]),
            col(ReadingRow.quality) == ReadingQuality.ACTUAL,
        )
        .order_by(col(ReadingRow.register_id), col(ReadingRow.status).desc(), col(ReadingRow.id))
    )
    return tuple(_reading(row) for row in found)


async def newest_reading_id(session: AsyncSession) -> int:
    """Give the highest id of a reading, so that a caller can tell one that was there from one that it made."""
    return await session.scalar(select(func.max(col(ReadingRow.id)))) or 0


async def lock_register(session: AsyncSession, *, register_id: int) -> None:
    """Take hold of a register until the transaction ends, so that its readings come one after another."""
    await session.execute(HOLD, {"id": register_id})


async def lock_installed_register(session: AsyncSession, *, register_id: int) -> InstalledRegister:
    """Take hold of a register that is there, and read it again: it may have been removed while we waited."""
    await lock_register(session, register_id=register_id)
    register = await installed_register(session, register_id=register_id)
    assert register is not None
    return register


async def lock_meter(session: AsyncSession, *, meter_id: int) -> Meter | None:
    """Take hold of a meter and its registers until the transaction ends."""
    row = await session.scalar(
        select(MeterRow).where(col(MeterRow.id) == meter_id).with_for_update().execution_options(populate_existing=True)
    )
    if row is None:
        return None
    registers = await session.scalars(
        select(RegisterRow).where(col(RegisterRow.meter_id) == meter_id).order_by(col(RegisterRow.id)).with_for_update()
    )
    return _meter(row, registers.all())


async def meters_at(session: AsyncSession, *, supply_point_id: int) -> tuple[Meter, ...]:
    """List the meters a supply point has and had, the earliest first."""
    meters = await session.scalars(
        select(MeterRow)
        .where(col(MeterRow.supply_point_id) == supply_point_id)
        .order_by(col(MeterRow.installed_on), col(MeterRow.id))
    )
    registers = await session.scalars(
        select(RegisterRow).where(col(RegisterRow.supply_point_id) == supply_point_id).order_by(col(RegisterRow.id))
    )
    by_meter: dict[int, list[RegisterRow]] = defaultdict(list)
    for register in registers:
        by_meter[register.meter_id].append(register)
    return tuple(_meter(row, by_meter[row.id]) for row in meters)


async def readings_of_register(session: AsyncSession, *, register_id: int) -> tuple[Reading, ...]:
    """List all that is known of a register's readings, in the order in which they count."""
    found = await session.scalars(
        select(ReadingRow)
        .where(col(ReadingRow.register_id) == register_id)
        .order_by(col(ReadingRow.counts_for), col(ReadingRow.id))
    )
    return tuple(_reading(row) for row in found)


async def reading_by_id(session: AsyncSession, *, reading_id: int) -> Reading | None:
    """Find a reading by id."""
    row = await session.scalar(select(ReadingRow).where(col(ReadingRow.id) == reading_id))
    return None if row is None else _reading(row)


async def readings_for_day(
    session: AsyncSession, *, register_id: int, day: date, status: ReadingStatus
) -> tuple[Reading, ...]:
    """List a register's readings in one state that count for a day, the latest one received first."""
    found = await session.scalars(
        select(ReadingRow)
        .where(
            col(ReadingRow.register_id) == register_id,
            col(ReadingRow.counts_for) == day,
            col(ReadingRow.status) == status,
        )
        .order_by(col(ReadingRow.id).desc())
    )
    return tuple(_reading(row) for row in found)


async def accepted_from(session: AsyncSession, *, register_id: int, day: date) -> tuple[Reading, ...]:
    """List a register's accepted readings that count for a day or later."""
    found = await session.scalars(
        select(ReadingRow)
        .where(
            col(ReadingRow.register_id) == register_id,
            col(ReadingRow.counts_for) >= day,
            col(ReadingRow.status) == ReadingStatus.ACCEPTED,
        )
        .order_by(col(ReadingRow.counts_for), col(ReadingRow.id))
    )
    return tuple(_reading(row) for row in found)


async def lock_reading(session: AsyncSession, *, reading_id: int) -> ReadingRow | None:
    """Take hold of a reading and its register until the transaction ends, for a decision inside this room."""
    if not 0 < reading_id < 2**63:
        return None
    register_id = await session.scalar(select(col(ReadingRow.register_id)).where(col(ReadingRow.id) == reading_id))
    if register_id is None:
        return None
    await lock_register(session, register_id=register_id)
    return await session.scalar(
        select(ReadingRow).where(col(ReadingRow.id) == reading_id).execution_options(populate_existing=True)
    )


async def readings_before(session: AsyncSession, *, register_id: int, day: date) -> tuple[Reading, ...]:
    """List the last true readings before a day, oldest first; estimates prove nothing."""
    counts = col(ReadingRow.counts_for)
    found = await session.scalars(
        _true(register_id).where(counts < day).order_by(counts.desc()).limit(HABIT_READINGS_MAX)
    )
    return tuple(_reading(row) for row in reversed(found.all()))


async def reading_after(session: AsyncSession, *, register_id: int, day: date) -> Reading | None:
    """Find the first true reading after a day."""
    counts = col(ReadingRow.counts_for)
    row = await session.scalar(_true(register_id).where(counts > day).order_by(counts).limit(1))
    return None if row is None else _reading(row)


async def readings_beside(session: AsyncSession, *, register_id: int, day: date) -> Beside:
    """Read at once what a value for a day is held against: true readings before and after, and all that is for the day.

    Those before are the last ones, oldest first; those for the day the latest received first, accepted or flagged.
    """
    rows = (await session.execute(BESIDE, {"id": register_id, "day": day, "most": HABIT_READINGS_MAX})).all()
    told = [(row.place, _told(row)) for row in rows]
    before = sorted((one for place, one in told if place < 0), key=lambda one: one.counts_for)
    same_day = sorted((one for place, one in told if place == 0), key=lambda one: -one.id)
    after = next((one for place, one in told if place > 0), None)
    return Beside(before=tuple(before), same_day=tuple(same_day), after=after)


async def readings_around(session: AsyncSession, *, register_id: int, period: Period) -> tuple[Reading, ...]:
    """List the true readings inside a period, oldest first, with the last one before it and the first one after."""
    counts = col(ReadingRow.counts_for)
    inside = await session.scalars(_true(register_id).where(counts.between(period.start, period.end)).order_by(counts))
    before = await session.scalar(_true(register_id).where(counts < period.start).order_by(counts.desc()).limit(1))
    after = await session.scalar(_true(register_id).where(counts > period.end).order_by(counts).limit(1))
    rows = [*([before] if before else []), *inside, *([after] if after else [])]
    return tuple(_reading(row) for row in rows)


async def register_readings(
    session: AsyncSession, *, supply_point_ids: Sequence[int], period: Period
) -> Mapping[int, tuple[RegisterReadings, ...]]:
    """Gather what a period's usage is measured from, by supply point: registers with the readings that count in it."""
    points = any_(literal(list(supply_point_ids), ARRAY(BigInteger())))
    registers = await session.execute(
        select(RegisterRow, MeterRow)
        .join(MeterRow, col(MeterRow.id) == col(RegisterRow.meter_id))
        .where(
            col(RegisterRow.supply_point_id) == points,
            col(MeterRow.installed_on) < period.end,
            col(MeterRow.removed_on).is_(None) | (col(MeterRow.removed_on) > period.start),
        )
        .order_by(col(MeterRow.installed_on), col(RegisterRow.id))
    )
    readings = await session.scalars(
        select(ReadingRow)
        .where(
            col(ReadingRow.supply_point_id) == points,
            col(ReadingRow.counts_for).between(period.start, period.end),
            col(ReadingRow.status) == ReadingStatus.ACCEPTED,
        )
        .order_by(col(ReadingRow.counts_for))
    )
    by_register: dict[int, list[ReadingRow]] = defaultdict(list)
    for reading in readings:
        by_register[reading.register_id].append(reading)
    told: dict[int, tuple[RegisterReadings, ...]] = dict.fromkeys(supply_point_ids, ())
    for register, meter in registers:
        told[register.supply_point_id] += (_register_readings(register, meter, by_register[register.id]),)
    return told


def _told(row: Row[Any]) -> Reading:
    return Reading(
        id=row.id,
        register_id=row.register_id,
        supply_point_id=row.supply_point_id,
        taken_at=row.taken_at,
        counts_for=row.counts_for,
        value=row.value,
        source=ReadingSource[row.source],
        quality=ReadingQuality[row.quality],
        status=ReadingStatus[row.status],
        actor_person_id=row.actor_person_id,
        actor=row.actor,
        reasons=tuple(row.reasons or ()),
    )


def _installed(register: RegisterRow, meter: MeterRow, *, time_zone: str) -> InstalledRegister:
    return InstalledRegister(
        id=register.id,
        supply_point_id=register.supply_point_id,
        code=register.code,
        unit=register.unit,
        serial=meter.serial,
        digits=meter.digits,
        installed_on=meter.installed_on,
        removed_on=meter.removed_on,
        time_zone=time_zone,
        meter_id=meter.id,
        quantity=register.quantity,
        zone=register.zone,
        multiplier=meter.multiplier,
        collection=register.collection,
    )


def _true(register_id: int) -> Select[ReadingRow]:
    return select(ReadingRow).where(
        col(ReadingRow.register_id) == register_id,
        col(ReadingRow.status) == ReadingStatus.ACCEPTED,
        col(ReadingRow.quality) == ReadingQuality.ACTUAL,
    )


def _register_readings(register: RegisterRow, meter: MeterRow, readings: Sequence[ReadingRow]) -> RegisterReadings:
    return RegisterReadings(
        quantity=register.quantity,
        unit=register.unit,
        readings=tuple(
            ReadingPoint(
                counts_for=reading.counts_for,
                value=reading.value,
                quality=Quality[reading.quality.name],
                source=reading.source.name,
            )
            for reading in readings
        ),
        installed=Period(meter.installed_on, meter.removed_on or date.max),
        digits=meter.digits,
        multiplier=meter.multiplier,
        zone=register.zone,
        place=str(register.supply_point_id),
        serial=meter.serial,
    )


def _meter(row: MeterRow, registers: Sequence[RegisterRow]) -> Meter:
    return Meter(
        id=row.id,
        supply_point_id=row.supply_point_id,
        serial=row.serial,
        digits=row.digits,
        multiplier=row.multiplier,
        installed_on=row.installed_on,
        removed_on=row.removed_on,
        registers=tuple(
            Register(
                id=register.id,
                meter_id=row.id,
                supply_point_id=row.supply_point_id,
                code=register.code,
                quantity=register.quantity,
                unit=register.unit,
                zone=register.zone,
                collection=register.collection,
            )
            for register in registers
        ),
    )


def _reading(row: ReadingRow) -> Reading:
    return Reading(
        id=row.id,
        register_id=row.register_id,
        supply_point_id=row.supply_point_id,
        taken_at=row.taken_at,
        counts_for=row.counts_for,
        value=row.value,
        source=row.source,
        quality=row.quality,
        status=row.status,
        actor_person_id=row.actor_person_id,
        actor=row.actor,
        reasons=tuple(row.reasons or ()),
    )
