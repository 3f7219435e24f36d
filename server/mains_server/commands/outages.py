"""`mains outages`: take in feeds of planned outages."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from mains_server.access.records import Refusal
from mains_server.commands.acting import acting
from mains_server.commands.database import opened
from mains_server.db.engine import make_engine
from mains_server.outages.feed import FILE_BYTES_MAX, read_feed
from mains_server.outages.importing import FeedNotTaken, take_feed
from mains_server.outages.records import Author, FeedReport, RowReport
from mains_server.settings import load_settings

group = typer.Typer(help="Planned outages.", no_args_is_help=True)
File = Annotated[Path, typer.Argument(help="A CSV or JSON feed, see docs/outages.md.", exists=True, dir_okay=False)]


def register(app: typer.Typer) -> None:
    """Add the group to the command."""
    app.add_typer(group, name="outages")


@group.callback()
def outages() -> None:
    """Take in feeds of planned outages."""


@group.command("import")
def import_(file: File) -> None:
    """Take a feed of outages in, whole or not at all, and tell what became of each row; exits with 1 if refused.

    The same feed again changes nothing.
    """
    if file.stat().st_size > FILE_BYTES_MAX:
        typer.echo(f"FILE_WRONG: a feed has at most {FILE_BYTES_MAX} bytes", err=True)
        raise typer.Exit(1)
    try:
        with opened(load_settings()) as address:
            report = asyncio.run(_import(file.read_bytes(), name=file.name, address=address))
    except Refusal as refusal:
        typer.echo(f"Refused, nothing was taken: {refusal.code}: {refusal.message}", err=True)
        raise typer.Exit(1) from refusal
    for row in report.rows:
        typer.echo(_line(row))
    if not report.is_taken:
        typer.echo("Refused, nothing was taken.", err=True)
        raise typer.Exit(1)


async def _import(content: bytes, *, name: str, address: str) -> FeedReport:
    engine = make_engine(address=address, connections_max=1)
    try:
        rows = read_feed(content)
        now = datetime.now(UTC)
        async with acting(engine, act="outages import", words=name, now=now) as session:
            return await take_feed(session, rows=rows, author=Author(now=now))
    except FeedNotTaken as refused:
        return refused.report
    finally:
        await engine.dispose()


def _line(row: RowReport) -> str:
    told = f"line {row.line}: {row.reference or '-'} {row.outcome.name}"
    return told if row.code is None else f"{told} {row.code}: {row.message}"
