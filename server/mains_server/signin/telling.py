"""What people are told about their own sign-in: codes and notices, written down with the change and sent afterwards.

`tell` is the one way in. No message holds a secret: a code is made anew when the message is sent.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from mains_server.db.unit_of_work import unit_of_work
from mains_server.delivery.mail import hand_over
from mains_server.delivery.records import MailServer, ReceiptOutcome
from mains_server.delivery.rules import mail_address
from mains_server.signin import queries
from mains_server.signin.codes import code_of, token_of
from mains_server.signin.records import MessageKind, MessageRoad, NewMessage
from mains_server.signin.tables import SigninMessage
from mains_server.signin.wording import words_of

TRIES_MAX = 10
FIRST_PAUSE = timedelta(minutes=1)
PAUSE_MAX = timedelta(hours=1)
TOKENS = frozenset({MessageKind.PASSWORD_RESET})


@dataclass(frozen=True, slots=True, kw_only=True)
class Messenger:
    """What messages are sent with; `key` is the server's secret, of which codes are made."""

    engine: AsyncEngine
    server: MailServer
    key: bytes
    now: datetime


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
            next_try_at=None if message.road is MessageRoad.NOBODY else now,
            tries=0,
        )
    )
    await session.flush()


async def send_messages(messenger: Messenger) -> Counter[str]:
    """Send every mail that is due, each held while the server is spoken to, and count what became of them."""
    counts: Counter[str] = Counter()
    skipped: list[int] = []
    while True:
        async with unit_of_work(messenger.engine) as session:
            row = await queries.next_message(session, now=messenger.now, skipped=skipped)
            if row is None:
                return counts
            skipped.append(row.id)
            counts[await _send(row, messenger=messenger)] += 1


async def _send(row: SigninMessage, *, messenger: Messenger) -> str:
    now = messenger.now
    address = mail_address(row.address)
    if address is None or (row.expires_at is not None and row.expires_at <= now):
        row.next_try_at = None
        return "given_up"
    answer = await hand_over(_mail(row, address=address, messenger=messenger), server=messenger.server)
    row.tries += 1
    if answer.outcome is ReceiptOutcome.ACCEPTED:
        row.sent_at, row.next_try_at = now, None
        return "sent"
    if answer.outcome is ReceiptOutcome.REFUSED or row.tries >= TRIES_MAX:
        row.next_try_at = None
        return "given_up"
    row.next_try_at = now + min(FIRST_PAUSE * 2 ** (row.tries - 1), PAUSE_MAX)
    return "put_off"


def _mail(row: SigninMessage, *, address: str, messenger: Messenger) -> EmailMessage:
    subject, text = words_of(row.kind, language=row.language)
    mail = EmailMessage(policy=SMTP_POLICY)
    mail["From"], mail["To"] = messenger.server.sender, address
    mail["Subject"] = subject
    mail["Date"] = format_datetime(messenger.now)
    mail["Message-ID"] = f"<signin-{row.id}@{messenger.server.sender.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(text.format(code=_secret(row, key=messenger.key)))
    return mail


def _secret(row: SigninMessage, *, key: bytes) -> str:
    if row.row_id is None or row.nonce is None:
        return ""
    make = token_of if row.kind in TOKENS else code_of
    return make(key=key, purpose=row.kind.name, row_id=row.row_id, nonce=row.nonce)
