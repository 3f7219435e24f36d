"""What leaves the recovery room."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum


class RecoveryState(Enum):
    """How a way back stands."""

    UNAPPROVED = "UNAPPROVED"
    WAITING = "WAITING"
    READY = "READY"
    DONE = "DONE"
    STOPPED = "STOPPED"
    EXPIRED = "EXPIRED"


class StoppedBy(Enum):
    """Who stopped a way back: somebody with the link that was sent, the person in a session, or the utility."""

    LINK = "LINK"
    SESSION = "SESSION"
    STAFF = "STAFF"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryPolicy:
    """How a utility opens ways back: after which wait, by one administrator or two, and where links lead.

    Tokens stand behind `#` of the page, which browsers send to no server; without a page a message has the token.
    """

    delay: timedelta = timedelta(hours=72)
    needs_two: bool = True
    page: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedRecovery:
    """Whose way back, why, and what proved to the employee who they are."""

    email: str
    reason: str
    proof: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolled:
    """The secret of a new app that does not count yet, to be shown this once."""

    secret: str = field(repr=False)
    uri: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moments:
    """What has become of a way back so far; its state follows from it and the time."""

    acts_at: datetime
    expires_at: datetime
    needs_approval: bool
    approved_at: datetime | None = None
    stopped_at: datetime | None = None
    done_at: datetime | None = None
