"""Calculations of the intake room: tokens, and what a report says as a whole."""

from __future__ import annotations

import hashlib
import secrets
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

from mains_server.intake.records import RowOutcome, RowReport

TOKEN_BYTES = 32
TOKEN_CHARACTERS_MAX = 100
UPLOAD_LASTS = timedelta(minutes=15)


def new_token() -> str:
    """Make a token of 256 random bits."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def token_hash(token: str) -> str:
    """Hash a token; it is random, so a plain hash is enough."""
    return hashlib.sha256(token[:TOKEN_CHARACTERS_MAX].encode("utf-8", "surrogatepass")).hexdigest()


def counts(rows: Sequence[RowReport]) -> dict[RowOutcome, int]:
    """Count the rows by outcome; every outcome is there."""
    found = Counter(row.outcome for row in rows)
    return {outcome: found[outcome] for outcome in RowOutcome}
