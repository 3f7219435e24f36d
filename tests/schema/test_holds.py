"""Bills that are held for being unusual: a billing clerk sees what they come to, and accepts one by its total."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import date
from typing import Any

import psycopg
import pytest
from mains_schema.declaring.node import encode_id
from mains_schema.served import schema
from mains_server.access.records import StaffRole, Viewer
from mains_server.billing.records import Bounds
from mains_server.billing.run import Shift, run_billing
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.schema.asking import NO_ADAPTERS, NOW, Asker, owner
from tests.schema.test_explanation import small_utility

pytestmark = pytest.mark.asyncio
CLERK = Viewer(person_id=1, staff=frozenset({StaffRole.BILLING_CLERK}))
OPERATOR = Viewer(person_id=1, staff=frozenset({StaffRole.OPERATOR}))
NOBODY = Viewer(person_id=None)
HELD = "id code total { amount currency } isAcceptable acceptedTotal { amount } acceptedAt acceptedBy acceptedNote"
SEEN = f"{{ staff {{ billingRuns(first: 2) {{ nodes {{ heldContracts(first: 3) {{ nodes {{ {HELD} }} }} }} }} }} }}"
ACCEPT = f"""mutation ($input: BillingHoldAcceptInput!) {{ billingHoldAccept(input: $input) {{
  heldContract {{ {HELD} }} userErrors {{ code message path retryable }} }} }}"""
HOLD = encode_id(type_name="HeldContract", number=1)
STATE = "select accepted_total, accepted_at, accepted_by_person_id, accepted_note from billing_hold order by id"
JOBS = "select count(*) from procrastinate_jobs where task_name = 'bill'"


@pytest.fixture
def town(psycopg_dsn: str) -> Iterator[Any]:
    """Have a household with a bill of four lines where three are thought many: 22.02; and one that nobody read."""
    small = small_utility()
    with psycopg.connect(psycopg_dsn, autocommit=True) as connection:
        found = small.Town(connection)
        found.found()
        found.household()
        point = found.point()
        found.contract(customer=found.customer(), points=(point,))
        found.read(found.meter(point), (date(2023, 1, 1), "1000"))
        shift = Shift(adapter=small.host_of().adapter("small"), now=small.NOW, bounds=Bounds(lines_max=3))
        run_billing(connection, request=small.request(), shift=shift)
        # The first hold is the household's, whichever was written first.
        connection.execute("update billing_hold set id = id + 10")
        connection.execute("update billing_hold set id = case code when 'too_many_lines' then 1 else 2 end")
        found.insert("person", name="Kasparis", language="en", email="k@example.org", created_at=NOW)
        yield found


@pytest.fixture
def asker(engine: AsyncEngine) -> Asker:
    """Ask without adapters: nothing is billed by asking."""
    return Asker(schema(), engine, NO_ADAPTERS)


async def accept(asker: Asker, *, viewer: Viewer = CLERK, key: str = "k", **given: Any) -> Any:
    asked = {"holdId": HOLD, "total": "22.02", "note": "a large flat", "idempotencyKey": key, **given}
    answer = await asker.resolve(ACCEPT, viewer=viewer, input=asked)
    return answer.codes if answer.errors else answer.data["billingHoldAccept"]


async def test_a_clerk_sees_the_total_and_accepts_it_once(asker: Asker, town: Any) -> None:
    answer = await asker.resolve(SEEN, viewer=CLERK)
    (run,) = answer.data["staff"]["billingRuns"]["nodes"]
    seen = {node["code"]: (node["total"], node["isAcceptable"]) for node in run["heldContracts"]["nodes"]}
    assert seen == {
        "too_many_lines": ({"amount": "22.02", "currency": "EUR"}, True),
        "missing_reading": (None, False),
    }

    first, again = [await accept(asker) for _ in range(2)]

    held = first["heldContract"]
    assert (first["userErrors"], held["acceptedTotal"], held["acceptedBy"]) == ([], {"amount": "22.02"}, "Kasparis")
    assert (held["acceptedNote"], held["isAcceptable"]) == ("a large flat", True)
    assert again == first
    assert town.connection.execute(JOBS).fetchall() == [(1,)]


async def test_two_clerks_at_once_accept_it_together(asker: Asker, town: Any) -> None:
    found = await asyncio.gather(*(accept(asker, key=f"k{n}") for n in range(4)))

    assert all(one["userErrors"] == [] for one in found)
    assert len({one["heldContract"]["acceptedAt"] for one in found}) == 1


BAD: list[tuple[dict[str, Any], str, str | None]] = [
    ({"total": "22.03"}, "HOLD_CHANGED", "total"),
    ({"total": "-22.02"}, "HOLD_CHANGED", "total"),
    ({"total": "0"}, "HOLD_CHANGED", "total"),
    ({"note": ""}, "HOLD_NOTE_WRONG", "note"),
    ({"note": "x" * 1001}, "HOLD_NOTE_WRONG", "note"),
    ({"holdId": encode_id(type_name="HeldContract", number=2)}, "HOLD_NOT_ACCEPTABLE", "holdId"),
    ({"holdId": encode_id(type_name="HeldContract", number=99)}, "HOLD_UNKNOWN", "holdId"),
    ({"key": ""}, "IDEMPOTENCY_KEY_MALFORMED", "idempotencyKey"),
]


@pytest.mark.parametrize(("given", "code", "path"), BAD)
async def test_bad_input_is_refused_and_changes_nothing(
    asker: Asker, town: Any, given: dict[str, Any], code: str, path: str | None
) -> None:
    before = town.connection.execute(STATE).fetchall()

    found = await accept(asker, **given)

    assert found["heldContract"] is None
    assert [(one["code"], one["path"], one["retryable"]) for one in found["userErrors"]] == [(code, path, False)]
    assert town.connection.execute(STATE).fetchall() == before
    assert town.connection.execute(JOBS).fetchall() == [(0,)]


async def test_only_clerks_accept_and_keys_stand_for_one_request(asker: Asker, town: Any) -> None:
    assert await accept(asker, viewer=owner(1)) == ["FORBIDDEN"]
    assert await accept(asker, viewer=OPERATOR) == ["FORBIDDEN"]
    assert await accept(asker, viewer=NOBODY) == ["UNAUTHENTICATED"]
    assert await accept(asker, holdId=encode_id(type_name="Contract", number=1)) == ["BAD_INPUT"]
    assert await accept(asker, total="lots") == ["BAD_INPUT"]
    assert town.connection.execute(JOBS).fetchall() == [(0,)]

    await accept(asker)
    reused = await accept(asker, note="another flat")
    town.connection.execute("update billing_hold set released_at = now() where id = 1")
    late = await accept(asker, key="late")

    assert [one["userErrors"][0]["code"] for one in (reused, late)] == ["IDEMPOTENCY_KEY_REUSED", "HOLD_RELEASED"]
