"""`mains documents`: make the documents of invoices that have none yet."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated

import typer

from mains_server.access.records import Refusal
from mains_server.commands.database import opened
from mains_server.db.engine import make_engine
from mains_server.db.work import Work
from mains_server.documents.jobs import MadeMissing, make_missing
from mains_server.documents.operations import DocumentsExtraMissing
from mains_server.settings import load_settings

documents = typer.Typer(help="Documents of invoices: PDF, e-invoice, spreadsheet.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the group to the command."""
    app.add_typer(documents, name="documents")


@documents.command("make")
def make(
    missing: Annotated[bool, typer.Option("--missing", help="Of every invoice that lacks one; say so.")] = False,
) -> None:
    """Make the documents that are missing, each in its customer's language; again it makes nothing twice.

    A worker makes them after issue. This is for what was issued without one, or while an adapter was set aside.
    Invoices of an adapter that still is are told and left, which exits with 1.
    """
    if not missing:
        typer.echo("Say --missing: every other document is made by itself, or when somebody opens its link.", err=True)
        raise typer.Exit(2)
    try:
        with opened(load_settings()) as address:
            found = asyncio.run(_make(address))
    except (Refusal, DocumentsExtraMissing) as refusal:
        typer.echo(f"Refused: {refusal}.", err=True)
        raise typer.Exit(1) from refusal
    typer.echo(f"{found.documents} documents made.")
    for reason, invoices in found.waiting.items():
        typer.echo(f"Left: {invoices} invoices; {reason}.", err=True)
    if found.waiting:
        raise typer.Exit(1)


async def _make(address: str) -> MadeMissing:
    engine = make_engine(address=address, connections_max=2)
    try:
        return await make_missing(Work(engine=engine, address=address, now=datetime.now(UTC)))
    finally:
        await engine.dispose()
