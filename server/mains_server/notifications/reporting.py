"""What gateways report of text messages and mail servers answer: kept once each.

A text message that is reported not to have arrived goes by the next channel.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from enum import Enum
from typing import Any

from mains_spi import DeliveryOutcome, DeliveryReport
from sqlalchemy import update
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from mains_server.delivery.records import ReceiptOutcome
from mains_server.notifications import queries
from mains_server.notifications.charging import take_back_charge
from mains_server.notifications.operations import fall_back
from mains_server.notifications.records import Handed, NoticeState, ReportOutcome, WaitingNotice
from mains_server.notifications.sealing import Seal
from mains_server.notifications.tables import Notice, NoticeReport
from mains_server.notifications.templates import OPEN
from mains_server.notifications.texting import reference_of
from mains_server.notifications.wordings import THE_SERVERS, Wordings

DETAIL_CHARACTERS_MAX = 500
MENDABLE = frozenset({NoticeState.WAITING, NoticeState.SENT})
"""States that a report may end: the gateway may have taken what we do not know that it took."""

BY_MAIL = "mail"
"""Stands in the place of a gateway's code where a mail server answered."""
ANSWERS = {ReceiptOutcome.ACCEPTED: ReportOutcome.ON_ITS_WAY, ReceiptOutcome.REFUSED: ReportOutcome.FAILED}


class ReportTaken(Enum):
    """What became of a report: APPLIED, KNOWN (it came before), STALE (its notice had ended), UNMATCHED (not ours)."""

    APPLIED = "APPLIED"
    KNOWN = "KNOWN"
    STALE = "STALE"
    UNMATCHED = "UNMATCHED"


async def take_report(
    session: AsyncSession,
    *,
    gateway: str,
    report: DeliveryReport,
    seal: Seal,
    now: datetime,
    wordings: Wordings = THE_SERVERS,
) -> ReportTaken:
    """Keep a proven report and what follows from it, in one transaction; the same one again changes nothing.

    Who sends the notice holds it until its receipt is written, so a report that overtakes the answer waits for it.
    """
    found = await queries.held_notice(session, notice_id=id_in(report.reference))
    if found is None or not _is_of(found[0], report.reference):
        return ReportTaken.UNMATCHED
    notice, state = found
    if not await _is_news(session, gateway=gateway, report=report, notice=notice, now=now):
        return ReportTaken.KNOWN
    if state not in MENDABLE:
        return ReportTaken.STALE
    changed = _changed(report, state=state, now=now)
    if report.outcome is DeliveryOutcome.FAILED:
        notice = replace(notice, template=await take_back_charge(session, notice=notice))
    if report.outcome is DeliveryOutcome.FAILED and notice.others and OPEN not in notice.body:
        await fall_back(session, notice=notice, seal=seal, now=now, wordings=wordings)
    await session.execute(update(Notice).where(col(Notice.id) == notice.id).values(gateway=gateway, **changed))
    return ReportTaken.APPLIED


async def keep_mail_answer(session: AsyncSession, *, notice: WaitingNotice, handed: Handed, now: datetime) -> None:
    """Keep what a mail server said to one try, in the transaction of the notice's receipt."""
    row = {
        "notice_id": notice.id,
        "customer_id": notice.customer_id,
        "person_id": notice.person_id,
        "gateway": BY_MAIL,
        "report_id": f"{notice.id}/{notice.tries + 1}",
        "outcome": ANSWERS.get(handed.outcome, ReportOutcome.PUT_OFF),
        "reason": handed.detail[:DETAIL_CHARACTERS_MAX],
        "occurred_at": now,
        "received_at": now,
    }
    await session.execute(postgresql.insert(NoticeReport).values(row).on_conflict_do_nothing())


def _changed(report: DeliveryReport, *, state: NoticeState, now: datetime) -> dict[str, Any]:
    words = (report.reason or report.outcome.name.lower().replace("_", " "))[:DETAIL_CHARACTERS_MAX]
    ended = {"detail": words, "reported_at": report.occurred_at, "next_try_at": None, "sealed": None}
    if state is NoticeState.WAITING:
        ended["sent_at"] = now
    if report.outcome is DeliveryOutcome.DELIVERED:
        return {**ended, "state": NoticeState.DELIVERED, "delivered_at": report.occurred_at}
    return {**ended, "state": NoticeState.FAILED if report.outcome is DeliveryOutcome.FAILED else NoticeState.SENT}


async def _is_news(
    session: AsyncSession, *, gateway: str, report: DeliveryReport, notice: WaitingNotice, now: datetime
) -> bool:
    insert = postgresql.insert(NoticeReport).on_conflict_do_nothing(index_elements=["gateway", "report_id"])
    row = {
        "notice_id": notice.id,
        "customer_id": notice.customer_id,
        "person_id": notice.person_id,
        "gateway": gateway,
        "report_id": report.id,
        "outcome": ReportOutcome[report.outcome.name],
        "reason": report.reason,
        "occurred_at": report.occurred_at,
        "received_at": now,
    }
    return await session.scalar(insert.values(row).returning(col(NoticeReport.id))) is not None


def id_in(reference: str) -> int:
    """Read the number that a gateway's reference begins with; 0, which nothing has, where it begins with none."""
    digits = reference.partition("-")[0]
    return int(digits) if digits.isascii() and digits.isdecimal() and len(digits) <= 18 else 0


def _is_of(notice: WaitingNotice, reference: str) -> bool:
    return reference == reference_of(notice_id=notice.id, occasion=notice.occasion, number=notice.number)
