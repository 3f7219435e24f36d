"""A building's round of readings: what its own meters showed, and which premises have not reported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from mains_spi.readings import USUAL_READING_RULES, ReadingRules
from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.access.records import Viewer
from mains_server.adapters.host import AdapterHost
from mains_server.contracts.queries import contracts_there, points_of_buildings
from mains_server.contracts.records import PointRole, SupplyPoint
from mains_server.intake.operations import buildings_managed
from mains_server.intake.records import ReadingRound, RoundRegister, UnreadOutcome
from mains_server.metering.gathering import contract_of, reading_rules_of
from mains_server.metering.queries import readings_counting_for, registers_of_meters
from mains_server.metering.records import InstalledRegister, Reading, ReadingCollection
from mains_server.metering.rules import civil_day
from mains_server.metering.windows import closes_on, is_asked, window_on


async def reading_round(
    session: AsyncSession,
    *,
    viewer: Viewer,
    building_id: int,
    day: date | None,
    now: datetime,
    host: AdapterHost | None = None,
) -> ReadingRound | None:
    """Tell who has reported for a day; None to who neither manages the building nor is an employee.

    Without a day it is the one of the window that is open or comes next, by the rules of the adapter of the building's
    contract. A register that was replaced on the day itself is asked for once, the new one.
    """
    if not viewer.is_staff and building_id not in await buildings_managed(session, viewer=viewer, now=now):
        return None
    points = {point.id: point for point in await points_of_buildings(session, building_ids=[building_id])}
    limits = await _rules_of(session, points=list(points.values()), now=now, host=host)
    day = day or _next_day(list(points.values()), limits=limits, now=now)
    registers = await registers_of_meters(session, supply_point_ids=sorted(points))
    readings = {
        reading.register_id: reading
        for reading in await readings_counting_for(session, supply_point_ids=sorted(points), day=day)
    }
    told = [_told(one, points, readings) for one in registers if _is_there(one, day)]
    asked = [one for one in told if is_asked(one.collection)]
    unread = sorted((one for one in told if one.value is None and one.premise is not None), key=_place)
    return ReadingRound(
        counts_for=day,
        closes_on=closes_on(day, rules=limits),
        house=tuple(one for one in told if one.premise is None),
        register_count=len(asked),
        reported_count=sum(one.value is not None for one in asked),
        missing=tuple(one for one in unread if is_asked(one.collection)),
        silent=tuple(one for one in unread if one.collection is ReadingCollection.REMOTE),
        if_house_unread=_outcome(limits.estimates and limits.estimates_buildings),
        if_premise_unread=_outcome(limits.estimates),
    )


async def _rules_of(
    session: AsyncSession, *, points: Sequence[SupplyPoint], now: datetime, host: AdapterHost | None
) -> ReadingRules:
    """Give the rules of the adapter that has the house's own supply point, else one of its premises."""
    for point in sorted(points, key=lambda point: (point.role is not PointRole.BUILDING, point.id)):
        today = civil_day(now, time_zone=point.time_zone)
        contract = contract_of(await contracts_there(session, supply_point_id=point.id, day=today))
        if contract is not None:
            return reading_rules_of(host, contract=contract)
    return USUAL_READING_RULES


def _next_day(points: Sequence[SupplyPoint], *, limits: ReadingRules, now: datetime) -> date:
    today = civil_day(now, time_zone=points[0].time_zone) if points else now.date()
    return window_on(today, rules=limits).counts_for


def _outcome(is_estimated: bool) -> UnreadOutcome:
    return UnreadOutcome.ESTIMATED if is_estimated else UnreadOutcome.HELD


def _told(
    register: InstalledRegister, points: Mapping[int, SupplyPoint], readings: Mapping[int, Reading]
) -> RoundRegister:
    point, reading = points[register.supply_point_id], readings.get(register.id)
    is_house = point.role is PointRole.BUILDING
    return RoundRegister(
        register_id=register.id,
        premise=None if is_house else point.premise or point.identifier,
        serial=register.serial,
        code=register.code,
        unit=register.unit,
        collection=register.collection,
        value=None if reading is None else reading.value,
        status=None if reading is None else reading.status,
    )


def _is_there(register: InstalledRegister, day: date) -> bool:
    return register.installed_on <= day and (register.removed_on is None or day < register.removed_on)


def _place(register: RoundRegister) -> tuple[bool, int, str, str]:
    """Order premises as people count them: 2 before 10, and those with letters after."""
    premise = register.premise or ""
    return not premise.isdecimal(), int(premise) if premise.isdecimal() else 0, premise, register.code
