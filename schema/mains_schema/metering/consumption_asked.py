"""Asks the consumption room what was used at supply points and in houses, as far as the viewer sees their days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mains_server.consumption import records
from mains_server.consumption.links import ChartAsked
from mains_server.consumption.queries import consumption_of
from mains_server.consumption.records import CompareWith, Granularity, Question, Sight
from mains_server.consumption.rules import FIRST_DAY, LAST_DAY, ConsumptionRefused, question_of
from mains_server.contracts.records import PointRole
from mains_server.contracts.tables import SupplyPoint as SP
from mains_server.db.unit_of_work import read_session
from mains_spi.record import Period as Days
from sqlalchemy import ARRAY, BigInteger, any_, bindparam, select
from sqlmodel import col

from mains_schema.common.scopes import days_supplied
from mains_schema.declaring.errors import bad_input
from mains_schema.declaring.given import Given
from mains_schema.declaring.resolve import Reads
from mains_schema.metering.consumption import Consumption, PeriodInput, answer_of

ROWS_ABOUT = 200
EVERY_DAY = (Days(FIRST_DAY, LAST_DAY),)
CHARTS = "/charts/{token}.svg"
GIVEN = (
    Given("granularity", Granularity, "How wide the buckets are."),
    Given("period", PeriodInput, "Which days; the first and last bucket are cut off at its ends."),
    Given("compare_with", CompareWith | None, "Which earlier period to compare with; by default none."),
)


async def of_supply_point(
    reads: Reads,
    point: int,
    *,
    granularity: Granularity,
    period: PeriodInput,
    compare_with: CompareWith | None = None,
) -> Consumption:
    """Ask what was used at a supply point, all those of a request together."""
    question = _question(reads, granularity=granularity, period=period, compare_with=compare_with)

    async def run(points: list[int]) -> list[records.Consumption]:
        found = await consumption_at(reads, question=question, groups={one: [one] for one in points})
        return [found[one] for one in points]

    found = await reads.load(("consumption", "point", question), point, run)
    return answer_of(found, chart_url=_chart_url(reads, question, number=point, is_building=False))


async def of_building(
    reads: Reads,
    building: int,
    *,
    granularity: Granularity,
    period: PeriodInput,
    compare_with: CompareWith | None = None,
) -> Consumption | None:
    """Ask what a house's own meters counted, all houses of a request together; None for a house without any."""
    question = _question(reads, granularity=granularity, period=period, compare_with=compare_with)

    async def run(buildings: list[int]) -> list[records.Consumption | None]:
        groups = await house_points(reads, buildings)
        found = await consumption_at(reads, question=question, groups=groups)
        return [found.get(one) for one in buildings]

    found = await reads.load(("consumption", "building", question), building, run)
    if found is None:
        return None
    return answer_of(found, chart_url=_chart_url(reads, question, number=building, is_building=True))


async def consumption_at(
    reads: Reads, *, question: Question, groups: Mapping[int, Sequence[int]]
) -> Mapping[int, records.Consumption]:
    """Ask the room about groups of supply points, as far as the viewer sees their days."""
    sights = await sights_of(reads, sorted({point for group in groups.values() for point in group}))
    async with read_session(reads.engine) as session:
        return await consumption_of(
            session,
            question=question,
            groups={key: [sights[point] for point in group] for key, group in groups.items()},
            now=reads.now,
        )


async def charted(reads: Reads, *, asked: ChartAsked) -> tuple[records.Consumption, str] | None:
    """Ask again for what a chart shows, with the zone of its clock; None where the viewer sees no day of it."""
    points = [asked.number]
    if asked.is_building:
        points = list((await house_points(reads, [asked.number])).get(asked.number, ()))
    sights = await sights_of(reads, points)
    if not any(sight.days for sight in sights.values()):
        return None
    zones = await reads.rows(select(col(SP.id), col(SP.time_zone)).where(col(SP.id) == points[0]))
    found = await consumption_at(reads, question=asked.question, groups={asked.number: points})
    return found[asked.number], zones[0].time_zone


async def sights_of(reads: Reads, points: Sequence[int]) -> Mapping[int, Sight]:
    """Tell which days of supply points the viewer sees, and whose bills; who sees none has no days."""
    statement = days_supplied(points=points, viewer=reads.viewer)
    if statement is None:
        return {point: Sight(supply_point_id=point, days=EVERY_DAY, contract_ids=None) for point in points}
    days: dict[int, list[Days]] = {point: [] for point in points}
    contracts: dict[int, set[int]] = {point: set() for point in points}
    for point, starts, ends, contract in await reads.rows(statement):
        days[point].append(Days(starts, ends or LAST_DAY))
        contracts[point] |= set() if contract is None else {contract}
    return {
        point: Sight(supply_point_id=point, days=joined(days[point]), contract_ids=frozenset(contracts[point]))
        for point in points
    }


async def house_points(reads: Reads, buildings: Sequence[int]) -> Mapping[int, Sequence[int]]:
    """Give the houses' own supply points; a house that has none is not there."""
    among = any_(bindparam("buildings", buildings, type_=ARRAY(BigInteger)))
    statement = (
        select(col(SP.building_id), col(SP.id))
        .where(col(SP.building_id) == among, col(SP.role) == PointRole.BUILDING)
        .order_by(col(SP.id))
    )
    found: dict[int, list[int]] = {}
    for building, point in await reads.rows(statement):
        found.setdefault(building, []).append(point)
    return found


def joined(periods: Sequence[Days]) -> tuple[Days, ...]:
    """Join periods that overlap or follow each other, so that a contract renewed goes on."""
    found: list[Days] = []
    for period in sorted(periods, key=lambda period: period.start):
        if found and period.start <= found[-1].end:
            found[-1] = Days(found[-1].start, max(found[-1].end, period.end))
        else:
            found.append(period)
    return tuple(found)


def _question(
    reads: Reads, *, granularity: Granularity, period: PeriodInput, compare_with: CompareWith | None
) -> Question:
    try:
        return question_of(
            granularity=granularity,
            starts=period.start,
            ends=period.end,
            compare_with=compare_with,
            today=reads.today,
        )
    except ConsumptionRefused as refused:
        raise bad_input(f"{refused.code}: {refused.message}.") from None


def _chart_url(reads: Reads, question: Question, *, number: int, is_building: bool) -> str | None:
    if reads.viewer.session_id is None or reads.links is None:
        return None
    asked = ChartAsked(
        is_building=is_building,
        number=number,
        question=question,
        session_id=reads.viewer.session_id,
        language=reads.language,
    )
    return CHARTS.format(token=reads.links.sign(asked, now=reads.now))
