"""The demo's readings go in month by month, each known a day after it was taken, as they would have come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.demo.words import midnight
from mains_server.metering.loading import load_readings
from mains_server.metering.records import LoadedReading, ReadingSource, Register


@dataclass(frozen=True, slots=True)
class Showing:
    """A register and what it showed at the start of each month."""

    register: Register
    values: tuple[Decimal, ...]


async def load_showings(session: AsyncSession, *, days: Sequence[date], showings: Sequence[Showing]) -> None:
    """Load what registers showed at the start of each of the days."""
    for place, day in enumerate(days):
        readings = [
            LoadedReading(
                register_id=showing.register.id,
                supply_point_id=showing.register.supply_point_id,
                taken_at=midnight(day),
                counts_for=day,
                value=showing.values[place],
                source=ReadingSource.PORTAL,
            )
            for showing in showings
        ]
        await load_readings(session, readings=readings, now=midnight(day + timedelta(days=1)))
