"""What leaves the intervals room."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import NamedTuple, Protocol

from mains_spi.record import Period
from sqlalchemy.ext.asyncio import AsyncSession


class IntervalFormat(Enum):
    """How a file of intervals is written."""

    SADALES_TIKLS = "SADALES_TIKLS"
    CSV = "CSV"
    WMBUS = "WMBUS"


class IntervalQuality(Enum):
    """How much of a day is known, and whether somebody estimated a part of what is."""

    ACTUAL = "ACTUAL"
    ESTIMATED = "ESTIMATED"
    INCOMPLETE = "INCOMPLETE"


class Interval(NamedTuple):
    """One value of a file: `at` is its stamp in seconds of UTC, `mask` its statuses, `row` its place in the file."""

    at: int
    value: Decimal | None
    mask: int
    row: int


class MeterIntervals(NamedTuple):
    """What a file says of one meter; it is named by its supply point, by its serial number, or by both."""

    point: str | None
    serial: str | None
    are_starts: bool
    values: list[Interval]
    row: int


class PackedDay(NamedTuple):
    """One civil day of a register: a value for each step, None where it is not known, and a status letter for each."""

    day: date
    step_seconds: int
    values: list[Decimal | None]
    statuses: str

    @property
    def total(self) -> Decimal:
        """Sum what is known of the day."""
        return sum((value for value in self.values if value is not None), Decimal(0))

    @property
    def known(self) -> int:
        """Count the values that are known."""
        return len(self.values) - self.values.count(None)


class CurrentDay(NamedTuple):
    """A day as it is stored, with the row that holds it and its version."""

    id: int
    register_id: int
    version: int
    packed: PackedDay


class RefusedRow(NamedTuple):
    """A part of a file that was not taken: its row, a short stable code, and the reason for a person."""

    row: int
    code: str
    reason: str


class RemoteRegister(NamedTuple):
    """A register that its telemetry reads, with what its meter and its place say about it."""

    id: int
    supply_point_id: int
    identifier: str
    serial: str
    quantity: str
    unit: str
    digits: int
    installed_on: date
    removed_on: date | None
    time_zone: str
    meter_id: int
    code: str
    zone: str | None
    multiplier: Decimal


@dataclass(slots=True)
class Held:
    """What is known of a register around some days.

    True readings, days of estimates that count, days on which a reading waits, and rejected ones.
    """

    true: dict[date, Decimal] = field(default_factory=dict)
    estimated: set[date] = field(default_factory=set)
    waiting: set[date] = field(default_factory=set)
    rejected: set[tuple[date, Decimal]] = field(default_factory=set)


class NoteCorrected(Protocol):
    """Tells the room that corrects bills that days of smart meters came out otherwise than they were known."""

    async def __call__(
        self, session: AsyncSession, *, days: Sequence[tuple[int, date]], import_id: int, now: datetime
    ) -> None:
        """Note down that bills over these days of supply points are to be corrected, since a file came."""


class MissingStretch(NamedTuple):
    """Values of a register that are not known, from one instant to another."""

    register_id: int
    starts_at: datetime
    ends_at: datetime
    values: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRequest:
    """A file to be taken in.

    `point` names the supply point of a file that names none; `points` maps serial numbers to supply points, from the
    operator's list of objects. `time_zone` is that of stamps without an offset.
    """

    format: IntervalFormat
    name: str
    now: datetime
    point: str | None = None
    points: Mapping[str, str] = field(default_factory=dict)
    are_starts: bool = False
    is_whole: bool = False
    time_zone: str = "Europe/Riga"
    actor_person_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What became of a file; of the refused rows the first ones are told.

    Of the new days, `days_flagged` are such as somebody of the utility should look at; they do not count until then.
    """

    import_id: int
    values: int
    days_new: int
    days_corrected: int
    days_unchanged: int
    rows_refused: int
    refused: tuple[RefusedRow, ...]
    days_flagged: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DaysAsked:
    """Which days of a register, as they were known at an instant."""

    register_id: int
    period: Period
    known_at: datetime
