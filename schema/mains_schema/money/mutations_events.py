"""Mutations of employees on events of payment providers."""

from __future__ import annotations

from mains_server.access.records import CLERKS

from mains_schema.declaring.mapping import section
from mains_schema.declaring.mutation import mutation
from mains_schema.declaring.roles import by
from mains_schema.money.event_desk import (
    PaymentEventPayload,
    payment_event_book,
    payment_event_book_refund,
    payment_event_set_aside,
    payment_event_take_back,
)


@section
class PaymentEventMutations:
    """The utility's own work on what payment providers told."""

    payment_event_book: PaymentEventPayload = by(CLERKS)(
        mutation(
            "Books money that a HELD or UNMATCHED event tells of as a customer's payment.",
            payment_event_book,
            given="Whose.",
        )
    )
    payment_event_take_back: PaymentEventPayload = by(CLERKS)(
        mutation(
            "Takes a payment back by a HELD or UNMATCHED event; invoices that it settled are open again.",
            payment_event_take_back,
            given="Which.",
        )
    )
    payment_event_book_refund: PaymentEventPayload = by(CLERKS)(
        mutation(
            "Books a refund as a HELD event tells it: another amount than was asked for, or against what was"
            " told before. What did not leave is credit again, what left beyond it is taken back from the"
            " payment.",
            payment_event_book_refund,
            given="Which.",
        )
    )
    payment_event_set_aside: PaymentEventPayload = by(CLERKS)(
        mutation(
            "Settles a HELD or UNMATCHED event that changes nothing in the books.",
            payment_event_set_aside,
            given="Which, and why.",
        )
    )
