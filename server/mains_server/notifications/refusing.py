"""Links by which one refuses what nobody has to be told, without signing in: made by HMAC, kept nowhere."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from mains_server.notifications.operations import prefer
from mains_server.notifications.records import NoticeState, Topic, WaitingNotice
from mains_server.notifications.rules import REFUSABLE
from mains_server.notifications.tables import Notice

TOKEN_LENGTH_MAX = 200
PURPOSE = b"mains notice refusal 1:"
REFUSED = "the customer refused the topic"
FOOTERS: Mapping[str, str] = {
    "lv": "Ja nevēlaties saņemt šādas ziņas: {link}",
    "en": "If you do not want to hear of this: {link}",
    "ru": "Если Вы не хотите получать такие сообщения: {link}",
}


@dataclass(frozen=True, slots=True)
class RefusalLinks:
    """Signs links and reads them; those of another secret and changed ones are none. They do not run out."""

    secret: bytes
    address: str

    def link(self, notice: WaitingNotice) -> str | None:
        """Give the link of a notice; None where its topic may not be refused, or it is to no customer."""
        if notice.topic not in REFUSABLE or notice.customer_id is None:
            return None
        return f"{self.address.rstrip('/')}/notices/refuse/{self.sign(notice.customer_id, topic=notice.topic)}"

    def sign(self, customer_id: int, *, topic: Topic) -> str:
        """Give the token by which a customer refuses a topic; the same each time, so that it need not be kept."""
        body = f"{customer_id}-{topic.name}"
        return f"{body}.{self._signature(body)}"

    def read(self, token: str) -> tuple[int, Topic] | None:
        """Tell which customer refuses which topic; None if we did not sign it, or it may not be refused."""
        body, _, signature = token.partition(".")
        is_ours = len(token) <= TOKEN_LENGTH_MAX and token.isascii()
        if not is_ours or not hmac.compare_digest(signature, self._signature(body)):
            return None
        customer, _, topic = body.partition("-")
        found = Topic[topic]
        return (int(customer), found) if found in REFUSABLE else None

    def _signature(self, body: str) -> str:
        digest = hmac.new(self.secret, PURPOSE + body.encode(), sha256).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


async def refuse_topic(session: AsyncSession, *, customer_id: int, topic: Topic, now: datetime) -> int:
    """Let a customer hear of a topic only in the portal from now on, and count what waited and is not sent any more."""
    assert topic in REFUSABLE, "a link was made for nothing else"
    await prefer(session, customer_id=customer_id, topic=topic, channels=(), now=now)
    waiting = (
        col(Notice.customer_id) == customer_id,
        col(Notice.topic) == topic,
        col(Notice.state) == NoticeState.WAITING,
    )
    ended = {"state": NoticeState.SUPERSEDED, "next_try_at": None, "sealed": None, "detail": REFUSED}
    found = await session.execute(update(Notice).where(*waiting).values(**ended).returning(col(Notice.id)))
    return len(found.scalars().all())
