"""What leaves the metering room."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum

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
    """One meter taken away and another put in its place on a civil day; the final values go by register code."""

    meter_id: int
    replaced_on: date
    final_values: Mapping[str, Decimal]
    serial: str
    digits: int
    registers: tuple[NewRegister, ...]
    multiplier: Decimal = Decimal(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedReading:
    """A reading that comes from another system, already vetted there; it says itself what it counts for."""

    register_id: int
    supply_point_id: int
    taken_at: datetime
    counts_for: date
    value: Decimal
    source: ReadingSource = ReadingSource.IMPORT
    quality: ReadingQuality = ReadingQuality.ACTUAL


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingSubmission:
    """A reading as somebody sends it in; without `taken_at` it was taken now."""

    register_id: int
    value: str | Decimal
    idempotency_key: str
    taken_at: datetime | None = None
    source: ReadingSource = ReadingSource.PORTAL


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


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingOutcome:
    """What became of a submission: ACCEPTED, or FLAGGED for staff to look at because it is implausibly high."""

    reading_id: int
    register_id: int
    status: ReadingStatus
    value: Decimal
    counts_for: date
    plausible: PlausibleRange


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingWindow:
    """When readings are taken for a month: from this day of the month before, until this day of the month itself."""

    from_day: int = 25
    upto_day: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingLimits:
    """What a utility takes for plausible; the adapter or the settings say otherwise.

    A usage above `times_average_max` times the register's own daily average is flagged. A register that restarts
    at zero without a known average may have gone at most `rollover_share_max` of its range.
    """

    window: ReadingWindow = ReadingWindow()
    times_average_max: Decimal = Decimal(10)
    rollover_share_max: Decimal = Decimal("0.1")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingInContext:
    """A value for a day, with what it is held against: the true readings before it, oldest first, and the next one."""

    register: InstalledRegister
    taken_at: datetime
    day: date
    value: Decimal
    limits: ReadingLimits
    before: tuple[Reading, ...] = ()
    after: Reading | None = None
