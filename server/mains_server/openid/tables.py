"""Tables of the OpenID Connect room: who is linked to whom, ways to providers, and tickets to link by."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, LargeBinary
from sqlmodel import Field, SQLModel

from mains_server.db.columns import choice, instant, key, reference
from mains_server.openid.records import Purpose
from mains_server.signin.records import SessionMode


class OpenidLink(SQLModel, table=True):
    """A subject of a provider, by which a person signs in; a subject is of one person."""

    __tablename__ = "openid_link"
    __table_args__ = (
        Index("openid_link_subject", "provider", "subject", unique=True),
        Index("openid_link_person", "person_id", "id"),
    )

    id: int = key()
    person_id: int = reference("person.id")
    provider: str
    subject: str
    created_at: datetime = instant()
    last_used_at: datetime | None = instant(nullable=True)


class OpenidFlow(SQLModel, table=True):
    """A way to a provider that was begun; what its browser has, and what comes back, are kept as hashes."""

    __tablename__ = "openid_flow"
    __table_args__ = (
        Index("openid_flow_state", "state_hash", unique=True),
        Index("openid_flow_expires", "expires_at"),
    )

    id: int = key()
    state_hash: bytes = Field(sa_type=LargeBinary)
    key_hash: bytes = Field(sa_type=LargeBinary)
    provider: str
    redirect_uri: str
    purpose: Purpose = choice(Purpose)
    session_id: int | None = reference(nullable=True)
    mode: SessionMode = choice(SessionMode)
    device: str
    created_at: datetime = instant()
    expires_at: datetime = instant()
    used_at: datetime | None = instant(nullable=True)


class OpenidTicket(SQLModel, table=True):
    """A subject that a provider proved and that is linked to nobody yet; the ticket is kept as a hash."""

    __tablename__ = "openid_ticket"
    __table_args__ = (
        Index("openid_ticket_token", "token_hash", unique=True),
        Index("openid_ticket_expires", "expires_at"),
    )

    id: int = key()
    token_hash: bytes = Field(sa_type=LargeBinary)
    provider: str
    subject: str
    personal_code_hash: bytes | None = Field(default=None, sa_type=LargeBinary)
    created_at: datetime = instant()
    expires_at: datetime = instant()
    used_at: datetime | None = instant(nullable=True)
