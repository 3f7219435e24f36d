"""Mutations about how invoices reach their customers."""

from __future__ import annotations

from mains_server.access.records import OFFICE

from mains_schema.billing.invoice_delivery import (
    InvoiceDeliverPayload,
    PrintMailingPayload,
    invoice_deliver,
    print_mailing_make,
)
from mains_schema.declaring.mapping import section
from mains_schema.declaring.mutation import mutation
from mains_schema.declaring.roles import by


@section
class DeliveryMutations:
    """Sending invoices once more, and letters to the printer."""

    invoice_deliver: InvoiceDeliverPayload = by(OFFICE)(
        mutation("Delivers an invoice once more, by whichever channel.", invoice_deliver, given="Which.")
    )
    print_mailing_make: PrintMailingPayload = by(OFFICE)(
        mutation(
            "Puts the letters that wait into one mailing for the printer, which is closed with that; a letter"
            " is in one mailing.",
            print_mailing_make,
            given="A key.",
        )
    )
