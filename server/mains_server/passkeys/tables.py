"""Tables of the passkey room: the keys of people, and challenges that wait to be signed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Index, LargeBinary
from sqlmodel import Field, SQLModel

from mains_server.db.columns import choice, instant, key, reference, words
from mains_server.passkeys.records import Purpose
from mains_server.signin.records import SessionMode


class Passkey(SQLModel, table=True):
    """A key that a person signs in with; what is stored of it is public, and signs nothing.

    `handle` is what the authenticator knows the person by, random and the same for all keys of one. `sign_count` is
    how often the key signed by its own count, zero for keys that do not count. One that counted backwards is
    `suspended_at`: there are two of it.
    """

    __tablename__ = "passkey"
    __table_args__ = (
        Index("passkey_credential", "credential_id", unique=True),
        Index("passkey_person", "person_id", "id"),
    )

    id: int = key()
    person_id: int = reference("person.id")
    credential_id: bytes = Field(sa_type=LargeBinary)
    public_key: bytes = Field(sa_type=LargeBinary)
    handle: bytes = Field(sa_type=LargeBinary)
    sign_count: int = Field(sa_type=BigInteger)
    transports: list[str] = words()
    is_synced: bool
    name: str
    created_at: datetime = instant()
    last_used_at: datetime | None = instant(nullable=True)
    suspended_at: datetime | None = instant(nullable=True)


class PasskeyChallenge(SQLModel, table=True):
    """Something random that an authenticator is asked to sign, once and soon; kept as a hash."""

    __tablename__ = "passkey_challenge"
    __table_args__ = (
        Index("passkey_challenge_hash", "challenge_hash", unique=True),
        Index("passkey_challenge_expires", "expires_at"),
    )

    id: int = key()
    challenge_hash: bytes = Field(sa_type=LargeBinary)
    purpose: Purpose = choice(Purpose)
    session_id: int | None = reference(nullable=True)
    handle: bytes | None = Field(default=None, sa_type=LargeBinary)
    mode: SessionMode = choice(SessionMode)
    device: str
    created_at: datetime = instant()
    expires_at: datetime = instant()
    used_at: datetime | None = instant(nullable=True)
