"""Tables of the db room: events waiting for delivery, answers of repeatable requests, registered documents, budgets."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, LargeBinary, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from mains_server.db.columns import document, instant, key, reference


class OutboxEvent(SQLModel, table=True):
    """Something that happened, written in the transaction that made it happen; delivered afterwards, in order.

    `transaction` is PostgreSQL's number of that transaction; by it one tells what was committed since one looked last.
    """

    __tablename__ = "outbox_event"
    __table_args__ = (
        Index("outbox_event_waiting", "delivered_at", "id"),
        Index("outbox_event_of_customer", "customer_id", "id", postgresql_where=text("delivered_at is null")),
        Index("outbox_event_transaction", "transaction"),
        Index("outbox_event_given_up", "given_up_at", "id", postgresql_where=text("given_up_at is not null")),
    )

    id: int = key()
    customer_id: int | None = reference(nullable=True)
    kind: str
    payload: Any = document()
    occurred_at: datetime = instant()
    delivered_at: datetime | None = instant(nullable=True)
    tries: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    next_try_at: datetime | None = instant(nullable=True)
    given_up_at: datetime | None = instant(nullable=True)
    failure: str | None = None
    transaction: int | None = Field(
        default=None,
        sa_type=BigInteger,
        nullable=False,
        sa_column_kwargs={"server_default": text("pg_current_xact_id()::text::bigint")},
    )


class IdempotentRequest(SQLModel, table=True):
    """The answer that a person's request with a key got; the same key and body get it again for 30 days."""

    __tablename__ = "idempotent_request"
    __table_args__ = (UniqueConstraint("person_id", "operation", "key"), Index("idempotent_request_at", "at"))

    id: int = key()
    person_id: int = reference("person.id")
    operation: str
    key: str
    body_hash: bytes = Field(sa_type=LargeBinary)
    answer: Any = document(nullable=True)
    at: datetime = instant()


class TrustedDocument(SQLModel, table=True):
    """A GraphQL document that a front end's build registered, by the SHA-256 of its text in hex."""

    __tablename__ = "trusted_document"

    sha256: str = Field(primary_key=True)
    document: str
    source: str
    registered_at: datetime = instant()


class RowBudget(SQLModel, table=True):
    """How many rows of a minute's budget server processes have taken for somebody, who is kept as a hash.

    It is not logged: a crash of the database, or a change to a replica, begins the minute anew and loses nothing else.
    """

    __tablename__ = "row_budget"
    __table_args__ = ({"prefixes": ["UNLOGGED"]},)

    bucket: bytes = Field(primary_key=True, sa_type=LargeBinary)
    minute: int = Field(sa_type=BigInteger)
    taken: int = Field(sa_type=BigInteger)
    granted: int = Field(sa_type=BigInteger)
