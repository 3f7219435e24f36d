"""Taking many readings in one transaction: each row by itself, or all or nothing, with a report either way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.access.records import Refusal, Viewer
from mains_server.adapters.host import AdapterHost
from mains_server.billing.operations import note_correction
from mains_server.intake.records import RefusedRow, RowOutcome, RowReading, RowReport, UploadMode
from mains_server.invoices.queries import is_billed
from mains_server.metering.operations import submit_reading
from mains_server.metering.queries import newest_reading_id
from mains_server.metering.records import ReadingOutcome, ReadingStatus, ReadingSubmission, SystemViewer

OUTCOMES = {ReadingStatus.ACCEPTED: RowOutcome.ACCEPTED, ReadingStatus.FLAGGED: RowOutcome.FLAGGED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """Who sends many rows at once, under which key, and what one bad row does to the others.

    The limits of readings are those of the adapters in `host`.
    """

    viewer: Viewer | SystemViewer
    key: str
    mode: UploadMode
    now: datetime
    host: AdapterHost | None = None


class _NothingTaken(Exception):
    """One row was refused, so that all are taken back."""

    def __init__(self, reports: Sequence[RowReport]) -> None:
        self.reports = reports


async def take_rows(
    session: AsyncSession, *, rows: Sequence[RowReading | RefusedRow], sending: Sending
) -> tuple[RowReport, ...]:
    """Take rows in, each in a savepoint of its own, and report on every one of them by its line.

    With ALL_OR_NOTHING all are tried, so that the report is whole, and none stays if one is refused.
    """
    if sending.mode is UploadMode.PER_ROW:
        return await _take_each(session, rows=rows, sending=sending)
    try:
        async with session.begin_nested():
            reports = await _take_each(session, rows=rows, sending=sending)
            if any(report.outcome is RowOutcome.REFUSED for report in reports):
                raise _NothingTaken(reports)
            return reports
    except _NothingTaken as nothing:
        return tuple(_left_out(report) for report in nothing.reports)


async def take_one(session: AsyncSession, *, submission: ReadingSubmission, sending: Sending) -> ReadingOutcome:
    """Hand a reading to the metering room, with what that room wants to know from the ones above it."""
    return await submit_reading(
        session,
        viewer=sending.viewer,
        request=submission,
        now=sending.now,
        is_billed=is_billed,
        host=sending.host,
        note_correction=note_correction,
    )


async def _take_each(
    session: AsyncSession, *, rows: Sequence[RowReading | RefusedRow], sending: Sending
) -> tuple[RowReport, ...]:
    """Go register by register in the order of ids, so that two files never wait for each other in a circle."""
    newest = await newest_reading_id(session)
    reports = [_refused(row) for row in rows if isinstance(row, RefusedRow)]
    for row in sorted((row for row in rows if isinstance(row, RowReading)), key=lambda row: _turn(row, sending.now)):
        reports.append(await _take(session, row=row, sending=sending, newest=newest))
    return tuple(sorted(reports, key=lambda report: report.line))


async def _take(session: AsyncSession, *, row: RowReading, sending: Sending, newest: int) -> RowReport:
    submission = ReadingSubmission(
        register_id=row.register_id,
        value=row.value,
        idempotency_key=f"{sending.key}:{row.line}",
        taken_at=row.taken_at,
        source=row.source,
    )
    try:
        async with session.begin_nested():
            taken = await take_one(session, submission=submission, sending=sending)
    except Refusal as refusal:
        return RowReport(
            line=row.line, text=row.text, outcome=RowOutcome.REFUSED, code=refusal.code, message=refusal.message
        )
    outcome = RowOutcome.UNCHANGED if taken.reading_id <= newest else OUTCOMES[taken.status]
    return RowReport(line=row.line, text=row.text, outcome=outcome, reading_id=taken.reading_id)


def _turn(row: RowReading, now: datetime) -> tuple[int, datetime, int]:
    return row.register_id, (row.taken_at or now).astimezone(UTC), row.line


def _refused(row: RefusedRow) -> RowReport:
    outcome = RowOutcome.UNCHANGED if row.is_harmless else RowOutcome.REFUSED
    return RowReport(line=row.line, text=row.text, outcome=outcome, code=row.code, message=row.message)


def _left_out(report: RowReport) -> RowReport:
    """Say of a row that was right that it was not taken, because another was wrong."""
    if report.outcome is RowOutcome.REFUSED or report.code is not None:
        return report
    return replace(report, outcome=RowOutcome.LEFT_OUT, reading_id=None)
