"""Notification channel `sms_sandbox`: how the sandbox is asked to send, and what its answers and reports say."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from typing import Any

from mains_spi import (
    SPI_MAJOR,
    DeliveryOutcome,
    DeliveryReport,
    EventRequest,
    Labels,
    NotificationChannel,
    ProviderCall,
    ReportReading,
    SendAnswer,
    SendOutcome,
    SendReading,
    SendRequest,
    hookimpl,
)

from mains_sms_sandbox.signing import refusal

CODE = "sms_sandbox"
KEY = "key"
LABELS = Labels("Īsziņu vārteja (izmēģinājums)", "SMS gateway (sandbox)", "SMS-шлюз (проба)")
SEGMENTS_MAX = 6
SEGMENT_COST = Decimal("0.0385")
OUTCOMES = {
    "buffered": DeliveryOutcome.ON_ITS_WAY,
    "delivered": DeliveryOutcome.DELIVERED,
    "undelivered": DeliveryOutcome.FAILED,
}


@hookimpl
def describe_channel() -> NotificationChannel:
    """Give the identity card; the operator says where the sandbox is and by which key it knows us."""
    return NotificationChannel(
        code=CODE,
        spi_major=SPI_MAJOR,
        labels=LABELS,
        road="SMS",
        segments_max=SEGMENTS_MAX,
        segment_cost=SEGMENT_COST,
        secrets=(KEY,),
    )


@hookimpl
def plan_send(request: SendRequest) -> ProviderCall:
    """Give the request that asks the sandbox to send a message."""
    told = {"reference": request.reference, "to": request.to, "text": request.text, "sender": request.sender}
    headers = (("authorization", f"Bearer {request.access.secret(KEY)}"), ("content-type", "application/json"))
    url = f"{request.access.address.rstrip('/')}/v1/messages"
    return ProviderCall(method="POST", url=url, headers=headers, body=json.dumps(told).encode())


@hookimpl
def read_send_answer(request: SendAnswer) -> SendReading:
    """Read what the sandbox answered: 422 is final, 429 and 503 say when it may be tried again."""
    found = _object(request.body)
    if request.status in (200, 202) and found is not None:
        try:
            return _accepted(found)
        except (KeyError, TypeError, ValueError):
            return SendReading(outcome=SendOutcome.UNREACHABLE, reason="the gateway's answer cannot be read")
    error = None if found is None else found.get("error")
    if request.status == 422 and isinstance(error, str):
        return SendReading(outcome=SendOutcome.REFUSED, reason=error[:200])
    if request.status in (429, 503):
        after = dict(request.headers).get("retry-after", "")
        again = int(after) if after.isascii() and after.isdecimal() and len(after) <= 5 else None
        return SendReading(outcome=SendOutcome.PUT_OFF, reason=f"answered {request.status}", again_in_seconds=again)
    return SendReading(outcome=SendOutcome.UNREACHABLE, reason=f"answered {request.status}")


@hookimpl
def read_report(request: EventRequest) -> ReportReading:
    """Prove a delivery report and read it."""
    refused = refusal(request, key=request.access.secret(KEY))
    if refused is not None:
        return ReportReading(refused=refused)
    found = _object(request.body) or {}
    try:
        report = DeliveryReport(
            id=_text(found["id"]),
            reference=_text(found["reference"]),
            message_id=_text(found["messageId"]),
            outcome=OUTCOMES[found["status"]],
            occurred_at=_instant(found["occurredAt"]),
            reason=None if found.get("reason") is None else _text(found["reason"]),
        )
    except (KeyError, TypeError, ValueError):
        return ReportReading(refused="EVENT_MALFORMED")
    return ReportReading(report=report)


def _accepted(found: dict[str, Any]) -> SendReading:
    segments = found["segments"]
    if not isinstance(segments, int) or isinstance(segments, bool):
        raise ValueError("not a number of segments")
    return SendReading(
        outcome=SendOutcome.ACCEPTED,
        message_id=_text(found["id"]),
        segments=segments,
        cost=SEGMENT_COST * segments,
        currency="EUR",
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


def _instant(value: object) -> datetime:
    found = datetime.fromisoformat(_text(value))
    if found.tzinfo is None:
        raise ValueError("an instant without its zone")
    return found
