"""What leaves the metering room."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Protocol

from mains_spi.readings import ReadingRules
from sqlalchemy.ext.asyncio import AsyncSession

IsBilled = Callable[[AsyncSession, frozenset[int], date], Awaitable[bool]]
"""Asks the room that knows invoices whether one of these contracts was billed up to, or over, a civil day."""


class ReadingSource(Enum):
    """By which road a reading came."""

    PORTAL = "PORTAL"
    LINK = "LINK"
    MANAGER = "MANAGER"
    STAFF = "STAFF"
    SMS = "SMS"
    INSTALLER = "INSTALLER"
    CONTROL_ROUND = "CONTROL_ROUND"
    SMART_METER = "SMART_METER"
    IMPORT = "IMPORT"
    ESTIMATION = "ESTIMATION"


class ReadingCollection(Enum):
    """How a register is read: by people, by its own telemetry, or as consumption by intervals."""

    MANUAL = "MANUAL"
    REMOTE = "REMOTE"
    INTERVALS = "INTERVALS"


class ReadingQuality(Enum):
    """Whether somebody saw the figure or it was worked out."""

    ACTUAL = "ACTUAL"
    ESTIMATED = "ESTIMATED"


class ReadingStatus(Enum):
    """What became of a reading; only ACCEPTED ones bill, and superseded ones stay."""

    ACCEPTED = "ACCEPTED"
    FLAGGED = "FLAGGED"
    REJECTED = "REJECTED"
    SUPERSEDED = "SUPERSEDED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """One counter of a meter, as it stands at its supply point."""

    id: int
    meter_id: int
    supply_point_id: int
    code: str
    quantity: str
    unit: str
    zone: str | None = None
    collection: ReadingCollection = ReadingCollection.MANUAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Meter:
    """A meter at one supply point, installed from a civil day until another."""

    id: int
    supply_point_id: int
    serial: str
    digits: int
    multiplier: Decimal
    installed_on: date
    removed_on: date | None
    registers: tuple[Register, ...]

    def register(self, code: str) -> Register:
        """Return the register with this code; a meter without it is a bug of the caller."""
        return next(register for register in self.registers if register.code == code)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a register showed at an instant, and the civil day at whose start it counts."""

    id: int
    register_id: int
    supply_point_id: int
    taken_at: datetime
    counts_for: date
    value: Decimal
    source: ReadingSource
    quality: ReadingQuality
    status: ReadingStatus
    actor_person_id: int | None = None
    actor: str | None = None
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRegister:
    """A register of a meter to be installed, with what it shows on that day where somebody looked."""

    code: str
    quantity: str
    unit: str
    zone: str | None = None
    first_value: Decimal | None = None
    collection: ReadingCollection = ReadingCollection.MANUAL


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMeter:
    """A meter to be installed at a supply point."""

    supply_point_id: int
    serial: str
    digits: int
    installed_on: date
    registers: tuple[NewRegister, ...]
    multiplier: Decimal = Decimal(1)
    removed_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterReplacement:
    """One meter taken away and another put in its place on a civil day; the final values go by register code.

    `attributes` are values that the place's contract has from that day on, by name, because the new meter counts
    otherwise: in two tariff zones, say.
    """

    meter_id: int
    replaced_on: date
    final_values: Mapping[str, Decimal]
    serial: str
    digits: int
    registers: tuple[NewRegister, ...]
    multiplier: Decimal = Decimal(1)
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedReading:
    """A reading that comes from another system, already vetted; it says itself what it counts for.

    With `reasons` it is flagged for somebody to look at, and does not count until then.
    """

    register_id: int
    supply_point_id: int
    taken_at: datetime
    counts_for: date
    value: Decimal
    source: ReadingSource = ReadingSource.IMPORT
    quality: ReadingQuality = ReadingQuality.ACTUAL
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingSubmission:
    """A reading as somebody sends it in; without `taken_at` it was taken now, without `source` the viewer tells it.

    `unit` is what the sender believes the register counts in. `actor` says who sent it where it was nobody with a
    login, or for whom somebody with one did: a phone number, an installer, a file.
    """

    register_id: int
    value: str | Decimal
    idempotency_key: str
    taken_at: datetime | None = None
    source: ReadingSource | None = None
    unit: str | None = None
    actor: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingSender:
    """By which road a reading came, and who sent it."""

    source: ReadingSource
    person_id: int | None = None
    actor: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemViewer:
    """A road that brings readings without anybody signed in: what it is, and the places it may submit for.

    It does not use idempotency keys: the road itself sees to it that a message or a link works once.
    """

    source: ReadingSource
    actor: str
    contract_ids: frozenset[int] = frozenset()
    supply_point_ids: frozenset[int] = frozenset()
    language: str = "lv"


class NoteCorrection(Protocol):
    """Tells the room that corrects bills that a true reading took the place of an estimate that was billed."""

    async def __call__(
        self, session: AsyncSession, *, contracts: frozenset[int], day: date, reading_id: int, now: datetime
    ) -> None:
        """Note down that these contracts' bills over this day are to be corrected."""


class ReadingFlag(StrEnum):
    """Why somebody of the utility should look at a reading; an adapter's own codes begin with `ADAPTER_`."""

    HIGH = "HIGH"
    HIGH_FOR_SEASON = "HIGH_FOR_SEASON"
    LOW = "LOW"
    ZERO = "ZERO"
    LOOKS_MULTIPLIED = "LOOKS_MULTIPLIED"
    LOOKS_SWAPPED = "LOOKS_SWAPPED"
    SECOND_TODAY = "SECOND_TODAY"
    ADAPTER_SILENT = "ADAPTER_SILENT"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlausibleRange:
    """What a register could show; without a highest value, no habit is known yet.

    A highest value below the lowest means that the register restarts at zero on the way.
    """

    lowest: Decimal
    highest: Decimal | None
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InstalledRegister:
    """A register with what its meter and its place say about it."""

    id: int
    supply_point_id: int
    code: str
    unit: str
    serial: str
    digits: int
    installed_on: date
    removed_on: date | None
    time_zone: str
    meter_id: int = 0
    quantity: str = ""
    zone: str | None = None
    multiplier: Decimal = Decimal(1)
    collection: ReadingCollection = ReadingCollection.MANUAL


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingOutcome:
    """What became of a submission: ACCEPTED, or FLAGGED with the codes of why staff should look at it.

    `estimate_replaced` tells that an estimate that was billed gave way, so that a bill is to be corrected.
    """

    reading_id: int
    register_id: int
    status: ReadingStatus
    value: Decimal
    counts_for: date
    plausible: PlausibleRange
    reasons: tuple[str, ...] = ()
    estimate_replaced: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingInContext:
    """A value for a day, with what it is held against: true readings before it, oldest first, and the next one.

    `year_ago` are those around the same days a year before, `same_day` those for the day that are not set aside.
    """

    register: InstalledRegister
    taken_at: datetime
    day: date
    value: Decimal
    limits: ReadingRules
    before: tuple[Reading, ...] = ()
    after: Reading | None = None
    year_ago: tuple[Reading, ...] = ()
    same_day: tuple[Reading, ...] = ()

    @property
    def held(self) -> tuple[Reading, ...]:
        """Give what is accepted for the day."""
        return tuple(one for one in self.same_day if one.status is ReadingStatus.ACCEPTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What stands beside a value for a day: true readings before it and the next one, and all that was told for it."""

    before: tuple[Reading, ...]
    same_day: tuple[Reading, ...]
    after: Reading | None
