"""Mutations of employees who look at accounts as customers see them."""

from __future__ import annotations

from mains_server.access.records import OPERATORS

from mains_schema.declaring.mapping import section
from mains_schema.declaring.mutation import mutation
from mains_schema.declaring.roles import also_by
from mains_schema.parties.impersonation import (
    ImpersonationBeginPayload,
    ImpersonationEndPayload,
    impersonation_begin,
    impersonation_end,
)


@section
class ImpersonationMutations:
    """Looking as a customer."""

    impersonation_begin: ImpersonationBeginPayload = also_by(OPERATORS)(
        mutation(
            "Gives an operator a token that sees one account as its customer does, and can change nothing:"
            " every mutation but `impersonationEnd` is FORBIDDEN by it. The customer is told, with the reason.",
            impersonation_begin,
            given="Whom, and why.",
        )
    )
    impersonation_end: ImpersonationEndPayload = mutation(
        "Ends one's own impersonation, also by its own token, or as an administrator anybody's, at once.",
        impersonation_end,
        given="Which.",
    )
