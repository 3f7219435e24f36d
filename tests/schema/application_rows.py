"""Applications for the towns of the schema's tests, which tie in the orders of their lists."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mains_server.applications.records import ApplicationState, StepKind
from mains_server.applications.tables import Application, ApplicationAnswer, ApplicationStep

from tests.schema import town

OF_NOBODY_YET = 60


def application_rows(
    numbers: Iterable[int], *, nobody_yet: Iterable[int] = ()
) -> list[tuple[Any, list[dict[str, Any]]]]:
    """Give an application of each customer, and one of each person who is no customer yet."""
    theirs = [application(n) for n in numbers]
    nobodys = [application(OF_NOBODY_YET + n, person=n, customer=None) for n in nobody_yet]
    return _with_parts([*theirs, *nobodys])


def of_customer_1(numbers: Iterable[int]) -> list[tuple[Any, list[dict[str, Any]]]]:
    """Give applications that are all customer 1's and person 1's."""
    return _with_parts([application(n, person=1, customer=1) for n in numbers])


def application(n: int, *, person: int | None = None, customer: int | None = 0) -> dict[str, Any]:
    """Give application n, by default of the person and customer of its number."""
    whose = {"person_id": n if person is None else person, "customer_id": n if customer == 0 else customer}
    times = {"created_at": town.midnight(town.month(n % 2)), "changed_at": town.THEN}
    state = ApplicationState.IN_REVIEW if n % 2 else ApplicationState.SUBMITTED
    return {"id": n, "adapter": "heat_co", "type": f"type_{n}", "state": state, **whose, **times}


def _with_parts(rows: list[dict[str, Any]]) -> list[tuple[Any, list[dict[str, Any]]]]:
    return [
        (Application, rows),
        (ApplicationAnswer, [_answer(row["id"]) for row in rows]),
        (ApplicationStep, [_step(row["id"], row["person_id"]) for row in rows]),
    ]


def _answer(n: int) -> dict[str, Any]:
    return {"id": n, "application_id": n, "field": "text", "value": f"answer {n}"}


def _step(n: int, person: int) -> dict[str, Any]:
    step = {"number": 1, "kind": StepKind.SUBMIT, "at": town.THEN, "is_staff": False, "note": f"step {n}"}
    return {"id": n, "application_id": n, "person_id": person, **step}
