"""The common ground of all records: frozen, and exact from the first moment."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Self

from mains_spi.errors import BadRecord, InexactNumber

Number = Decimal | int

_numeric_fields: dict[type, tuple[tuple[str, bool], ...]] = {}


class Record:
    """Base of every record; refuses floats and non-finite decimals in any field, and widens int to Decimal."""

    __slots__ = ()

    def __post_init__(self) -> None:
        kind = type(self)
        if kind not in _numeric_fields:
            _numeric_fields[kind] = tuple((f.name, _is_numeric(str(f.type))) for f in fields(self))  # type: ignore[arg-type]
        for name, numeric in _numeric_fields[kind]:
            value = getattr(self, name)
            if numeric and type(value) is int:
                object.__setattr__(self, name, Decimal(value))
            else:
                _refuse_inexact(kind.__name__, name, value, numeric=numeric)


def _is_numeric(annotation: str) -> bool:
    return annotation.startswith(("Decimal", "Number", "Term | Number"))


def _refuse_inexact(record: str, field: str, value: Any, *, numeric: bool) -> None:
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise InexactNumber(f"{record}.{field} is {value}: give a finite Decimal")
    elif isinstance(value, float):
        raise InexactNumber(f"{record}.{field} is the float {value!r}: write Decimal({str(value)!r}) instead")
    elif isinstance(value, tuple):
        for item in value:
            _refuse_inexact(record, field, item, numeric=False)
    elif isinstance(value, (list, set)):
        raise BadRecord(f"{record}.{field} is a {type(value).__name__}: write a tuple")
    elif numeric and isinstance(value, (bool, str, bytes)):
        raise InexactNumber(f"{record}.{field} is {value!r}: give a Decimal")


@dataclass(frozen=True, slots=True, order=True)
class Period(Record):
    """Civil days from ``start`` up to but without ``end``."""

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise BadRecord(f"Period ends on {self.end}, which is not after its start {self.start}")

    @classmethod
    def since(cls, start: date) -> Self:
        """Make a period that has no end yet."""
        return cls(start, date.max)

    @property
    def days(self) -> int:
        """Number of civil days."""
        return (self.end - self.start).days

    def has(self, day: date) -> bool:
        """Tell whether a day lies inside."""
        return self.start <= day < self.end

    def covers(self, other: Period) -> bool:
        """Tell whether another period lies inside."""
        return self.start <= other.start and other.end <= self.end

    def meets(self, other: Period) -> bool:
        """Tell whether the two share a day."""
        return self.start < other.end and other.start < self.end

    def common(self, other: Period) -> Period | None:
        """Give the days shared with another period, if any."""
        start, end = max(self.start, other.start), min(self.end, other.end)
        return Period(start, end) if start < end else None

    def last_day(self) -> date:
        """Give the last day inside."""
        return self.end - timedelta(days=1)


ALWAYS = Period(date.min, date.max)
