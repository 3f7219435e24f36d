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
from mains_server.notifications.records import Choice, NoticeState, Topic, WaitingNotice
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
        if notice.customer_id is None or not (notice.may_refuse or notice.topic in REFUSABLE):
            return None
        own = f"{notice.adapter}-{notice.own_topic}" if notice.topic is Topic.UTILITY else None
        return f"{self.address.rstrip('/')}/notices/refuse/{self.sign(notice.customer_id, topic=notice.topic, own=own)}"

    def sign(self, customer_id: int, *, topic: Topic, own: str | None = None) -> str:
        """Give the token by which a customer refuses a topic; the same each time, so that it need not be kept.

        `own` names a utility and its own topic, as `water-flushing`: their codes have no hyphen.
        """
        body = f"{customer_id}-{topic.name}" if own is None else f"{customer_id}-{topic.name}-{own}"
        return f"{body}.{self._signature(body)}"

    def read(self, token: str) -> Choice | None:
        """Tell which customer refuses which topic; None if we did not sign it, or it may not be refused.

        For a topic of a utility's own a link is made only where its notice may be refused.
        """
        body, _, signature = token.partition(".")
        is_ours = len(token) <= TOKEN_LENGTH_MAX and token.isascii()
        if not is_ours or not hmac.compare_digest(signature, self._signature(body)):
            return None
        customer, topic, *own = body.split("-")
        found = Topic[topic]
        if found is Topic.UTILITY:
            return Choice(customer_id=int(customer), topic=found, channels=(), adapter=own[0], own_topic=own[1])
        return Choice(customer_id=int(customer), topic=found, channels=()) if found in REFUSABLE else None

    def _signature(self, body: str) -> str:
        digest = hmac.new(self.secret, PURPOSE + body.encode(), sha256).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


async def refuse_topic(session: AsyncSession, *, choice: Choice, now: datetime) -> int:
    """Let a customer hear of a topic only in the portal from now on, and count what waited and is not sent any more."""
    assert not choice.channels, "a link refuses, and chooses nothing"
    await prefer(session, choice=choice, now=now)
    waiting = [
        col(Notice.customer_id) == choice.customer_id,
        col(Notice.topic) == choice.topic,
        col(Notice.state) == NoticeState.WAITING,
    ]
    if choice.topic is Topic.UTILITY:
        waiting += [col(Notice.adapter) == choice.adapter, col(Notice.own_topic) == choice.own_topic]
    ended = {"state": NoticeState.SUPERSEDED, "next_try_at": None, "sealed": None, "detail": REFUSED}
    found = await session.execute(update(Notice).where(*waiting).values(**ended).returning(col(Notice.id)))
    return len(found.scalars().all())
