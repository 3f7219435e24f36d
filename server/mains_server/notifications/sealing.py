"""Secrets of a message on their way: sealed in the database, open only while it is being sent.

A code or link that waits for a mail server must be kept somewhere, and nobody who reads the database, a copy of it or
its log may use it. So it is encrypted under the server's secret: HMAC-SHA256 makes the key stream (counter mode with a
nonce of its own) and, under another key, the tag that is checked before anything is opened. Decision 0037.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

import orjson

NONCE_BYTES = 16
TAG_BYTES = 32


class Unsealable(Exception):
    """What was sealed cannot be opened: with another secret, or not as it was written."""


@dataclass(frozen=True, slots=True)
class Seal:
    """Seals and opens under one secret of the server."""

    secret: bytes

    def close(self, values: Mapping[str, str], *, occasion: str) -> bytes:
        """Seal values for one occasion, and no other."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        plain = orjson.dumps(dict(values))
        hidden = bytes(one ^ other for one, other in zip(plain, self._stream(nonce, len(plain)), strict=True))
        return nonce + hidden + self._tag(nonce + hidden, occasion=occasion)

    def open(self, sealed: bytes, *, occasion: str) -> dict[str, str]:
        """Open what was sealed; raises `Unsealable`."""
        body, tag = sealed[:-TAG_BYTES], sealed[-TAG_BYTES:]
        if len(body) < NONCE_BYTES or not hmac.compare_digest(tag, self._tag(body, occasion=occasion)):
            raise Unsealable("sealed with another secret, or changed since")
        nonce, hidden = body[:NONCE_BYTES], body[NONCE_BYTES:]
        plain = bytes(one ^ other for one, other in zip(hidden, self._stream(nonce, len(hidden)), strict=True))
        opened: dict[str, str] = orjson.loads(plain)
        return opened

    def _stream(self, nonce: bytes, size: int) -> bytes:
        key = self._key(b"stream")
        blocks = (size + 31) // 32
        made = b"".join(hmac.digest(key, nonce + number.to_bytes(8, "big"), "sha256") for number in range(blocks))
        return made[:size]

    def _tag(self, body: bytes, *, occasion: str) -> bytes:
        return hmac.digest(self._key(b"tag"), occasion.encode() + b"\0" + body, "sha256")

    def _key(self, purpose: bytes) -> bytes:
        return hmac.new(self.secret, b"mains notice seal 1 " + purpose, hashlib.sha256).digest()


def seal_of_this_process() -> Seal:
    """Make a seal that only this process can open, for a server that was given no secret."""
    return _OF_THIS_PROCESS


_OF_THIS_PROCESS = Seal(secrets.token_bytes(32))
