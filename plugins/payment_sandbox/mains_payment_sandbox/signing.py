"""How the sandbox signs its webhooks, and how a signature is proven."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

HEADER = "sandbox-signature"
DIGITS_MAX = 12


def signature(*, key: str, body: bytes, timestamp: int) -> str:
    """Sign a body at a Unix time."""
    return f"t={timestamp},v1={_digest(key, str(timestamp), body)}"


def refusal(
    *, key: str, body: bytes, headers: Sequence[tuple[str, str]], now: datetime, tolerance: timedelta
) -> str | None:
    """Tell why a webhook is not the sandbox's own, or None; a wrong signature is told before a wrong time."""
    given = dict(part.split("=", 1) for part in dict(headers).get(HEADER, "").split(",") if part.count("=") == 1)
    timestamp, digest = given.get("t", ""), given.get("v1", "")
    wanted = _digest(key, timestamp, body)
    if not hmac.compare_digest(wanted.encode(), digest.encode("utf-8", "replace")):
        return "SIGNATURE_WRONG"
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= DIGITS_MAX):
        return "SIGNATURE_WRONG"
    if abs(now - datetime.fromtimestamp(int(timestamp), UTC)) > tolerance:
        return "TIMESTAMP_TOO_FAR"
    return None


def _digest(key: str, timestamp: str, body: bytes) -> str:
    signed = timestamp.encode("utf-8", "replace") + b"." + body
    return hmac.new(key.encode(), signed, hashlib.sha256).hexdigest()
