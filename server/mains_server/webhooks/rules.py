"""Calculations of the webhooks room: which events are told, as whom they are read, and when a try is repeated."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import orjson

from mains_server.access.records import Grant, GrantRole, Permission, Viewer
from mains_server.ledger.operations import BALANCE_CHANGED
from mains_server.metering.operations import READING_ACCEPTED
from mains_server.notifications.operations import NOTICE_TOLD
from mains_server.paying.operations import INTENT_CHANGED
from mains_server.payments.rules import PAYMENT_CHANGED
from mains_server.webhooks.records import Content, WebhookKind

OWN_ENDPOINTS_MAX = 5
ENDPOINTS_MAX = 100
CUSTOMERS_MAX = 100
DOCUMENT_CHARACTERS_MAX = 10_000
DESCRIPTION_CHARACTERS_MAX = 200
LANES = 4
"""How many messages to one endpoint are on their way at a time; a customer's go one after the other."""

# Standard Webhooks suggests these: at once, then after 5 seconds, 5 and 30 minutes, 2, 5, 10, 14, 20 and 24 hours.
PAUSES = tuple(timedelta(seconds=one) for one in (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400))
TRIES_MAX = len(PAUSES) + 1
JITTER_PERCENT_MAX = 10
AGAIN_MAX = timedelta(hours=1)

FAILURES_UNTIL_PAUSE = 5
PAUSE_FIRST, PAUSE_MAX = timedelta(minutes=1), timedelta(hours=1)
FAILING_FOR_MAX = timedelta(days=5)
FAILURES_UNTIL_DISABLED = 10
OVERLAP = timedelta(hours=24)
"""How long a secret that was replaced signs too."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where an event of a kind comes from: the outbox's name of it, and what of its payload numbers the row.

    Without `number` the row is the customer. A `booking` names the one kind of booking that counts. With `by` the event
    is told only if that person, of the payload, acted for the customer then: what a stranger pays is the stranger's.
    """

    kind: WebhookKind
    event: str
    number: str | None = None
    booking: str | None = None
    by: str | None = None


SOURCES: tuple[Source, ...] = (
    Source(WebhookKind.INVOICE_ISSUED, "invoice.issued", "invoice_id"),
    Source(WebhookKind.INVOICE_ISSUED, BALANCE_CHANGED, "document_id", "CREDIT_NOTE"),
    Source(WebhookKind.BALANCE_CHANGED, "invoice.issued"),
    Source(WebhookKind.BALANCE_CHANGED, BALANCE_CHANGED),
    Source(WebhookKind.READING_ACCEPTED, READING_ACCEPTED, "reading_id"),
    Source(WebhookKind.OUTAGE_CHANGED, "outage.changed", "outage_id"),
    Source(WebhookKind.PAYMENT_CHANGED, BALANCE_CHANGED, "document_id", "PAYMENT"),
    Source(WebhookKind.PAYMENT_CHANGED, PAYMENT_CHANGED, "payment_id"),
    Source(WebhookKind.PAYMENT_INTENT_CHANGED, INTENT_CHANGED, "intent_id", by="person_id"),
    Source(WebhookKind.INBOX_MESSAGE, NOTICE_TOLD, "notice_id"),
)


def viewer_on(customer_ids: Sequence[int], *, language: str) -> Viewer:
    """Make who looks at an event for an endpoint: nobody's person, who sees these customers and may do nothing."""
    view = frozenset({Permission.VIEW})
    grants = tuple(
        Grant(customer_id=one, role=GrantRole.DELEGATE, permissions=view) for one in sorted(set(customer_ids))
    )
    return Viewer(language=language, grants=grants)


def message_id(delivery_id: int) -> str:
    """Name a message: the same at every try, so that who gets it twice can tell."""
    return f"msg_{delivery_id}"


def body_of(*, kind: WebhookKind, occurred_at: datetime, content: Content) -> bytes:
    """Word a message as Standard Webhooks has it."""
    at = occurred_at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return orjson.dumps({"type": kind.value, "timestamp": at, "data": content})


def pause_after(tries: int, *, delivery_id: int, again_in_seconds: int | None = None) -> timedelta | None:
    """Tell how long to wait after so many tries that failed; None after the last.

    Up to a tenth is added, another for each delivery and try, so that what failed together is not tried together.
    What the other side asks for by `Retry-After` is waited for, an hour at most.
    """
    if tries >= TRIES_MAX:
        return None
    usual = PAUSES[tries - 1]
    share = zlib.crc32(f"{delivery_id} {tries}".encode()) % (JITTER_PERCENT_MAX + 1)
    asked = timedelta(seconds=max(again_in_seconds or 0, 0))
    return max(usual + usual * share // 100, min(asked, AGAIN_MAX))


def endpoint_pause(failures: int) -> timedelta | None:
    """Tell how long an endpoint is left alone that failed so often in a row: from the fifth on, each time longer."""
    beyond = failures - FAILURES_UNTIL_PAUSE
    return None if beyond < 0 else min(PAUSE_FIRST * 2 ** min(beyond, 10), PAUSE_MAX)


def is_given_up(*, failures: int, failing_since: datetime, now: datetime) -> bool:
    """Tell whether an endpoint failed so long, and so often, that it is told of nothing any more."""
    return failures >= FAILURES_UNTIL_DISABLED and now - failing_since >= FAILING_FOR_MAX
