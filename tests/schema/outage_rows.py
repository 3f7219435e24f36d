"""Outages for the towns of the schema's tests, which tie in the orders of their lists."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from mains_server.outages.records import OutageChange, OutageKind, OutageNoticeState, OutageState
from mains_server.outages.tables import Outage, OutageCalendar, OutageNotice, OutagePlace, OutageRevision

from tests.schema import town

OF_BUILDING = 50


def outage_rows(numbers: Iterable[int], *, buildings: int = 2) -> list[tuple[Any, list[dict[str, Any]]]]:
    """Give an outage at the supply point of each number, and one for each building."""
    points = list(numbers)
    houses = [OF_BUILDING + n for n in range(1, buildings + 1)]
    return [
        (Outage, [outage(n) for n in (*points, *houses)]),
        (OutageRevision, [_revision(n) for n in (*points, *houses)]),
        (OutagePlace, [_place(n, supply_point_id=n) for n in points]),
        (OutagePlace, [_place(n, building_id=n - OF_BUILDING) for n in houses]),
        (OutageNotice, [_notice(n, n) for n in points if n <= 7]),
        (OutageCalendar, [_calendar(n, n) for n in points if n <= 7]),
    ]


def at_first_place(numbers: Iterable[int]) -> list[tuple[Any, list[dict[str, Any]]]]:
    """Give outages that are all at point 1 and building 1, told to customer 1, with as many revisions of the first."""
    all_ = list(numbers)
    named = [_revision(100 + n) | {"outage_id": all_[0], "number": n} for n in all_]
    return [
        (Outage, [outage(n) for n in all_]),
        (OutageRevision, named),
        (OutagePlace, [_place(n, supply_point_id=1) for n in all_]),
        (OutagePlace, [_place(100 + n, building_id=1) | {"outage_id": n} for n in all_]),
        (OutagePlace, [_place(200 + n, supply_point_id=n) | {"outage_id": all_[0]} for n in all_]),
        (OutageNotice, [_notice(n, 1) | {"outage_id": all_[0], "revision": n} for n in all_]),
        (OutageCalendar, [_calendar(n, 1) for n in all_]),
    ]


def outage(n: int) -> dict[str, Any]:
    starts = town.midnight(town.month(n % 2))
    said = {"cause": f"outage {n}", "reference": f"OUT-{n}", "commodity": "heat", "is_late": n % 2 == 1}
    state = {"kind": OutageKind.REPAIR, "state": OutageState.PLANNED, "revision": 1}
    return {"id": n, **said, **state, **_window(starts), "announced_at": town.THEN, "changed_at": town.THEN}


def _window(starts: Any) -> dict[str, Any]:
    return {"starts": starts, "ends": starts + timedelta(hours=4)}


def _revision(n: int) -> dict[str, Any]:
    starts = town.midnight(town.month(n % 2))
    counted = {"is_late": False, "notices": 40_000 + n, "at": town.THEN, "note": f"revision {n}"}
    return {"id": n, "outage_id": n, "number": 1, "change": OutageChange.MOVED, **_window(starts), **counted}


def _place(n: int, *, supply_point_id: int | None = None, building_id: int | None = None) -> dict[str, Any]:
    starts = town.midnight(town.month(n % 2)) + timedelta(milliseconds=0)
    return {"id": n, "outage_id": n, "supply_point_id": supply_point_id, "building_id": building_id, "starts": starts}


def _notice(n: int, customer: int) -> dict[str, Any]:
    kept = {"change": OutageChange.MOVED, "state": OutageNoticeState.OWED, "is_late": False, "created_at": town.THEN}
    return {"id": n, "customer_id": customer, "outage_id": n, "revision": 70_000 + n, **kept}


def _calendar(n: int, person: int) -> dict[str, Any]:
    return {"id": n, "person_id": person, "token_hash": f"calendar {n}", "created_at": town.midnight(town.month(n % 2))}
