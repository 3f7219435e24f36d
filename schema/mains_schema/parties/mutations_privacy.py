"""Mutations about what is stored of people."""

from __future__ import annotations

from typing import Annotated

import strawberry
from mains_server.access.records import ADMINS

from mains_schema.declaring.context import Info
from mains_schema.declaring.mapping import resolved, section
from mains_schema.declaring.roles import by
from mains_schema.parties.privacy import CustomerEraseInput, CustomerErasePayload, customer_erase


@section
class PrivacyMutations:
    """Erasing customers."""

    @by(ADMINS)
    @resolved(
        "Takes away all that is stored about a customer, but what the law keeps: documents and postings. It cannot be"
        " undone."
    )
    async def customer_erase(
        self, info: Info, given: Annotated[CustomerEraseInput, strawberry.argument(name="input", description="Whom.")]
    ) -> CustomerErasePayload:
        """Erase a customer."""
        return await customer_erase(info, given)
