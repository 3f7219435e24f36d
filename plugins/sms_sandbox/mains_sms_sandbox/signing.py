"""How the sandbox signs its delivery reports, and how a signature is proven."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime

from mains_spi import CLOCKS_DIFFER_MAX, EventRequest

HEADER = "sms-sandbox-signature"
DIGITS_MAX = 12


def signature(*, key: str, body: bytes, timestamp: int) -> str:
    """Sign a body at a Unix time."""
    return f"t={timestamp},v1={_digest(key, str(timestamp), body)}"


def refusal(request: EventRequest, *, key: str) -> str | None:
    """Tell why a report is not the sandbox's own, or None; a wrong signature is told before a wrong time."""
    given = dict(part.split("=", 1) for part in dict(request.headers).get(HEADER, "").split(",") if "=" in part)
    timestamp, digest = given.get("t", ""), given.get("v1", "")
    is_signed = hmac.compare_digest(_digest(key, timestamp, request.body).encode(), digest.encode("utf-8", "replace"))
    is_number = timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= DIGITS_MAX
    if not is_signed or not is_number:
        return "SIGNATURE_WRONG"
    if abs(request.received_at - datetime.fromtimestamp(int(timestamp), UTC)) > CLOCKS_DIFFER_MAX:
        return "TIMESTAMP_TOO_FAR"
    return None


def _digest(key: str, timestamp: str, body: bytes) -> str:
    signed = timestamp.encode("utf-8", "replace") + b"." + body
    return hmac.new(key.encode(), signed, hashlib.sha256).hexdigest()
