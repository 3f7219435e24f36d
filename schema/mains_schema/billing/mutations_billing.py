"""Mutations that issue bills."""

from __future__ import annotations

from typing import Annotated

import strawberry
from mains_server.access.records import CLERKS, OFFICE

from mains_schema.billing.billing_corrections import (
    CorrectionsSettleInput,
    CorrectionsSettlePayload,
    InvoiceCorrectInput,
    InvoiceCorrectPayload,
    corrections_settle,
    invoice_correct,
)
from mains_schema.billing.billing_moments import (
    InvoiceInstantCreateInput,
    InvoiceInstantCreatePayload,
    invoice_instant_create,
)
from mains_schema.declaring.context import Info
from mains_schema.declaring.mapping import resolved, section
from mains_schema.declaring.roles import also_by, by


@section
class BillingMutations:
    """Bills that somebody asks for."""

    @also_by(OFFICE)
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

    @by(CLERKS)
    @resolved(
        "Looks at an invoice again: rates its days anew on what is known now, and puts right what comes out otherwise,"
        " by a credit note and a new invoice or by a line on the next bill. A house is corrected whole."
    )
    async def invoice_correct(
        self,
        info: Info,
        given: Annotated[InvoiceCorrectInput, strawberry.argument(name="input", description="What.")],
    ) -> InvoiceCorrectPayload:
        """Correct an invoice."""
        return await invoice_correct(info, given)

    @by(CLERKS)
    @resolved(
        "Makes the corrections that are due, each by itself; what cannot be corrected stays due. Repeated, it goes on"
        " with what is left."
    )
    async def corrections_settle(
        self,
        info: Info,
        given: Annotated[CorrectionsSettleInput, strawberry.argument(name="input", description="How many.")],
    ) -> CorrectionsSettlePayload:
        """Work off corrections that are due."""
        return await corrections_settle(info, given)
