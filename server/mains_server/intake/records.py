"""What leaves the intake room."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum

from mains_server.metering.records import PlausibleRange, ReadingCollection, ReadingSource, ReadingStatus


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
    """A row that names a register, what it showed and when; without a source the sender tells it."""

    line: int
    text: str
    register_id: int
    value: str | Decimal
    taken_at: datetime | None
    source: ReadingSource | None = None


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


class LinkState(Enum):
    """Whether a link can be used."""

    OPEN = "OPEN"
    NOT_OPEN_YET = "NOT_OPEN_YET"
    USED = "USED"
    EXPIRED = "EXPIRED"
    REVOKED = "REVOKED"
    TRIED_TOO_OFTEN = "TRIED_TOO_OFTEN"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLink:
    """What a link is to be for: registers of one place, all that people read there if none are named."""

    contract_id: int
    supply_point_id: int
    register_ids: tuple[int, ...] = ()
    opens_at: datetime | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeLink:
    """A link that was made; the token is shown this once."""

    id: int
    token: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRegister:
    """A register as whoever has the link sees it: where it is, what it showed last, what would be plausible now."""

    serial: str
    code: str
    previous: Decimal | None
    previous_on: date | None
    plausible: PlausibleRange


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkForm:
    """What a link shows to whoever has it."""

    address: str
    opens_at: datetime
    expires_at: datetime
    registers: tuple[LinkRegister, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkView:
    """A link by its token: whether it can be used, and only then what it shows."""

    state: LinkState
    form: LinkForm | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkOutcome:
    """What became of the values sent by a link, in their order; nothing is taken unless all are."""

    state: LinkState
    rows: tuple[RowReport, ...] = ()
    is_taken: bool = False


class SmsCode(Enum):
    """What became of a text message."""

    ACCEPTED = "ACCEPTED"
    FLAGGED = "FLAGGED"
    REFUSED = "REFUSED"
    UNREADABLE = "UNREADABLE"
    NOT_KNOWN = "NOT_KNOWN"


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundMessage:
    """A text message as the gateway brings it."""

    gateway: str
    message_id: str
    sender: str
    text: str
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageAnswer:
    """How a text message is answered, the same each time the gateway brings it."""

    code: SmsCode
    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Texter:
    """Somebody who has a phone: the contracts for whose meters they may send readings, and their language."""

    contract_ids: frozenset[int]
    customer_ids: frozenset[int]
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundRegister:
    """A register of a building on a day: where it is, and what it showed if that was told; the house has no premise."""

    register_id: int
    premise: str | None
    serial: str
    code: str
    unit: str
    collection: ReadingCollection
    value: Decimal | None
    status: ReadingStatus | None


class UnreadOutcome(Enum):
    """What becomes of bills whose register nobody reads until the window closes."""

    ESTIMATED = "ESTIMATED"
    HELD = "HELD"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingRound:
    """How far a building's readings for a day are.

    The counts are of registers that people read; `silent` are those read remotely that have not told. `if_house_unread`
    and `if_premise_unread` say what becomes of bills without a reading until `closes_on`.
    """

    counts_for: date
    closes_on: date
    house: tuple[RoundRegister, ...]
    register_count: int
    reported_count: int
    missing: tuple[RoundRegister, ...]
    silent: tuple[RoundRegister, ...]
    if_house_unread: UnreadOutcome
    if_premise_unread: UnreadOutcome
