"""The demo's degree days of Jelgava, invented (source: demo) and plausible for a Latvian winter: base 18 degrees."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import pairwise
from random import Random

from mains_server.facts.records import Stretch

PLACE = "jelgava"
UNIT = "K.d"
NORMAL_TENTHS = {1: 205, 2: 201, 3: 168, 4: 108, 5: 45, 6: 0, 7: 0, 8: 0, 9: 40, 10: 104, 11: 150, 12: 188}
WARMER_TENTHS = 4
SWING_TENTHS = 25


def degree_days(months: Sequence[date]) -> Iterator[Stretch]:
    """Give the degree days of each month, and those of a normal year; days that nobody heats have none."""
    for index, (first, following) in enumerate(pairwise(months)):
        chance, normal = Random(4000 + index), NORMAL_TENTHS[first.month]
        days = range((following - first).days)
        swings = [chance.randrange(-SWING_TENTHS, SWING_TENTHS + 1) - WARMER_TENTHS for _ in days]
        actual = tuple(Decimal(max(normal + swing, 0) if normal else 0).scaleb(-1) for swing in swings)
        yield _stretch("degree_days", first, actual)
        yield _stretch("degree_days_normal", first, tuple(Decimal(normal).scaleb(-1) for _ in days))


def _stretch(name: str, first: date, values: tuple[Decimal, ...]) -> Stretch:
    starts_at = datetime.combine(first, time(), tzinfo=UTC)
    return Stretch(
        name=f"{name}.{PLACE}",
        unit=UNIT,
        starts_at=starts_at,
        step_seconds=86_400,
        values=values,
        known_at=starts_at + timedelta(days=len(values)),
        source="demo",
    )
