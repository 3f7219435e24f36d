"""Notices that go by letter are put into one file for the printer, and an employee says when it was posted."""

from __future__ import annotations

import asyncio
import csv
import io
import zipfile
from collections.abc import Sequence
from datetime import date, datetime
from hashlib import sha256
from zoneinfo import ZoneInfo

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from mains_server.access.records import Refusal
from mains_server.documents.lettering import Letter, print_letter
from mains_server.documents.operations import require_libraries
from mains_server.documents.rules import language_of, neutral
from mains_server.notifications import queries
from mains_server.notifications.outages import CHANGED_SINCE, is_wanted
from mains_server.notifications.queries import TIME_ZONE
from mains_server.notifications.records import NoticeState, PrintedNotice
from mains_server.notifications.senders import NO_HEADS, LetterHeads, Senders, senders_on
from mains_server.notifications.tables import Notice, NoticeMailing

LETTERS_MAX = 500
INDEX = "index.csv"
COLUMNS = ("file", "name", "address", "language", "subject", "notice")
SAME_AGE = (1980, 1, 1, 0, 0, 0)
TOO_LATE = "it was of no use any more"
HAS_SECRET = "a code or link is not printed into a file that is kept"


class NoLetters(Refusal):
    """No notice waits for the printer."""

    code = "NO_LETTERS"


class MailingUnknown(Refusal):
    """There is no such mailing of notices."""

    code = "MAILING_UNKNOWN"
    path = "number"


class MailingPosted(Refusal):
    """The mailing was posted already."""

    code = "MAILING_POSTED"
    path = "number"


async def make_notice_mailing(
    session: AsyncSession, *, person_id: int, now: datetime, heads: LetterHeads = NO_HEADS
) -> int:
    """Put up to 500 notices that wait for the printer into one mailing, and give its id.

    Two at once never take the same notice. The mailing is closed when it is made, and its notices are sent; they count
    as arrived when an employee says that it was posted. Each is from its utility, or else by `heads`.
    `set_aside_unprintable` comes first, in a transaction of its own. Raises `NoLetters`.
    """
    require_libraries()
    found = await _letters(session, now=now)
    waiting = [one for one in found if await _wrong_with(session, one, now=now) is None]
    if not waiting:
        raise NoLetters("no notice waits for the printer")
    day = now.astimezone(ZoneInfo(TIME_ZONE)).date()
    senders = await senders_on(session, adapters=(one.adapter for one in waiting), day=day, heads=heads)
    content = await asyncio.to_thread(zipped, waiting, day=day, senders=senders)
    mailing = NoticeMailing(
        made_at=now,
        made_by_person_id=person_id,
        letters=len(waiting),
        sha256=sha256(content).hexdigest(),
        size=len(content),
        content=content,
    )
    session.add(mailing)
    await session.flush()
    done = update(Notice).where(col(Notice.id).in_([one.id for one in waiting]))
    sent = {"state": NoticeState.SENT, "sent_at": now, "next_try_at": None, "mailing_id": mailing.id}
    await session.execute(done.values(**sent, tries=col(Notice.tries) + 1, detail=f"mailing {mailing.id}"))
    return mailing.id


async def set_aside_unprintable(session: AsyncSession, *, now: datetime) -> int:
    """Note that notices which came too late, carry a secret, or tell of what was changed since are not printed."""
    count = 0
    for one in await _letters(session, now=now):
        reason = await _wrong_with(session, one, now=now)
        if reason is None:
            continue
        state = NoticeState.SUPERSEDED if reason == CHANGED_SINCE else NoticeState.FAILED
        ended = {"state": state, "next_try_at": None, "sealed": None, "detail": reason}
        await session.execute(update(Notice).where(col(Notice.id) == one.id).values(**ended))
        count += 1
    return count


async def mark_posted(session: AsyncSession, *, mailing_id: int, person_id: int, now: datetime) -> int:
    """Note that a mailing was posted, so that its notices have arrived as far as anybody will know, and give its id.

    Raises `MailingUnknown` or `MailingPosted`.
    """
    mailing = await queries.held_mailing(session, mailing_id=mailing_id)
    if mailing is None:
        raise MailingUnknown("there is no such mailing of notices")
    if mailing.posted_at is not None:
        raise MailingPosted("this mailing was posted already")
    mailing.posted_at, mailing.posted_by_person_id = now, person_id
    its = (col(Notice.mailing_id) == mailing_id, col(Notice.state) == NoticeState.SENT)
    arrived = {"state": NoticeState.DELIVERED, "delivered_at": now, "detail": f"posted in mailing {mailing_id}"}
    await session.execute(update(Notice).where(*its).values(**arrived))
    return mailing_id


async def forget_notice_files(session: AsyncSession, *, before: datetime) -> int:
    """Take the ZIPs of mailings away that were made before, posted or not, and count them; they hold addresses."""
    old = (col(NoticeMailing.made_at) < before, col(NoticeMailing.content).is_not(None))
    gone = update(NoticeMailing).where(*old).values(content=None).returning(col(NoticeMailing.id))
    return len((await session.execute(gone)).all())


def zipped(letters: Sequence[PrintedNotice], *, day: date, senders: Senders, called: str = "notice") -> bytes:
    """Pack letters with their index; the same ones make the same file. `called` is what their files begin with."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        _add(archive, name=INDEX, content=_index(letters, called=called).encode("utf-8-sig"))
        for one in letters:
            _add(archive, name=_name(one, called=called), content=print_letter(_letter(one, day=day, senders=senders)))
    return packed.getvalue()


async def _letters(session: AsyncSession, *, now: datetime) -> Sequence[PrintedNotice]:
    return await queries.waiting_letters(session, now=now, most=LETTERS_MAX)


async def _wrong_with(session: AsyncSession, one: PrintedNotice, *, now: datetime) -> str | None:
    if one.holds_until is not None and one.holds_until <= now:
        return TOO_LATE
    if not await is_wanted(session, occasion=one.occasion):
        return CHANGED_SINCE
    return HAS_SECRET if one.has_secret else None


def _letter(one: PrintedNotice, *, day: date, senders: Senders) -> Letter:
    return Letter(
        address=[one.name, *one.address.split(", ")],
        day=day,
        subject=one.subject,
        body=one.body,
        language=language_of(one.language),
        sender=senders.of(one.adapter),
    )


def _index(letters: Sequence[PrintedNotice], *, called: str) -> str:
    written = io.StringIO()
    rows = csv.writer(written, delimiter=";", lineterminator="\r\n")
    rows.writerow(COLUMNS)
    for one in letters:
        words = (_name(one, called=called), one.name, one.address, one.language, one.subject, str(one.id))
        rows.writerow([neutral(word) for word in words])
    return written.getvalue()


def _name(one: PrintedNotice, *, called: str) -> str:
    return f"{called}-{one.id}.pdf"


def _add(archive: zipfile.ZipFile, *, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, date_time=SAME_AGE)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    archive.writestr(entry, content)
