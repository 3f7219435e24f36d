"""Mutations of employees who look at accounts as customers see them."""

from __future__ import annotations

from typing import Annotated

import strawberry
from mains_server.access.records import OPERATORS

from mains_schema.declaring.context import Info
from mains_schema.declaring.mapping import resolved, section
from mains_schema.declaring.roles import also_by
from mains_schema.parties.impersonation import (
    ImpersonationBeginInput,
    ImpersonationBeginPayload,
    ImpersonationEndInput,
    ImpersonationEndPayload,
    impersonation_begin,
    impersonation_end,
)


@section
class ImpersonationMutations:
    """Looking as a customer."""

    @also_by(OPERATORS)
    @resolved(
        "Gives an operator a token that sees one account as its customer does, and can change nothing:"
        " every mutation but `impersonationEnd` is FORBIDDEN by it. The customer is told, with the reason."
    )
    async def impersonation_begin(
        self,
        info: Info,
        given: Annotated[ImpersonationBeginInput, strawberry.argument(name="input", description="Whom, and why.")],
    ) -> ImpersonationBeginPayload:
        """Begin to look."""
        return await impersonation_begin(info, given)

    @resolved("Ends one's own impersonation, also by its own token, or as an administrator anybody's, at once.")
    async def impersonation_end(
        self,
        info: Info,
        given: Annotated[ImpersonationEndInput, strawberry.argument(name="input", description="Which.")],
    ) -> ImpersonationEndPayload:
        """End it."""
        return await impersonation_end(info, given)
