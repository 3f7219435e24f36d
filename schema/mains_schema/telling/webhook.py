"""Webhooks: addresses that are told of events, and each message on its way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import strawberry
from mains_server.access.records import ADMINS, Viewer
from mains_server.access.tables import Person as PE
from mains_server.webhooks.records import (
    DisabledBecause,
    WebhookCoverage,
    WebhookDeliveryState,
    WebhookKind,
    WebhookState,
)
from mains_server.webhooks.rules import message_id
from mains_server.webhooks.tables import WebhookChoice as WC
from mains_server.webhooks.tables import WebhookDelivery as WD
from mains_server.webhooks.tables import WebhookEndpoint as WE
from mains_server.webhooks.tables import WebhookSecret as WS
from sqlalchemy import ColumnElement, select

from mains_schema.declaring.connection import Connection
from mains_schema.declaring.expressions import plain
from mains_schema.declaring.mapping import (
    OrderBy,
    ascending,
    column,
    computed,
    connection,
    descending,
    described,
    filters,
    key,
    looked_up,
    many,
    mapped,
    one,
    one_of,
    orders,
    where,
)
from mains_schema.declaring.node import Node, encode_id
from mains_schema.parties.delegation import owners_and

if TYPE_CHECKING:
    from mains_schema.declaring.resolve import Reads
    from mains_schema.parties.customer import Customer

described(
    WebhookKind,
    "What a webhook is told of; what is told is chosen by a subscription of the same name.",
    {
        "INVOICE_ISSUED": "A bill, a correction or a credit note was issued; `invoice.issued`.",
        "BALANCE_CHANGED": "Something was booked that changes what a customer owes; `balance.changed`.",
        "READING_ACCEPTED": "A reading counts from now on; `reading.accepted`.",
        "OUTAGE_CHANGED": "An outage was planned, moved or called off, or supply is back; `outage.changed`.",
        "PAYMENT_CHANGED": "A payment was received or given by a bill, taken back or given back; `payment.changed`.",
        "PAYMENT_INTENT_CHANGED": "A payment came further at its provider, which somebody who acted for the customer "
        "began; `payment.intent_changed`.",
        "INBOX_MESSAGE": "Something was told to a customer; `inbox.message`.",
        "TEST": "Somebody asked for a ping; `webhook.test`.",
    },
    name="WebhookEventKind",
)
described(
    WebhookCoverage,
    "Whose events a webhook is told of.",
    {"NAMED_CUSTOMERS": "Of customers that are named.", "ALL_CUSTOMERS": "Of every customer."},
)
described(
    WebhookState,
    "Whether a webhook is told of what happens.",
    {"ACTIVE": "It is.", "DISABLED": "It is not, and is not told later of what happens meanwhile."},
)
described(
    DisabledBecause,
    "Why a webhook is told of nothing.",
    {
        "ASKED": "Somebody disabled it.",
        "GONE": "It answered 410.",
        "FAILING": "It took nothing for five days.",
        "RIGHT_ENDED": "Who made it does not own the customer any more.",
    },
    name="WebhookDisabledBecause",
)
described(
    WebhookDeliveryState,
    "How a message stands.",
    {
        "WAITING": "It is to be sent, perhaps once more.",
        "DELIVERED": "It was taken, with a status of 200 to 299.",
        "FAILED": "It was tried ten times and given up; it can be sent again.",
        "WITHHELD": "What it would tell is not for this webhook to see, or gone.",
    },
    name="WebhookDeliveryState",
)


@dataclass(frozen=True, slots=True, eq=False)
class OfEndpoint:
    """Rows of webhooks that one sees."""

    endpoint: object

    def condition(self, viewer: Viewer) -> ColumnElement[bool] | None:
        """Look for the webhook."""
        seen = ENDPOINTS.condition(viewer)
        if seen is None:
            return None
        return plain(self.endpoint).in_(select(plain(WE.id)).where(seen).correlate(None))


ENDPOINTS = owners_and(WE.customer_id, roles=ADMINS)


def named_customers(_reads: Reads, customer_ids: list[int]) -> list[strawberry.ID]:
    """Give the global ids of customers."""
    return [strawberry.ID(encode_id(type_name="Customer", number=one)) for one in customer_ids]


def webhook_id(_reads: Reads, delivery_id: int) -> str:
    """Give the id that a message has in its headers."""
    return message_id(delivery_id)


@orders
class WebhookEndpointOrder(OrderBy):
    """Order of webhooks."""

    NEWEST = descending("Last made first.", WE.created_at)


@orders
class WebhookDeliveryOrder(OrderBy):
    """Order of messages."""

    NEWEST = descending("Of what happened last, first.", WD.occurred_at)
    OLDEST = ascending("Of what happened first, first.", WD.occurred_at)


@filters
class WebhookDeliveryFilter:
    """Which messages; conditions add up."""

    state: list[WebhookDeliveryState] | None = where("In one of these states.", one_of(WD.state))
    kind: list[WebhookKind] | None = where("Of one of these kinds.", one_of(WD.kind))


@mapped(WS, scope=OfEndpoint(WS.endpoint_id))
class WebhookSecret:
    """A secret that signs a webhook's messages. Its words were shown once, when it was made."""

    created_at: datetime = column("When it was made.", WS.created_at)
    ends_at: datetime | None = column("Until when it signs; null for the last one made.", WS.ends_at)


@mapped(WC, scope=OfEndpoint(WC.endpoint_id))
class WebhookEvent:
    """A kind of event that a webhook is told of, and the document that chooses what is told."""

    kind: WebhookKind = column("The kind.", WC.kind)
    document: str = column("A GraphQL subscription; `data` of a message is what it answers.", WC.document)


@mapped(WE, scope=ENDPOINTS)
class WebhookEndpoint(Node):
    """An address of a partner or of a business customer that is told of events by signed messages."""

    id: strawberry.ID = key("Global id.", WE.id)
    url: str = column("Where messages are posted to.", WE.url)
    description: str = column("What it is for, as who made it said.", WE.description)
    language: str = column("Language of words in messages: `lv`, `en` or `ru`.", WE.language)
    coverage: WebhookCoverage = column("Whose events it is told of.", WE.coverage)
    customer_ids: list[strawberry.ID] = computed(
        "Global ids of the customers that are named; empty for all.", named_customers, WE.customer_ids
    )
    customer: Customer | None = one("The customer whose own it is; null for one of the utility's.", WE.customer_id)
    person_name: str = column("Who made it.", looked_up(PE.name, PE.id == WE.person_id))
    state: WebhookState = column("Whether it is told of what happens.", WE.state)
    disabled_because: DisabledBecause | None = column("Why it is told of nothing; else null.", WE.disabled_because)
    disabled_at: datetime | None = column("Since when it is told of nothing; else null.", WE.disabled_at)
    failures: int = column("How many tries in a row failed.", WE.failures)
    failing_since: datetime | None = column("Since when it fails; null while it works.", WE.failing_since)
    paused_until: datetime | None = column("Until when it is left alone, failing; else null.", WE.paused_until)
    created_at: datetime = column("When it was made.", WE.created_at)
    events: list[WebhookEvent] = many("What it is told of; at most six.", WC.endpoint_id, order=(WC.kind,), about=2)
    secrets: list[WebhookSecret] = many(
        "When its secrets were made and until when they sign, the first first.",
        WS.endpoint_id,
        order=(WS.id,),
        about=2,
    )
    deliveries: Connection[WebhookDelivery] = connection(
        "Its messages; those that ended are kept for 30 days, or as many as the operator set.",
        WD.endpoint_id,
        orders=WebhookDeliveryOrder,
        filters=WebhookDeliveryFilter,
    )


@mapped(WD, scope=OfEndpoint(WD.endpoint_id))
class WebhookDelivery(Node):
    """A message to a webhook. What it tells is read anew at each try, and kept nowhere."""

    id: strawberry.ID = key("Global id.", WD.id)
    message_id: str = computed("Its header `webhook-id`, the same at every try.", webhook_id, WD.id)
    kind: WebhookKind = column("What it tells of.", WD.kind)
    state: WebhookDeliveryState = column("How it stands.", WD.state)
    tries: int = column("How often it was tried.", WD.tries)
    status: int | None = column("HTTP status that was answered last; null where there was no answer.", WD.status)
    detail: str | None = column("What came of the last try, in English; null before it.", WD.detail)
    occurred_at: datetime = column("When it happened.", WD.occurred_at)
    next_try_at: datetime | None = column("When it is tried next; null if it is not.", WD.next_try_at)
    ended_at: datetime | None = column("When it was taken, given up or withheld; null while it waits.", WD.ended_at)
    endpoint: WebhookEndpoint = one("To which webhook.", WD.endpoint_id)
