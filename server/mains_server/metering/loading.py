"""Readings loaded by the thousand: such as were vetted elsewhere, all or none."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.access.records import Refusal
from mains_server.db.copying import RowExists, copy_rows
from mains_server.metering import judging
from mains_server.metering.records import LoadedReading, ReadingStatus

READING_COLUMNS = (
    "register_id", "supply_point_id", "taken_at", "counts_for", "value", "source", "quality", "status", "received_at",
    "reasons",
)  # fmt: skip


class ReadingExists(Refusal):
    """A loaded reading counts for a day that has one already."""

    code = "READING_EXISTS"


async def load_readings(session: AsyncSession, *, readings: Sequence[LoadedReading], now: datetime) -> None:
    """Take in many readings that were vetted elsewhere, all or none; they say themselves what they count for."""
    for reading in readings:
        judging.read_value(reading.value, digits=judging.DIGITS_MAX)
    rows = (
        (
            reading.register_id, reading.supply_point_id, reading.taken_at, reading.counts_for, reading.value,
            reading.source.name, reading.quality.name, _status_of(reading).name, now, list(reading.reasons) or None,
        )
        for reading in readings
    )  # fmt: skip
    try:
        await copy_rows(session, table="reading", columns=READING_COLUMNS, rows=rows)
    except RowExists as refused:
        raise ReadingExists("a register has an accepted reading for this day already; load each once") from refused


def _status_of(reading: LoadedReading) -> ReadingStatus:
    return ReadingStatus.FLAGGED if reading.reasons else ReadingStatus.ACCEPTED
