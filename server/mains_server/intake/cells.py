"""Calculations on the cells of a file: numbers as people write them, days and times, and text that is safe to show."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from zoneinfo import ZoneInfo

from mains_server.access.records import Refusal

CELL_SHOWN_MAX = 80
FORMULA_SIGNS = ("=", "+", "@", "\t")
RISKY_SIGNS = (*FORMULA_SIGNS, "-")
SPACES = re.compile(r"[\u0020\u00a0\u2007\u2009\u202f]")
PLAIN = re.compile(r"-?[0-9]{1,15}(?:[.,][0-9]{1,9})?", re.ASCII)
GROUPED = re.compile(r"[0-9]{1,3}(?: [0-9]{3})+(?:[.,][0-9]{1,9})?", re.ASCII)
ISO_DAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})", re.ASCII)
LOCAL_DAY = re.compile(r"([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4})\.?", re.ASCII)
CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?", re.ASCII)
INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2})?(?:Z|[+-][0-9]{2}:[0-9]{2})", re.ASCII
)


class CellRefused(Refusal):
    """A row of a file cannot be read; `code` says what is wrong with it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code  # type: ignore[misc]


def read_number(text: str) -> str:
    """Read a value as people write it, with a decimal comma or spaces between thousands, as plain digits."""
    spaced = SPACES.sub(" ", text.strip())
    if PLAIN.fullmatch(spaced) is None and GROUPED.fullmatch(spaced) is None:
        raise CellRefused("VALUE_MALFORMED", _not_a_number(text))
    number = spaced.replace(" ", "").replace(",", ".")
    if number.startswith("-"):
        raise CellRefused("VALUE_NEGATIVE", f"a meter does not show {shown(text)}; write what it shows, without a sign")
    return format(Decimal(number), "f")


def read_moment(day: str, clock: str = "") -> date | datetime:
    """Read when a meter was read: a day, a day with a time of the place's own clock, or an instant with its zone."""
    written = f"{day.strip()} {clock.strip()}".strip()
    if INSTANT.fullmatch(written):
        return _exists(lambda: datetime.fromisoformat(written).astimezone(UTC), written)
    first, _, rest = written.replace("T", " ").partition(" ")
    found = _day(first)
    if not rest.strip():
        return found
    matched = CLOCK.fullmatch(rest.strip())
    if matched is None:
        raise CellRefused("DATE_MALFORMED", f"{shown(rest)} is no time of day; write it as 14:05")
    hour, minute, second = (int(part or 0) for part in matched.groups())
    return _exists(lambda: datetime.combine(found, time(hour, minute, second)), written)


def placed(moment: date | datetime, *, time_zone: str) -> datetime:
    """Turn what was written down at a place into an instant; a day alone is meant from its beginning."""
    if not isinstance(moment, datetime):
        return datetime.combine(moment, time(), tzinfo=ZoneInfo(time_zone)).astimezone(UTC)
    if moment.tzinfo is not None:
        return moment
    instant = moment.replace(tzinfo=ZoneInfo(time_zone)).astimezone(UTC)
    if instant.astimezone(ZoneInfo(time_zone)).replace(tzinfo=None) != moment:
        raise CellRefused("DATE_MALFORMED", f"there was no {moment:%H:%M} on {moment.date()}: the clocks went forward")
    return instant


def is_formula(cell: str) -> bool:
    """Tell whether a spreadsheet would calculate with this cell instead of showing it."""
    return cell.startswith(FORMULA_SIGNS)


def shown(cell: str) -> str:
    """Write a cell so that a report can carry it anywhere: short, printable, and no formula in a spreadsheet."""
    text = "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in cell[: CELL_SHOWN_MAX + 1])
    short = f"{text[:CELL_SHOWN_MAX]}…" if len(cell) > CELL_SHOWN_MAX else text
    return f"'{short}" if cell.startswith(RISKY_SIGNS) else short


def _not_a_number(text: str) -> str:
    if not text.strip():
        return "there is no value; leave out rows of meters that were not read"
    if LOCAL_DAY.fullmatch(text.strip()) or ISO_DAY.match(text.strip()):
        return f"{shown(text)} looks like a date; are two columns swapped?"
    if "," in text and "." in text:
        return f"{shown(text)} has both a point and a comma; write 2969,03 or 2 969,03 or 2969.03"
    return f"{shown(text)} is no number; write 2969,03 or 2 969,03 or 2969.03"


def _day(text: str) -> date:
    if matched := ISO_DAY.fullmatch(text):
        year, month, day = (int(part) for part in matched.groups())
    elif matched := LOCAL_DAY.fullmatch(text):
        day, month, year = (int(part) for part in matched.groups())
    else:
        raise CellRefused("DATE_MALFORMED", _not_a_day(text))
    if not 1990 <= year < 2100:
        raise CellRefused("DATE_MALFORMED", f"{shown(text)} lies outside the years 1990 to 2099")
    try:
        return date(year, month, day)
    except ValueError:
        raise CellRefused("DATE_MALFORMED", f"there is no day {shown(text)}") from None


def _not_a_day(text: str) -> str:
    if not text:
        return "there is no date; write when the meter was read, as 2023-03-31 or 31.03.2023"
    if "/" in text:
        return f"{shown(text)} may be read two ways; write it as 2023-03-31 or 31.03.2023"
    if PLAIN.fullmatch(text):
        return f"{shown(text)} looks like a value; are two columns swapped? Dates are 2023-03-31 or 31.03.2023"
    return f"{shown(text)} is no date; write it as 2023-03-31 or 31.03.2023"


def _exists(make: Callable[[], datetime], written: str) -> datetime:
    try:
        return make()
    except (ValueError, OverflowError):
        raise CellRefused("DATE_MALFORMED", f"there is no {shown(written)}") from None
