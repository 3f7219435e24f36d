"""Links to charts: what to draw for whom and until when, signed, so that an address can be put into a page.

The signature only says that we made the link. Who it was made for is asked again when it is opened.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256

import orjson
from mains_spi.record import Period

from mains_server.consumption.records import CompareWith, Granularity, Question

LIFETIME = timedelta(minutes=15)
TOKEN_LENGTH_MAX = 1_000
PURPOSE = b"mains chart 1:"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartAsked:
    """A chart of one supply point or building, for the person of a session, in their language."""

    is_building: bool
    number: int
    question: Question
    session_id: int
    language: str


@dataclass(frozen=True, slots=True)
class ChartLinks:
    """Signs links and reads them; those of another secret, changed ones and old ones are none."""

    secret: bytes

    def sign(self, asked: ChartAsked, *, now: datetime) -> str:
        """Give the token of a link that holds for a quarter of an hour."""
        body = _encoded(orjson.dumps(_parts(asked, until=int((now + LIFETIME).timestamp()))))
        return f"{body}.{self._signature(body)}"

    def read(self, token: str, *, now: datetime) -> ChartAsked | None:
        """Read a token; None if we did not sign it or it does not hold any more."""
        body, _, signature = token.partition(".")
        is_ours = len(token) <= TOKEN_LENGTH_MAX and token.isascii()
        if not is_ours or not hmac.compare_digest(signature, self._signature(body)):
            return None
        until, *parts = orjson.loads(_decoded(body))
        return _asked(parts) if now < datetime.fromtimestamp(until, UTC) else None

    def _signature(self, body: str) -> str:
        return _encoded(hmac.new(self.secret, PURPOSE + body.encode(), sha256).digest())


def links_of_this_process() -> ChartLinks:
    """Make links that only this process can read, for a server that was given no secret."""
    return ChartLinks(secrets.token_bytes(32))


def _parts(asked: ChartAsked, *, until: int) -> list[object]:
    question = asked.question
    return [
        until,
        asked.is_building,
        asked.number,
        question.granularity.value,
        question.period.start.isoformat(),
        question.period.end.isoformat(),
        None if question.compare_with is None else question.compare_with.value,
        asked.session_id,
        asked.language,
    ]


def _asked(parts: list[object]) -> ChartAsked:
    is_building, number, granularity, starts, ends, compare_with, session_id, language = parts
    assert isinstance(number, int) and isinstance(session_id, int)
    return ChartAsked(
        is_building=bool(is_building),
        number=number,
        question=Question(
            granularity=Granularity(granularity),
            period=Period(date.fromisoformat(str(starts)), date.fromisoformat(str(ends))),
            compare_with=None if compare_with is None else CompareWith(compare_with),
        ),
        session_id=session_id,
        language=str(language),
    )


def _encoded(text: bytes) -> str:
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error as broken:
        raise AssertionError("a body that we signed can be read") from broken
