"""The demo's exchange prices and household profile, hour by hour; invented (source: demo), with negative hours."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random
from zoneinfo import ZoneInfo

from mains_server.demo.words import TIME_ZONE, midnight

HOUR = timedelta(hours=1)
MONTHLY_MEAN = (
    132, 94, 141, 178, 232, 434, 330, 181, 225, 256,
    103, 113, 88, 66, 79, 90, 84, 95, 104, 87, 101, 85,
    116, 76, 69, 61, 72, 81,
)  # fmt: skip
DAY_SHAPE = (62, 56, 52, 50, 53, 66, 92, 118, 128, 120, 108, 100, 96, 90, 88, 92, 102, 122, 138, 140, 126, 108, 90, 74)
PROFILE_SHAPE = (58, 50, 46, 44, 45, 54, 82, 104, 98, 88, 84, 86, 92, 90, 88, 92, 104, 128, 146, 152, 144, 126, 98, 74)


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoMonth:
    """One month's prices in EUR/MWh and profile weights, by hours from the month's start in Riga."""

    starts_at: datetime
    ends_at: datetime
    prices: tuple[Decimal, ...]
    weights: tuple[Decimal, ...]


def build_month(*, first: date, following: date, index: int) -> DemoMonth:
    """Give the demo's exchange month, always the same one; 23- and 25-hour days come out of the zone."""
    starts_at, ends_at = midnight(first), midnight(following)
    hours = [starts_at + HOUR * step for step in range((ends_at - starts_at) // HOUR)]
    chance = Random(9000 + index)
    return DemoMonth(
        starts_at=starts_at,
        ends_at=ends_at,
        prices=tuple(_price(hour, mean=MONTHLY_MEAN[index], chance=chance) for hour in hours),
        weights=tuple(Decimal(PROFILE_SHAPE[hour.astimezone(ZoneInfo(TIME_ZONE)).hour]) for hour in hours),
    )


def _price(hour: datetime, *, mean: int, chance: Random) -> Decimal:
    if chance.randrange(200) == 0:
        return Decimal(-chance.randrange(1, 900)).scaleb(-2)
    hundredths = mean * DAY_SHAPE[hour.astimezone(ZoneInfo(TIME_ZONE)).hour] + chance.randrange(-900, 900)
    return Decimal(hundredths).scaleb(-2)
