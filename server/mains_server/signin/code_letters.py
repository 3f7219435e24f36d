"""Codes by letter: put into a file for the printer that is kept nowhere, since whoever reads it has the codes."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from mains_server.access.records import Refusal
from mains_server.documents.operations import require_libraries
from mains_server.documents.rules import date_text, language_of
from mains_server.notifications.posting import zipped
from mains_server.notifications.queries import TIME_ZONE
from mains_server.notifications.records import PrintedNotice
from mains_server.notifications.senders import NO_HEADS, LetterHeads, Senders
from mains_server.signin import queries
from mains_server.signin.codes import code_of
from mains_server.signin.records import CodeLetter, CodeMailing, MessageKind, MessageRoad
from mains_server.signin.tables import SigninMessage
from mains_server.signin.telling import occasion_of
from mains_server.signin.wording import words_of

LETTERS_MAX = 500
# A letter costs postage and says that somebody knows the customer's number and code; more than these is a nuisance.
LETTERS_OF_CUSTOMER_MAX = 3
COUNTED_FOR = timedelta(days=14)
# One that is printed later than this before its end would come too late to be typed.
LEFT_MIN = timedelta(days=5)


class NoCodeLetters(Refusal):
    """No letter with a code waits for the printer."""

    code = "NO_LETTERS"


class CodeMailingUnknown(Refusal):
    """There is no such file of letters, or all its codes have ended."""

    code = "MAILING_UNKNOWN"


async def make_code_mailing(
    session: AsyncSession, *, key: bytes, now: datetime, heads: LetterHeads = NO_HEADS
) -> CodeMailing:
    """Put the letters with codes that wait into one file for the printer; they count as sent.

    What would come too late, has no address, or is a customer's fourth letter in two weeks, is given up.
    Raises `NoCodeLetters`.
    """
    require_libraries()
    number = await queries.next_mailing(session)
    letters = await take_letters(session, mailing=number, now=now)
    if not letters:
        raise NoCodeLetters("no letter with a code waits for the printer")
    return await _mailing(letters, number=number, key=key, now=now, heads=heads)


async def code_mailing_again(
    session: AsyncSession, *, number: int, key: bytes, now: datetime, heads: LetterHeads = NO_HEADS
) -> CodeMailing:
    """Make a file once more, as after a printer's fault; codes that have ended are left out. Changes nothing.

    Raises `CodeMailingUnknown`.
    """
    require_libraries()
    letters = await queries.letters_of_mailing(session, mailing=number, now=now)
    if not letters:
        raise CodeMailingUnknown("there is no such file of letters, or all its codes have ended")
    return await _mailing(letters, number=number, key=key, now=letters[0].sent_at, heads=heads)


async def take_letters(session: AsyncSession, *, mailing: int, now: datetime) -> Sequence[CodeLetter]:
    """Take the letters that wait and are worth printing, and note that they are sent in a file of this number."""
    waiting = await queries.waiting_letters(session, now=now, most=LETTERS_MAX)
    if not waiting:
        return []
    posted = Counter(await queries.letters_posted(session, since=now - COUNTED_FOR))
    taken: list[CodeLetter] = []
    for letter in waiting:
        is_wanted = posted[letter.customer_id] < LETTERS_OF_CUSTOMER_MAX
        if is_wanted and letter.address_line and letter.expires_at >= now + LEFT_MIN:
            posted[letter.customer_id] += 1
            taken.append(letter)
    ended = update(SigninMessage).where(col(SigninMessage.id).in_([one.id for one in waiting]))
    await session.execute(ended.values(next_try_at=None))
    sent = update(SigninMessage).where(col(SigninMessage.id).in_([one.id for one in taken]))
    await session.execute(sent.values(sent_at=now, mailing=mailing, tries=1))
    return taken


def worded(letter: CodeLetter, *, key: bytes) -> PrintedNotice:
    """Word a letter with its code, which is made here and kept nowhere."""
    kind = MessageKind[letter.kind]
    subject, body = words_of(kind, language=letter.language, road=MessageRoad.LETTER)
    last_day = letter.expires_at.astimezone(ZoneInfo(TIME_ZONE)).date() - timedelta(days=1)
    code = code_of(key=key, purpose=kind.name, row_id=letter.row_id, nonce=letter.nonce)
    until = date_text(last_day, language=language_of(letter.language))
    return PrintedNotice(
        id=letter.id,
        name=letter.name,
        address=f"{letter.address_line}, {letter.address_city}, {letter.address_postcode}",
        language=letter.language,
        subject=subject,
        body=body.format(code=code, until=until),
        has_secret=True,
        holds_until=letter.expires_at,
        occasion=occasion_of(letter.id),
    )


async def _mailing(
    letters: Sequence[CodeLetter], *, number: int, key: bytes, now: datetime, heads: LetterHeads
) -> CodeMailing:
    day = now.astimezone(ZoneInfo(TIME_ZONE)).date()
    printed = [worded(letter, key=key) for letter in letters]
    senders = Senders(operator=heads.operator)  # A code is of no utility.
    content = await asyncio.to_thread(zipped, printed, day=day, senders=senders, called="code")
    return CodeMailing(number=number, letters=len(letters), content=content)
