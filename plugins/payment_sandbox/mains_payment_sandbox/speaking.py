"""What both providers share: how the sandbox is asked, and what its answers and events say."""

from __future__ import annotations

import json
import re
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from mains_spi import (
    CLOCKS_DIFFER_MAX,
    SPI_MAJOR,
    CallRequest,
    EventReading,
    EventRequest,
    Labels,
    PaymentProvider,
    ProviderAct,
    ProviderAnswer,
    ProviderCall,
    ProviderEvent,
    ProviderOutcome,
    ProviderReport,
)

from mains_payment_sandbox.signing import refusal

KEY = "key"
AMOUNT = re.compile(r"[0-9]{1,9}\.[0-9]{2}", re.ASCII)
STATUSES = {
    "pending": ProviderOutcome.PENDING,
    "authorized": ProviderOutcome.AUTHORIZED,
    "captured": ProviderOutcome.CAPTURED,
    "failed": ProviderOutcome.FAILED,
    "voided": ProviderOutcome.VOIDED,
    "disputed": ProviderOutcome.REVERSED,
    "dispute_won": ProviderOutcome.RESTORED,
    "refund_pending": ProviderOutcome.PENDING,
    "refunded": ProviderOutcome.REFUNDED,
    "refund_failed": ProviderOutcome.FAILED,
    "unknown": ProviderOutcome.UNKNOWN,
}
# Refused so, these acts were never done: whoever asks again by the same reference gets what was done instead.
NOT_DONE = (ProviderAct.CREATE, ProviderAct.REFUND)
UNREADABLE = ProviderReport(outcome=ProviderOutcome.UNKNOWN, reason="the provider's answer cannot be read")


def card_of(*, code: str, labels: Labels, pays_by: str, is_two_phase: bool) -> PaymentProvider:
    """Make an identity card; the operator says where the sandbox is and by which key it knows us."""
    return PaymentProvider(
        code=code,
        spi_major=SPI_MAJOR,
        labels=labels,
        pays_by=pays_by,
        is_two_phase=is_two_phase,
        can_refund=True,
        secrets=(KEY,),
    )


def call_for(request: CallRequest, *, code: str, capture: str) -> ProviderCall:
    """Give the request that asks the sandbox for an act."""
    base = request.access.address.rstrip("/")
    payment = f"{base}/v1/payments/{quote(request.provider_id or '-', safe='')}"
    created = {
        "reference": request.reference,
        "amount": str(request.amount),
        "currency": request.currency,
        "description": request.description,
        "language": request.language,
        "returnUrl": request.return_url,
        "provider": code,
        "capture": capture,
    }
    match request.act:
        case ProviderAct.CREATE:
            return _call(request, "POST", f"{base}/v1/payments", created)
        case ProviderAct.CAPTURE:
            return _call(request, "POST", f"{payment}/capture", {"amount": str(request.amount)})
        case ProviderAct.VOID:
            return _call(request, "POST", f"{payment}/void", {})
        case ProviderAct.QUERY:
            return _call(request, "GET", f"{base}/v1/payments?reference={quote(request.reference, safe='')}", None)
        case ProviderAct.REFUND:
            asked = {"reference": request.refund_reference, "amount": str(request.amount)}
            return _call(request, "POST", f"{payment}/refunds", asked)
        case ProviderAct.QUERY_REFUND:
            reference = quote(request.refund_reference or "", safe="")
            return _call(request, "GET", f"{base}/v1/refunds?reference={reference}", None)


def report_of(answer: ProviderAnswer) -> ProviderReport:
    """Read what the sandbox answered; a refusal of an act says nothing of the money, so it is asked again."""
    found = _object(answer.body)
    if answer.status == 404 and found is not None and found.get("error") == "unknown":
        return ProviderReport(outcome=ProviderOutcome.MISSING)
    if found is not None and answer.act in NOT_DONE and answer.status in (409, 422):
        return ProviderReport(outcome=ProviderOutcome.FAILED, reason=str(found.get("error")))
    if found is None or answer.status not in (200, 201):
        reason = None if found is None else str(found.get("error"))
        return ProviderReport(outcome=ProviderOutcome.UNKNOWN, reason=reason or UNREADABLE.reason)
    try:
        return _report(found)
    except (KeyError, TypeError, ValueError):
        return UNREADABLE


def event_of(request: EventRequest) -> EventReading:
    """Prove a webhook and read it; a type that is not known has no report, and is nothing of ours."""
    reason = refusal(
        key=request.access.secret(KEY),
        body=request.body,
        headers=request.headers,
        now=request.received_at,
        tolerance=CLOCKS_DIFFER_MAX,
    )
    if reason is not None:
        return EventReading(refused=reason)
    found = _object(request.body)
    try:
        if found is None:
            return EventReading(refused="EVENT_MALFORMED")
        told = found.get("refund") or found.get("payment")
        return EventReading(
            event=ProviderEvent(
                id=_text(found["id"]),
                kind=_text(found["type"]),
                occurred_at=_instant(found["occurredAt"]),
                report=_report(told) if isinstance(told, dict) else None,
            )
        )
    except (KeyError, TypeError, ValueError):
        return EventReading(refused="EVENT_MALFORMED")


def _call(request: CallRequest, method: str, url: str, body: dict[str, Any] | None) -> ProviderCall:
    headers = (("authorization", f"Bearer {request.access.secret(KEY)}"), ("content-type", "application/json"))
    return ProviderCall(
        method=method, url=url, headers=headers, body=b"" if body is None else json.dumps(body).encode()
    )


def _report(found: dict[str, Any]) -> ProviderReport:
    return ProviderReport(
        outcome=STATUSES[found["status"]],
        provider_id=_text(found["id"]),
        reference=_text(found["reference"]),
        refund_reference=None if found.get("refundReference") is None else _text(found["refundReference"]),
        amount=_amount(found["amount"]),
        currency=_text(found["currency"]),
        page_url=None if found.get("pageUrl") is None else _text(found["pageUrl"]),
        reason=None if found.get("reason") is None else _text(found["reason"]),
    )


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.isprintable() or not 1 <= len(value) <= 500:
        raise ValueError("not a text")
    return value


def _amount(value: object) -> Decimal:
    if not isinstance(value, str) or AMOUNT.fullmatch(value) is None:
        raise ValueError("not an amount")
    return Decimal(value)


def _instant(value: object) -> datetime:
    found = datetime.fromisoformat(_text(value))
    if found.tzinfo is None:
        raise ValueError("an instant without its zone")
    return found
