"""Mutations that issue bills."""

from __future__ import annotations

from typing import Annotated

import strawberry

from mains_schema.billing_moments import (
    InvoiceInstantCreateInput,
    InvoiceInstantCreatePayload,
    invoice_instant_create,
)
from mains_schema.context import Info
from mains_schema.mapping import resolved, section


@section
class BillingMutations:
    """Bills that somebody asks for."""

    @resolved(
        "Bills a contract at once, from where its last bill ended up to a reading; the month's bill goes on from there."
        " At the end of a contract it is the last bill. UNAUTHENTICATED without a session."
    )
    async def invoice_instant_create(
        self,
        info: Info,
        given: Annotated[InvoiceInstantCreateInput, strawberry.argument(name="input", description="What.")],
    ) -> InvoiceInstantCreatePayload:
        """Bill a contract at once."""
        return await invoice_instant_create(info, given)
