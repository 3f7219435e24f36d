"""Changes in the facts room: series and figures taken in, each load whole or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.db.copying import RowExists, copy_rows
from mains_server.facts import queries, rules
from mains_server.facts.overlaying import days_touched, overlay, place_of
from mains_server.facts.records import NewFigure, Stretch, TakenIn, ToldSeries
from mains_server.facts.tables import FactSeries

FIGURE_COLUMNS = ("name", "subject", "unit", "starts_at", "ends_at", "value", "known_at", "source")


async def load_series(session: AsyncSession, *, stretches: Sequence[Stretch]) -> None:
    """Take stretches of series in; a stretch that is there already is corrected by the same one, known later."""
    for stretch in stretches:
        rules.check_stretch(stretch)
    await queries.lock_series(session)
    for name in sorted({stretch.name for stretch in stretches}):
        known = await queries.stretches_of(session, name=name)
        rules.check_joins(known=known, new=[stretch for stretch in stretches if stretch.name == name])
    await _add(session, stretches)


async def take_in(
    session: AsyncSession, *, told: Sequence[ToldSeries], known_at: datetime, source: str
) -> tuple[TakenIn, ...]:
    """Lay what a source told over what is known; values known already change nothing."""
    await queries.lock_series(session)
    taken = []
    for series in told:
        if series.values:
            taken.append(await _take_in(session, told=series, known_at=known_at, source=source))
    return tuple(taken)


async def _take_in(session: AsyncSession, *, told: ToldSeries, known_at: datetime, source: str) -> TakenIn:
    starts_at, ends_at = days_touched(told)
    like = await queries.any_stretch(session, name=told.name)
    if like is not None:
        rules.check_grid(place_of(told, known_at=known_at), like=like)
    known = await queries.latest_stretches(session, name=told.name, starts_at=starts_at, ends_at=ends_at)
    found = overlay(told=told, known=known, known_at=known_at, source=source)
    for stretch in found.stretches:
        rules.check_stretch(stretch)
    await _add(session, found.stretches)
    return found.taken


async def _add(session: AsyncSession, stretches: Sequence[Stretch]) -> None:
    session.add_all(
        FactSeries(
            name=stretch.name,
            unit=stretch.unit,
            starts_at=stretch.starts_at,
            ends_at=stretch.ends_at,
            step_seconds=stretch.step_seconds,
            values=list(stretch.values),
            known_at=stretch.known_at,
            source=stretch.source,
        )
        for stretch in stretches
    )
    await session.flush()


async def load_figures(session: AsyncSession, *, figures: Sequence[NewFigure]) -> None:
    """Take single figures in; a figure that is there already is corrected by another, known later."""
    for figure in figures:
        rules.check_figure(figure)
    rows = (tuple(getattr(figure, column) for column in FIGURE_COLUMNS) for figure in figures)
    try:
        await copy_rows(session, table="fact_figure", columns=FIGURE_COLUMNS, rows=rows)
    except RowExists as refused:
        raise rules.FactExists("a figure was told already as of this instant; say when this one was known") from refused
