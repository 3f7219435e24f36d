"""`mains outbox`: what waits to be told on, and forgetting what was told long ago."""

import asyncio
from datetime import UTC, datetime, timedelta

import typer
from sqlalchemy.ext.asyncio import AsyncEngine

from mains_server.commands.database import opened
from mains_server.db.engine import make_engine
from mains_server.db.outbox import OutboxState, forget_delivered, outbox_state
from mains_server.db.unit_of_work import read_session, unit_of_work
from mains_server.settings import load_settings
from mains_server.webhooks.queries import last_look

AT_ONCE = 10_000
WAITS_MAX = timedelta(hours=1)

outbox = typer.Typer(help="Events: what waits to be told on, and what was told long ago.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(outbox, name="outbox")


async def forget_old(engine: AsyncEngine, *, kept_for: timedelta, now: datetime, at_once: int = AT_ONCE) -> int:
    """Delete events that were delivered longer ago than they are kept, and count them.

    So many a transaction: whoever dies has forgotten what it committed, and the next goes on. What waits, was given up,
    or is still to be looked at for webhooks stays however old it is; a look of webhooks only ever goes forward.
    """
    async with read_session(engine) as session:
        seen = await last_look(session)
    forgotten = 0
    while True:
        async with unit_of_work(engine) as session:
            count = await forget_delivered(session, before=now - kept_for, seen=seen, most=at_once)
        forgotten += count
        if count < at_once:
            return forgotten


def wrong_with(state: OutboxState, *, now: datetime) -> str | None:
    """Find what somebody has to look at: events that were given up, or that wait for over an hour."""
    if state.given_up:
        return f"{state.given_up} given up: see `undeliveredEvents`, and send them again by `eventSendAgain`"
    if state.waits_since is not None and state.waits_since < now - WAITS_MAX:
        return f"an event waits since {state.waits_since:%Y-%m-%d %H:%M} UTC: does a worker run?"
    return None


@outbox.command("check")
def check() -> None:
    """Tell how many events wait, were given up and are kept; exits with 1 if somebody has to look at them."""
    now = datetime.now(UTC)
    with opened(load_settings()) as address:
        state = asyncio.run(_state(address))
    since = "" if state.delivered_since is None else f", kept since {state.delivered_since:%Y-%m-%d}"
    typer.echo(f"waiting {state.waiting}, given up {state.given_up}, delivered {state.delivered}{since}")
    wrong = wrong_with(state, now=now)
    if wrong is not None:
        typer.echo(wrong, err=True)
        raise typer.Exit(1)


@outbox.command("forget")
def forget() -> None:
    """Delete events that were delivered longer ago than MAINS_OUTBOX_KEPT; a worker does the same every night."""
    settings = load_settings()
    with opened(settings) as address:
        count = asyncio.run(_forget(address, kept_for=settings.outbox_kept))
    typer.echo(f"forgotten {count}")


async def _state(address: str) -> OutboxState:
    engine = make_engine(address=address, connections_max=1)
    try:
        async with read_session(engine) as session:
            return await outbox_state(session)
    finally:
        await engine.dispose()


async def _forget(address: str, *, kept_for: timedelta) -> int:
    engine = make_engine(address=address, connections_max=1)
    try:
        return await forget_old(engine, kept_for=kept_for, now=datetime.now(UTC))
    finally:
        await engine.dispose()
