"""What leaves the sign-in room."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from mains_server.access.records import Person


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSession:
    """A sign-in that succeeded; the token is shown this once and is stored only as its hash."""

    id: int
    token: str = field(repr=False)
    expires_at: datetime
    person: Person


class SigninRefusalCode(Enum):
    """Why a sign-in was refused; an unknown address and a wrong password look alike."""

    WRONG_EMAIL_OR_PASSWORD = "WRONG_EMAIL_OR_PASSWORD"
    TOO_MANY_ATTEMPTS = "TOO_MANY_ATTEMPTS"


@dataclass(frozen=True, slots=True, kw_only=True)
class SigninRefused:
    """A sign-in that failed; returned rather than raised, so that the failure it counts is kept."""

    code: SigninRefusalCode
    message: str
    retry_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCredential:
    """A person with the hash of their password; it stays inside this room."""

    person: Person
    password_hash: str = field(repr=False)
