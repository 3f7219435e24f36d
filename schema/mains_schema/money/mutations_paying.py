"""Mutations of payments through payment providers."""

from __future__ import annotations

from typing import Annotated

import strawberry
from mains_server.access.records import CLERKS, OFFICE

from mains_schema.declaring.context import Info
from mains_schema.declaring.mapping import resolved, section
from mains_schema.declaring.roles import also_by
from mains_schema.money.paying_asked import (
    PaymentCreateInput,
    PaymentCreatePayload,
    PaymentRefreshInput,
    RefundCreateInput,
    RefundCreatePayload,
    payment_create,
    payment_refresh,
    refund_create,
)


@section
class PayingMutations:
    """Paying, looking at a payment again, and refunding."""

    @resolved(
        "Begins a payment and gives the provider's page to send the payer to. Own invoices and contracts need PAY;"
        " by reference anybody signed in pays. UNAUTHENTICATED without a session, RATE_LIMITED after many guesses."
    )
    async def payment_create(
        self, info: Info, given: Annotated[PaymentCreateInput, strawberry.argument(name="input", description="What.")]
    ) -> PaymentCreatePayload:
        """Begin a payment."""
        return await payment_create(info, given)

    @also_by(OFFICE)
    @resolved(
        "Asks the provider how a payment stands, as when the payer comes back before the provider has told us."
        " For who began it, and employees."
    )
    async def payment_refresh(
        self, info: Info, given: Annotated[PaymentRefreshInput, strawberry.argument(name="input", description="Which.")]
    ) -> PaymentCreatePayload:
        """Look at a payment again."""
        return await payment_refresh(info, given)

    @also_by(CLERKS)
    @resolved(
        "Refunds credit of a payment the way it came, or with `iban` by bank. For the customer's owner, and delegates"
        " with PAY on all contracts."
    )
    async def refund_create(
        self, info: Info, given: Annotated[RefundCreateInput, strawberry.argument(name="input", description="What.")]
    ) -> RefundCreatePayload:
        """Refund credit."""
        return await refund_create(info, given)
