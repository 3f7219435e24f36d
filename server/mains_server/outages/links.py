"""Links to which feeds of outages are sent: who may send and until when, signed. Their rights are asked anew."""

from __future__ import annotations

import base64
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

LIFETIME = timedelta(minutes=15)
TOKEN_LENGTH_MAX = 200
PURPOSE = b"mains outage feed 1:"


@dataclass(frozen=True, slots=True)
class FeedLinks:
    """Signs links and reads them; those of another secret and changed ones are none."""

    secret: bytes

    def sign(self, person_id: int, *, now: datetime) -> str:
        """Give the token of a link that holds for a quarter of an hour."""
        body = f"{person_id}-{int((now + LIFETIME).timestamp())}"
        return f"{body}.{self._signature(body)}"

    def read(self, token: str) -> tuple[int, datetime] | None:
        """Tell who may send and until when; None if we did not sign it."""
        body, _, signature = token.partition(".")
        is_ours = len(token) <= TOKEN_LENGTH_MAX and token.isascii()
        if not is_ours or not hmac.compare_digest(signature, self._signature(body)):
            return None
        person, until = body.split("-")
        return int(person), datetime.fromtimestamp(int(until), UTC)

    def _signature(self, body: str) -> str:
        digest = hmac.new(self.secret, PURPOSE + body.encode(), sha256).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
