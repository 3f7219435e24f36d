"""Decisions of staff on readings that were flagged: accepted or rejected, by whom, when and why."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.access.records import Refusal, Viewer
from mains_server.contracts.queries import contracts_there
from mains_server.metering import gathering, judging, queries
from mains_server.metering.operations import STAFF_WHO_READ, accept, tell_accepted
from mains_server.metering.records import IsBilled, NoteCorrection, ReadingStatus
from mains_server.metering.tables import Reading as ReadingRow

NOTE_CHARACTERS_MAX = 1000


class ReadingUnknown(Refusal):
    """There is no such reading that waits for a decision."""

    code = "READING_UNKNOWN"
    path = "readingId"


class ReadingDecided(Refusal):
    """Somebody decided otherwise on this reading."""

    code = "READING_DECIDED"


class DecisionNoteWrong(Refusal):
    """Whoever sets a reading aside says why, in words that can be kept."""

    code = "DECISION_NOTE_WRONG"
    path = "note"


async def accept_flagged_reading(
    session: AsyncSession,
    *,
    viewer: Viewer,
    reading_id: int,
    now: datetime,
    is_billed: IsBilled,
    note: str | None = None,
    note_correction: NoteCorrection | None = None,
) -> None:
    """Let a flagged reading count, after somebody of the utility looked at it; accepted again, it stays as it is.

    It must still be possible beside the readings that have come since.
    """
    row = await _to_decide(session, viewer=viewer, reading_id=reading_id)
    if row.status is not ReadingStatus.FLAGGED:
        if row.status is ReadingStatus.REJECTED:
            raise ReadingDecided("this reading was rejected; ask for a new one")
        return
    register = await queries.installed_register(session, register_id=row.register_id)
    assert register is not None
    judging.check_order(await gathering.held_in_context(session, register=register, reading=row))
    _decide(row, viewer=viewer, now=now, note=note)
    await accept(session, row=row, now=now, is_billed=is_billed, note_correction=note_correction)
    there = await contracts_there(session, supply_point_id=row.supply_point_id, day=row.counts_for)
    await tell_accepted(session, reading_id=row.id, customer_ids={one.customer_id for one in there}, now=now)


async def reject_flagged_reading(
    session: AsyncSession, *, viewer: Viewer, reading_id: int, now: datetime, note: str
) -> None:
    """Set a flagged reading aside for good and say why; rejected again, it stays as it is."""
    row = await _to_decide(session, viewer=viewer, reading_id=reading_id)
    if not note.strip():
        raise DecisionNoteWrong("say why the reading is rejected; the customer may ask")
    if row.status is ReadingStatus.REJECTED:
        return
    if row.status is not ReadingStatus.FLAGGED:
        raise ReadingDecided("this reading was accepted; submit the true value instead")
    _decide(row, viewer=viewer, now=now, note=note)
    row.status = ReadingStatus.REJECTED
    await session.flush()


async def _to_decide(session: AsyncSession, *, viewer: Viewer, reading_id: int) -> ReadingRow:
    """Find a reading that waits for a decision or had one; to who may not decide, and of others, there is none."""
    row = await queries.lock_reading(session, reading_id=reading_id) if viewer.staff & STAFF_WHO_READ else None
    if row is None or (row.status is not ReadingStatus.FLAGGED and row.decided_at is None):
        raise ReadingUnknown("there is no such reading that waits for a decision")
    return row


def _decide(row: ReadingRow, *, viewer: Viewer, now: datetime, note: str | None) -> None:
    if note is not None and len(note) > NOTE_CHARACTERS_MAX:
        raise DecisionNoteWrong(f"say it in at most {NOTE_CHARACTERS_MAX} characters")
    row.decided_by_person_id, row.decided_at = viewer.person_id, now
    row.decision_note = (note or "").strip() or None
