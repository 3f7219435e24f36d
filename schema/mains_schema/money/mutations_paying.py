"""Mutations of payments through payment providers."""

from __future__ import annotations

from mains_server.access.records import CLERKS, OFFICE

from mains_schema.declaring.mapping import section
from mains_schema.declaring.mutation import mutation
from mains_schema.declaring.roles import also_by
from mains_schema.money.paying_asked import (
    PaymentCreatePayload,
    RefundCreatePayload,
    payment_create,
    payment_refresh,
    refund_create,
)


@section
class PayingMutations:
    """Paying, looking at a payment again, and refunding."""

    payment_create: PaymentCreatePayload = mutation(
        "Begins a payment and gives the provider's page to send the payer to. Own invoices and contracts need"
        " PAY; by reference anybody signed in pays. UNAUTHENTICATED without a session, RATE_LIMITED after"
        " many guesses.",
        payment_create,
        given="What.",
    )
    payment_refresh: PaymentCreatePayload = also_by(OFFICE)(
        mutation(
            "Asks the provider how a payment stands, as when the payer comes back before the provider has"
            " told us. For who began it, and employees.",
            payment_refresh,
            given="Which.",
        )
    )
    refund_create: RefundCreatePayload = also_by(CLERKS)(
        mutation(
            "Refunds credit of a payment the way it came, or with `iban` by bank. For the customer's owner,"
            " and delegates with PAY on all contracts.",
            refund_create,
            given="What.",
        )
    )
