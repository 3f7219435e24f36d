"""`mains contracts`: what a day brings contracts whose agreed price ends."""

import asyncio
from datetime import UTC, date, datetime
from typing import Annotated

import typer

from mains_server.adapters.host import UnknownAdapter
from mains_server.adapters.live import LiveAdapter
from mains_server.adapters.loading import load_adapters
from mains_server.commands.acting import note_run
from mains_server.commands.database import opened
from mains_server.contracts.jobs import OffersOfDay, offers_of_day
from mains_server.db.engine import make_engine
from mains_server.invoices.queries import billed_until
from mains_server.settings import load_settings

group = typer.Typer(help="Contracts whose agreed price ends.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.add_typer(group, name="contracts")


@group.callback()
def contracts() -> None:
    """Contracts whose agreed price ends."""


@group.command("offers")
def offers(
    adapter: Annotated[str, typer.Option(help="The utility's code.")],
    today: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day; default today.")] = None,
) -> None:
    """Offer a product where a price ends soon, and begin the universal service where it ended without an answer.

    Run it every day; a second time it does nothing more.
    """
    now = datetime.now(UTC)
    day = (today or now).date()
    try:
        live = load_adapters(on=day).adapter(adapter)
    except UnknownAdapter as refusal:
        typer.echo(f"Refused: {refusal}.", err=True)
        raise typer.Exit(1) from refusal
    with opened(load_settings()) as address:
        note_run(address, act="contracts offers", words=f"{adapter} {day}", now=now)
        done = asyncio.run(_offers(address=address, adapter=live, now=now, today=day))
    typer.echo(f"Offers made: {done.made}; universal service begun: {done.lapsed}.")


async def _offers(*, address: str, adapter: LiveAdapter, now: datetime, today: date) -> OffersOfDay:
    engine = make_engine(address=address, connections_max=1)
    try:
        return await offers_of_day(engine, adapter=adapter, today=today, now=now, billed_until=billed_until)
    finally:
        await engine.dispose()
