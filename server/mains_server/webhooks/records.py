"""What leaves the webhooks room: endpoints, what they hear of, and how a delivery stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from mains_server.access.records import Viewer


class WebhookKind(Enum):
    """What an endpoint hears of; the value is the `type` of its messages. TEST is a ping that somebody asked for."""

    INVOICE_ISSUED = "invoice.issued"
    BALANCE_CHANGED = "balance.changed"
    READING_ACCEPTED = "reading.accepted"
    OUTAGE_CHANGED = "outage.changed"
    PAYMENT_CHANGED = "payment.changed"
    PAYMENT_INTENT_CHANGED = "payment.intent_changed"
    INBOX_MESSAGE = "inbox.message"
    TEST = "webhook.test"


class WebhookCoverage(Enum):
    """Whose events an endpoint hears: of customers that are named, or of every one."""

    NAMED_CUSTOMERS = "NAMED_CUSTOMERS"
    ALL_CUSTOMERS = "ALL_CUSTOMERS"


class WebhookState(Enum):
    """Whether an endpoint is told of what happens."""

    ACTIVE = "ACTIVE"
    DISABLED = "DISABLED"


class DisabledBecause(Enum):
    """Why an endpoint is told of nothing."""

    ASKED = "ASKED"
    GONE = "GONE"
    FAILING = "FAILING"
    RIGHT_ENDED = "RIGHT_ENDED"


class WebhookDeliveryState(Enum):
    """How a delivery stands. WITHHELD: what it would tell is not for the endpoint to see, or gone."""

    WAITING = "WAITING"
    DELIVERED = "DELIVERED"
    FAILED = "FAILED"
    WITHHELD = "WITHHELD"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A kind of event, and the GraphQL document that chooses what is told of it."""

    kind: WebhookKind
    document: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEndpoint:
    """An endpoint to be made. With `customer_id` it is a customer's own, else the utility's for a partner.

    `customer_ids` are the customers it covers; None covers every one, for the utility's alone.
    """

    url: str
    description: str
    language: str
    chosen: tuple[Chosen, ...]
    customer_id: int | None = None
    customer_ids: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointChange:
    """What is changed about an endpoint; None leaves it."""

    url: str | None = None
    description: str | None = None
    chosen: tuple[Chosen, ...] | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """An endpoint that was made or given a new secret; `secret` is shown this once and kept sealed."""

    endpoint_id: int
    secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """An endpoint as a sender holds it."""

    id: int
    customer_id: int | None
    person_id: int
    url: str
    language: str
    customer_ids: tuple[int, ...]
    coverage: WebhookCoverage
    failures: int
    failing_since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BusyLane:
    """A lane of an endpoint that has something due; one in trouble did not take the last message."""

    endpoint_id: int
    lane: int
    is_in_trouble: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A delivery whose turn it is; `number` is the row that it is about."""

    id: int
    endpoint_id: int
    customer_id: int | None
    kind: WebhookKind
    number: int
    occurred_at: datetime
    tries: int
    document: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a document is run for: the row that an event is about, and who looks at it."""

    kind: WebhookKind
    document: str
    number: int
    viewer: Viewer


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """What came of posting a message: the status that was answered, or why there was none, in English.

    What else the other side said is read by nobody.
    """

    status: int | None
    detail: str
    again_in_seconds: int | None = None

    @property
    def is_taken(self) -> bool:
        """Tell whether the other side took it: any status of 200 to 299."""
        return self.status is not None and 200 <= self.status < 300


Content = Mapping[str, Any]
