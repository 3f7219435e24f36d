"""What leaves the facts room."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A part of a series with one step, such as a month of spot prices; None is a value nobody knows yet.

    A correction is the same stretch again, known later.
    """

    name: str
    unit: str
    starts_at: datetime
    step_seconds: int
    values: tuple[Decimal | None, ...]
    known_at: datetime
    source: str

    @property
    def ends_at(self) -> datetime:
        """Return the instant at which the last value ends."""
        return self.starts_at + timedelta(seconds=self.step_seconds * len(self.values))


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFigure:
    """A single figure over a period, about one subject such as `building:7`; a correction is known later."""

    name: str
    subject: str
    unit: str
    value: Decimal
    starts_at: datetime
    ends_at: datetime
    known_at: datetime
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StretchDays:
    """Where a stretch of a series lies, and how it counts."""

    name: str
    unit: str
    starts_at: datetime
    ends_at: datetime
    step_seconds: int
    known_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldSeries:
    """What a source told of one series: its unit and step, and the values by the instant at which they begin.

    A source that does not know a value does not tell it, so that nothing known is ever forgotten.
    """

    name: str
    unit: str
    step_seconds: int
    values: dict[datetime, Decimal]


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenIn:
    """How many values of a series were new, corrected, or known already."""

    name: str
    added: int
    corrected: int
    unchanged: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesSpan:
    """From when until when a series reaches, and when it was last told."""

    name: str
    unit: str
    step_seconds: int
    starts_at: datetime
    ends_at: datetime
    known_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesGap:
    """Time of which a series has no values."""

    name: str
    starts_at: datetime
    ends_at: datetime
    missing: int
