"""What smart meters did not send: stretches of time without values, as far as the viewer sees the days."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import strawberry
from mains_server.consumption.records import Sight
from mains_server.contracts.records import PointRole
from mains_server.contracts.tables import SupplyPoint as SP
from mains_server.db.unit_of_work import read_session
from mains_server.intervals.queries import gaps_of_register, interval_registers_at
from mains_server.intervals.records import MissingStretch, RemoteRegister
from mains_spi.record import Period as Days
from sqlalchemy import ARRAY, BigInteger, any_, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from mains_schema.declaring.errors import bad_input
from mains_schema.declaring.given import Given
from mains_schema.declaring.node import encode_id
from mains_schema.declaring.resolve import Reads
from mains_schema.metering.consumption import PeriodInput
from mains_schema.metering.consumption_asked import sights_of

ROWS_ABOUT = 100
DAYS_MAX = 366
STRETCHES_MAX = 500
GIVEN = (Given("period", PeriodInput, "Which days, at most 366; days that are not over yet are left out."),)


@strawberry.type(description="A stretch of time for which a smart meter's values are not known, which is not zero.")
class IntervalGap:
    """From when until when."""

    register_id: strawberry.ID = strawberry.field(description="Global id of the register.")
    serial: str = strawberry.field(description="Serial number on the meter.")
    starts_at: datetime = strawberry.field(description="From when.")
    ends_at: datetime = strawberry.field(description="Until when.")
    values: int = strawberry.field(description="How many hours or quarters are missing.")


@strawberry.type(description="What is missing of what smart meters send.")
class IntervalGaps:
    """Stretches, and how much they come to."""

    values: int = strawberry.field(description="How many hours or quarters are missing; 0 if all is known.")
    count: int = strawberry.field(description="How many stretches there are.")
    stretches: list[IntervalGap] = strawberry.field(
        description="The stretches by register, the earliest first; of more than 500 the first ones."
    )


async def gaps_of_point(reads: Reads, point: int, *, period: PeriodInput) -> IntervalGaps:
    """Tell what is missing at a supply point, all those of a request together."""
    if not timedelta() < period.end - period.start <= timedelta(days=DAYS_MAX):
        raise bad_input(f"`period` must end after it starts, and have at most {DAYS_MAX} days.")

    async def run(points: list[int]) -> list[IntervalGaps]:
        if period.start >= reads.today:
            return [_gaps([]) for _ in points]
        days = Days(period.start, min(period.end, reads.today))
        sights = await _own(reads, points)
        async with read_session(reads.engine) as session:
            found = await _missing(session, sights=sights, days=days, now=reads.now)
        return [_gaps(found.get(one, [])) for one in points]

    found: IntervalGaps = await reads.load(("gaps", period.start, period.end), point, run)
    return found


async def _own(reads: Reads, points: list[int]) -> Mapping[int, Sight]:
    """Tell whose days the viewer sees hour by hour: a house's manager does not those of its premises."""
    sights = await sights_of(reads, points)
    among = any_(bindparam("points", points, type_=ARRAY(BigInteger)))
    houses = select(col(SP.id)).where(col(SP.id) == among, col(SP.role) == PointRole.BUILDING)
    of_all = {row.id for row in await reads.rows(houses)}
    return {point: sight for point, sight in sights.items() if point in of_all or sight.contract_ids != frozenset()}


async def _missing(
    session: AsyncSession, *, sights: Mapping[int, Sight], days: Days, now: datetime
) -> Mapping[int, list[tuple[RemoteRegister, MissingStretch]]]:
    found: dict[int, list[tuple[RemoteRegister, MissingStretch]]] = {point: [] for point in sights}
    for register in await interval_registers_at(session, supply_point_ids=sights):
        for seen in sights[register.supply_point_id].days:
            common = seen.common(days)
            if common is not None:
                gaps = await gaps_of_register(session, register=register, period=common, now=now)
                found[register.supply_point_id] += [(register, gap) for gap in gaps]
    return found


def _gaps(found: list[tuple[RemoteRegister, MissingStretch]]) -> IntervalGaps:
    return IntervalGaps(
        values=sum(gap.values for _, gap in found),
        count=len(found),
        stretches=[
            IntervalGap(
                register_id=encode_id(type_name="Register", number=register.id),
                serial=register.serial,
                starts_at=gap.starts_at,
                ends_at=gap.ends_at,
                values=gap.values,
            )
            for register, gap in found[:STRETCHES_MAX]
        ],
    )
