"""A building's round of readings: what its own meters showed, and which premises have not reported."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.access.records import Viewer
from mains_server.contracts.queries import points_of_buildings
from mains_server.contracts.records import PointRole, SupplyPoint
from mains_server.intake.operations import buildings_managed
from mains_server.intake.records import ReadingRound, RoundRegister
from mains_server.metering.queries import readings_counting_for, registers_of_meters
from mains_server.metering.records import InstalledRegister, Reading


async def reading_round(
    session: AsyncSession, *, viewer: Viewer, building_id: int, day: date, now: datetime
) -> ReadingRound | None:
    """Tell who has reported for a day; None to who neither manages the building nor is an employee.

    A register that was replaced on the day itself is asked for once, the new one.
    """
    if not viewer.is_staff and building_id not in await buildings_managed(session, viewer=viewer, now=now):
        return None
    points = {point.id: point for point in await points_of_buildings(session, building_ids=[building_id])}
    registers = await registers_of_meters(session, supply_point_ids=sorted(points))
    readings = {
        reading.register_id: reading
        for reading in await readings_counting_for(session, supply_point_ids=sorted(points), day=day)
    }
    asked = [_asked(one, points, readings) for one in registers if _is_there(one, day)]
    house = tuple(one for one in asked if one.premise is None)
    premises = [one for one in asked if one.premise is not None]
    return ReadingRound(
        counts_for=day,
        house=house,
        register_count=len(asked),
        reported_count=sum(one.value is not None for one in asked),
        missing=tuple(sorted((one for one in premises if one.value is None), key=_place)),
    )


def _asked(
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
        value=None if reading is None else reading.value,
        status=None if reading is None else reading.status,
    )


def _is_there(register: InstalledRegister, day: date) -> bool:
    return register.installed_on <= day and (register.removed_on is None or day < register.removed_on)


def _place(register: RoundRegister) -> tuple[bool, int, str, str]:
    """Order premises as people count them: 2 before 10, and those with letters after."""
    premise = register.premise or ""
    return not premise.isdecimal(), int(premise) if premise.isdecimal() else 0, premise, register.code
