"""How a way back stands at a moment, and what may be said about it."""

from __future__ import annotations

from datetime import datetime, timedelta

from mains_server.recovery.records import Moments, RecoveryState
from mains_server.signin.throttling import Bound

LINK_LASTS_FOR = timedelta(days=7)
# A dispute about a robbed account may come late; reason and proof are then at hand for a year.
KEPT_FOR = timedelta(days=365)
WORDS_MIN, WORDS_MAX = 3, 500
TRIES_OF_NETWORK = Bound("recovery of network", 20, timedelta(minutes=15))
OPEN = frozenset({RecoveryState.UNAPPROVED, RecoveryState.WAITING, RecoveryState.READY})


def state_of(moments: Moments, *, now: datetime) -> RecoveryState:
    """Tell how a way back stands: what ended it holds for good, and approval never shortens the wait."""
    if moments.done_at is not None:
        return RecoveryState.DONE
    if moments.stopped_at is not None:
        return RecoveryState.STOPPED
    if now >= moments.expires_at:
        return RecoveryState.EXPIRED
    if moments.needs_approval and moments.approved_at is None:
        return RecoveryState.UNAPPROVED
    return RecoveryState.WAITING if now < moments.acts_at else RecoveryState.READY


def plain_words(text: str) -> str | None:
    """Write a reason the one way it is kept; None if it says nothing or too much."""
    words = " ".join(text.split())
    return words if WORDS_MIN <= len(words) <= WORDS_MAX and words.isprintable() else None


def link(page: str | None, *, use: str, token: str) -> str:
    """Make the link of a token, which the page finds behind `#` by its use; without a page the token alone."""
    return token if page is None else f"{page}#{use}={token}"
