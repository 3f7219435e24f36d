"""Rows of payments through a provider."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from mains_server.paying.records import EventOutcome, IntentStatus, RefundStatus
from mains_server.payments.records import ReturnKind

from tests.schema import town


def intent(n: int) -> dict[str, Any]:
    """Begin payment n through a provider for customer n, by person n; two of three are still waited for."""
    times = {"created_at": town.THEN + timedelta(hours=n % 2), "changed_at": town.THEN + timedelta(hours=2)}
    told = {"provider_id": f"pay_{n}", "page_url": f"https://bank.example/pay/{n}", "reason": f"reason {n}"}
    named = {"reference": f"mains-{n}", "shown_reference": f"RF18H{n}", "payee": "Gren", "language": "lv"}
    road = {"provider": "sandbox", "pays_by": "BANK_TRANSFER", "checks": 0}
    status = IntentStatus.UNKNOWN if n % 3 else IntentStatus.FAILED
    of_n = {"id": n, "customer_id": n, "person_id": n, "amount": Decimal(n), "currency": "EUR", "status": status}
    return {**of_n, **named, **told, **road, **times}


def payment_return(n: int) -> dict[str, Any]:
    """Let a cent of payment n go back."""
    what = {"kind": ReturnKind.REFUND, "amount": Decimal("0.01"), "currency": "EUR", "reason": f"reason {n}"}
    key = {"idempotency_key": f"r{n}", "returned_on": town.THEN.date(), "booked_at": town.THEN}
    return {"id": n, "customer_id": n, "payment_id": n, **what, **key}


def refund(n: int) -> dict[str, Any]:
    """Ask for refund n, of payment n, which came by intent n."""
    times = {"requested_at": town.THEN + timedelta(hours=n % 2), "changed_at": town.THEN + timedelta(hours=2)}
    what = {"amount": Decimal("0.01"), "currency": "EUR", "reason": f"refund {n}", "failure": f"failure {n}"}
    named = {"reference": f"mains-refund-{n}", "requested_by_person_id": 1, "status": RefundStatus.FAILED, "checks": 0}
    of_n = {"id": n, "customer_id": n, "payment_id": n, "intent_id": n, "return_id": n}
    return {**of_n, **what, **named, **times}


def payment_event(n: int) -> dict[str, Any]:
    """Tell event n, of intent n; every second was held."""
    times = {"occurred_at": town.THEN, "received_at": town.THEN + timedelta(hours=1 + n % 2)}
    outcome = EventOutcome.HELD if n % 2 else EventOutcome.APPLIED
    named = {"provider": "sandbox", "event_id": f"evt_{n}", "kind": f"kind {n}", "note": f"note {n}"}
    return {"id": n, "intent_id": n, "outcome": outcome, **named, **times}
