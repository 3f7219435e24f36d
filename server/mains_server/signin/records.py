"""What leaves the sign-in room."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

from mains_server.access.records import Person, StaffRole


class SessionMode(Enum):
    """How a front end keeps a session's tokens."""

    BEARER = "BEARER"
    COOKIE = "COOKIE"


class SigninWay(Enum):
    """What somebody proved who they are by when a session began."""

    PASSWORD = "PASSWORD"
    PASSKEY = "PASSKEY"
    PROVIDER = "PROVIDER"
    REGISTRATION = "REGISTRATION"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifetimes:
    """How long an access token lives, and how long a session after its last refresh."""

    access: timedelta
    session: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """What somebody signs in from, as it calls itself, and how it keeps its tokens."""

    name: str = ""
    mode: SessionMode = SessionMode.BEARER


UNKNOWN_DEVICE = Device()


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedImpersonation:
    """Whose account an employee wants to see as its customer does, why, and for how many minutes."""

    customer_id: int
    reason: str
    minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BegunImpersonation:
    """An impersonation that began, with its token, which is shown this once."""

    id: int
    token: str = field(repr=False)
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSession:
    """A sign-in, or a refresh, that succeeded; both tokens are shown this once and are stored only as their hashes."""

    id: int
    token: str = field(repr=False)
    expires_at: datetime
    refresh_token: str = field(repr=False)
    ends_at: datetime
    mode: SessionMode
    person: Person


class RefreshRefusalCode(Enum):
    """Why a session was not refreshed."""

    REFRESH_TOKEN_WRONG = "REFRESH_TOKEN_WRONG"
    REFRESH_TOKEN_REUSED = "REFRESH_TOKEN_REUSED"
    REFRESH_RACED = "REFRESH_RACED"


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshRefused:
    """A refresh that failed; returned rather than raised, so that the session it ends stays ended."""

    code: RefreshRefusalCode
    message: str
    is_retryable: bool = False


class SigninRefusalCode(Enum):
    """Why a sign-in was refused; an unknown address and a wrong password look alike."""

    WRONG_EMAIL_OR_PASSWORD = "WRONG_EMAIL_OR_PASSWORD"
    TOO_MANY_ATTEMPTS = "TOO_MANY_ATTEMPTS"
    CHALLENGE_WRONG = "CHALLENGE_WRONG"
    CODE_WRONG = "CODE_WRONG"


@dataclass(frozen=True, slots=True, kw_only=True)
class SigninRefused:
    """A sign-in that failed; returned rather than raised, so that the failure it counts is kept."""

    code: SigninRefusalCode
    message: str
    retry_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorNeeded:
    """A sign-in whose password was right; the token takes a code of the person's app in its place."""

    challenge: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """The secret of an app that does not count yet, to be shown this once."""

    secret: str = field(repr=False)
    uri: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorState:
    """A person's second factor, and how many recovery codes are left."""

    confirmed_at: datetime
    recovery_codes_left: int


class MessageKind(Enum):
    """What a message about signing in says; the kinds with a code are also what the code is made for."""

    PASSWORD_RESET = "PASSWORD_RESET"
    PASSWORD_CHANGED = "PASSWORD_CHANGED"
    REGISTRATION_CODE = "REGISTRATION_CODE"
    REGISTRATION_EMAIL = "REGISTRATION_EMAIL"
    REGISTRATION_TRIED = "REGISTRATION_TRIED"
    EMAIL_CHANGED = "EMAIL_CHANGED"
    BANK_ACCOUNT_CHANGED = "BANK_ACCOUNT_CHANGED"
    SECOND_FACTOR_ON = "SECOND_FACTOR_ON"
    SECOND_FACTOR_OFF = "SECOND_FACTOR_OFF"
    RECOVERY_CODES_MADE = "RECOVERY_CODES_MADE"
    RECOVERY_CODE_USED = "RECOVERY_CODE_USED"
    OPENID_LINKED = "OPENID_LINKED"
    OPENID_UNLINKED = "OPENID_UNLINKED"
    STAFF_INVITED = "STAFF_INVITED"
    PASSKEY_ADDED = "PASSKEY_ADDED"
    PASSKEY_REMOVED = "PASSKEY_REMOVED"
    PASSKEY_SUSPENDED = "PASSKEY_SUSPENDED"


class MessageRoad(Enum):
    """How a message goes; `NOBODY` is told nothing, and written down like any other."""

    EMAIL = "EMAIL"
    SMS = "SMS"
    LETTER = "LETTER"
    NOBODY = "NOBODY"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMessage:
    """A message to be sent; of a code it has only the row and the random bytes that the code is made of.

    What cannot be delivered by mail or text message goes by letter to the customer if there is a `letter_until`, until
    when its code is good then.
    """

    kind: MessageKind
    road: MessageRoad
    address: str | None
    language: str
    customer_id: int | None = None
    row_id: int | None = None
    nonce: bytes | None = field(default=None, repr=False)
    expires_at: datetime | None = None
    letter_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeLetter:
    """A letter with a code, to where its customer lives when it is printed."""

    id: int
    kind: str
    language: str
    customer_id: int
    row_id: int
    nonce: bytes = field(repr=False)
    expires_at: datetime
    sent_at: datetime
    name: str
    address_line: str
    address_city: str
    address_postcode: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeMailing:
    """A file for the printer with letters that hold codes; it is kept nowhere."""

    number: int
    letters: int
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEmployee:
    """Who is to work with the server, and as what."""

    email: str
    name: str
    language: str
    roles: frozenset[StaffRole]


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitedEmployee:
    """An employee who was invited, with the code that their mail has: good once, for a first password."""

    person_id: int
    code: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Employee:
    """Somebody who works with the server, or did: the roles they have now, and since when they have the first."""

    person_id: int
    name: str
    email: str
    roles: tuple[StaffRole, ...]
    since: datetime
    has_password: bool
    last_seen_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCredential:
    """A person with the hash of their password; it stays inside this room."""

    person: Person
    password_hash: str = field(repr=False)
