"""Administrators say over HTTP who works here and as what; it holds on the next request and is on the audit trail."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from mains_server.db.unit_of_work import unit_of_work
from mains_server.signin.operations import set_password

from tests.schema import test_machine_tokens
from tests.schema.asking import NOW
from tests.schema.test_machine_tokens import ADMIN, Desk, an_id

pytestmark = pytest.mark.asyncio
town = test_machine_tokens.desk
PAYLOAD = "{ employee { personId name email roles hasPassword } userErrors { code path } }"
INVITE = f"mutation ($input: StaffInviteInput!) {{ staffInvite(input: $input) {PAYLOAD} }}"
GIVE = f"mutation ($input: StaffRoleInput!) {{ staffRoleGive(input: $input) {PAYLOAD} }}"
TAKE = f"mutation ($input: StaffRoleInput!) {{ staffRoleTake(input: $input) {PAYLOAD} }}"
DEACTIVATE = f"mutation ($input: StaffDeactivateInput!) {{ staffDeactivate(input: $input) {PAYLOAD} }}"
EMPLOYEES = "{ staff { employees { personId name roles hasPassword since lastSeenAt } } }"
QUEUE = "{ staff { bankQueue { nodes { id } } } }"
TRAIL = "{ staff { auditTrail { nodes { act personId subjectIds reason } } } }"
EVA = {"email": "eva@utility.example", "name": "Eva", "roles": ["BILLING_CLERK"], "reason": "the new clerk"}
SECRET_FREE = "select count(*) from password_reset where used_at is null"


@pytest_asyncio.fixture
async def desk(town: Desk) -> Desk:
    await town.run("select setval('staff_member_id_seq', 1000)")
    return town


async def ask(desk: Desk, query: str, *, by: int = ADMIN, **given: Any) -> Any:
    answer = await desk.ask(query, token=f"token-{by}", **({"input": given} if given else {}))
    return answer if isinstance(answer, list) else next(iter(answer.values()))


async def test_roles_hold_on_the_next_request_and_both_are_on_the_trail(desk: Desk) -> None:
    made = await ask(desk, INVITE, **EVA)
    eva = made["employee"]["personId"]
    given = {"personId": eva, "role": "OPERATOR"}

    more = await ask(desk, GIVE, **given, reason="she helps out")
    less = await ask(desk, TAKE, **given)

    assert made == {
        "employee": {
            "personId": an_id("Viewer", 1000001), "name": "Eva", "email": "eva@utility.example",
            "roles": ["BILLING_CLERK"], "hasPassword": False,
        },
        "userErrors": [],
    }  # fmt: skip
    assert (more["employee"]["roles"], less["employee"]["roles"]) == (["BILLING_CLERK", "OPERATOR"], ["BILLING_CLERK"])
    trail = (await ask(desk, TRAIL))["auditTrail"]["nodes"]
    assert [(one["act"], one["reason"], one["subjectIds"]) for one in trail] == [
        ("staffRoleTake", "OPERATOR", [eva]),
        ("staffRoleGive", "OPERATOR: she helps out", [eva]),
        ("staffInvite", "BILLING_CLERK: the new clerk", [eva]),
    ]
    assert {one["personId"] for one in trail} == {an_id("Viewer", ADMIN)}


async def test_a_session_that_is_open_loses_what_is_taken(desk: Desk) -> None:
    await desk.run("insert into staff_member values (2, 2, 'BILLING_CLERK', '2020-01-01')")
    before = await ask(desk, QUEUE, by=2)

    await ask(desk, TAKE, personId=an_id("Viewer", 2), role="BILLING_CLERK")

    assert before == {"bankQueue": {"nodes": []}}
    assert await ask(desk, QUEUE, by=2) == ["FORBIDDEN"]


async def test_who_is_deactivated_is_signed_out_everywhere(desk: Desk) -> None:
    await desk.run("insert into staff_member values (2, 2, 'BILLING_CLERK', '2020-01-01')")
    async with unit_of_work(desk.engine) as session:
        await set_password(session, person_id=ADMIN, password="correct horse battery", now=NOW)
    await desk.run("update session set revoked_at = null")

    refused = await ask(desk, DEACTIVATE, personId=an_id("Viewer", ADMIN))
    done = await ask(desk, DEACTIVATE, personId=an_id("Viewer", 2), reason="she left")

    assert refused["userErrors"] == [{"code": "LAST_ADMIN", "path": None}]
    assert done["employee"]["roles"] == []
    assert await ask(desk, QUEUE, by=2) == ["UNAUTHENTICATED"]
    listed = (await ask(desk, EMPLOYEES))["employees"]
    assert [(one["personId"], one["roles"], one["hasPassword"]) for one in listed] == [
        (an_id("Viewer", ADMIN), ["ADMIN"], True),
        (an_id("Viewer", 2), [], False),
    ]


@pytest.mark.parametrize(
    ("query", "given", "error"),
    [
        (INVITE, EVA | {"email": "x"}, {"code": "EMAIL_MALFORMED", "path": "email"}),
        (INVITE, EVA | {"email": "person1@example.lv"}, {"code": "EMAIL_TAKEN", "path": "email"}),
        (INVITE, EVA | {"name": ""}, {"code": "NAME_MALFORMED", "path": "name"}),
        (INVITE, EVA | {"roles": []}, {"code": "ROLES_MISSING", "path": "roles"}),
        (GIVE, {"personId": an_id("Viewer", 1), "role": "ADMIN"}, {"code": "EMPLOYEE_UNKNOWN", "path": "personId"}),
        (GIVE, {"personId": an_id("Viewer", ADMIN), "role": "OPERATOR"}, {"code": "OWN_ROLE", "path": None}),
        (TAKE, {"personId": an_id("Viewer", ADMIN), "role": "ADMIN"}, {"code": "LAST_ADMIN", "path": None}),
        (DEACTIVATE, {"personId": an_id("Viewer", 1)}, {"code": "EMPLOYEE_UNKNOWN", "path": "personId"}),
    ],
)
async def test_what_cannot_be_is_refused_and_nothing_is_changed(
    desk: Desk, query: str, given: dict[str, Any], error: dict[str, str]
) -> None:
    refused = await ask(desk, query, **given)

    assert refused == {"employee": None, "userErrors": [error]}
    assert await desk.rows("select person_id, role, ended_at from staff_member") == [(ADMIN, "ADMIN", None)]
    assert await desk.rows(SECRET_FREE) == [(0,)]


async def test_rights_are_given_with_a_fresh_proof_only(desk: Desk) -> None:
    desk.now += timedelta(minutes=6)

    told = [await ask(desk, INVITE, **EVA), await ask(desk, GIVE, personId=an_id("Viewer", 1), role="ADMIN")]

    assert [one["userErrors"] for one in told] == [[{"code": "REAUTHENTICATION_NEEDED", "path": None}]] * 2
    assert await desk.rows("select count(*) from staff_member") == [(1,)]


@pytest.mark.parametrize("role", ["OPERATOR", "BILLING_CLERK", None])
async def test_nobody_else_sees_or_changes_who_works_here(desk: Desk, role: str | None) -> None:
    if role is not None:
        await desk.run(f"insert into staff_member values (2, 2, '{role}', '2020-01-01')")
    someone = {"personId": an_id("Viewer", 2)}

    told = [
        await ask(desk, EMPLOYEES, by=2),
        await ask(desk, INVITE, by=2, **EVA),
        await ask(desk, GIVE, by=2, **someone, role="ADMIN"),
        await ask(desk, TAKE, by=2, **someone, role="ADMIN"),
        await ask(desk, DEACTIVATE, by=2, **someone),
    ]

    assert told == [["FORBIDDEN"]] * 5
    assert await desk.rows("select count(*) from staff_member where role = 'ADMIN'") == [(1,)]
