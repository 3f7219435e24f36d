"""Mutations about employees and their roles."""

from __future__ import annotations

from typing import Annotated

import strawberry
from mains_server.access.records import ADMINS

from mains_schema.declaring.context import Info
from mains_schema.declaring.mapping import resolved, section
from mains_schema.declaring.roles import by
from mains_schema.parties.employees import (
    StaffDeactivateInput,
    StaffInviteInput,
    StaffPayload,
    StaffRoleInput,
    staff_deactivate,
    staff_invite,
    staff_role_give,
    staff_role_take,
)


@section
class StaffMutations:
    """Who works with the server, and as what."""

    @by(ADMINS)
    @resolved(
        "Makes an account for somebody's work and sends a code by mail, good once and for three days, by which"
        " `passwordReset` sets its first password. Who has none yet, or was deactivated, is invited again. Needs a"
        " fresh proof (`sessionProve`)."
    )
    async def staff_invite(
        self, info: Info, given: Annotated[StaffInviteInput, strawberry.argument(name="input", description="Who.")]
    ) -> StaffPayload:
        """Invite an employee."""
        return await staff_invite(info, given)

    @by(ADMINS)
    @resolved(
        "Gives an employee another role, from their next request on; again, it stays so. Nobody gives one to"
        " themselves. Needs a fresh proof (`sessionProve`)."
    )
    async def staff_role_give(
        self, info: Info, given: Annotated[StaffRoleInput, strawberry.argument(name="input", description="Which.")]
    ) -> StaffPayload:
        """Give a role."""
        return await staff_role_give(info, given)

    @by(ADMINS)
    @resolved(
        "Takes a role from an employee, from their next request on; again, it stays so. The last administrator who can"
        " sign in stays one."
    )
    async def staff_role_take(
        self, info: Info, given: Annotated[StaffRoleInput, strawberry.argument(name="input", description="Which.")]
    ) -> StaffPayload:
        """Take a role."""
        return await staff_role_take(info, given)

    @by(ADMINS)
    @resolved(
        "Takes all roles and the password from somebody who works here no longer, and ends their sessions everywhere"
        " at once; again, it stays so."
    )
    async def staff_deactivate(
        self, info: Info, given: Annotated[StaffDeactivateInput, strawberry.argument(name="input", description="Who.")]
    ) -> StaffPayload:
        """Deactivate an employee."""
        return await staff_deactivate(info, given)
