"""What the sandbox keeps of messages, and how it behaves; a number's end says what becomes of a message to it."""

from __future__ import annotations

import re
import secrets
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import Any

from mains_spi import segments_of

from mains_sms_sandbox.channel import SEGMENTS_MAX

KEPT = 50_000
NUMBER = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)
REFUSED_END, LOST_END, SLOW_END, TWICE_END = "0013", "0014", "0015", "0016"


class Refused(Exception):
    """The gateway will not have a message: the status and word that it answers with."""

    def __init__(self, status: int, code: str, *, again: int | None = None) -> None:
        super().__init__(code)
        self.status, self.code, self.again = status, code, again


@dataclass(slots=True, kw_only=True)
class Behaviour:
    """How the gateway behaves: `down` takes nothing, `silent` reports nothing; `copies` and `delay` are of reports."""

    down: bool = False
    silent: bool = False
    copies: int = 1
    delay: float = 0
    refuse: bool = False
    takes_at_most: int | None = None


@dataclass(slots=True, kw_only=True)
class Sent:
    """A message as it was taken."""

    id: str
    reference: str
    to: str
    sender: str
    text: str
    encoding: str
    segments: int
    taken_at: datetime
    status: str = "buffered"
    asked: int = 1

    def told(self) -> dict[str, Any]:
        """Give what shops are told of it."""
        names = ("id", "reference", "to", "sender", "text", "encoding", "segments", "status", "asked")
        return {name: getattr(self, name) for name in names}


@dataclass(slots=True)
class Messages:
    """The messages that were taken, the last first; a reference that is known is the message that it was."""

    behaviour: Behaviour = field(default_factory=Behaviour)
    lock: Lock = field(default_factory=Lock)
    kept: deque[Sent] = field(default_factory=lambda: deque(maxlen=KEPT))
    _by_reference: dict[str, Sent] = field(default_factory=dict)
    _put_off: set[str] = field(default_factory=set)

    def take(self, asked: dict[str, Any], *, now: datetime) -> tuple[Sent, bool]:
        """Take a message, and say whether it is news; raises `Refused`."""
        reference, to, text, sender = (asked.get(name) for name in ("reference", "to", "text", "sender"))
        if not all(isinstance(one, str) for one in (reference, to, text, sender)) or not reference:
            raise Refused(400, "malformed")
        with self.lock:
            known = self._by_reference.get(str(reference))
            if known is not None:
                known.asked += 1
                return known, False
            return self._new(reference=str(reference), to=str(to), text=str(text), sender=str(sender), now=now), True

    def _new(self, *, reference: str, to: str, text: str, sender: str, now: datetime) -> Sent:
        cut = segments_of(text)
        if NUMBER.fullmatch(to) is None or to.endswith(REFUSED_END) or self.behaviour.refuse:
            raise Refused(422, "number_not_served")
        if not text or len(cut.parts) > SEGMENTS_MAX:
            raise Refused(422, "text_too_long" if text else "text_empty")
        most = self.behaviour.takes_at_most
        if (most is not None and len(self.kept) >= most) or self._is_put_off(reference, to=to):
            raise Refused(429, "slow_down", again=1)
        sent = Sent(
            id=f"sms_{secrets.token_hex(8)}",
            reference=reference,
            to=to,
            sender=sender,
            text=text,
            encoding=cut.encoding.name,
            segments=len(cut.parts),
            taken_at=now,
        )
        self.kept.appendleft(sent)
        self._by_reference[reference] = sent
        return sent

    def _is_put_off(self, reference: str, *, to: str) -> bool:
        if not to.endswith(SLOW_END) or reference in self._put_off:
            return False
        self._put_off.add(reference)
        return True
