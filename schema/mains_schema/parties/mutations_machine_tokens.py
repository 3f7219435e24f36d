"""Mutations about the tokens of software."""

from __future__ import annotations

from mains_server.access.records import ADMINS

from mains_schema.declaring.mapping import section
from mains_schema.declaring.mutation import mutation
from mains_schema.declaring.roles import also_by, by
from mains_schema.parties.machine_tokens import (
    MachineTokenCreatePayload,
    MachineTokenRevokePayload,
    machine_token_create,
    machine_token_revoke,
    partner_token_create,
)


@section
class MachineTokenMutations:
    """Letting software ask, and ending that."""

    machine_token_create: MachineTokenCreatePayload = mutation(
        "Makes a token of the viewer's own software, over contracts they own: it looks and sends readings in,"
        " never pays, and sees no contact data. Needs a fresh proof (`sessionProve`). UNAUTHENTICATED without"
        " a session.",
        machine_token_create,
        given="For what.",
    )
    partner_token_create: MachineTokenCreatePayload = by(ADMINS)(
        mutation(
            "Makes a token of a partner's software, such as a meter-reading company's. Needs a fresh proof"
            " (`sessionProve`).",
            partner_token_create,
            given="Whose, for what.",
        )
    )
    machine_token_revoke: MachineTokenRevokePayload = also_by(ADMINS)(
        mutation(
            "Revokes a token of the viewer's own software, or for an administrator anybody's, with effect on"
            " its next request; again, it stays so. UNAUTHENTICATED without a session.",
            machine_token_revoke,
            given="Which.",
        )
    )
