"""Links to exports: of whom and until when, signed, so that a browser can save what they lead to."""

from __future__ import annotations

import base64
import binascii
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import orjson

from mains_server.privacy.records import ExportAsked

LIFETIME = timedelta(minutes=15)
TOKEN_LENGTH_MAX = 500
PURPOSE = b"mains export 1:"


@dataclass(frozen=True, slots=True)
class ExportLinks:
    """Signs links and reads them; those of another secret, changed ones and old ones are none."""

    secret: bytes

    def sign(self, asked: ExportAsked, *, now: datetime) -> str:
        """Give the token of a link that holds for a quarter of an hour."""
        parts = [int((now + LIFETIME).timestamp()), asked.person_id, asked.session_id]
        body = _encoded(orjson.dumps(parts))
        return f"{body}.{self._signature(body)}"

    def read(self, token: str, *, now: datetime) -> ExportAsked | None:
        """Read a token; None if we did not sign it or it does not hold any more."""
        body, _, signature = token.partition(".")
        is_ours = len(token) <= TOKEN_LENGTH_MAX and token.isascii()
        if not is_ours or not hmac.compare_digest(signature, self._signature(body)):
            return None
        until, person_id, session_id = orjson.loads(_decoded(body))
        if now >= datetime.fromtimestamp(until, UTC):
            return None
        return ExportAsked(person_id=person_id, session_id=session_id)

    def _signature(self, body: str) -> str:
        return _encoded(hmac.new(self.secret, PURPOSE + body.encode(), sha256).digest())


def _encoded(text: bytes) -> str:
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error as broken:
        raise AssertionError("a body that we signed can be read") from broken
