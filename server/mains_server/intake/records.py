"""What leaves the intake room."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum

from mains_server.metering.records import ReadingSource


class UploadMode(Enum):
    """What one bad row does to the others."""

    ALL_OR_NOTHING = "ALL_OR_NOTHING"
    PER_ROW = "PER_ROW"


class UploadStatus(Enum):
    """How far an upload has come."""

    WAITING = "WAITING"
    TAKEN = "TAKEN"
    REFUSED = "REFUSED"


class RowOutcome(Enum):
    """What became of one row."""

    ACCEPTED = "ACCEPTED"
    FLAGGED = "FLAGGED"
    UNCHANGED = "UNCHANGED"
    REFUSED = "REFUSED"
    LEFT_OUT = "LEFT_OUT"


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedRow:
    """A row that cannot be taken, and why; `is_harmless` where it only says again what another row says."""

    line: int
    text: str
    code: str
    message: str
    is_harmless: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RowReading:
    """A row that names a register, what it showed and when."""

    line: int
    text: str
    register_id: int
    value: str | Decimal
    taken_at: datetime | None
    source: ReadingSource


@dataclass(frozen=True, slots=True, kw_only=True)
class RowReport:
    """What became of a row; a row that was not taken says why."""

    line: int
    text: str
    outcome: RowOutcome
    code: str | None = None
    message: str | None = None
    reading_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadRequest:
    """Whose readings a file will hold: those of one building, or for employees of the utility anybody's."""

    building_id: int | None
    source: ReadingSource
    mode: UploadMode


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUpload:
    """An upload that waits for its file; the token is shown this once."""

    id: int
    token: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadReport:
    """What became of a file, as a whole and row by row."""

    upload_id: int
    mode: UploadMode
    status: UploadStatus
    rows: tuple[RowReport, ...]
    code: str | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ManyReading:
    """One of several readings that are sent in together; without `taken_at` it was taken now."""

    register_id: int
    value: Decimal
    taken_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ManyReadings:
    """Several readings that are sent in together, once for each key."""

    idempotency_key: str
    mode: UploadMode
    readings: tuple[ManyReading, ...]
