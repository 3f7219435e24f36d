"""What gateways report of text messages with codes: one that did not arrive goes by letter, where that is meant."""

from __future__ import annotations

from datetime import datetime

from mains_spi import DeliveryOutcome, DeliveryReport
from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.notifications.reporting import ReportTaken, id_in
from mains_server.notifications.texting import reference_of
from mains_server.signin import queries
from mains_server.signin.records import MessageRoad
from mains_server.signin.telling import NUMBER, give_up, occasion_of


async def take_code_report(session: AsyncSession, *, report: DeliveryReport, now: datetime) -> ReportTaken:
    """Keep what follows from a proven report of a text message with a code; the same one again is STALE.

    Whoever sends the message holds it until its answer is written, so a report that overtakes the answer waits for it.
    A gateway that reports of a message has it, also where its answer never came: it is not sent again.
    """
    row = await queries.lock_message(session, message_id=id_in(report.reference))
    if row is None or report.reference != reference_of(notice_id=row.id, occasion=occasion_of(row.id), number=NUMBER):
        return ReportTaken.UNMATCHED
    has_ended = row.sent_at is None and row.next_try_at is None
    if row.road is not MessageRoad.SMS or has_ended:
        return ReportTaken.STALE
    if report.outcome is DeliveryOutcome.FAILED:
        row.sent_at = None
        give_up(row, now=now)
    elif row.sent_at is None:
        row.sent_at, row.next_try_at = now, None
    return ReportTaken.APPLIED
