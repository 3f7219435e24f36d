"""Calculations of the intervals room: statuses, civil days of 23 to 25 hours, what a later file changes, and gaps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from itertools import groupby, pairwise
from operator import itemgetter
from string import ascii_lowercase, ascii_uppercase, digits
from zoneinfo import ZoneInfo

from mains_server.access.records import Refusal
from mains_server.intervals.records import (
    Interval,
    IntervalQuality,
    MeterIntervals,
    MissingStretch,
    PackedDay,
    RefusedRow,
)

HOUR = 3600
QUARTER = 900
MILLIONTH = Decimal("0.000001")
VALUE_MAX = Decimal(1_000_000)
NOTHING = Decimal(0)
FACTORS = {("kWh", "MWh"): Decimal("0.001"), ("MWh", "kWh"): Decimal(1000)}

STATUSES = "CDMENU"
INCOMPLETE, AVERAGED, ROUNDED, CORRECTED, UNREACHED, UNUSABLE = (1 << at for at in range(6))
NOT_MEASURED = UNREACHED | UNUSABLE
OTHER_LETTERS = ascii_lowercase + digits + "".join(letter for letter in ascii_uppercase if letter not in STATUSES) + "+"
PLAIN = "."


class FileRefused(Refusal):
    """A file cannot be read as what it was said to be, so nothing of it is taken."""

    code = "FILE_REFUSED"


class ValueRefused(Exception):
    """A value of a file cannot be taken; the code is short and stable."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


def _letters() -> tuple[str, ...]:
    others = iter(OTHER_LETTERS)
    singles = {1 << at: letter for at, letter in enumerate(STATUSES)}
    return (PLAIN, *(singles.get(mask) or next(others) for mask in range(1, 1 << len(STATUSES))))


LETTERS = _letters()
MASKS = {letter: mask for mask, letter in enumerate(LETTERS)}


def mask_of(words: str) -> int:
    """Pack statuses such as `CD` into one number; a letter that the operator never named is refused."""
    mask = 0
    for letter in words:
        at = STATUSES.find(letter)
        if at < 0:
            raise ValueRefused("status", f"{words[:20]!r} is no status; the operator names {', '.join(STATUSES)}")
        mask |= 1 << at
    return mask


def statuses_of(letters: str) -> list[str]:
    """Write a day's packed statuses out, one text a value: empty, `D`, `CD`."""
    return [_words(MASKS[letter]) for letter in letters]


def billed_value(*, first: Decimal | None, billed: Decimal | None, mask: int) -> Decimal | None:
    """Choose what a value counts: the one the operator bills by, else the first reading where nothing is wrong with it.

    A zero with a communication error was never measured, and one that is not usable is not used: both are gaps.
    """
    if mask & UNUSABLE:
        return None
    value = billed if billed is not None else (None if mask & (INCOMPLETE | UNREACHED) else first)
    return None if value is not None and value == NOTHING and mask & UNREACHED else value


def checked_value(value: Decimal) -> Decimal:
    """Refuse what no meter can have counted in an hour."""
    if not value.is_finite():
        raise ValueRefused("not_a_number", "a value is a number; leave it out where it is not known")
    if value < 0:
        raise ValueRefused("negative", "a consumption is never negative")
    if value > VALUE_MAX:
        raise ValueRefused("too_large", f"more than {VALUE_MAX} in one interval cannot be true")
    rounded = value.quantize(MILLIONTH)
    if rounded != value:
        raise ValueRefused("too_fine", "a value has at most six decimals")
    return rounded


def converted(value: Decimal, *, unit: str, wanted: str) -> Decimal:
    """Say a value in a register's unit, exactly or not at all."""
    if unit == wanted:
        return value
    factor = FACTORS.get((unit, wanted))
    if factor is None:
        raise ValueRefused("unit", f"{unit} cannot be counted in {wanted}")
    return checked_value(value * factor)


@lru_cache(maxsize=100_000)
def day_seconds(day: date, time_zone: str) -> tuple[int, int]:
    """Tell when a civil day begins, in seconds of UTC, and how long it is: 23, 24 or 25 hours."""
    zone = ZoneInfo(time_zone)
    starts = int(datetime.combine(day, time(), tzinfo=zone).timestamp())
    return starts, int(datetime.combine(day + timedelta(days=1), time(), tzinfo=zone).timestamp()) - starts


def pack_days(meter: MeterIntervals, *, time_zone: str) -> tuple[list[PackedDay], list[RefusedRow]]:
    """Sort a meter's values into civil days; two values of one interval that differ are both left out and told."""
    refused: list[RefusedRow] = []
    by_day = [(day, list(values)) for day, values in _by_day(meter, time_zone=time_zone)]
    has_quarters = any(_has_quarters(values) for _, values in by_day)
    days = []
    for day, values in by_day:
        step = QUARTER if _has_quarters(values) or (has_quarters and not _is_hourly(values)) else HOUR
        starts, length = day_seconds(day, time_zone)
        first = starts if meter.are_starts else starts + step
        days.append(_packed(day, values, step=step, first=first, count=length // step, refused=refused))
    return days, refused


def overlaid(current: PackedDay, told: PackedDay) -> PackedDay:
    """Put what a file tells over what is known: a value it does not tell stays, since silence takes nothing back.

    A value that the operator calls not usable is taken back.
    """
    if current.step_seconds != told.step_seconds or None not in told.values:
        return told
    values, statuses = list(told.values), list(told.statuses)
    for at, value in enumerate(values):
        if value is None and current.values[at] is not None and not MASKS[statuses[at]] & UNUSABLE:
            values[at], statuses[at] = current.values[at], current.statuses[at]
    return PackedDay(told.day, told.step_seconds, values, "".join(statuses))


def contradicts(earlier: PackedDay, later: PackedDay) -> bool:
    """Tell whether two pieces of one file tell different values of an interval."""
    if earlier.step_seconds != later.step_seconds:
        return True
    pairs = zip(earlier.values, later.values, strict=True)
    return any(a is not None and b is not None and a != b for a, b in pairs)


def quality_of(day: PackedDay) -> IntervalQuality:
    """Tell whether a day is whole, and whether a part of it was written off by averages."""
    return quality_told(day.statuses, known=day.known, expected=len(day.values))


def quality_told(letters: str, *, known: int, expected: int) -> IntervalQuality:
    """Tell a day's quality by what is stored of it."""
    if known < expected:
        return IntervalQuality.INCOMPLETE
    return IntervalQuality.ESTIMATED if is_estimated(letters) else IntervalQuality.ACTUAL


def is_estimated(letters: str) -> bool:
    """Tell whether a status says that a value was worked out rather than measured."""
    return any(MASKS[letter] & (AVERAGED | INCOMPLETE | UNREACHED) for letter in set(letters))


def missing_stretches(
    days: Iterable[PackedDay], *, register_id: int, starts: date, ends: date, time_zone: str
) -> Iterator[MissingStretch]:
    """List what is not known of a register between two civil days; a day that never came is missing whole.

    Of a day that never came the count is in hours.
    """
    known = {day.day: day for day in days}
    day, step, pieces = starts, HOUR, list[tuple[int, int]]()
    while day < ends:
        found = known.get(day)
        first, length = day_seconds(day, time_zone)
        step = HOUR if found is None else found.step_seconds
        values: Sequence[Decimal | None] = [None] * (length // HOUR) if found is None else found.values
        pieces += [(first + at * step, first + (at + 1) * step) for at, value in enumerate(values) if value is None]
        day += timedelta(days=1)
    yield from _joined(pieces, register_id=register_id)


def _joined(pieces: Sequence[tuple[int, int]], *, register_id: int) -> Iterator[MissingStretch]:
    at = 0
    while at < len(pieces):
        end = at + 1
        while end < len(pieces) and pieces[end][0] == pieces[end - 1][1]:
            end += 1
        starts, ends = pieces[at][0], pieces[end - 1][1]
        yield MissingStretch(register_id, _instant(starts), _instant(ends), end - at)
        at = end


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _words(mask: int) -> str:
    return "".join(letter for at, letter in enumerate(STATUSES) if mask >> at & 1)


def _by_day(meter: MeterIntervals, *, time_zone: str) -> Iterator[tuple[date, list[Interval]]]:
    """Group values by civil day: a stamp of an end belongs to the day that it ends."""
    zone = ZoneInfo(time_zone)
    inside = 0 if meter.are_starts else 1
    values = sorted(meter.values, key=itemgetter(0))
    first = 0
    while first < len(values):
        day = datetime.fromtimestamp(values[first].at - inside, zone).date()
        starts, length = day_seconds(day, time_zone)
        end, last = starts + length + inside, first
        while last < len(values) and values[last].at < end:
            last += 1
        yield day, values[first:last]
        first = last


def _has_quarters(values: Sequence[Interval]) -> bool:
    return any(value.at % HOUR for value in values)


def _is_hourly(values: Sequence[Interval]) -> bool:
    """In a file that has quarters, a day told by the hour from end to end is an hourly one, and no day of gaps."""
    return all(later.at - earlier.at in (0, HOUR) for earlier, later in pairwise(values)) and (
        values[-1].at - values[0].at >= 22 * HOUR
    )


def _packed(
    day: date, values: Sequence[Interval], *, step: int, first: int, count: int, refused: list[RefusedRow]
) -> PackedDay:
    told: list[Decimal | None] = [None] * count
    letters = [PLAIN] * count
    for stamp, same in groupby(values, key=itemgetter(0)):
        here = list(same)
        at, rest = divmod(stamp - first, step)
        if rest or not 0 <= at < count:
            refused.append(RefusedRow(here[0].row, "stamp", "an interval begins on a quarter of an hour"))
            continue
        if any(other.value != here[0].value for other in here[1:]):
            row = here[1].row
            refused.append(RefusedRow(row, "conflict", f"row {here[0].row} tells another value of the same interval"))
            continue
        told[at], letters[at] = here[0].value, LETTERS[here[0].mask]
    return PackedDay(day, step, told, "".join(letters))
