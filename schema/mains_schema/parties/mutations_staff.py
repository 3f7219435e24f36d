"""Mutations about employees and their roles."""

from __future__ import annotations

from mains_server.access.records import ADMINS

from mains_schema.declaring.mapping import section
from mains_schema.declaring.mutation import mutation
from mains_schema.declaring.roles import by
from mains_schema.parties.employees import (
    StaffPayload,
    staff_deactivate,
    staff_invite,
    staff_role_give,
    staff_role_take,
)


@section
class StaffMutations:
    """Who works with the server, and as what."""

    staff_invite: StaffPayload = by(ADMINS)(
        mutation(
            "Makes an account for somebody's work and sends a code by mail, good once and for three days, by"
            " which `passwordReset` sets its first password. Who has none yet, or was deactivated, is invited"
            " again. Needs a fresh proof (`sessionProve`).",
            staff_invite,
            given="Who.",
        )
    )
    staff_role_give: StaffPayload = by(ADMINS)(
        mutation(
            "Gives an employee another role, from their next request on; again, it stays so. Nobody gives one"
            " to themselves. Needs a fresh proof (`sessionProve`).",
            staff_role_give,
            given="Which.",
        )
    )
    staff_role_take: StaffPayload = by(ADMINS)(
        mutation(
            "Takes a role from an employee, from their next request on; again, it stays so. The last"
            " administrator who can sign in stays one.",
            staff_role_take,
            given="Which.",
        )
    )
    staff_deactivate: StaffPayload = by(ADMINS)(
        mutation(
            "Takes all roles and the password from somebody who works here no longer, and ends their sessions"
            " everywhere at once; again, it stays so.",
            staff_deactivate,
            given="Who.",
        )
    )
