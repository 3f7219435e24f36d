"""The time and place that the whole demo shares."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

TIME_ZONE = "Europe/Riga"


def midnight(day: date) -> datetime:
    """Give the instant at which a civil day begins in Riga."""
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(TIME_ZONE)).astimezone(UTC)
