"""Which events each subscription is fed by, and which row each of them is about."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import strawberry
from mains_server.db.outbox import Committed
from mains_server.ledger.operations import BALANCE_CHANGED
from mains_server.ledger.records import BookingKind
from mains_server.metering.operations import READING_ACCEPTED
from mains_server.notifications.operations import NOTICE_TOLD
from mains_server.paying.operations import INTENT_CHANGED
from mains_server.payments.rules import PAYMENT_CHANGED

from mains_schema.billing.invoice import Invoice
from mains_schema.compiling.changed import Changed
from mains_schema.declaring.context import Info
from mains_schema.declaring.errors import RequestRefused, not_found
from mains_schema.declaring.node import number_of
from mains_schema.metering.meter import Reading
from mains_schema.money.paying import PaymentIntent
from mains_schema.money.payment import Payment
from mains_schema.parties.customer import Customer
from mains_schema.telling.notice import Notice
from mains_schema.telling.outage import Outage

INVOICE_ISSUED = "invoice.issued"
OUTAGE_CHANGED = "outage.changed"
RIGHTS = frozenset(f"delegation.{what}" for what in ("accepted", "changed", "left", "revoked", "ownership_transferred"))
"""Kinds of events after which somebody may see something else than before."""
PERSONAL = frozenset({INTENT_CHANGED})
"""Kinds of events that are for one person, whomever they are about: who pays for a neighbour waits for the money."""
PERSONS = ("person_id", "from", "to")

Find = Callable[[Committed], int | None]


@dataclass(frozen=True, slots=True)
class Feed:
    """The type that a subscription gives, and by kind of event which row of it.

    One that `is_personal` tells of what the viewer began, so nobody need be there whom they may look at.
    """

    target: type
    finds: Mapping[str, Find]
    is_personal: bool = False

    def number(self, event: Committed) -> int | None:
        """Tell which row an event is about; None where it does not concern this subscription."""
        find = self.finds.get(event.kind)
        return None if find is None else find(event)


class Unseen(RequestRefused):
    """What happened is not for this viewer to see, or gone; nothing is sent of it."""


@dataclass(slots=True)
class Begun:
    """Stands for an event while a subscription begins: its field notes itself, and what it was asked for."""

    field: str = ""
    customer_id: int | None = None

    def give(self, field: str, customer_id: int | None) -> Changed:
        """Note the field; there is nothing to give yet."""
        self.field, self.customer_id = field, customer_id
        raise _unseen()


@dataclass(frozen=True, slots=True)
class Happened:
    """The row that an event is about."""

    target: type
    number: int

    def give(self, field: str, customer_id: int | None) -> Changed:
        """Name the row, to be read as any other."""
        return Changed(self.target, self.number, unseen=_unseen)


def fed(info: Info, customer_id: strawberry.ID | None) -> Changed:
    """Answer a field of a subscription by the event it is run for."""
    number = None if customer_id in (None, strawberry.UNSET) else number_of(customer_id, type_name="Customer")
    return info.root_value.give(info.field_name, number)  # type: ignore[no-any-return, attr-defined]


def _unseen() -> Unseen:
    refused = not_found("There is nothing here that you may see.")
    return Unseen(refused.code, refused.message)


def _named(name: str) -> Find:
    return lambda event: int(event.payload[name])


def _whose(event: Committed) -> int | None:
    return event.customer_id


def _booked(kind: BookingKind) -> Find:
    return lambda event: int(event.payload["document_id"]) if event.payload["kind"] == kind.name else None


FEEDS: Mapping[str, Feed] = {
    "invoiceIssued": Feed(
        Invoice, {INVOICE_ISSUED: _named("invoice_id"), BALANCE_CHANGED: _booked(BookingKind.CREDIT_NOTE)}
    ),
    "balanceChanged": Feed(Customer, {INVOICE_ISSUED: _whose, BALANCE_CHANGED: _whose}),
    "readingAccepted": Feed(Reading, {READING_ACCEPTED: _named("reading_id")}),
    "outageChanged": Feed(Outage, {OUTAGE_CHANGED: _named("outage_id")}),
    "paymentChanged": Feed(
        Payment, {BALANCE_CHANGED: _booked(BookingKind.PAYMENT), PAYMENT_CHANGED: _named("payment_id")}
    ),
    "paymentIntentChanged": Feed(PaymentIntent, {INTENT_CHANGED: _named("intent_id")}, is_personal=True),
    "inboxMessage": Feed(Notice, {NOTICE_TOLD: _named("notice_id")}),
}


def persons_of(event: Committed) -> frozenset[int]:
    """Tell whose rights an event changed, or for whom alone it is."""
    if event.kind not in RIGHTS | PERSONAL:
        return NOBODY
    return frozenset(event.payload[name] for name in PERSONS if name in event.payload)


NOBODY: frozenset[int] = frozenset()
KINDS = frozenset(kind for feed in FEEDS.values() for kind in feed.finds)
