"""Questions to the facts room: series and figures as they were known at an instant."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from mains_spi import FactValue, Period, Series
from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from mains_server.facts import rules
from mains_server.facts.records import SeriesGap, SeriesSpan, Stretch, StretchDays
from mains_server.facts.tables import FactFigure, FactSeries


async def series_known(
    session: AsyncSession, *, names: Sequence[str], starts_at: datetime, ends_at: datetime, known_at: datetime
) -> tuple[Series, ...]:
    """Gather series over some time as they were known at an instant; a series begins and ends with its stretches.

    What lies between two stretches is unknown, and holds the bill that needs it.
    """
    found = await session.scalars(
        select(FactSeries)
        .ext(distinct_on(col(FactSeries.name), col(FactSeries.starts_at)))
        .where(
            col(FactSeries.name).in_(names),
            col(FactSeries.starts_at) < ends_at,
            col(FactSeries.ends_at) > starts_at,
            col(FactSeries.known_at) <= known_at,
        )
        .order_by(col(FactSeries.name), col(FactSeries.starts_at), col(FactSeries.known_at).desc())
    )
    return rules.joined(_stretch(row) for row in found)


async def latest_stretches(
    session: AsyncSession, *, name: str, starts_at: datetime, ends_at: datetime
) -> tuple[Stretch, ...]:
    """Give the stretches of a series that share some time, each as it was told last."""
    found = await session.scalars(
        select(FactSeries)
        .ext(distinct_on(col(FactSeries.starts_at)))
        .where(
            col(FactSeries.name) == name,
            col(FactSeries.starts_at) < ends_at,
            col(FactSeries.ends_at) > starts_at,
        )
        .order_by(col(FactSeries.starts_at), col(FactSeries.known_at).desc())
    )
    return tuple(_stretch(row) for row in found)


async def figures_known(
    session: AsyncSession,
    *,
    subject: str,
    names: Sequence[str],
    starts_at: datetime,
    ends_at: datetime,
    known_at: datetime,
    time_zone: str,
) -> tuple[FactValue, ...]:
    """Gather figures about a subject over some time as they were known at an instant, by the civil days of a zone."""
    found = await session.scalars(
        select(FactFigure)
        .ext(distinct_on(col(FactFigure.name), col(FactFigure.starts_at)))
        .where(
            col(FactFigure.subject) == subject,
            col(FactFigure.name).in_(names),
            col(FactFigure.starts_at) < ends_at,
            col(FactFigure.ends_at) > starts_at,
            col(FactFigure.known_at) <= known_at,
        )
        .order_by(col(FactFigure.name), col(FactFigure.starts_at), col(FactFigure.known_at).desc())
    )
    zone = ZoneInfo(time_zone)
    return tuple(
        FactValue(
            row.name,
            Period(row.starts_at.astimezone(zone).date(), row.ends_at.astimezone(zone).date()),
            row.value,
            row.unit,
            row.source,
        )
        for row in found
    )


async def any_stretch(session: AsyncSession, *, name: str) -> StretchDays | None:
    """Give where one stretch of a series lies; all of them have its unit and lie on its steps."""
    row = (await session.scalars(select(FactSeries).where(col(FactSeries.name) == name).limit(1))).first()
    return None if row is None else rules.days_of(_stretch(row))


async def list_series(session: AsyncSession) -> tuple[SeriesSpan, ...]:
    """List all series, how far they reach and when they were last told."""
    columns = (col(FactSeries.name), col(FactSeries.unit), col(FactSeries.step_seconds))
    found = await session.execute(
        select(
            *columns,
            func.min(col(FactSeries.starts_at)).label("starts_at"),
            func.max(col(FactSeries.ends_at)).label("ends_at"),
            func.max(col(FactSeries.known_at)).label("known_at"),
        )
        .group_by(*columns)
        .order_by(col(FactSeries.name))
    )
    return tuple(SeriesSpan(**row) for row in found.mappings())


async def list_gaps(
    session: AsyncSession, *, name: str, starts_at: datetime, ends_at: datetime, known_at: datetime
) -> tuple[SeriesGap, ...]:
    """List the time of which a series has no values, as it was known at an instant."""
    found = await series_known(session, names=[name], starts_at=starts_at, ends_at=ends_at, known_at=known_at)
    series = found[0] if found else None
    return tuple(rules.gaps_in(series=series, name=name, starts_at=starts_at, ends_at=ends_at))


def _stretch(row: FactSeries) -> Stretch:
    return Stretch(
        name=row.name,
        unit=row.unit,
        starts_at=row.starts_at,
        step_seconds=row.step_seconds,
        values=tuple(row.values),
        known_at=row.known_at,
        source=row.source,
    )


async def stretches_of(session: AsyncSession, *, name: str) -> tuple[StretchDays, ...]:
    """List where the stretches of a series lie, corrections included."""
    found = await session.execute(
        select(
            col(FactSeries.unit),
            col(FactSeries.starts_at),
            col(FactSeries.ends_at),
            col(FactSeries.step_seconds),
            col(FactSeries.known_at),
        )
        .where(col(FactSeries.name) == name)
        .order_by(col(FactSeries.starts_at), col(FactSeries.known_at))
    )
    return tuple(
        StretchDays(
            name=name,
            unit=row.unit,
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            step_seconds=row.step_seconds,
            known_at=row.known_at,
        )
        for row in found
    )


async def lock_series(session: AsyncSession) -> None:
    """Let nobody else load series until the transaction ends; reading goes on."""
    await session.execute(text("lock table fact_series in share row exclusive mode"))
