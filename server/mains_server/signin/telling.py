"""What people are told about their own sign-in: codes and notices, written down with the change and sent afterwards.

`tell` is the one way in. No message holds a secret: a code is made anew when the message is sent.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlmodel import col

from mains_server.db.unit_of_work import unit_of_work
from mains_server.delivery.mail import MAIL_POLICY, hand_over
from mains_server.delivery.records import MailServer, ReceiptOutcome
from mains_server.delivery.rules import mail_address
from mains_server.notifications.records import Channel, Topic, WaitingNotice
from mains_server.notifications.rules import dialled
from mains_server.notifications.sending import Carrier
from mains_server.signin import queries
from mains_server.signin.codes import code_of, token_of
from mains_server.signin.records import MessageKind, MessageRoad, NewMessage
from mains_server.signin.rules import ENDED_KEPT_FOR
from mains_server.signin.tables import SigninMessage
from mains_server.signin.wording import words_of

TRIES_MAX = 10
FIRST_PAUSE = timedelta(minutes=1)
PAUSE_MAX = timedelta(hours=1)
# A message goes to one address alone, where a notice may go to several that are counted.
NUMBER = 1
TOKENS = frozenset({MessageKind.PASSWORD_RESET, MessageKind.STAFF_INVITED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Messenger:
    """What messages are sent with: a mail server, a gateway of text messages, or both.

    `key` is the server's secret, of which codes are made. Letters are printed by `code_letters`.
    """

    engine: AsyncEngine
    server: MailServer | None
    key: bytes
    now: datetime
    texts: Carrier | None = None

    def roads(self) -> tuple[MessageRoad, ...]:
        """Give the roads that are set up; what goes by another waits."""
        carriers = {MessageRoad.EMAIL: self.server, MessageRoad.SMS: self.texts}
        return tuple(road for road, carrier in carriers.items() if carrier is not None)


async def tell(session: AsyncSession, *, message: NewMessage, now: datetime) -> None:
    """Write a message down, to be sent when the session's transaction has ended well.

    Also what nobody is to be told is written down (`NOBODY`), so that telling and not telling are the same work.
    """
    session.add(
        SigninMessage(
            kind=message.kind,
            road=message.road,
            address=message.address,
            customer_id=message.customer_id,
            language=message.language,
            row_id=message.row_id,
            nonce=message.nonce,
            created_at=now,
            expires_at=message.expires_at,
            letter_until=message.letter_until,
            next_try_at=None if message.road is MessageRoad.NOBODY else now,
            tries=0,
        )
    )
    await session.flush()


async def send_messages(messenger: Messenger) -> Counter[str]:
    """Send every mail and text message that is due, each held while it is handed over, and count what became of them.

    A code that ended on a road that is not set up is looked at too: it may go by letter.
    Who dies between the other side's answer and the commit sends a message again, by the same name.
    """
    counts: Counter[str] = Counter()
    skipped: list[int] = []
    while True:
        async with unit_of_work(messenger.engine) as session:
            row = await queries.next_message(session, roads=messenger.roads(), now=messenger.now, skipped=skipped)
            if row is None:
                return counts
            skipped.append(row.id)
            counts[await _send(row, messenger=messenger)] += 1


async def _send(row: SigninMessage, *, messenger: Messenger) -> str:
    now = messenger.now
    address = dialled(row.address) if row.road is MessageRoad.SMS else mail_address(row.address)
    if address is None or (row.expires_at is not None and row.expires_at <= now):
        return give_up(row, now=now)
    outcome = await _handed(row, address=address, messenger=messenger)
    row.tries += 1
    if outcome is ReceiptOutcome.ACCEPTED:
        row.sent_at, row.next_try_at = now, None
        return "sent"
    if outcome is ReceiptOutcome.REFUSED or row.tries >= TRIES_MAX:
        return give_up(row, now=now)
    row.next_try_at = now + min(FIRST_PAUSE * 2 ** (row.tries - 1), PAUSE_MAX)
    return "put_off"


def give_up(row: SigninMessage, *, now: datetime) -> str:
    """Let a code that cannot be delivered so go by letter, where that is meant, or give the message up; tell which."""
    if row.letter_until is None or row.letter_until <= now:
        row.next_try_at = None
        return "given_up"
    row.road, row.address, row.tries = MessageRoad.LETTER, None, 0
    row.expires_at, row.letter_until, row.next_try_at = row.letter_until, None, now
    return "by_letter"


async def _handed(row: SigninMessage, *, address: str, messenger: Messenger) -> ReceiptOutcome:
    """Hand a message over by its road. A code is wanted at once, so a text message goes at night too."""
    if row.road is MessageRoad.SMS:
        assert messenger.texts is not None, "a road that is not set up is not taken"
        notice = _as_notice(row, address=address, body=_words(row, key=messenger.key)[1])
        handed = await messenger.texts.carry(notice, subject="", body=notice.body, now=messenger.now)
        return handed.outcome
    assert messenger.server is not None, "a road that is not set up is not taken"
    mail = _mail(row, address=address, server=messenger.server, key=messenger.key, now=messenger.now)
    return (await hand_over(mail, server=messenger.server)).outcome


def _as_notice(row: SigninMessage, *, address: str, body: str) -> WaitingNotice:
    """Show a code's message as what carriers of text messages take; its name is none that a notice has."""
    return WaitingNotice(
        id=row.id,
        customer_id=row.customer_id,
        person_id=None,
        occasion=occasion_of(row.id),
        number=NUMBER,
        topic=Topic.ACCOUNT,
        template=row.kind.name.lower(),
        language=row.language,
        channel=Channel.SMS,
        others=(),
        address=address,
        subject="",
        body=body,
        values={},
        sealed=None,
        tries=row.tries,
        holds_until=row.expires_at,
    )


def occasion_of(message_id: int) -> str:
    """Name a message as carriers and printers know it; no notice has such a name."""
    return f"signin message {message_id}"


def _words(row: SigninMessage, *, key: bytes) -> tuple[str, str]:
    subject, text = words_of(row.kind, language=row.language, road=row.road)
    return subject, text.format(code=_secret(row, key=key))


def _mail(row: SigninMessage, *, address: str, server: MailServer, key: bytes, now: datetime) -> EmailMessage:
    subject, text = _words(row, key=key)
    mail = EmailMessage(policy=MAIL_POLICY)
    mail["From"], mail["To"] = server.sender, address
    mail["Subject"] = subject
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = f"<signin-{row.id}@{server.sender.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(text)
    return mail


def _secret(row: SigninMessage, *, key: bytes) -> str:
    if row.row_id is None or row.nonce is None:
        return ""
    make = token_of if row.kind in TOKENS else code_of
    return make(key=key, purpose=row.kind.name, row_id=row.row_id, nonce=row.nonce)


async def forget_messages(session: AsyncSession, *, now: datetime) -> None:
    """Delete messages that were sent, given up or for nobody a month ago, and those whose code ended then.

    The last file for the printer keeps its letters, so that the next one gets another number.
    """
    before = now - ENDED_KEPT_FOR
    is_over = col(SigninMessage.next_try_at).is_(None) | (col(SigninMessage.expires_at) < before)
    is_old = col(SigninMessage.created_at) < before
    is_last = col(SigninMessage.mailing) == await queries.last_mailing(session)
    await session.execute(delete(SigninMessage).where(is_old, is_over, is_last.is_not(True)))
