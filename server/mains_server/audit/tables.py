"""Tables of the audit room: entries, and the seals that chain them; both are only ever added to."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, LargeBinary, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from mains_server.db.columns import document, instant, key, reference, words


class AuditEntry(SQLModel, table=True):
    """An act: who did what, on whom, when, from where and why."""

    __tablename__ = "audit_entry"
    __table_args__ = (
        Index("audit_entry_customer", "customer_id", "id", postgresql_where=text("customer_id is not null")),
        Index("audit_entry_person", "person_id", "id"),
        Index("audit_entry_act", "act", "id"),
        Index("audit_entry_at", "at", "id"),
    )

    id: int = key()
    act: str
    person_id: int | None = reference(nullable=True)
    session_id: int | None = reference(nullable=True)
    roles: list[str] = words()
    customer_id: int | None = reference(nullable=True)
    subjects: Any = document()
    reason: str | None = None
    address_hash: str | None = None
    at: datetime = instant()


class AuditSeal(SQLModel, table=True):
    """A link of the chain: the hash over an entry and the seal before it."""

    __tablename__ = "audit_seal"
    __table_args__ = (UniqueConstraint("entry_id"),)

    id: int = key()
    entry_id: int = reference()
    hash: bytes = Field(sa_type=LargeBinary)
    sealed_at: datetime = instant()
