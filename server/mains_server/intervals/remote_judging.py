"""Judges what radio meters tell as any other reading: refused where it cannot be true, flagged where it is odd."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, datetime
from decimal import Decimal

from mains_spi.readings import ReadingRules
from mains_spi.record import Period
from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.adapters.host import AdapterHost
from mains_server.contracts.records import ContractThere
from mains_server.intervals import queries
from mains_server.intervals.records import Held, RemoteRegister
from mains_server.metering import gathering, judging
from mains_server.metering.queries import HABIT_READINGS_MAX
from mains_server.metering.records import (
    InstalledRegister,
    Reading,
    ReadingInContext,
    ReadingQuality,
    ReadingSource,
    ReadingStatus,
)
from mains_server.metering.rules import a_year_before, day_start


class RemoteJudge:
    """Judges by the rules of the utility that has the place on the day, and asks its adapter where that has a hook."""

    def __init__(self, session: AsyncSession, *, host: AdapterHost | None) -> None:
        self._session = session
        self._host = host
        self._contracts: dict[tuple[int, date], ContractThere | None] = {}

    async def look_up(self, places: Collection[tuple[int, date]]) -> None:
        """Find the contracts of many supply points and days at once, before their readings are judged."""
        found = await queries.contracts_there_on(self._session, places=places)
        self._contracts = {place: gathering.contract_of(there) for place, there in found.items()}

    async def reasons(
        self, register: RemoteRegister, *, day: date, taken_at: datetime, value: Decimal, held: Held
    ) -> tuple[str, ...]:
        """Tell why somebody should look at a value; raises `ReadingRefused` where it cannot be true."""
        contract = self._contracts.get((register.supply_point_id, day))
        limits = gathering.reading_rules_of(self._host, contract=contract)
        reading = ReadingInContext(
            register=installed(register),
            taken_at=taken_at,
            day=day,
            value=judging.read_value(value, digits=register.digits),
            limits=limits,
            before=_before(register, held, day=day),
            after=_after(register, held, day=day),
            year_ago=_year_ago(register, held, day=day, limits=limits),
        )
        judging.check_order(reading)
        said = await gathering.opinion_of_adapter(self._session, host=self._host, contract=contract, reading=reading)
        return (*judging.flags_of(reading), *said)


def installed(register: RemoteRegister) -> InstalledRegister:
    """Give a register as the metering room judges it."""
    return InstalledRegister(
        id=register.id,
        supply_point_id=register.supply_point_id,
        code=register.code,
        unit=register.unit,
        serial=register.serial,
        digits=register.digits,
        installed_on=register.installed_on,
        removed_on=register.removed_on,
        time_zone=register.time_zone,
        meter_id=register.meter_id,
        quantity=register.quantity,
        zone=register.zone,
        multiplier=register.multiplier,
    )


def _before(register: RemoteRegister, held: Held, *, day: date) -> tuple[Reading, ...]:
    days = sorted(other for other in held.true if other < day)[-HABIT_READINGS_MAX:]
    return _readings(register, held, days=days)


def _after(register: RemoteRegister, held: Held, *, day: date) -> Reading | None:
    later = min((other for other in held.true if other > day), default=None)
    return None if later is None else _readings(register, held, days=[later])[0]


def _year_ago(register: RemoteRegister, held: Held, *, day: date, limits: ReadingRules) -> tuple[Reading, ...]:
    before = max((other for other in held.true if other < day), default=None)
    if before is None or limits.times_last_year_max == 0:
        return ()
    period = Period(a_year_before(before), a_year_before(day))
    inside = [other for other in held.true if period.start <= other <= period.end]
    earlier = max((other for other in held.true if other < period.start), default=None)
    later = min((other for other in held.true if other > period.end), default=None)
    days = {*inside, *(other for other in (earlier, later) if other is not None)}
    return _readings(register, held, days=sorted(days))


def _readings(register: RemoteRegister, held: Held, *, days: Iterable[date]) -> tuple[Reading, ...]:
    return tuple(
        Reading(
            id=0,
            register_id=register.id,
            supply_point_id=register.supply_point_id,
            taken_at=day_start(day, time_zone=register.time_zone),
            counts_for=day,
            value=held.true[day],
            source=ReadingSource.SMART_METER,
            quality=ReadingQuality.ACTUAL,
            status=ReadingStatus.ACCEPTED,
        )
        for day in days
    )
