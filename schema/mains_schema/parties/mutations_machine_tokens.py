"""Mutations about the tokens of software."""

from __future__ import annotations

from typing import Annotated

import strawberry
from mains_server.access.records import ADMINS

from mains_schema.declaring.context import Info
from mains_schema.declaring.mapping import resolved, section
from mains_schema.declaring.roles import also_by, by
from mains_schema.parties.machine_tokens import (
    MachineTokenCreateInput,
    MachineTokenCreatePayload,
    MachineTokenRevokeInput,
    MachineTokenRevokePayload,
    PartnerTokenCreateInput,
    machine_token_create,
    machine_token_revoke,
    partner_token_create,
)


@section
class MachineTokenMutations:
    """Letting software ask, and ending that."""

    @resolved(
        "Makes a token of the viewer's own software, over contracts they own: it looks and sends readings in, never"
        " pays, and sees no contact data. Needs a fresh proof (`sessionProve`). UNAUTHENTICATED without a session."
    )
    async def machine_token_create(
        self,
        info: Info,
        given: Annotated[MachineTokenCreateInput, strawberry.argument(name="input", description="For what.")],
    ) -> MachineTokenCreatePayload:
        """Make a token of one's own."""
        return await machine_token_create(info, given)

    @by(ADMINS)
    @resolved(
        "Makes a token of a partner's software, such as a meter-reading company's. Needs a fresh proof"
        " (`sessionProve`)."
    )
    async def partner_token_create(
        self,
        info: Info,
        given: Annotated[PartnerTokenCreateInput, strawberry.argument(name="input", description="Whose, for what.")],
    ) -> MachineTokenCreatePayload:
        """Make a partner's token."""
        return await partner_token_create(info, given)

    @also_by(ADMINS)
    @resolved(
        "Revokes a token of the viewer's own software, or for an administrator anybody's, with effect on its next"
        " request; again, it stays so. UNAUTHENTICATED without a session."
    )
    async def machine_token_revoke(
        self,
        info: Info,
        given: Annotated[MachineTokenRevokeInput, strawberry.argument(name="input", description="Which.")],
    ) -> MachineTokenRevokePayload:
        """Revoke a token."""
        return await machine_token_revoke(info, given)
