"""Links to attachments: who may send what where, or who asked to read which, signed. Their rights are asked anew."""

from __future__ import annotations

import base64
import binascii
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import orjson

LIFETIME = timedelta(minutes=15)
TOKEN_LENGTH_MAX = 1_200
PURPOSES = {"sent": b"mains attachment sent 1:", "read": b"mains attachment read 1:"}


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachmentSent:
    """A file that a person may send to an application, under a name."""

    application_id: int
    person_id: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachmentRead:
    """A file that the person of a session asked to read."""

    attachment_id: int
    session_id: int


@dataclass(frozen=True, slots=True)
class AttachmentLinks:
    """Signs links that hold for a quarter of an hour, and reads them; other, changed and old ones are none."""

    secret: bytes

    def sign_sent(self, sent: AttachmentSent, *, now: datetime) -> str:
        """Give the token to send a file with."""
        return self._sign("sent", [sent.application_id, sent.person_id, sent.name], now=now)

    def sign_read(self, read: AttachmentRead, *, now: datetime) -> str:
        """Give the token to read a file with."""
        return self._sign("read", [read.attachment_id, read.session_id], now=now)

    def sent(self, token: str, *, now: datetime) -> AttachmentSent | None:
        """Tell what may be sent; None if the token does not hold."""
        parts = self._parts("sent", token, now=now)
        if parts is None:
            return None
        application, person, name = parts
        return AttachmentSent(application_id=int(application), person_id=int(person), name=name)

    def read(self, token: str, *, now: datetime) -> AttachmentRead | None:
        """Tell what may be read; None if the token does not hold."""
        parts = self._parts("read", token, now=now)
        if parts is None:
            return None
        attachment, session = parts
        return AttachmentRead(attachment_id=int(attachment), session_id=int(session))

    def _sign(self, purpose: str, parts: list[int | str], *, now: datetime) -> str:
        body = _encoded(orjson.dumps([int((now + LIFETIME).timestamp()), *parts]))
        return f"{body}.{self._signature(purpose, body)}"

    def _parts(self, purpose: str, token: str, *, now: datetime) -> list[str] | None:
        body, _, signature = token.partition(".")
        is_ours = len(token) <= TOKEN_LENGTH_MAX and token.isascii()
        if not is_ours or not hmac.compare_digest(signature, self._signature(purpose, body)):
            return None
        until, *parts = orjson.loads(_decoded(body))
        return [str(part) for part in parts] if now < datetime.fromtimestamp(until, UTC) else None

    def _signature(self, purpose: str, body: str) -> str:
        return _encoded(hmac.new(self.secret, PURPOSES[purpose] + body.encode(), sha256).digest())


def _encoded(body: bytes) -> str:
    return base64.urlsafe_b64encode(body).rstrip(b"=").decode()


def _decoded(body: str) -> bytes:
    return binascii.a2b_base64(body.translate(str.maketrans("-_", "+/")) + "=" * (-len(body) % 4))
