"""Rows of people: their sessions, who acts for whom, and what they are told."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from mains_server.access.records import GrantRole
from mains_server.delegation.records import ActivityKind, ApprovalStatus, InvitationStatus
from mains_server.notifications.records import Channel, NoticeState, Topic

from tests.schema import town


def access(n: int) -> dict[str, Any]:
    """Let person n look at customer n by a right of its own number; every second may pay 10.00 at a time."""
    named = {"id": 50 + n, "customer_id": n, "person_id": n, "role": GrantRole.DELEGATE, "permissions": ["VIEW"]}
    limits = {"cap_payment": Decimal(10) if n % 2 else None, "cap_month": None, "approval_above": None}
    return {**named, **limits, "contract_ids": [n], "starts_at": town.THEN + timedelta(days=n // 2), "ends_at": None}


def invitation(n: int) -> dict[str, Any]:
    """Let person n invite somebody to customer n."""
    named = {"id": n, "customer_id": n, "invited_by_person_id": n, "role": GrantRole.DELEGATE, "name": f"invited {n}"}
    times = {"created_at": town.THEN + timedelta(days=n // 2), "expires_at": town.THEN + timedelta(days=99)}
    status = InvitationStatus.OPEN if n % 2 else InvitationStatus.WITHDRAWN
    return {**named, **times, "email": f"invited{n}@example.lv", "permissions": ["VIEW"], "status": status}


def approval(n: int) -> dict[str, Any]:
    """Let person n ask the owner of customer n for their word on a payment."""
    named = {"id": n, "customer_id": n, "grant_id": n, "person_id": n, "request_key": f"k{n}", "currency": "EUR"}
    what = {"amount": Decimal(n), "shown_reference": f"RFAPPROVAL{n}", "status": ApprovalStatus.WAITING}
    return {**named, **what, "asked_at": town.THEN + timedelta(days=n // 2)}


def activity(n: int) -> dict[str, Any]:
    """Let person n do something for customer n."""
    what = {"kind": ActivityKind.PAID, "amount": Decimal(n), "currency": "EUR", "note": f"deed {n}"}
    return {"id": n, "customer_id": n, "person_id": n, "at": town.THEN + timedelta(days=n // 2), **what}


def signed_in(n: int) -> dict[str, Any]:
    return {
        "id": n,
        "person_id": 1,
        "token_hash": b"%d" % n,
        "device": f"Device {n}",
        "created_at": town.THEN,
        "expires_at": town.THEN,
        "ends_at": town.THEN + timedelta(days=3_650),
        "last_used_at": town.THEN,
        "proved_at": town.THEN,
    }


def openid_link(n: int) -> dict[str, Any]:
    return {"id": n, "person_id": 1, "provider": f"bank {n}", "subject": f"subject {n}", "created_at": town.THEN}


def passkey(n: int) -> dict[str, Any]:
    key = {"credential_id": b"credential %d" % n, "public_key": b"key", "handle": b"handle", "sign_count": n}
    seen = {"transports": ["internal"], "is_synced": n % 2 == 0, "name": f"Passkey {n}", "created_at": town.THEN}
    return {"id": n, "person_id": 1, **key, **seen}


def notice(n: int) -> dict[str, Any]:
    """Tell customer n something; every second went by letter."""
    named = {"occasion": f"occasion {n}", "template": "code", "template_version": "v", "subject": f"subject {n}"}
    how = {"channel": Channel.POST if n % 2 else Channel.EMAIL, "state": NoticeState.SENT, "topic": Topic.CONTRACT}
    rest = {"body": f"body {n}", "values": {}, "others": [], "language": "lv", "number": 1, "tries": 1}
    return {"id": n, "customer_id": n, **named, **how, **rest, "created_at": town.THEN + timedelta(hours=n % 2)}
