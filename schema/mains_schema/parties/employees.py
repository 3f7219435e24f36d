"""Employees of the utility and their roles, for administrators."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from enum import Enum

import strawberry
from mains_server.access.records import Refusal, StaffRole
from mains_server.db.unit_of_work import read_session, unit_of_work
from mains_server.signin import queries
from mains_server.signin.queries import EMPLOYEES_MAX
from mains_server.signin.records import Employee as Found
from mains_server.signin.records import NewEmployee
from mains_server.signin.sessions import require_proof
from mains_server.signin.staffing import deactivate_employee, give_role, invite_employee, take_role
from sqlalchemy.ext.asyncio import AsyncSession

from mains_schema.declaring.context import Info
from mains_schema.declaring.mapping import described
from mains_schema.declaring.node import encode_id, number_of
from mains_schema.declaring.payload import IN_ENGLISH, RETRYABLE, USER_ERROR_PATH, USER_ERRORS, user_error
from mains_schema.declaring.resolve import Reads

WHY = "Why, for the audit trail; at most 1,000 characters are kept."


class StaffErrorCode(Enum):
    """Why nothing changed about an employee."""

    EMPLOYEE_UNKNOWN = "EMPLOYEE_UNKNOWN"
    LAST_ADMIN = "LAST_ADMIN"
    OWN_ROLE = "OWN_ROLE"
    ROLES_MISSING = "ROLES_MISSING"
    EMAIL_MALFORMED = "EMAIL_MALFORMED"
    EMAIL_TAKEN = "EMAIL_TAKEN"
    NAME_MALFORMED = "NAME_MALFORMED"
    REAUTHENTICATION_NEEDED = "REAUTHENTICATION_NEEDED"


described(
    StaffErrorCode,
    "Why nothing changed about an employee.",
    {
        "EMPLOYEE_UNKNOWN": "There is no such employee; who never was one, or was deactivated, is invited.",
        "LAST_ADMIN": "It is the last administrator who can sign in; one who never chose a password does not count.",
        "OWN_ROLE": "Nobody gives a role to themselves.",
        "ROLES_MISSING": "There is no role.",
        "EMAIL_MALFORMED": "It is no e-mail address.",
        "EMAIL_TAKEN": "Somebody has the address already; work needs an account of its own.",
        "NAME_MALFORMED": "It is not 1 to 200 characters that can be shown.",
        "REAUTHENTICATION_NEEDED": "Prove who you are with `sessionProve` first.",
    },
)


@strawberry.type(description="Somebody who works with the server, or did.")
class Employee:
    """An employee."""

    person_id: strawberry.ID = strawberry.field(description="Global id of the person, as the audit trail has it.")
    name: str = strawberry.field(description="Full name.")
    email: str = strawberry.field(description="Address that they sign in with.")
    roles: list[StaffRole] = strawberry.field(description="Roles that they have now; none of who was deactivated.")
    since: datetime = strawberry.field(description="When they were given their first role.")
    has_password: bool = strawberry.field(description="Whether they chose a password; until then they cannot sign in.")
    last_seen_at: datetime | None = strawberry.field(
        description="When a session of theirs was last begun or refreshed, of those kept; null where none is."
    )


@strawberry.type(description="Why nothing changed about an employee.")
class StaffUserError:
    """A refusal."""

    code: StaffErrorCode = strawberry.field(description="What could not be done.")
    message: str = strawberry.field(description=IN_ENGLISH)
    path: str | None = strawberry.field(description=USER_ERROR_PATH)
    retryable: bool = strawberry.field(description=RETRYABLE)


@strawberry.input(description="Who is to work with the server.")
class StaffInviteInput:
    """A new employee."""

    email: str = strawberry.field(description="Address for work, which is nobody's yet; at most 254 characters.")
    name: str = strawberry.field(description="Full name; 1 to 200 characters.")
    language: str | None = strawberry.field(
        description="Language of the account: `lv`, `en` or `ru`; `lv` if left out.", default=strawberry.UNSET
    )
    roles: list[StaffRole] = strawberry.field(description="Roles; at least one.")
    reason: str | None = strawberry.field(description=WHY, default=strawberry.UNSET)


@strawberry.input(description="Which role of which employee.")
class StaffRoleInput:
    """A role."""

    person_id: strawberry.ID = strawberry.field(description="Global id of the person, from `staff.employees`.")
    role: StaffRole = strawberry.field(description="The role.")
    reason: str | None = strawberry.field(description=WHY, default=strawberry.UNSET)


@strawberry.input(description="Who works here no longer.")
class StaffDeactivateInput:
    """An employee."""

    person_id: strawberry.ID = strawberry.field(description="Global id of the person, from `staff.employees`.")
    reason: str | None = strawberry.field(description=WHY, default=strawberry.UNSET)


@strawberry.type(description="The employee, or why nothing changed.")
class StaffPayload:
    """An employee, or a refusal."""

    employee: Employee | None = strawberry.field(description="The employee; null if it was refused.")
    user_errors: list[StaffUserError] = strawberry.field(description=USER_ERRORS)


async def employees(reads: Reads) -> list[Employee]:
    """Read who works with the server."""
    async with read_session(reads.engine) as session:
        return [_shown(one) for one in await queries.employees(session)]


async def staff_invite(info: Info, given: StaffInviteInput) -> StaffPayload:
    """Invite an employee, or say why not."""
    context = info.context
    new = NewEmployee(email=given.email, name=given.name, language=given.language or "lv", roles=frozenset(given.roles))

    async def do(session: AsyncSession) -> int:
        await require_proof(session, viewer=context.viewer, now=context.now)
        key, by = context.services.links.secret, context.viewer.person_id
        return (await invite_employee(session, new=new, key=key, now=context.now, by=by)).person_id

    return await _changed(info, do)


async def staff_role_give(info: Info, given: StaffRoleInput) -> StaffPayload:
    """Give a role, or say why not."""
    context, person_id = info.context, _person(given.person_id)

    async def do(session: AsyncSession) -> int:
        await require_proof(session, viewer=context.viewer, now=context.now)
        by = context.viewer.person_id
        await give_role(session, person_id=person_id, role=given.role, now=context.now, by=by)
        return person_id

    return await _changed(info, do)


async def staff_role_take(info: Info, given: StaffRoleInput) -> StaffPayload:
    """Take a role, or say why not."""
    person_id = _person(given.person_id)

    async def do(session: AsyncSession) -> int:
        await take_role(session, person_id=person_id, role=given.role, now=info.context.now)
        return person_id

    return await _changed(info, do)


async def staff_deactivate(info: Info, given: StaffDeactivateInput) -> StaffPayload:
    """Deactivate an employee, or say why not."""
    person_id = _person(given.person_id)

    async def do(session: AsyncSession) -> int:
        await deactivate_employee(session, person_id=person_id, now=info.context.now)
        return person_id

    return await _changed(info, do)


async def _changed(info: Info, do: Callable[[AsyncSession], Awaitable[int]]) -> StaffPayload:
    try:
        async with unit_of_work(info.context.engine) as session:
            person_id = await do(session)
    except Refusal as refusal:
        return StaffPayload(employee=None, user_errors=[user_error(StaffUserError, StaffErrorCode, refusal)])
    async with read_session(info.context.engine) as session:
        (found,) = await queries.employees(session, person_id=person_id)
    return StaffPayload(employee=_shown(found), user_errors=[])


def _person(given: strawberry.ID) -> int:
    return number_of(given, type_name="Viewer")


def _shown(one: Found) -> Employee:
    return Employee(
        person_id=encode_id(type_name="Viewer", number=one.person_id),
        name=one.name,
        email=one.email,
        roles=list(one.roles),
        since=one.since,
        has_password=one.has_password,
        last_seen_at=one.last_seen_at,
    )


assert EMPLOYEES_MAX == 500, "the description of `staff.employees` says so"
