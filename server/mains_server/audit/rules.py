"""Calculations of the audit room: what an entry says in bytes, how seals chain, and the lines of the anchor file."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from mains_server.audit.records import Anchor

BEGINNING = bytes(32)
ANCHOR_PURPOSE = b"mains audit anchor"
REASON_LENGTH_MAX = 1_000


def seal_hash(*, before: bytes, number: int, entry: Mapping[str, Any]) -> bytes:
    """Chain an entry to the seal before it; the columns are said by name, so that none can be swapped."""
    at = entry["at"].astimezone(UTC).isoformat(timespec="microseconds")
    words = orjson.dumps({**entry, "at": at, "seal": number}, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(before + words).digest()


def anchor_line(*, number: int, hash_: bytes, at: datetime, secret: bytes) -> str:
    """Word what is kept outside the database: a seal's number, hash and time, signed."""
    words = f"{number} {hash_.hex()} {at.astimezone(UTC).isoformat(timespec='seconds')}"
    return f"{words} {_signature(words, secret)}"


def read_anchors(lines: Iterable[str], *, secret: bytes) -> Iterator[Anchor]:
    """Read an anchor file; a line that is none, or that somebody else signed, is not signed."""
    for place, line in enumerate(lines, start=1):
        if line.strip():
            words, _, signature = line.strip().rpartition(" ")
            number, _, rest = words.partition(" ")
            hash_ = rest.partition(" ")[0]
            is_signed = hmac.compare_digest(signature.encode(), _signature(words, secret).encode())
            yield Anchor(
                line=place,
                number=int(number) if is_signed else 0,
                hash=bytes.fromhex(hash_) if is_signed else b"",
                is_signed=is_signed,
            )


def _signature(words: str, secret: bytes) -> str:
    key = hashlib.sha256(ANCHOR_PURPOSE + secret).digest()
    return hmac.new(key, words.encode(), hashlib.sha256).hexdigest()
