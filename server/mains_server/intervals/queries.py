"""Questions to the intervals room: which registers telemetry reads, the days as they are and were known, and gaps."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime

from mains_spi.record import Period
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.contracts.records import ContractThere
from mains_server.intervals import rules
from mains_server.intervals.records import CurrentDay, DaysAsked, Held, MissingStretch, PackedDay, RemoteRegister
from mains_server.metering.records import ReadingCollection

REGISTERS = """
select r.id, r.supply_point_id, p.identifier, m.serial, r.quantity, r.unit, m.digits, m.installed_on, m.removed_on,
  p.time_zone, m.id, r.code, r.zone, m.multiplier
from register r
join meter m on m.id = r.meter_id
join supply_point p on p.id = r.supply_point_id
where r.collection = :collection
  and (p.identifier = any(cast(:points as text[])) or m.serial = any(cast(:serials as text[])))
order by m.installed_on, r.id
"""
BY_ID = """
select r.id, r.supply_point_id, p.identifier, m.serial, r.quantity, r.unit, m.digits, m.installed_on, m.removed_on,
  p.time_zone, m.id, r.code, r.zone, m.multiplier
from register r
join meter m on m.id = r.meter_id
join supply_point p on p.id = r.supply_point_id
where r.collection = 'INTERVALS' and r.id > :after and m.installed_on < :ends
  and (m.removed_on is null or m.removed_on > :starts)
  and (cast(:point as text) is null or p.identifier = cast(:point as text))
order by r.id limit :count
"""
AT_POINTS = """
select r.id, r.supply_point_id, p.identifier, m.serial, r.quantity, r.unit, m.digits, m.installed_on, m.removed_on,
  p.time_zone, m.id, r.code, r.zone, m.multiplier
from register r
join meter m on m.id = r.meter_id
join supply_point p on p.id = r.supply_point_id
where r.collection = 'INTERVALS' and r.supply_point_id = any(cast(:points as bigint[]))
order by m.installed_on, r.id
"""
CURRENT = """
select d.id, d.register_id, d.version, d.day, d.step_seconds, d.values, d.statuses
from unnest(cast(:registers as bigint[]), cast(:days as date[])) as asked (register_id, day)
join interval_day d on d.register_id = asked.register_id and d.day = asked.day and d.is_current
"""
KNOWN_THEN = """
select distinct on (day) day, step_seconds, values, statuses
from interval_day
where register_id = :register and day >= :starts and day < :ends and known_at <= :known_at
order by day, version desc
"""
AROUND = """
select a.register_id, a.counts_for, a.value, a.status, a.quality = 'ESTIMATED' as is_estimated
from reading a
where a.register_id = any(cast(:registers as bigint[])) and a.counts_for between :starts and :ends
  and (a.status = 'ACCEPTED' or a.status in ('FLAGGED', 'REJECTED') and a.quality = 'ACTUAL')
order by a.register_id, a.counts_for, a.id
"""
THERE_ON = """
select distinct asked.point, asked.day, c.id, c.customer_id, c.adapter, near.id <> here.id as is_managers
from unnest(cast(:points as bigint[]), cast(:days as date[])) as asked (point, day)
join supply_point here on here.id = asked.point
join supply_point near on near.id = here.id or (near.building_id = here.building_id and near.role = 'BUILDING')
join contract_supply_point s on s.supply_point_id = near.id and s.starts <= asked.day
  and (s.ends is null or s.ends >= asked.day)
join contract c on c.id = s.contract_id
where near.id = here.id or c.billing = 'BY_MEMBERS'
order by asked.point, asked.day, c.id
"""
GAP_REGISTERS_AT_ONCE = 500


async def remote_registers(
    session: AsyncSession, *, collection: ReadingCollection, points: Iterable[str], serials: Iterable[str]
) -> list[RemoteRegister]:
    """Find the registers that are collected so at some supply points or in some meters."""
    asked = {"collection": collection.name, "points": sorted(set(points)), "serials": sorted(set(serials))}
    return [RemoteRegister(*row) for row in await session.execute(text(REGISTERS), asked)]


async def current_days(
    session: AsyncSession, *, asked: Sequence[tuple[int, date]]
) -> Mapping[tuple[int, date], CurrentDay]:
    """Find the current versions of days of registers."""
    parameters = {"registers": [register for register, _ in asked], "days": [day for _, day in asked]}
    found = {}
    for row in await session.execute(text(CURRENT), parameters):
        found[row.register_id, row.day] = CurrentDay(row.id, row.register_id, row.version, PackedDay(*row[3:]))
    return found


async def days_known(session: AsyncSession, *, asked: DaysAsked) -> tuple[PackedDay, ...]:
    """List a register's days as they were known at an instant, oldest first."""
    parameters = {
        "register": asked.register_id,
        "starts": asked.period.start,
        "ends": asked.period.end,
        "known_at": asked.known_at,
    }
    return tuple(PackedDay(*row) for row in await session.execute(text(KNOWN_THEN), parameters))


async def gaps_of_register(
    session: AsyncSession, *, register: RemoteRegister, period: Period, now: datetime
) -> tuple[MissingStretch, ...]:
    """List what is not known of a register over the days of a period on which it was installed."""
    days = period.common(Period(register.installed_on, register.removed_on or date.max))
    if days is None:
        return ()
    known = await days_known(session, asked=DaysAsked(register_id=register.id, period=days, known_at=now))
    return tuple(
        rules.missing_stretches(
            known, register_id=register.id, starts=days.start, ends=days.end, time_zone=register.time_zone
        )
    )


async def registers_by_intervals(
    session: AsyncSession, *, period: Period, point: str | None = None, after: int = 0
) -> list[RemoteRegister]:
    """List the registers that send intervals and were installed in a period, page by page in the order of their ids."""
    asked = {"starts": period.start, "ends": period.end, "point": point, "after": after, "count": GAP_REGISTERS_AT_ONCE}
    return [RemoteRegister(*row) for row in await session.execute(text(BY_ID), asked)]


async def interval_registers_at(session: AsyncSession, *, supply_point_ids: Iterable[int]) -> list[RemoteRegister]:
    """List the registers that send, or sent, intervals at some supply points, those installed first before others."""
    asked = {"points": sorted(set(supply_point_ids))}
    return [RemoteRegister(*row) for row in await session.execute(text(AT_POINTS), asked)]


async def readings_held(
    session: AsyncSession, *, registers: Iterable[int], starts: date, ends: date
) -> Mapping[int, Held]:
    """List what is known of registers around some days: readings that are true, estimated, waiting or rejected."""
    asked = {"registers": sorted(set(registers)), "starts": starts, "ends": ends}
    found: dict[int, Held] = {}
    for row in await session.execute(text(AROUND), asked):
        held = found.setdefault(row.register_id, Held())
        if row.is_estimated:
            held.estimated.add(row.counts_for)
        elif row.status == "ACCEPTED":
            held.true[row.counts_for] = row.value
        elif row.status == "FLAGGED":
            held.waiting.add(row.counts_for)
        else:
            held.rejected.add((row.counts_for, row.value))
    return found


async def contracts_there_on(
    session: AsyncSession, *, places: Collection[tuple[int, date]]
) -> Mapping[tuple[int, date], tuple[ContractThere, ...]]:
    """List for many supply points and days at once what `contracts.queries.contracts_there` lists for one."""
    asked = {"points": [point for point, _ in places], "days": [day for _, day in places]}
    found: dict[tuple[int, date], tuple[ContractThere, ...]] = dict.fromkeys(places, ())
    for row in await session.execute(text(THERE_ON), asked):
        found[row.point, row.day] += (
            ContractThere(
                contract_id=row.id, customer_id=row.customer_id, adapter=row.adapter, is_managers=row.is_managers
            ),
        )
    return found
