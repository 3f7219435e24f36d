"""Changes in the facts room: series and figures taken in, each load whole or not at all."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.db.copying import RowExists, copy_rows
from mains_server.facts import queries, rules
from mains_server.facts.records import NewFigure, Stretch
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
