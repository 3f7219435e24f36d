"""Readings loaded by the thousand: such as were vetted elsewhere, all or none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.access.records import Refusal
from mains_server.db.copying import RowExists, copy_rows
from mains_server.metering import judging, operations, queries
from mains_server.metering.records import IsBilled, LoadedReading, NoteCorrection, ReadingStatus
from mains_server.metering.tables import Reading as ReadingRow

READING_COLUMNS = (
    "register_id", "supply_point_id", "taken_at", "counts_for", "value", "source", "quality", "status", "received_at",
    "reasons",
)  # fmt: skip


class ReadingExists(Refusal):
    """A loaded reading counts for a day that has one already."""

    code = "READING_EXISTS"


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """What a reading that takes an estimate's place wants to know from the rooms above: bills, and corrections."""

    is_billed: IsBilled
    note_correction: NoteCorrection


async def replace_estimate(session: AsyncSession, *, reading: LoadedReading, now: datetime, books: Books) -> None:
    """Let a true reading that was vetted elsewhere take the place of the estimate of its day.

    Bills that rest on the estimate are noted to be corrected.
    """
    assert not reading.reasons, "what waits for somebody takes nobody's place"
    await queries.lock_installed_register(session, register_id=reading.register_id)
    row = ReadingRow(
        register_id=reading.register_id,
        supply_point_id=reading.supply_point_id,
        taken_at=reading.taken_at,
        counts_for=reading.counts_for,
        value=judging.read_value(reading.value, digits=judging.DIGITS_MAX),
        source=reading.source,
        quality=reading.quality,
        status=ReadingStatus.FLAGGED,
        received_at=now,
    )
    session.add(row)
    await session.flush()
    await operations.accept(session, row=row, now=now, is_billed=books.is_billed, note_correction=books.note_correction)


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
