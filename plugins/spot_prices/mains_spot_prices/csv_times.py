"""Finds the instant of a row: from an instant, from local time, or from a date."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Self
from zoneinfo import ZoneInfo

from mains_spot_prices.csv_words import BAD_HEADER, NO_SUCH_TIME, NOT_A_TIME
from mains_spot_prices.series import Unreadable

DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:00)?(?P<zone>Z|[+-]\d\d:\d\d)?", re.ASCII)
HOUR = re.compile(r"(?P<hour>\d{1,2})(:(?P<minute>\d\d))?", re.ASCII)


@dataclass(slots=True, kw_only=True)
class RowTimes:
    """Reads the times of one file from top to bottom.

    When the clock is put back an hour comes twice: written in local time, its first row is the earlier one.
    """

    columns: tuple[str, ...]
    zone: ZoneInfo
    _seen: set[datetime] = field(default_factory=set)

    @classmethod
    def by(cls, head: Sequence[str], *, is_daily: bool, time_zone: str) -> Self:
        """Choose the columns that say when, or refuse the header."""
        wanted = (("date",),) if is_daily else (("starts_at",), ("date", "hour"))
        found = [columns for columns in wanted if all(name in head for name in columns)]
        if len(found) != 1:
            raise Unreadable("bad_header", BAD_HEADER, path="row 1")
        return cls(columns=found[0], zone=ZoneInfo(time_zone))

    def instant(self, cells: Mapping[str, str], *, path: str) -> datetime:
        """Give the instant of a row in UTC; that of a date is its midnight in UTC."""
        try:
            if self.columns == ("date",):
                return datetime.fromisoformat(_matched(DATE, cells["date"])).replace(tzinfo=UTC)
            if self.columns == ("starts_at",):
                return self._at(datetime.fromisoformat(_matched(TIME, cells["starts_at"])), path)
            return self._at(_by_hour(cells), path)
        except (ValueError, OverflowError) as error:
            raise Unreadable("not_a_time", NOT_A_TIME, path=path) from error

    def _at(self, told: datetime, path: str) -> datetime:
        if told.tzinfo is not None:
            return told.astimezone(UTC)
        local = told.replace(tzinfo=self.zone)
        at = local.astimezone(UTC)
        if at.astimezone(self.zone).replace(tzinfo=None) != told:
            raise Unreadable("no_such_time", NO_SUCH_TIME, path=path)
        if at in self._seen:
            at = local.replace(fold=1).astimezone(UTC)
        self._seen.add(at)
        return at


def _matched(pattern: re.Pattern[str], text: str) -> str:
    if pattern.fullmatch(text) is None:
        raise ValueError(text)
    return text


def _by_hour(cells: Mapping[str, str]) -> datetime:
    found = HOUR.fullmatch(cells["hour"])
    if found is None or int(found["hour"]) > 23 or int(found["minute"] or 0) > 59:
        raise ValueError(cells["hour"])
    day = datetime.fromisoformat(_matched(DATE, cells["date"]))
    return day + timedelta(hours=int(found["hour"]), minutes=int(found["minute"] or 0))
