"""Mutations of employees on events of payment providers."""

from __future__ import annotations

from typing import Annotated

import strawberry
from mains_server.access.records import CLERKS

from mains_schema.declaring.context import Info
from mains_schema.declaring.mapping import resolved, section
from mains_schema.declaring.roles import by
from mains_schema.money.event_desk import (
    PaymentEventBookInput,
    PaymentEventBookRefundInput,
    PaymentEventPayload,
    PaymentEventSetAsideInput,
    PaymentEventTakeBackInput,
    payment_event_book,
    payment_event_book_refund,
    payment_event_set_aside,
    payment_event_take_back,
)


@section
class PaymentEventMutations:
    """The utility's own work on what payment providers told."""

    @by(CLERKS)
    @resolved("Books money that a HELD or UNMATCHED event tells of as a customer's payment.")
    async def payment_event_book(
        self,
        info: Info,
        given: Annotated[PaymentEventBookInput, strawberry.argument(name="input", description="Whose.")],
    ) -> PaymentEventPayload:
        """Book an event's money."""
        return await payment_event_book(info, given)

    @by(CLERKS)
    @resolved("Takes a payment back by a HELD or UNMATCHED event; invoices that it settled are open again.")
    async def payment_event_take_back(
        self,
        info: Info,
        given: Annotated[PaymentEventTakeBackInput, strawberry.argument(name="input", description="Which.")],
    ) -> PaymentEventPayload:
        """Take a payment back by an event."""
        return await payment_event_take_back(info, given)

    @by(CLERKS)
    @resolved(
        "Books a refund as a HELD event tells it: another amount than was asked for, or against what was told before."
        " What did not leave is credit again, what left beyond it is taken back from the payment."
    )
    async def payment_event_book_refund(
        self,
        info: Info,
        given: Annotated[PaymentEventBookRefundInput, strawberry.argument(name="input", description="Which.")],
    ) -> PaymentEventPayload:
        """Book a refund as it was told."""
        return await payment_event_book_refund(info, given)

    @by(CLERKS)
    @resolved("Settles a HELD or UNMATCHED event that changes nothing in the books.")
    async def payment_event_set_aside(
        self,
        info: Info,
        given: Annotated[PaymentEventSetAsideInput, strawberry.argument(name="input", description="Which, and why.")],
    ) -> PaymentEventPayload:
        """Set an event aside."""
        return await payment_event_set_aside(info, given)
