"""Rows of tokens of software."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.schema import town


def machine_token(n: int) -> dict[str, Any]:
    return {
        "id": n,
        "person_id": 1,
        "partner": None,
        "name": f"Software {n}",
        "token_hash": b"machine %d" % n,
        "scopes": ["READ_METERS"],
        "customer_ids": [],
        "contract_ids": [1],
        "building_ids": [],
        "supply_point_ids": [],
        "rows_a_minute": 1_000,
        "created_at": town.THEN,
        "expires_at": town.THEN + timedelta(days=3_650),
    }
