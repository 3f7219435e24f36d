"""The table of the recovery room: ways back that were opened, and what became of them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, LargeBinary, text
from sqlmodel import Field, SQLModel

from mains_server.db.columns import choice, instant, key, reference
from mains_server.recovery.records import StoppedBy


class AccountRecovery(SQLModel, table=True):
    """A way back into an account; `ended_at` is when it was stopped, done, or found to be too old.

    The tokens that stop it and that use it are kept as hashes. `sealed` is the secret of the new app until it counts.
    """

    __tablename__ = "account_recovery"
    __table_args__ = (
        Index("account_recovery_open", "person_id", unique=True, postgresql_where=text("ended_at is null")),
        Index("account_recovery_person", "person_id", "opened_at", "id"),
        Index("account_recovery_opened", "opened_at", "id"),
        Index("account_recovery_stop", "stop_hash", unique=True),
        Index("account_recovery_link", "link_hash", unique=True),
        Index("account_recovery_acts", "acts_at", postgresql_where=text("ended_at is null and link_sent_at is null")),
    )

    id: int = key()
    person_id: int = reference("person.id")
    opened_by: int = reference("person.id")
    approved_by: int | None = reference("person.id", nullable=True)
    reason: str
    proof: str
    needs_approval: bool
    opened_at: datetime = instant()
    acts_at: datetime = instant()
    expires_at: datetime = instant()
    approved_at: datetime | None = instant(nullable=True)
    link_sent_at: datetime | None = instant(nullable=True)
    stop_hash: bytes = Field(sa_type=LargeBinary)
    link_hash: bytes | None = Field(default=None, sa_type=LargeBinary)
    sealed: bytes | None = Field(default=None, sa_type=LargeBinary)
    stopped_at: datetime | None = instant(nullable=True)
    stopped_by: StoppedBy | None = choice(StoppedBy, nullable=True)
    done_at: datetime | None = instant(nullable=True)
    ended_at: datetime | None = instant(nullable=True)
