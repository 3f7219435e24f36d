"""Webhooks for the towns of the schema's tests, which tie in the orders of their lists."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from mains_server.webhooks.records import (
    DisabledBecause,
    WebhookCoverage,
    WebhookDeliveryState,
    WebhookKind,
    WebhookState,
)
from mains_server.webhooks.tables import WebhookChoice, WebhookDelivery, WebhookEndpoint, WebhookSecret

from tests.schema import town

CHOSEN = "subscription { invoiceIssued { id } }"
KINDS = [one for one in WebhookKind if one is not WebhookKind.TEST]


def webhook_rows(numbers: Iterable[int]) -> list[tuple[Any, list[dict[str, Any]]]]:
    """Give a webhook of its own to each customer, with a kind, a secret and a message."""
    own = list(numbers)
    return [
        (WebhookEndpoint, [endpoint(n) | {"customer_id": n, "customer_ids": [n]} for n in own]),
        (WebhookChoice, [_chosen(n) for n in own]),
        (WebhookSecret, [_secret(n) for n in own]),
        (WebhookDelivery, [delivery(n) for n in own]),
    ]


def of_one_business(numbers: Iterable[int]) -> list[tuple[Any, list[dict[str, Any]]]]:
    """Give webhooks that are all customer 1's, the first of them with as many kinds, secrets and messages."""
    all_ = list(numbers)
    first = {"endpoint_id": all_[0]}
    return [
        (WebhookEndpoint, [endpoint(n) | {"customer_id": 1, "customer_ids": [1]} for n in all_]),
        (WebhookChoice, [_chosen(n) | first | {"kind": kind} for n, kind in zip(all_, KINDS, strict=False)]),
        (WebhookSecret, [_secret(n) | first for n in all_]),
        (WebhookDelivery, [delivery(n) | first for n in all_]),
    ]


def endpoint(n: int) -> dict[str, Any]:
    """Make a webhook; every second is disabled."""
    is_off = n % 2 == 1
    kept = {"url": f"https://partner{n}.example/hook", "description": f"webhook {n}", "language": "lv", "person_id": 1}
    off = {"disabled_because": DisabledBecause.ASKED, "disabled_at": town.THEN} if is_off else {}
    return {
        "id": n,
        **kept,
        "coverage": WebhookCoverage.NAMED_CUSTOMERS,
        "state": WebhookState.DISABLED if is_off else WebhookState.ACTIVE,
        "disabled_because": None,
        "disabled_at": None,
        "failures": n,
        "failing_since": None,
        "paused_until": None,
        "created_at": town.midnight(town.month(n % 2)),
        **off,
    }


def delivery(n: int) -> dict[str, Any]:
    """Make a message to webhook n; every second failed."""
    state = WebhookDeliveryState.FAILED if n % 2 else WebhookDeliveryState.WAITING
    told = {"kind": WebhookKind.INVOICE_ISSUED, "number": n, "customer_id": 1, "event_id": n, "state": state}
    came = {"tries": n, "status": 500, "detail": f"message {n}", "next_try_at": None, "ended_at": None}
    return {"id": n, "endpoint_id": n, **told, **came, "occurred_at": town.midnight(town.month(n % 2))}


def _chosen(n: int) -> dict[str, Any]:
    return {"id": n, "endpoint_id": n, "kind": WebhookKind.INVOICE_ISSUED, "document": f"{CHOSEN} # {n}"}


def _secret(n: int) -> dict[str, Any]:
    return {"id": n, "endpoint_id": n, "sealed": b"x", "created_at": town.THEN + timedelta(days=n), "ends_at": None}
