"""Questions to the consumption room: what was used at supply points, as far as the viewer sees them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from mains_spi import Series
from mains_spi.hooks import ReadingPoint, RegisterReadings
from mains_spi.record import Period
from mains_spi.requests import Quality
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.consumption import rules
from mains_server.consumption.buckets import SPREAD_DAYS_MAX
from mains_server.consumption.comparing import HEAT_UNITS
from mains_server.consumption.records import (
    Bill,
    Charge,
    Consumption,
    Counter,
    Granularity,
    Heat,
    IntervalDay,
    Place,
    Question,
    Sight,
)
from mains_server.consumption.showing import BILLED, HEAT, Known, Weather, place_of, show
from mains_server.facts.queries import series_known

DEGREE_DAYS = "degree_days"
NORMAL_DEGREE_DAYS = "degree_days_normal"

PLACES = "select id, time_zone, commodity, address_city from supply_point where id = any(:points)"
REGISTERS = """
select r.id, r.supply_point_id, r.quantity, r.unit, r.zone, r.collection, m.serial, m.digits, m.multiplier,
    m.installed_on, m.removed_on
from register r join meter m on m.id = r.meter_id
where r.supply_point_id = any(:points) and m.installed_on < :ends and (m.removed_on is null or m.removed_on > :starts)
order by r.supply_point_id, m.installed_on, r.id
"""
READINGS = """
select register_id, counts_for, value, quality, source from reading
where supply_point_id = any(:points) and status = 'ACCEPTED' and counts_for between :starts and :ends
order by counts_for
"""
INTERVALS = """
select d.register_id, d.day, d.step_seconds, cardinality(d.values) as steps, d.known, d.total,
    case when :has_hours then d.values end as values,
    case when :has_hours or d.known = cardinality(d.values) then d.statuses
         else (select coalesce(string_agg(substr(d.statuses, place, 1), '' order by place), '')
               from generate_subscripts(d.values, 1) place where d.values[place] is not null) end as statuses
from interval_day d
where d.supply_point_id = any(:points) and d.is_current
    and (d.day >= :starts and d.day < :ends or d.day >= :base_starts and d.day < :base_ends)
order by d.register_id, d.day
"""
BILLS = """
select distinct on (p.supply_point_id, i.id) p.supply_point_id, i.id, i.contract_id, i.kind, i.period_from, i.period_to,
    i.net, i.tax, i.support, i.total, i.currency,
    exists (select from invoice c where c.corrects_invoice_id = i.id and c.customer_id = i.customer_id
            and c.kind = 'CREDIT') as is_taken_back
from contract_supply_point p
join invoice i on i.contract_id = p.contract_id and i.customer_id = p.customer_id
where p.supply_point_id = any(:points) and (:is_all or p.contract_id = any(:contracts))
    and i.period_from >= :starts and i.period_to <= :ends
    and p.starts < i.period_to and (p.ends is null or p.ends > i.period_from)
    and not exists (
        select from contract_supply_point o
        where o.contract_id = p.contract_id and o.customer_id = p.customer_id
            and o.supply_point_id <> p.supply_point_id
            and o.starts < i.period_to and (o.ends is null or o.ends > i.period_from))
order by p.supply_point_id, i.id
"""
CHARGES = """
select invoice_id, code, unit, bool_or(quality <> 'NOT_METERED') as is_metered, sum(quantity) as quantity,
    sum(case when is_after_tax then net else net * (1 + tax_rate) end) as gross
from invoice_line where invoice_id = any(:invoices) group by invoice_id, code, unit order by invoice_id, code
"""
# What the meters of a house that was billed whole counted, as the stored inputs say; by the days of the premise's own
# bill, and back for a credit note, which goes by the inputs of the bill it takes back.
HOUSE_HEAT = """
select i.id, u ->> 'name' as name, u ->> 'unit' as unit,
    sum((u ->> 'value')::numeric) * (i.period_to - i.period_from) / (g.period_to - g.period_from)
        * case when i.kind = 'CREDIT' then -1 else 1 end as value
from invoice i
left join invoice o on o.id = i.corrects_invoice_id and o.customer_id = i.customer_id
join rating_group g on g.id = coalesce(i.rating_group_id, o.rating_group_id)
cross join lateral jsonb_array_elements(g.inputs -> 'request' -> 'group' -> 'usage') u
where i.id = any(:invoices) and u ->> 'unit' = any(:units)
group by i.id, i.kind, i.period_from, i.period_to, g.period_from, g.period_to, u ->> 'name', u ->> 'unit'
"""


async def consumption_of(
    session: AsyncSession, *, question: Question, groups: Mapping[int, Sequence[Sight]], now: datetime
) -> Mapping[int, Consumption]:
    """Answer one question for many places at once; a place is one supply point, or several that are shown together.

    Give it a session that sees one moment of the database (`read_session`).
    """
    sights = {sight.supply_point_id: sight for group in groups.values() for sight in group}
    points = sorted(sights)
    counters = await _counters(session, question=question, points=points)
    bills = await _bills(session, question=question, sights=sights)
    places = await _places(session, points=points)
    weather = await _weather(session, question=question, places=places.values(), now=now)
    known = {
        point: Known(
            place=places[point],
            sight=sight,
            counters=counters[point],
            bills=bills[point],
            weather=weather.get(places[point].city, Weather()),
        )
        for point, sight in sights.items()
    }
    return {
        key: show(question=question, known=[known[sight.supply_point_id] for sight in group])
        for key, group in groups.items()
        if group
    }


async def _places(session: AsyncSession, *, points: Sequence[int]) -> Mapping[int, Place]:
    found = await session.execute(text(PLACES), {"points": points})
    return {
        row.id: Place(
            supply_point_id=row.id, time_zone=row.time_zone, commodity=row.commodity, city=place_of(row.address_city)
        )
        for row in found
    }


async def _counters(
    session: AsyncSession, *, question: Question, points: Sequence[int]
) -> Mapping[int, Sequence[Counter]]:
    """Read registers with what they showed, a stretch wider than was asked, since a stretch may reach over an edge."""
    period, base = _whole(question), rules.base_of(question) or question.period
    margin = timedelta(days=SPREAD_DAYS_MAX[question.granularity])
    wide = {"points": points, "starts": period.start - margin, "ends": period.end + margin}
    readings: dict[int, list[ReadingPoint]] = defaultdict(list)
    if question.granularity is not Granularity.HOUR:
        for row in await session.execute(text(READINGS), wide):
            readings[row.register_id].append(_reading(row))
    days: dict[int, list[IntervalDay]] = defaultdict(list)
    asked = {
        "points": points,
        "has_hours": question.granularity is Granularity.HOUR,
        "starts": question.period.start,
        "ends": question.period.end,
        "base_starts": base.start,
        "base_ends": base.end,
    }
    for row in await session.execute(text(INTERVALS), asked):
        days[row.register_id].append(_interval_day(row))
    found: dict[int, list[Counter]] = defaultdict(list)
    for row in await session.execute(text(REGISTERS), wide):
        found[row.supply_point_id].append(_counter(row, readings=readings[row.id], days=days[row.id]))
    return found


async def _bills(
    session: AsyncSession, *, question: Question, sights: Mapping[int, Sight]
) -> Mapping[int, Sequence[Bill]]:
    """Read the bills of contracts that cover one of the points alone, and that its viewer sees."""
    found: dict[int, list[Bill]] = defaultdict(list)
    if question.granularity not in BILLED:
        return found
    period = _whole(question)
    asked = {
        "points": sorted(sights),
        "is_all": any(sight.contract_ids is None for sight in sights.values()),
        "contracts": sorted({contract for sight in sights.values() for contract in sight.contract_ids or ()}),
        "starts": period.start,
        "ends": period.end,
    }
    rows = list(await session.execute(text(BILLS), asked))
    charges = await _charges(session, invoices=[row.id for row in rows]) if question.compare_with else {}
    for row in rows:
        seen = sights[row.supply_point_id].contract_ids
        if seen is None or row.contract_id in seen:
            found[row.supply_point_id].append(_bill(row, charges=charges.get(row.id, ())))
    return found


async def _charges(session: AsyncSession, *, invoices: Sequence[int]) -> Mapping[int, Sequence[Charge]]:
    found: dict[int, list[Charge]] = defaultdict(list)
    heat = await _house_heat(session, invoices=invoices)
    for row in await session.execute(text(CHARGES), {"invoices": invoices}):
        found[row.invoice_id].append(
            Charge(
                code=row.code,
                unit=row.unit,
                is_metered=row.is_metered,
                quantity=row.quantity,
                gross=row.gross,
                house_heat=heat.get(row.invoice_id),
            )
        )
    return found


async def _house_heat(session: AsyncSession, *, invoices: Sequence[int]) -> Mapping[int, Heat]:
    """Find the heat behind the bills of premises; of several meters of a house the one that counted most counts."""
    found: dict[int, Heat] = {}
    asked = {"invoices": invoices, "units": sorted(HEAT_UNITS)}
    for row in await session.execute(text(HOUSE_HEAT), asked):
        known = found.get(row.id)
        if known is None or abs(row.value) > abs(known.value):
            found[row.id] = Heat(value=row.value, unit=row.unit)
    return found


async def _weather(
    session: AsyncSession, *, question: Question, places: Iterable[Place], now: datetime
) -> Mapping[str, Weather]:
    """Read the degree days of the places that are supplied with heat, as they are known now."""
    cities = sorted({place.city for place in places if place.commodity == HEAT and place.city})
    if not cities or question.granularity is Granularity.HOUR:
        return {}
    period = _whole(question)
    series = await series_known(
        session,
        names=[f"{name}.{city}" for city in cities for name in (DEGREE_DAYS, NORMAL_DEGREE_DAYS)],
        starts_at=_utc_midnight(period.start),
        ends_at=_utc_midnight(period.end),
        known_at=now,
    )
    by_name = {found.name: _by_day(found) for found in series}
    return {
        city: Weather(
            actual=by_name.get(f"{DEGREE_DAYS}.{city}", {}), normal=by_name.get(f"{NORMAL_DEGREE_DAYS}.{city}", {})
        )
        for city in cities
    }


def _whole(question: Question) -> Period:
    """Give the days from the first of the earlier period, if there is one, until the last that was asked for."""
    base = rules.base_of(question)
    starts = question.period.start if base is None else min(base.start, question.period.start)
    return Period(starts, question.period.end)


def _by_day(series: Series) -> Mapping[date, Decimal]:
    """Give a daily series by day; a step begins at midnight UTC and counts for the civil day of that date."""
    if series.step != timedelta(days=1):
        return {}
    first = series.start.date()
    return {first + timedelta(days=place): value for place, value in enumerate(series.values) if value is not None}


def _utc_midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)


def _reading(row: Any) -> ReadingPoint:
    return ReadingPoint(counts_for=row.counts_for, value=row.value, quality=Quality[row.quality], source=row.source)


def _interval_day(row: Any) -> IntervalDay:
    return IntervalDay(
        day=row.day,
        step_seconds=row.step_seconds,
        steps=row.steps,
        known=row.known,
        total=row.total,
        statuses=row.statuses,
        values=None if row.values is None else tuple(row.values),
    )


def _counter(row: Any, *, readings: Sequence[ReadingPoint], days: Sequence[IntervalDay]) -> Counter:
    register = RegisterReadings(
        quantity=row.quantity,
        unit=row.unit,
        readings=tuple(readings),
        installed=Period(row.installed_on, row.removed_on or date.max),
        digits=row.digits,
        multiplier=row.multiplier,
        zone=row.zone,
        place=str(row.supply_point_id),
        serial=row.serial,
    )
    return Counter(readings=register, is_by_intervals=row.collection == "INTERVALS", days=tuple(days))


def _bill(row: Any, *, charges: Sequence[Charge]) -> Bill:
    return Bill(
        supply_point_id=row.supply_point_id,
        contract_id=row.contract_id,
        period=Period(row.period_from, row.period_to),
        is_credit=row.kind == "CREDIT",
        is_taken_back=row.is_taken_back,
        net=row.net,
        tax=row.tax,
        support=row.support,
        total=row.total,
        currency=row.currency,
        charges=tuple(charges),
    )
