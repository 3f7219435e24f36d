"""Months, years and hours of the civil calendar."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from mains_spi.components import Calendar, ZoneRule
from mains_spi.record import Period
from mains_spi.terms import Window


def month_of(day: date) -> Period:
    """Give the calendar month of a day."""
    start = day.replace(day=1)
    return Period(start, shift_months(start, 1))


def year_of(day: date) -> Period:
    """Give the calendar year of a day."""
    return Period(date(day.year, 1, 1), date(day.year + 1, 1, 1))


def window_of(day: date, window: Window, bill: Period) -> Period:
    """Give the window in which a day counts."""
    if window == "bill":
        return bill
    return month_of(day) if window == "month" else year_of(day)


def shift_months(first: date, months: int) -> date:
    """Give the first day of a month so many months later (or, negative, earlier)."""
    count = first.year * 12 + first.month - 1 + months
    return date(count // 12, count % 12 + 1, 1)


def months_in(period: Period) -> Iterator[Period]:
    """Give each calendar month that shares a day with a period."""
    day = period.start
    while day < period.end:
        month = month_of(day)
        yield month
        day = month.end


def years_in(period: Period) -> Iterator[Period]:
    """Give each calendar year that shares a day with a period."""
    day = period.start
    while day < period.end:
        year = year_of(day)
        yield year
        day = year.end


def instant_of(day: date, tz: str) -> datetime:
    """Give the instant at which a civil day begins."""
    return datetime.combine(day, time(), tzinfo=zone_info(tz)).astimezone(UTC)


@lru_cache(maxsize=64)
def zone_info(tz: str) -> ZoneInfo:
    """Read a time zone once."""
    return ZoneInfo(tz)


def zone_at(calendar: Calendar, instant: datetime) -> str | None:
    """Give the zone of an instant by the first rule that fits, None if none does."""
    local = instant.astimezone(zone_info(calendar.tz))
    if calendar.clock == "standard":
        local -= local.dst() or timedelta()
    weekday = calendar.holiday_as if local.date() in calendar.holidays else local.isoweekday()
    for rule in calendar.rules:
        if _fits(rule, weekday, local):
            return rule.zone
    return None


def _fits(rule: ZoneRule, weekday: int, local: datetime) -> bool:
    if rule.days and weekday not in rule.days:
        return False
    if rule.months and local.month not in rule.months:
        return False
    return not rule.hours or any(_within(local.hour, start, end) for start, end in rule.hours)


def _within(hour: int, start: int, end: int) -> bool:
    return start <= hour < end if start < end else hour >= start or hour < end
