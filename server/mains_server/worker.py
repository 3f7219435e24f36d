"""The edge of background work: takes jobs from the queue and hands each to the room that knows how to do it."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import procrastinate
import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from mains_server.db.addresses import psycopg_dsn
from mains_server.db.engine import make_engine
from mains_server.db.jobs import has_live_worker
from mains_server.db.registry import ROOMS
from mains_server.db.unit_of_work import read_session
from mains_server.db.work import Task, Work

log = structlog.get_logger()


AGAIN = procrastinate.RetryStrategy(max_attempts=5, exponential_wait=6)


async def work_off(
    *, address: str, until_empty: bool, at_once: int = 1, tasks: Mapping[str, Task] | None = None
) -> None:
    """Do the jobs that wait, then wait for more unless `until_empty`; who waits also keeps the rooms' watches."""
    engine = make_engine(address=address, connections_max=2 * at_once)
    queue = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=psycopg_dsn(address)))
    every = room_times() if tasks is None else {}
    for name, task in (room_tasks() if tasks is None else tasks).items():
        _register(queue=queue, name=name, task=task, work=(engine, address), cron=every.get(name))
    try:
        watches = {} if until_empty or tasks is not None else room_watches()
        async with queue.open_async(), _watching(watches, work=(engine, address)):
            await _take_over(queue=queue)
            await queue.run_worker_async(
                wait=not until_empty, concurrency=at_once, install_signal_handlers=not until_empty
            )
    finally:
        await engine.dispose()


async def is_worked_off(*, address: str) -> bool:
    """Tell whether some worker is there for the queue of this database."""
    engine = make_engine(address=address, connections_max=1)
    try:
        async with read_session(engine) as session:
            return await has_live_worker(session)
    finally:
        await engine.dispose()


def room_tasks() -> dict[str, Task]:
    """Collect the `TASKS` of every room, and of the edge, that has work for the queue in its `jobs.py`."""
    found: dict[str, Task] = {}
    for module in _modules():
        found |= getattr(import_module(module), "TASKS", {})
    return found


def room_times() -> dict[str, str]:
    """Collect the `EVERY` of the same: which of these tasks are due at which times (UTC), as cron writes them."""
    found: dict[str, str] = {}
    for module in _modules():
        found |= getattr(import_module(module), "EVERY", {})
    return found


def room_watches() -> dict[str, Task]:
    """Collect the `WATCHES` of the same: what runs as long as a worker does, beside the queue."""
    found: dict[str, Task] = {}
    for module in _modules():
        found |= getattr(import_module(module), "WATCHES", {})
    return found


def _modules() -> list[str]:
    return [name for room in (*ROOMS, "commands") if find_spec(name := f"mains_server.{room}.jobs") is not None]


async def _take_over(*, queue: procrastinate.App) -> None:
    """Put back what dead workers had begun; every job may run twice, and does its work once by its own keys."""
    for job in await queue.job_manager.get_stalled_jobs():
        await queue.job_manager.retry_job(job)


@asynccontextmanager
async def _watching(watches: Mapping[str, Task], *, work: tuple[AsyncEngine, str]) -> AsyncIterator[None]:
    """Run watches beside the block; each ends what it is at when the block ends."""
    engine, address = work
    given = Work(engine=engine, address=address, now=datetime.now(UTC))
    tasks = [asyncio.ensure_future(watch(given)) for watch in watches.values()]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _register(
    *, queue: procrastinate.App, name: str, task: Task, work: tuple[AsyncEngine, str], cron: str | None
) -> None:
    async def run(timestamp: int | None = None, **arguments: Any) -> None:
        engine, address = work
        await task(Work(engine=engine, address=address, now=datetime.now(UTC)), **arguments)
        log.info("job done", task=name)

    registered = queue.task(name=name, retry=AGAIN)(run)
    if cron is not None:
        queue.periodic(cron=cron)(registered)
