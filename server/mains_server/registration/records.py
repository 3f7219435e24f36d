"""What leaves the registration room, and what comes in."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from mains_server.signin.records import UNKNOWN_DEVICE, Device, MessageRoad


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationAsked:
    """Who wants an account: as which customer, proven by what, and with which address to sign in.

    `channel` is by which road the code should come, if that contact is on file.
    """

    number: str
    identifier: str = field(repr=False)
    email: str
    language: str
    channel: MessageRoad | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationBegun:
    """A registration that waits for its codes; it looks alike whether or not it can ever be confirmed."""

    token: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationConfirmed:
    """The codes that came, and what the account gets."""

    token: str = field(repr=False)
    code: str = field(repr=False)
    email_code: str = field(repr=False)
    name: str
    password: str = field(repr=False)
    device: Device = UNKNOWN_DEVICE


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationRefused:
    """A confirmation that failed; returned rather than raised, so that the try it counts is kept."""

    message: str = "the codes do not fit, were used, or are too old; look at both, or begin again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A customer that a number may mean, with what proves who asks; it stays inside this room."""

    customer_id: int
    language: str
    email: str | None
    phone: str | None
    identifiers: tuple[str, ...] = field(repr=False)
    owner_email: str | None
    owner_language: str | None
