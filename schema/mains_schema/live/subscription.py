"""The root of subscriptions: one field for each thing that customers want to see as it happens."""

from __future__ import annotations

from typing import Annotated, Any

import strawberry

from mains_schema.billing.invoice import Invoice
from mains_schema.declaring.context import Info
from mains_schema.declaring.mapping import resolved, section
from mains_schema.live.feeds import fed
from mains_schema.metering.meter import Reading
from mains_schema.money.paying import PaymentIntent
from mains_schema.money.payment import Payment
from mains_schema.parties.customer import Customer
from mains_schema.telling.notice import Notice
from mains_schema.telling.outage import Outage

CustomerId = Annotated[
    strawberry.ID | None,
    strawberry.argument(description="Of this customer alone; of all whom the viewer may look at if left out."),
]
NONE_GIVEN: Any = strawberry.UNSET


@section
class Subscription:
    """What happens to the customers one acts for, as it happens; over graphql-transport-ws.

    Each event is told at least once, and only to who may see it at that moment, with what is there by then. Employees
    hear of customers they act for themselves.
    """

    @resolved("A bill, a correction or a credit note was issued.")
    def invoice_issued(self, info: Info, customer_id: CustomerId = NONE_GIVEN) -> Invoice:
        """Give the invoice."""
        return fed(info, customer_id)  # type: ignore[return-value]

    @resolved("Something was booked that changes what a customer owes; changes close to each other are told once.")
    def balance_changed(self, info: Info, customer_id: CustomerId = NONE_GIVEN) -> Customer:
        """Give the customer, with balances."""
        return fed(info, customer_id)  # type: ignore[return-value]

    @resolved("A reading counts from now on: it was taken in without question, or accepted by an employee.")
    def reading_accepted(self, info: Info, customer_id: CustomerId = NONE_GIVEN) -> Reading:
        """Give the reading."""
        return fed(info, customer_id)  # type: ignore[return-value]

    @resolved("An outage that touches the viewer's supply was planned, moved or called off, or supply is back.")
    def outage_changed(self, info: Info, customer_id: CustomerId = NONE_GIVEN) -> Outage:
        """Give the outage as it stands."""
        return fed(info, customer_id)  # type: ignore[return-value]

    @resolved("A payment was received or given by an invoice, taken back or given back, or credit of it is refunded.")
    def payment_changed(self, info: Info, customer_id: CustomerId = NONE_GIVEN) -> Payment:
        """Give the payment as it stands."""
        return fed(info, customer_id)  # type: ignore[return-value]

    @resolved("A payment that the viewer began came further at its provider, whomever it is for; before it is booked.")
    def payment_intent_changed(self, info: Info, customer_id: CustomerId = NONE_GIVEN) -> PaymentIntent:
        """Give the payment through a provider as it stands."""
        return fed(info, customer_id)  # type: ignore[return-value]

    @resolved("Something was told to a customer, by whichever channel; it is in `Customer.notices` as well.")
    def inbox_message(self, info: Info, customer_id: CustomerId = NONE_GIVEN) -> Notice:
        """Give the notice."""
        return fed(info, customer_id)  # type: ignore[return-value]
