"""A run from start to end: in this process or shared by several; then customers' credit goes on the new invoices.

Other machines join in by starting the same run; whoever finds no chunk left is done.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, wait
from datetime import datetime
from multiprocessing import get_context

import psycopg
from psycopg import Connection
from sqlalchemy.ext.asyncio import AsyncEngine

from mains_server.adapters.host import AdapterHost
from mains_server.adapters.loading import load_adapters
from mains_server.billing import operations, queries
from mains_server.billing.records import Run, RunRequest, RunSeller, RunState
from mains_server.billing.run import Shift, work_off
from mains_server.db.addresses import psycopg_dsn
from mains_server.db.unit_of_work import read_session, unit_of_work
from mains_server.payments.operations import apply_credit

LOOK_EVERY_SECONDS = 1
CUSTOMERS_AT_ONCE = 5000

Tell = Callable[[RunState], None]


async def bill_period(
    engine: AsyncEngine,
    *,
    address: str,
    request: RunRequest,
    host: AdapterHost,
    workers: int = 1,
    tell: Tell | None = None,
) -> RunState:
    """Bill a utility's period, settle the invoices with what customers had paid ahead, and tell how the run ended.

    `tell` hears how far it is, from another thread. With several workers each process loads the installed adapters.
    """
    state = await asyncio.to_thread(_bill, psycopg_dsn(address), request, host, workers, tell or _tell_nobody)
    await settle_run(engine, run=state.run, now=request.now)
    return state


async def settle_run(engine: AsyncEngine, *, run: Run, now: datetime) -> None:
    """Put customers' credit on their open invoices; doing it again finds no credit and does nothing."""
    async with read_session(engine) as session:
        customers = await queries.customers_of_run(session, run_id=run.id)
    for first in range(0, len(customers), CUSTOMERS_AT_ONCE):
        async with unit_of_work(engine) as session:
            await apply_credit(session, customer_ids=customers[first : first + CUSTOMERS_AT_ONCE], now=now)


def _bill(dsn: str, request: RunRequest, host: AdapterHost, workers: int, tell: Tell) -> RunState:
    adapter = host.adapter(request.adapter)
    with psycopg.connect(dsn, autocommit=True) as connection:
        run, seller = operations.start_run(connection, request=request, rules=adapter.utility.invoicing_rules)

        def watch(step: str) -> None:
            if step in ("planned", "done"):
                tell(queries.run_state(connection, run=run))

        watch("planned")
        if workers == 1:
            shift = Shift(adapter=adapter, now=request.now, watch=watch)
            return work_off(connection, run=run, seller=seller, shift=shift)
        _share(connection, dsn=dsn, run=run, seller=seller, now=request.now, workers=workers, tell=tell)
        return queries.run_state(connection, run=queries.run_by_id(connection, run_id=run.id))


def _share(
    connection: Connection, *, dsn: str, run: Run, seller: RunSeller, now: datetime, workers: int, tell: Tell
) -> None:
    """Have processes work side by side; a bug in one stops the run, and its chunk is as if never begun."""
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        going = {pool.submit(_work_elsewhere, dsn, run, seller, now) for _ in range(workers)}
        while going:
            done, going = wait(going, timeout=LOOK_EVERY_SECONDS)
            for ended in done:
                ended.result()
            tell(queries.run_state(connection, run=run))


def _work_elsewhere(dsn: str, run: Run, seller: RunSeller, now: datetime) -> None:
    adapter = load_adapters(on=run.period.start).adapter(run.adapter)
    with psycopg.connect(dsn, autocommit=True) as connection:
        work_off(connection, run=run, seller=seller, shift=Shift(adapter=adapter, now=now))


def _tell_nobody(state: RunState) -> None:
    """Keep it to oneself."""
