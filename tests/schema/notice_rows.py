"""Rows of what gateways reported of notices."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from mains_server.notifications.records import ReportOutcome

from tests.schema import town


def notice_report(n: int) -> dict[str, Any]:
    """Let a gateway report of notice n; every second did not arrive."""
    outcome = ReportOutcome.FAILED if n % 2 else ReportOutcome.DELIVERED
    times = {"occurred_at": town.THEN, "received_at": town.THEN + timedelta(hours=2)}
    named = {"gateway": "sms_sandbox", "report_id": f"dlr_{n}", "reason": f"reported {n}"}
    return {"id": n, "notice_id": n, "customer_id": n, "person_id": None, "outcome": outcome, **named, **times}
