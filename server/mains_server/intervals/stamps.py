"""Reads the stamps of files: with an offset as they are, without one by the local clock and by their order."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from mains_server.intervals.rules import ValueRefused

LOCAL_DATE = re.compile(
    r"(?P<day>[0-9]{1,2})\.(?P<month>[0-9]{1,2})\.(?P<year>[0-9]{4})\.? (?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})"
    r"(?::00)?",
    re.ASCII,
)
ISO_DATE = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?",
    re.ASCII,
)
YEARS = range(2000, 2200)


class Clock:
    """Tells the instants of one meter's stamps; in the hour that comes twice, the first to come is the first."""

    def __init__(self, *, time_zone: str) -> None:
        self._zone = ZoneInfo(time_zone)
        self._before: int | None = None

    def read(self, text: str) -> int:
        """Tell the instant of a stamp, in seconds of UTC."""
        stamp, seconds = parsed(text)
        return self._local(stamp, text=text) if seconds is None else seconds

    def _local(self, stamp: datetime, *, text: str) -> int:
        first, second = (stamp.replace(tzinfo=self._zone, fold=fold) for fold in (0, 1))
        if _wall(first.astimezone(UTC).astimezone(self._zone)) != stamp:
            raise ValueRefused("no_such_time", f"the clock never showed {text}: it was put forward over it")
        seconds = _seconds(first)
        if self._before is not None and first.utcoffset() != second.utcoffset() and seconds <= self._before:
            seconds = _seconds(second)
        self._before = seconds
        return seconds


@lru_cache(maxsize=40_000)
def parsed(text: str) -> tuple[datetime, int | None]:
    """Read a stamp, and its instant where it has an offset: ISO 8601, or day.month.year; 24:00 is the end of a day."""
    ends_day = text.endswith(("24:00", "24:00:00"))
    try:
        stamp = _parsed(text.replace("24:00", "00:00") if ends_day else text)
    except ValueError:
        raise ValueRefused("stamp", f"there is no time {text[:40]!r}; write it as 2024-03-31T01:00:00+02:00") from None
    if stamp.year not in YEARS or stamp.second or stamp.microsecond:
        raise ValueRefused("stamp", f"{text[:40]!r} is no time at which an interval begins or ends")
    stamp = stamp + timedelta(days=1) if ends_day else stamp
    return stamp, None if stamp.tzinfo is None else _seconds(stamp)


def _parsed(text: str) -> datetime:
    local = LOCAL_DATE.fullmatch(text)
    if local is not None:
        text = "{year}-{month:0>2}-{day:0>2} {hour:0>2}:{minute}".format(**local.groupdict())
        return datetime.fromisoformat(text)
    if ISO_DATE.fullmatch(text) is None:
        raise ValueError
    return datetime.fromisoformat(text)


def _wall(stamp: datetime) -> datetime:
    return stamp.replace(tzinfo=None, fold=0)


def _seconds(stamp: datetime) -> int:
    return int(stamp.timestamp())
