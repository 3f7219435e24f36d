"""`mains debts`: lay down what a utility does about debts, and do a day's work on them."""

import asyncio
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer

from mains_server.access.records import Refusal
from mains_server.adapters.host import UnknownAdapter
from mains_server.adapters.live import LiveAdapter
from mains_server.adapters.loading import load_adapters
from mains_server.commands.acting import acting, note_run
from mains_server.commands.database import opened
from mains_server.db.engine import make_engine
from mains_server.dunning.jobs import day_of_debts
from mains_server.dunning.operations import lay_down_policy
from mains_server.dunning.policy_file import read_policies
from mains_server.dunning.records import Policy
from mains_server.dunning.reminding import Dunner
from mains_server.settings import load_settings

debts = typer.Typer(help="Debts: policies, reminders, late interest, debts paid in parts.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(debts, name="debts")


@debts.command("policy")
def policy(file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A TOML file of policies.")]) -> None:
    """Lay down a utility's policies; those that stand already are left alone, and none is changed."""
    try:
        policies = read_policies(file.read_text(encoding="utf-8"))
        with opened(load_settings()) as address:
            new = asyncio.run(_lay_down(address, policies=policies, now=datetime.now(UTC)))
    except (Refusal, UnicodeDecodeError) as refusal:
        typer.echo(f"Refused: {refusal}.", err=True)
        raise typer.Exit(1) from refusal
    typer.echo(f"{len(policies)} policies, {new} new")


@debts.command("pursue")
def pursue(
    adapter: Annotated[str, typer.Option(help="The utility, by code.")],
    on: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The civil day; today otherwise.")] = None,
) -> None:
    """Do a day's work: look at debts paid in parts, remind, and charge interest; twice without harm."""
    now = datetime.now(UTC)
    today = (on or now).date()
    try:
        live = load_adapters(on=today).adapter(adapter)
    except UnknownAdapter as refusal:
        typer.echo(f"Refused: {refusal}.", err=True)
        raise typer.Exit(1) from refusal
    with opened(load_settings()) as address:
        note_run(address, act="debts pursue", words=f"{adapter} {today}", now=now)
        counts = asyncio.run(_pursue(address, live=live, today=today, now=now))
    typer.echo(", ".join(f"{name} {count}" for name, count in sorted(counts.items())) or "Nothing was due.")


async def _lay_down(address: str, *, policies: tuple[Policy, ...], now: datetime) -> int:
    engine = make_engine(address=address, connections_max=1)
    try:
        words = " ".join(f"{one.adapter} {one.starts}" for one in policies)
        async with acting(engine, act="debts policy", words=words, now=now) as session:
            return sum([await lay_down_policy(session, policy=one) for one in policies])
    finally:
        await engine.dispose()


async def _pursue(address: str, *, live: LiveAdapter, today: date, now: datetime) -> Counter[str]:
    engine = make_engine(address=address, connections_max=2)
    try:
        return await day_of_debts(Dunner(engine=engine, adapter=live, now=now, today=today))
    finally:
        await engine.dispose()
