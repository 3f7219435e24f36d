"""Tables of the machines room: tokens of software, each kept as its hash."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, LargeBinary
from sqlmodel import Field, SQLModel

from mains_server.db.columns import instant, key, numbers, reference, words


class MachineToken(SQLModel, table=True):
    """A token of somebody's software: whose it is, what it opens, what it reaches, and until when.

    Without a `partner` it is its person's own, over contracts they own; a partner's reaches what is named.
    """

    __tablename__ = "machine_token"
    __table_args__ = (
        Index("machine_token_hash", "token_hash", unique=True),
        Index("machine_token_person", "person_id", "created_at", "id"),
        Index("machine_token_created", "created_at", "id"),
    )

    id: int = key()
    person_id: int = reference("person.id")
    partner: str | None = None
    name: str
    token_hash: bytes = Field(sa_type=LargeBinary)
    scopes: list[str] = words()
    customer_ids: list[int] = numbers()
    contract_ids: list[int] = numbers()
    building_ids: list[int] = numbers()
    supply_point_ids: list[int] = numbers()
    rows_a_minute: int
    created_at: datetime = instant()
    expires_at: datetime = instant()
    last_used_at: datetime | None = instant(nullable=True)
    revoked_at: datetime | None = instant(nullable=True)
