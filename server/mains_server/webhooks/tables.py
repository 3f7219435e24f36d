"""Tables of the webhooks room: endpoints, secrets, choices, deliveries, and how far the outbox was read."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, LargeBinary, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from mains_server.db.columns import choice, instant, key, numbers, reference
from mains_server.webhooks.records import (
    DisabledBecause,
    WebhookCoverage,
    WebhookDeliveryState,
    WebhookKind,
    WebhookState,
)


class WebhookEndpoint(SQLModel, table=True):
    """An address that is told of events: a customer's own, or, without `customer_id`, the utility's for a partner.

    `failures` counts tries in a row that failed; while `paused_until` lies ahead nothing is tried.
    """

    __tablename__ = "webhook_endpoint"
    __table_args__ = (
        Index("webhook_endpoint_customer", "customer_id", "id"),
        Index("webhook_endpoint_created", "created_at", "id"),
    )

    id: int = key()
    customer_id: int | None = reference(nullable=True)
    person_id: int = reference("person.id")
    url: str
    description: str
    language: str
    coverage: WebhookCoverage = choice(WebhookCoverage)
    customer_ids: list[int] = numbers()
    state: WebhookState = choice(WebhookState)
    disabled_because: DisabledBecause | None = choice(DisabledBecause, nullable=True)
    disabled_at: datetime | None = instant(nullable=True)
    failures: int = 0
    failing_since: datetime | None = instant(nullable=True)
    paused_until: datetime | None = instant(nullable=True)
    created_at: datetime = instant()


class WebhookSecret(SQLModel, table=True):
    """A secret that signs an endpoint's messages, sealed; one that was replaced signs too until `ends_at`."""

    __tablename__ = "webhook_secret"
    __table_args__ = (Index("webhook_secret_endpoint", "endpoint_id", "id"),)

    id: int = key()
    endpoint_id: int = reference("webhook_endpoint.id")
    sealed: bytes = Field(sa_type=LargeBinary)
    created_at: datetime = instant()
    ends_at: datetime | None = instant(nullable=True)


class WebhookChoice(SQLModel, table=True):
    """A kind of event that an endpoint hears of, and the GraphQL document that chooses what it is told."""

    __tablename__ = "webhook_choice"
    __table_args__ = (
        UniqueConstraint("endpoint_id", "kind", name="webhook_choice_once"),
        Index("webhook_choice_kind", "kind", "endpoint_id"),
    )

    id: int = key()
    endpoint_id: int = reference("webhook_endpoint.id")
    kind: WebhookKind = choice(WebhookKind)
    document: str


class WebhookDelivery(SQLModel, table=True):
    """One event on its way to one endpoint; what is told is read anew at each try and kept nowhere."""

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        UniqueConstraint("endpoint_id", "event_id", "kind", name="webhook_delivery_once"),
        Index("webhook_delivery_waiting", "endpoint_id", "id", postgresql_where=text("state = 'WAITING'")),
        Index(
            "webhook_delivery_of_customer",
            "endpoint_id",
            "customer_id",
            "id",
            postgresql_where=text("state = 'WAITING'"),
        ),
        Index("webhook_delivery_newest", "endpoint_id", "occurred_at", "id"),
        Index("webhook_delivery_failed", "endpoint_id", "occurred_at", postgresql_where=text("state = 'FAILED'")),
        Index("webhook_delivery_ended", "ended_at", postgresql_where=text("ended_at is not null")),
    )

    id: int = key()
    endpoint_id: int = reference("webhook_endpoint.id")
    customer_id: int | None = reference(nullable=True)
    event_id: int | None = reference(nullable=True)
    kind: WebhookKind = choice(WebhookKind)
    number: int = reference()
    state: WebhookDeliveryState = choice(WebhookDeliveryState)
    tries: int = 0
    status: int | None = None
    detail: str | None = None
    occurred_at: datetime = instant()
    next_try_at: datetime | None = instant(nullable=True)
    ended_at: datetime | None = instant(nullable=True)


class WebhookLook(SQLModel, table=True):
    """What of the outbox was seen when deliveries were last queued: a snapshot of PostgreSQL, in its one row."""

    __tablename__ = "webhook_look"

    id: int = key()
    seen: str
