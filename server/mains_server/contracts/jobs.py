"""What a utility's day brings its contracts, as a job: offers in time, and what follows where nobody answered."""

from __future__ import annotations

from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncEngine

from mains_server.adapters.live import LiveAdapter
from mains_server.contracts.offering import let_lapse, make_offers
from mains_server.contracts.terms import BilledUntil, Step
from mains_server.db.unit_of_work import unit_of_work


class OffersOfDay(NamedTuple):
    """How many contracts were offered a product, and how many came into the universal service."""

    made: int
    lapsed: int


async def offers_of_day(
    engine: AsyncEngine, *, adapter: LiveAdapter, today: date, now: datetime, billed_until: BilledUntil
) -> OffersOfDay:
    """Do a day's work on agreed prices that end, a transaction a batch; repeating it does nothing more."""
    step = Step(now=now, today=today)
    lapsed = made = 0
    while True:
        async with unit_of_work(engine) as session:
            ended = await let_lapse(session, adapter=adapter, billed_until=billed_until, step=step)
        lapsed += len(ended)
        if not ended:
            break
    while True:
        async with unit_of_work(engine) as session:
            offered = await make_offers(session, adapter=adapter, step=step)
        made += offered
        if not offered:
            return OffersOfDay(made=made, lapsed=lapsed)
