"""Rows of ways back into accounts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.schema import town


def recovery(n: int) -> dict[str, Any]:
    """Give a way back that was stopped, so that a person may have many."""
    later = {"acts_at": town.THEN + timedelta(days=3), "expires_at": town.THEN + timedelta(days=10)}
    ended = {"stopped_at": town.THEN, "ended_at": town.THEN}
    said = {"reason": f"Lost the phone {n}", "proof": "Seen at the desk", "needs_approval": n % 2 == 0}
    who = {"id": n, "person_id": 1, "opened_by": 1, "stop_hash": b"stop %d" % n}
    return {**who, **said, "opened_at": town.THEN, **later, **ended}
