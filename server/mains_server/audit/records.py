"""What leaves the audit room."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A thing that an act is about, by the name of its type and its number."""

    type_name: str
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEntry:
    """An act as it is written down; `address_hash` tells from where, without telling the address.

    Where it was done by the command line there is no person.
    """

    act: str
    person_id: int | None
    session_id: int | None
    roles: tuple[str, ...]
    subjects: tuple[Subject, ...]
    reason: str | None
    address_hash: str | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An act that was written down, with the number of its seal, or None for some minutes."""

    id: int
    act: str
    person_id: int | None
    person_name: str
    customer_id: int | None
    customer_number: str | None
    roles: tuple[str, ...]
    subjects: tuple[Subject, ...]
    reason: str | None
    address_hash: str | None
    at: datetime
    seal: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryPage:
    """A page of the trail, the newest first."""

    entries: tuple[Entry, ...]
    has_more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which entries are asked for; conditions add up, and None sets none."""

    customer_id: int | None = None
    person_id: int | None = None
    act: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """The last seal: its number and hash, and how many it took."""

    number: int
    hash: bytes
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """A line of the anchor file: that a seal of this number had this hash at this time."""

    line: int
    number: int
    hash: bytes
    is_signed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What verifying came to: how many seals hold, how many entries wait for one, and the first that is bad."""

    sealed: int
    waiting: int
    first_bad: str | None = None
    anchors: int = field(default=0)
