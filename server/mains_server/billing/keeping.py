"""Writes what bills keep for later ones, and which of these come out otherwise by it: in a run, and in corrections.

A run speaks to the database by psycopg, a correction through a session; each statement stands here once for both.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from psycopg import Connection
from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.billing.draft import KeptFigure
from mains_server.billing.records import Resting

KEEP = """
insert into fact_figure (name, subject, unit, starts_at, ends_at, value, known_at, source)
values (%(name)s, %(subject)s, %(unit)s, cast(cast(%(starts)s as date) as timestamp) at time zone %(zone)s,
  cast(cast(%(ends)s as date) as timestamp) at time zone %(zone)s, %(value)s,
  cast(cast(%(known_at)s as date) + 1 as timestamp) at time zone %(zone)s, %(source)s)
on conflict (name, subject, starts_at, known_at) do update set ends_at = excluded.ends_at, value = excluded.value
"""
# Noted without a reading or a file: the same bill waits once.
NOTE_RESTING = """
insert into correction_due (customer_id, contract_id, invoice_id, day, noted_at)
values (%(customer)s, %(contract)s, %(invoice)s, %(day)s, %(now)s)
on conflict do nothing
"""


def keep_figures(connection: Connection, *, figures: Iterable[KeptFigure], known_at: date, source: str) -> None:
    """Keep figures as facts, known from the end of the day of issue, so that a later bill asks for the same."""
    _write(connection, KEEP, _kept(figures, known_at=known_at, source=source))


async def keep_figures_in(session: AsyncSession, *, figures: Iterable[KeptFigure], known_at: date, source: str) -> None:
    """Keep figures as `keep_figures` does, in the session's transaction."""
    await _write_in(session, KEEP, _kept(figures, known_at=known_at, source=source))


def note_resting(connection: Connection, *, bills: Iterable[Resting], now: datetime) -> None:
    """Note that bills rest on a figure that has another value by now, so that they are corrected."""
    _write(connection, NOTE_RESTING, _resting(bills, now=now))


async def note_resting_in(session: AsyncSession, *, bills: Iterable[Resting], now: datetime) -> None:
    """Note bills as `note_resting` does, in the session's transaction."""
    await _write_in(session, NOTE_RESTING, _resting(bills, now=now))


def _kept(figures: Iterable[KeptFigure], *, known_at: date, source: str) -> list[dict[str, Any]]:
    return [
        {
            "name": figure.name,
            "subject": figure.subject,
            "unit": figure.unit,
            "starts": figure.starts,
            "ends": figure.ends,
            "zone": figure.time_zone,
            "value": figure.value,
            "known_at": known_at,
            "source": source,
        }
        for figure in figures
    ]


def _resting(bills: Iterable[Resting], *, now: datetime) -> list[dict[str, Any]]:
    return [
        {
            "customer": one.customer_id,
            "contract": one.contract_id,
            "invoice": one.invoice_id,
            "day": one.day,
            "now": now,
        }
        for one in bills
    ]


def _write(connection: Connection, statement: str, rows: list[dict[str, Any]]) -> None:
    if rows:
        with connection.cursor() as cursor:
            cursor.executemany(statement, rows)


async def _write_in(session: AsyncSession, statement: str, rows: list[dict[str, Any]]) -> None:
    if rows:
        await session.execute(_named(statement), rows)


def _named(statement: str) -> TextClause:
    """Write psycopg's places, `%(name)s`, as a session has them."""
    return text(statement.replace("%(", ":").replace(")s", ""))
