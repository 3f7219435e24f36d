"""Tables of the sign-in room: password hashes and sessions; a token is stored only as its hash."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Index, LargeBinary, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from mains_server.db.columns import choice, instant, key, owner, reference
from mains_server.signin.records import MessageKind, MessageRoad, SessionMode, SigninWay


class Credential(SQLModel, table=True):
    """A person's password as an argon2id hash."""

    __tablename__ = "credential"

    person_id: int = Field(primary_key=True, foreign_key="person.id", sa_type=BigInteger)
    password_hash: str
    changed_at: datetime = instant()


class Session(SQLModel, table=True):
    """One sign-in on one device, until it ends or is revoked.

    `token_hash` and `expires_at` are of its access token, which each refresh replaces; `ends_at` is when it can no
    longer be refreshed. `proved_at` is when its person last proved who they are, `way` what they signed in by.
    """

    __tablename__ = "session"
    __table_args__ = (
        Index("session_token", "token_hash", unique=True),
        Index("session_person", "person_id", "created_at", "id"),
    )

    id: int = key()
    person_id: int = reference("person.id")
    token_hash: bytes = Field(sa_type=LargeBinary)
    mode: SessionMode = choice(SessionMode, initially=SessionMode.BEARER)
    way: SigninWay | None = choice(SigninWay, nullable=True)
    device: str
    created_at: datetime = instant()
    expires_at: datetime = instant()
    ends_at: datetime = instant()
    last_used_at: datetime = instant()
    proved_at: datetime = instant()
    revoked_at: datetime | None = instant(nullable=True)


class RefreshToken(SQLModel, table=True):
    """A token that is good for one refresh of a session; used twice, it ends the session."""

    __tablename__ = "refresh_token"
    __table_args__ = (
        Index("refresh_token_hash", "token_hash", unique=True),
        Index("refresh_token_session", "session_id"),
    )

    id: int = key()
    session_id: int = reference("session.id")
    token_hash: bytes = Field(sa_type=LargeBinary)
    created_at: datetime = instant()
    used_at: datetime | None = instant(nullable=True)


class Impersonation(SQLModel, table=True):
    """An employee's look at an account as its customer sees it, by a session of its own."""

    __tablename__ = "impersonation"
    __table_args__ = (
        UniqueConstraint("session_id", "customer_id"),
        Index("impersonation_customer", "customer_id", "began_at", "id"),
    )

    id: int = key()
    session_id: int = reference()
    person_id: int = reference("person.id")
    customer_id: int = owner()
    reason: str
    began_at: datetime = instant()
    ends_at: datetime = instant()
    ended_at: datetime | None = instant(nullable=True)


class SigninAttempt(SQLModel, table=True):
    """A failed sign-in, counted per e-mail address to slow guessing down."""

    __tablename__ = "signin_attempt"
    __table_args__ = (Index("signin_attempt_email", "email_hash", "at"),)

    id: int = key()
    email_hash: bytes = Field(sa_type=LargeBinary)
    at: datetime = instant()


class CountedTry(SQLModel, table=True):
    """How often something was tried lately; what it was is kept as a hash."""

    __tablename__ = "counted_try"
    __table_args__ = (Index("counted_try_starts", "starts_at"),)

    bucket: bytes = Field(primary_key=True, sa_type=LargeBinary)
    starts_at: datetime = instant()
    tries: int


class PasswordReset(SQLModel, table=True):
    """A password reset that was asked for; without a person it is of an address that nobody has."""

    __tablename__ = "password_reset"
    __table_args__ = (
        Index("password_reset_token", "token_hash", unique=True),
        Index("password_reset_person", "person_id"),
    )

    id: int = key()
    person_id: int | None = reference("person.id", nullable=True)
    token_hash: bytes = Field(sa_type=LargeBinary)
    created_at: datetime = instant()
    expires_at: datetime = instant()
    used_at: datetime | None = instant(nullable=True)


class SecondFactor(SQLModel, table=True):
    """A person's authenticator app; it counts once a code of it was typed (`confirmed_at`).

    `sealed` is its secret under the server's; `used_step` is the step of the last code taken, which is not taken again.
    """

    __tablename__ = "second_factor"

    person_id: int = Field(primary_key=True, foreign_key="person.id", sa_type=BigInteger)
    sealed: bytes = Field(sa_type=LargeBinary)
    created_at: datetime = instant()
    confirmed_at: datetime | None = instant(nullable=True)
    used_step: int | None = Field(default=None, sa_type=BigInteger)


class RecoveryCode(SQLModel, table=True):
    """A code that is good once in the place of one of the app's; kept as its hash."""

    __tablename__ = "recovery_code"
    __table_args__ = (Index("recovery_code_hash", "person_id", "code_hash", unique=True),)

    id: int = key()
    person_id: int = reference("person.id")
    code_hash: bytes = Field(sa_type=LargeBinary)
    created_at: datetime = instant()
    used_at: datetime | None = instant(nullable=True)


class SigninChallenge(SQLModel, table=True):
    """A sign-in whose password was right and whose second factor is awaited; its token is kept as a hash."""

    __tablename__ = "signin_challenge"
    __table_args__ = (
        Index("signin_challenge_token", "token_hash", unique=True),
        Index("signin_challenge_person", "person_id"),
    )

    id: int = key()
    person_id: int = reference("person.id")
    token_hash: bytes = Field(sa_type=LargeBinary)
    mode: SessionMode = choice(SessionMode)
    way: SigninWay | None = choice(SigninWay, nullable=True)
    device: str
    created_at: datetime = instant()
    expires_at: datetime = instant()
    used_at: datetime | None = instant(nullable=True)


class SigninMessage(SQLModel, table=True):
    """A code or notice on its way: what it is about, where it goes, and what a code in it is made of.

    `mailing` is the number of the file for the printer that a letter is in. What is refused or comes too late by mail
    or text message goes by letter where there is a `letter_until`, and is good until then.
    """

    __tablename__ = "signin_message"
    __table_args__ = (
        Index("signin_message_due", "road", "next_try_at", "id", postgresql_where=text("next_try_at is not null")),
        Index("signin_message_row", "row_id", "kind"),
    )

    id: int = key()
    kind: MessageKind = choice(MessageKind)
    road: MessageRoad = choice(MessageRoad)
    address: str | None = None
    customer_id: int | None = reference(nullable=True)
    language: str
    row_id: int | None = reference(nullable=True)
    nonce: bytes | None = Field(default=None, sa_type=LargeBinary)
    created_at: datetime = instant()
    expires_at: datetime | None = instant(nullable=True)
    next_try_at: datetime | None = instant(nullable=True)
    tries: int
    sent_at: datetime | None = instant(nullable=True)
    mailing: int | None = None
    letter_until: datetime | None = instant(nullable=True)
