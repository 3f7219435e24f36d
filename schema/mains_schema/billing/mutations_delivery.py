"""Mutations about how invoices reach their customers."""

from __future__ import annotations

from typing import Annotated

import strawberry
from mains_server.access.records import OFFICE

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
from mains_schema.declaring.roles import by


@section
class DeliveryMutations:
    """Sending invoices once more, and letters to the printer."""

    @by(OFFICE)
    @resolved("Delivers an invoice once more, by whichever channel.")
    async def invoice_deliver(
        self, info: Info, given: Annotated[InvoiceDeliverInput, strawberry.argument(name="input", description="Which.")]
    ) -> InvoiceDeliverPayload:
        """Deliver an invoice."""
        return await invoice_deliver(info, given)

    @by(OFFICE)
    @resolved(
        "Puts the letters that wait into one mailing for the printer, which is closed with that; a letter is in one"
        " mailing."
    )
    async def print_mailing_make(
        self,
        info: Info,
        given: Annotated[PrintMailingMakeInput, strawberry.argument(name="input", description="A key.")],
    ) -> PrintMailingPayload:
        """Make a mailing."""
        return await print_mailing_make(info, given)
