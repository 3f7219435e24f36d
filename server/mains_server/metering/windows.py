"""When readings are asked for: the days around a month's first, told by the adapter's rules."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from mains_spi import ReadingRules

from mains_server.metering.records import ReadingCollection

LONGEST_MONTH_DAYS = 31


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowDays:
    """From when until when, both days included, readings are taken that count for the start of a civil day."""

    counts_for: date
    opens_on: date
    closes_on: date

    def is_open(self, *, on: date) -> bool:
        """Tell whether readings are taken on a day."""
        return self.opens_on <= on <= self.closes_on


def closes_on(day: date, *, rules: ReadingRules) -> date:
    """Give the last day on which a reading for a civil day is waited for; as long after any day as after a first."""
    return day + min(timedelta(days=rules.upto_day - 1), date.max - day)


def window_of(day: date, *, rules: ReadingRules) -> WindowDays:
    """Give the window of the readings that count for a month's first day."""
    assert day.day == 1, "a window leads to a month's first day"
    opens_on = (day - timedelta(days=1)).replace(day=rules.from_day)
    return WindowDays(counts_for=day, opens_on=opens_on, closes_on=closes_on(day, rules=rules))


def window_on(day: date, *, rules: ReadingRules) -> WindowDays:
    """Give the window that is open on a day, else the next one."""
    first = day.replace(day=1)
    if day > closes_on(first, rules=rules):
        first = (first + timedelta(days=LONGEST_MONTH_DAYS)).replace(day=1)
    return window_of(first, rules=rules)


def is_asked(collection: ReadingCollection) -> bool:
    """Tell whether somebody is asked to read a register; what tells itself is never asked for."""
    return collection is ReadingCollection.MANUAL
