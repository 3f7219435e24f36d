"""Work of the levelling room for the queue: the daily look, and the yearly recalculation of everybody."""

from __future__ import annotations

import asyncio
from datetime import date

import psycopg

from mains_server.adapters.loading import load_adapters
from mains_server.db.addresses import psycopg_dsn
from mains_server.db.work import Task, Work
from mains_server.levelling.mass import recalculate
from mains_server.levelling.records import RecalculationRequest
from mains_server.levelling.settling import Clerk
from mains_server.levelling.watching import watch


async def watch_levelled(work: Work, *, adapter: str, today: str) -> None:
    """Do what is due with a utility's plans on a civil day, `2023-02-10`."""
    day = date.fromisoformat(today)
    live = load_adapters(on=day).adapter(adapter)
    await watch(Clerk(engine=work.engine, adapter=live, now=work.now, today=day))


async def watch_every_utility(work: Work) -> None:
    """Do what is due with all plans of all utilities; run every morning, and twice without harm."""
    today = work.now.date()
    for _, live in sorted(load_adapters(on=today).live.items()):
        await watch(Clerk(engine=work.engine, adapter=live, now=work.now, today=today))


async def recalculate_levelled(work: Work, *, adapter: str, year: int, starts: str, known_on: str) -> None:
    """Work all plans of a utility out anew for a year, from a first of a month on, by the prices known on a day."""
    request = RecalculationRequest(
        adapter=adapter,
        year=year,
        starts=date.fromisoformat(starts),
        known_on=date.fromisoformat(known_on),
        now=work.now,
    )
    live = load_adapters(on=request.known_on).adapter(adapter)

    def run() -> None:
        with psycopg.connect(psycopg_dsn(work.address), autocommit=True) as connection:
            recalculate(connection, adapter=live, request=request)

    await asyncio.to_thread(run)


TASKS: dict[str, Task] = {
    "watch_levelled": watch_levelled,
    "watch_every_utility": watch_every_utility,
    "recalculate_levelled": recalculate_levelled,
}
EVERY: dict[str, str] = {"watch_every_utility": "15 5 * * *"}
