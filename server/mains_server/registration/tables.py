"""The table of the registration room: registrations begun, whether or not they fit anybody."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, LargeBinary
from sqlmodel import Field, SQLModel

from mains_server.db.columns import instant, key, reference


class Registration(SQLModel, table=True):
    """A registration that was begun; without a customer it fits nobody and can never be confirmed.

    `person_id` is who adds a customer to the account that they have; a newcomer is nobody yet.
    `expires_at` is what is told, the same for everybody; `code_ends_at` depends on the road that the code went by.
    """

    __tablename__ = "registration"
    __table_args__ = (Index("registration_token", "token_hash", unique=True),)

    id: int = key()
    token_hash: bytes = Field(sa_type=LargeBinary)
    nonce: bytes = Field(sa_type=LargeBinary)
    customer_id: int | None = reference("customer.id", nullable=True)
    person_id: int | None = reference("person.id", nullable=True)
    email: str
    language: str
    is_email_proven: bool
    created_at: datetime = instant()
    code_ends_at: datetime = instant()
    expires_at: datetime = instant()
    tries: int
    done_at: datetime | None = instant(nullable=True)
