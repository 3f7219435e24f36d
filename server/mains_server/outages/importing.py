"""Takes a feed of outages in: each row says how an outage stands, and what differs becomes a revision."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.access.records import Refusal
from mains_server.outages import queries
from mains_server.outages.operations import cancel_outage, move_outage, plan_outage, restore_outage
from mains_server.outages.records import Author, BadRow, FeedReport, FeedRow, OutageState, RowOutcome, RowReport
from mains_server.outages.tables import Outage


class FeedNotTaken(Exception):
    """Some rows are bad, so that nothing of the feed holds; raised for the transaction to be given up."""

    def __init__(self, report: FeedReport) -> None:
        super().__init__("the feed has bad rows")
        self.report = report


class PlannedBackwards(Refusal):
    """The feed has as planned what was cancelled or restored; a new outage needs a new reference."""

    code = "OUTAGE_CLOSED"


async def take_feed(session: AsyncSession, *, rows: Sequence[FeedRow | BadRow], author: Author) -> FeedReport:
    """Take all rows in, or raise `FeedNotTaken` with what is wrong with each; the same feed again changes nothing."""
    reports = [await _reported(session, row=row, author=author) for row in sorted(rows, key=_lock_order)]
    reports.sort(key=lambda one: one.line)
    report = FeedReport(is_taken=all(one.outcome is not RowOutcome.REFUSED for one in reports), rows=tuple(reports))
    if not report.is_taken:
        raise FeedNotTaken(report)
    return report


async def _reported(session: AsyncSession, *, row: FeedRow | BadRow, author: Author) -> RowReport:
    if isinstance(row, BadRow):
        return RowReport(line=row.line, reference=None, outcome=RowOutcome.REFUSED, code=row.code, message=row.message)
    reference = row.outage.reference
    try:
        async with session.begin_nested():
            outcome = await _taken(session, row=row, author=author)
    except Refusal as refusal:
        refused = {"code": refusal.code, "message": refusal.message}
        return RowReport(line=row.line, reference=reference, outcome=RowOutcome.REFUSED, **refused)
    return RowReport(line=row.line, reference=reference, outcome=outcome)


async def _taken(session: AsyncSession, *, row: FeedRow, author: Author) -> RowOutcome:
    assert row.outage.reference is not None, "a row without a reference is a bad row"
    held = await queries.hold_by_reference(session, reference=row.outage.reference)
    if held is None:
        return await _new(session, row=row, author=author)
    if held.state is row.state and (row.state is not OutageState.PLANNED or _is_as_told(held, row)):
        return RowOutcome.UNCHANGED
    if row.state is OutageState.CANCELLED:
        await cancel_outage(session, outage_id=held.id, **_why(row), author=author)
        return RowOutcome.CANCELLED
    if row.state is OutageState.RESTORED:
        await restore_outage(session, outage_id=held.id, author=author)
        return RowOutcome.RESTORED
    if held.state is not OutageState.PLANNED:
        raise PlannedBackwards(f"this outage is {held.state.name.lower()}; plan another under a new reference")
    await move_outage(session, outage_id=held.id, window=row.outage.window, **_why(row), author=author)
    return RowOutcome.MOVED


def _why(row: FeedRow) -> dict[str, Any]:
    return {"reason": row.note or "", "reason_in": row.note_in}


async def _new(session: AsyncSession, *, row: FeedRow, author: Author) -> RowOutcome:
    """Plan what a feed brings; one that was over before we heard of it is nobody's concern."""
    if row.state is not OutageState.PLANNED or row.outage.window.ends <= author.now:
        return RowOutcome.UNCHANGED
    await plan_outage(session, outage=row.outage, author=author)
    return RowOutcome.PLANNED


def _lock_order(row: FeedRow | BadRow) -> str:
    """Hold outages in one order, whatever the order of feeds that come at the same time."""
    return "" if isinstance(row, BadRow) else str(row.outage.reference)


def _is_as_told(held: Outage, row: FeedRow) -> bool:
    return (held.starts, held.ends) == (row.outage.window.starts, row.outage.window.ends)
