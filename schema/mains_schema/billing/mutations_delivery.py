"""Mutations about how invoices reach their customers."""

from __future__ import annotations

from typing import Annotated

import strawberry

from mains_schema.billing.invoice_delivery import (
    InvoiceDeliverInput,
    InvoiceDeliverPayload,
    PrintMailingMakeInput,
    PrintMailingPayload,
    invoice_deliver,
    print_mailing_make,
)
from mains_schema.declaring.context import Info
from mains_schema.declaring.mapping import resolved, section


@section
class DeliveryMutations:
    """Sending invoices once more, and letters to the printer."""

    @resolved("Delivers an invoice once more, by whichever channel. FORBIDDEN to who is not an employee.")
    async def invoice_deliver(
        self, info: Info, given: Annotated[InvoiceDeliverInput, strawberry.argument(name="input", description="Which.")]
    ) -> InvoiceDeliverPayload:
        """Deliver an invoice."""
        return await invoice_deliver(info, given)

    @resolved(
        "Puts the letters that wait into one mailing for the printer, which is closed with that; a letter is in one"
        " mailing. FORBIDDEN to who is not an employee."
    )
    async def print_mailing_make(
        self,
        info: Info,
        given: Annotated[PrintMailingMakeInput, strawberry.argument(name="input", description="A key.")],
    ) -> PrintMailingPayload:
        """Make a mailing."""
        return await print_mailing_make(info, given)
