"""Notices that are due are sent one by one, each held by whoever sends it until its receipt is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from functools import cache
from hashlib import sha256
from typing import Any, Protocol

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from mains_server.db.unit_of_work import unit_of_work
from mains_server.delivery.mail import MAIL_POLICY, hand_over
from mains_server.delivery.records import MailServer, ReceiptOutcome
from mains_server.notifications import statements
from mains_server.notifications.charging import charge_text, take_back_charge
from mains_server.notifications.operations import fall_back
from mains_server.notifications.outages import CHANGED_SINCE, is_wanted
from mains_server.notifications.queries import next_notice
from mains_server.notifications.records import Channel, Handed, NoticeState, WaitingNotice
from mains_server.notifications.refusing import FOOTERS, RefusalLinks
from mains_server.notifications.reporting import keep_mail_answer
from mains_server.notifications.rules import TRIES_MAX, pause
from mains_server.notifications.sealing import Seal, Unsealable
from mains_server.notifications.templates import FALLBACK, revealed
from mains_server.notifications.topics import Utilities
from mains_server.notifications.wordings import THE_SERVERS, Wordings

TOO_LATE = "it was of no use any more"
IN_VAIN_MAX = 5


class Carrier(Protocol):
    """Takes a notice with its words as they are read, and tells what the other side answered."""

    async def carry(self, notice: WaitingNotice, *, subject: str, body: str, now: datetime) -> Handed:
        """Hand a notice over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailCarrier:
    """Hands notices to a mail server."""

    server: MailServer
    links: RefusalLinks | None = None

    async def carry(self, notice: WaitingNotice, *, subject: str, body: str, now: datetime) -> Handed:
        """Send a mail, with a link to refuse what may be refused (RFC 8058).

        Tried again it keeps its Message-ID, so that one that was sent twice is seen to be the same.
        """
        mail = EmailMessage(policy=MAIL_POLICY)
        mail["From"], mail["To"], mail["Subject"] = self.server.sender, notice.address, subject
        mail["Date"] = format_datetime(now)
        name = sha256(f"{notice.occasion} {notice.number}".encode()).hexdigest()[:32]
        mail["Message-ID"] = f"<notice-{name}@{self.server.sender.rpartition('@')[2]}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail["Content-Language"] = notice.language
        link = None if self.links is None else self.links.link(notice)
        if link is not None:
            mail["List-Unsubscribe"], mail["List-Unsubscribe-Post"] = f"<{link}>", "List-Unsubscribe=One-Click"
            body = f"{body.rstrip()}\n\n-- \n{FOOTERS.get(notice.language, FOOTERS[FALLBACK]).format(link=link)}\n"
        mail.set_content(body)
        answer = await hand_over(mail, server=self.server)
        return Handed(outcome=answer.outcome, detail=answer.detail)


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """What notices are sent with: a carrier for each channel that is set up; the others' notices wait."""

    engine: AsyncEngine
    carriers: Mapping[Channel, Carrier]
    seal: Seal
    now: datetime
    wordings: Wordings = THE_SERVERS
    utilities: Utilities = field(default_factory=dict)


async def send_notices(office: Office, *, most: int | None = None) -> Counter[str]:
    """Send every notice that is due, at most so many by each channel, and count what became of them.

    Who dies between the other side's answer and the end of the transaction leaves the notice waiting: it is sent
    again under the same name, so that mail programs and gateways that look at it show it once. A channel whose other
    side does not take a few notices in a row is left for the next time, so that what waits does not use up its tries.
    """
    counts: Counter[str] = Counter()
    for channel in office.carriers:
        counts += await _send_by(channel, office=office, most=most)
    return counts


async def _send_by(channel: Channel, *, office: Office, most: int | None) -> Counter[str]:
    counts: Counter[str] = Counter()
    waited = 0
    while waited < IN_VAIN_MAX and (most is None or counts.total() < most):
        async with unit_of_work(office.engine) as session:
            notice = await next_notice(session, channel=channel, now=office.now)
            if notice is None:
                break
            state = await _send(session, office=office, notice=notice)
        counts[state.name.lower()] += 1
        waited = waited + 1 if state is NoticeState.WAITING else 0
    return counts


async def _send(session: AsyncSession, *, office: Office, notice: WaitingNotice) -> NoticeState:
    if notice.holds_until is not None and notice.holds_until <= office.now:
        await take_back_charge(session, notice=notice)
        return await _note(session, notice, state=NoticeState.FAILED, detail=TOO_LATE)
    if not await is_wanted(session, occasion=notice.occasion):
        return await _note(session, notice, state=NoticeState.SUPERSEDED, detail=CHANGED_SINCE)
    handed = await _handed(office, notice=notice)
    if notice.channel is Channel.EMAIL:
        await keep_mail_answer(session, notice=notice, handed=handed, now=office.now)
    tries = notice.tries + 1
    told: dict[str, Any] = {"detail": handed.detail, "tries": tries}
    if handed.outcome is ReceiptOutcome.ACCEPTED:
        await charge_text(session, notice=notice, utilities=office.utilities, now=office.now)
        return await _note(session, notice, state=NoticeState.SENT, sent_at=office.now, **told, **_receipt(handed))
    if handed.outcome is not ReceiptOutcome.REFUSED and tries < TRIES_MAX:
        again = max(pause(tries), handed.again_in or timedelta(0))
        kept: dict[str, Any] = {"next_try_at": office.now + again, "sealed": notice.sealed}
        return await _note(session, notice, state=NoticeState.WAITING, **told, **kept)
    await fall_back_where_possible(session, office=office, notice=notice)
    return await _note(session, notice, state=NoticeState.FAILED, **told)


async def _handed(office: Office, *, notice: WaitingNotice) -> Handed:
    try:
        secrets = {} if notice.sealed is None else office.seal.open(notice.sealed, occasion=notice.occasion)
    except Unsealable as failure:
        return Handed(outcome=ReceiptOutcome.UNREACHABLE, detail=str(failure))
    subject, body = (revealed(words, secrets=secrets) for words in (notice.subject, notice.body))
    return await office.carriers[notice.channel].carry(notice, subject=subject, body=body, now=office.now)


def _receipt(handed: Handed) -> dict[str, Any]:
    """Give what a gateway said of a message that it took, and the words that were sent where they are others."""
    names = ("gateway", "message_id", "segments", "cost", "currency")
    told = {name: getattr(handed, name) for name in names}
    return told if handed.body is None else {**told, "body": handed.body}


async def fall_back_where_possible(session: AsyncSession, *, office: Office, notice: WaitingNotice) -> None:
    """Go on with the next channel of a notice, if it has one and its secrets can be opened.

    What it would have cost by text message is not charged.
    """
    notice = replace(notice, template=await take_back_charge(session, notice=notice))
    if notice.others:
        try:
            await fall_back(session, notice=notice, seal=office.seal, now=office.now, wordings=office.wordings)
        except Unsealable:
            return


async def _note(
    session: AsyncSession, notice: WaitingNotice, *, state: NoticeState, detail: str, **changed: Any
) -> NoticeState:
    """Write a receipt; what waits keeps its sealed secrets, everything else loses them."""
    values = {"next_try_at": None, "sealed": None, **changed, "state": state.name, "detail": detail}
    await session.execute(_receipt_of(tuple(values)), {**values, "id": notice.id})
    return state


@cache
def _receipt_of(names: tuple[str, ...]) -> TextClause:
    """Give the statement that changes some columns: putting it together for each notice cost more than sending one."""
    return text(statements.RECEIPT.format(changed=", ".join(f"{name} = :{name}" for name in names)))
