"""Rows of meters: readings sent in, days of intervals, and how a house is divided."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from mains_server.allocation.records import Announcer
from mains_server.intake.records import RowOutcome, UploadMode, UploadStatus
from mains_server.intervals.records import IntervalFormat
from mains_server.intervals.rules import day_seconds
from mains_server.metering.records import ReadingSource

from tests.schema import town


def allocation_method(n: int) -> dict[str, Any]:
    """Announce method n for building 1 by the contract of its manager, customer 3; every second starts in May."""
    said = {"decided_on": town.month(2), "decision_reference": f"minutes {n}", "announced_at": town.THEN}
    who = {"announced_as": Announcer.MANAGER, "announced_by": "Customer 3", "announced_by_person_id": 3}
    of_3 = {"customer_id": 3, "contract_id": 3, "building_id": 1}
    return {"id": n, "starts": town.month(4 + n % 2), **said, **who, **of_3}


def allocation_value(n: int) -> dict[str, Any]:
    """Give the value that method n sets."""
    of_3 = {"customer_id": 3, "contract_id": 3, "method_id": n, "adapter": "heat_co"}
    return {
        "id": n,
        "name": "zones",
        "value": f"value {n}",
        "starts": town.month(4 + n % 2),
        "has_replaced": True,
        **of_3,
    }


def upload(n: int) -> dict[str, Any]:
    kept = {"mode": UploadMode.PER_ROW, "status": UploadStatus.TAKEN, "token_hash": f"hash {n}"}
    at = town.midnight(town.month(n % 2))
    return {"id": n, "person_id": 1, "source": ReadingSource.MANAGER, "created_at": at, "expires_at": at, **kept}


def upload_row(n: int) -> dict[str, Any]:
    return {
        "id": n,
        "upload_id": 5,
        "line": n % 2 + 1,
        "outcome": RowOutcome.ACCEPTED if n % 2 else RowOutcome.REFUSED,
        "text": f"row {n}",
    }


def interval_import() -> dict[str, Any]:
    counts = {"days_new": 0, "days_corrected": 0, "days_unchanged": 0, "rows_refused": 0, "refused": []}
    return {"id": 1, "format": IntervalFormat.CSV, "name": "f", "sha256": "", "received_at": town.THEN, **counts}


def interval_day(id_: int, n: int, day: date, *, version: int = 1) -> dict[str, Any]:
    """Tell of a day at point n in whose second hour nothing is known; the first version is the current one."""
    count = day_seconds(day, "Europe/Riga")[1] // 3600
    values = [Decimal("0.5"), None, *[Decimal("0.5")] * (count - 2)]
    told = {"values": values, "statuses": "D" + "." * (count - 1), "known": count - 1, "step_seconds": 3600}
    kept = {"version": version, "is_current": version == 1, "known_at": town.THEN, "import_id": 1}
    total = Decimal("0.5") * (count - 1)
    return {"id": id_, "register_id": n, "supply_point_id": n, "day": day, "total": total, **told, **kept}


def link(n: int) -> dict[str, Any]:
    times = {"opens_at": town.THEN, "expires_at": town.THEN, "created_at": town.midnight(town.month(n % 2))}
    named = {"id": n, "customer_id": 1, "contract_id": 1, "supply_point_id": 1}
    return {**named, "register_ids": [1], "token_hash": f"link {n}", **times}
