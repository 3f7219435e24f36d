"""What leaves the outages room, and what it is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum


class OutageKind(Enum):
    """What is done while there is no supply."""

    MAINTENANCE = "MAINTENANCE"
    REPAIR = "REPAIR"
    TESTING = "TESTING"
    CONNECTION = "CONNECTION"


class OutageState(Enum):
    """How an outage stands."""

    PLANNED = "PLANNED"
    CANCELLED = "CANCELLED"
    RESTORED = "RESTORED"


class OutageChange(Enum):
    """What a revision did."""

    PLANNED = "PLANNED"
    MOVED = "MOVED"
    CANCELLED = "CANCELLED"
    RESTORED = "RESTORED"


class OutageNoticeState(Enum):
    """How far a notice owed to a customer is."""

    OWED = "OWED"
    TAKEN = "TAKEN"
    SUPERSEDED = "SUPERSEDED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """From when until when there is no supply, half-open."""

    starts: datetime
    ends: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """Addresses by town, and where given by postcode and by the beginning of the street's line."""

    city: str
    postcode: str | None = None
    street: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """What an outage touches: supply points and buildings by number, points by identifier, or an area."""

    point_ids: tuple[int, ...] = ()
    building_ids: tuple[int, ...] = ()
    identifiers: tuple[str, ...] = ()
    area: Area | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Translated:
    """A reason in the languages that somebody wrote it in; who reads another one gets it as it was written first."""

    lv: str | None = None
    en: str | None = None
    ru: str | None = None


UNTRANSLATED = Translated()


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOutage:
    """An outage to be planned; without a reference it gets one."""

    reference: str | None
    kind: OutageKind
    commodity: str
    window: Window
    cause: str
    places: Places
    cause_in: Translated = UNTRANSLATED


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who changes outages and when; a feed has no person."""

    now: datetime
    person_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """An outage as it stands."""

    id: int
    reference: str
    kind: OutageKind
    commodity: str
    state: OutageState
    revision: int
    window: Window
    cause: str
    note: str | None
    announced_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OwedNotice:
    """What a customer must be told about one revision; `may_be_post` is false where only instant channels do."""

    id: int
    customer_id: int
    outage_id: int
    revision: int
    change: OutageChange
    is_late: bool
    may_be_post: bool
    kind: OutageKind
    commodity: str
    window: Window
    cause: str
    note: str | None
    addresses: tuple[str, ...]
    cause_in: Translated = UNTRANSLATED
    note_in: Translated = UNTRANSLATED


class RowOutcome(Enum):
    """What became of a row of a feed."""

    PLANNED = "PLANNED"
    MOVED = "MOVED"
    CANCELLED = "CANCELLED"
    RESTORED = "RESTORED"
    UNCHANGED = "UNCHANGED"
    REFUSED = "REFUSED"


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedRow:
    """A row of a feed: how an outage stands by now, known by its reference."""

    line: int
    outage: NewOutage
    state: OutageState
    note: str | None
    note_in: Translated = UNTRANSLATED


@dataclass(frozen=True, slots=True, kw_only=True)
class BadRow:
    """A row that cannot be read."""

    line: int
    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RowReport:
    """What became of a row, and why it was refused."""

    line: int
    reference: str | None
    outcome: RowOutcome
    code: str | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedReport:
    """What became of a feed: taken whole, or refused whole with its bad rows named."""

    is_taken: bool
    rows: tuple[RowReport, ...]
