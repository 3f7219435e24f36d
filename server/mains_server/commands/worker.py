"""`mains worker`: do the jobs that wait in the queue."""

import asyncio
from typing import Annotated

import typer

from mains_server.commands.database import opened
from mains_server.logs import log_to_console
from mains_server.settings import load_settings
from mains_server.worker import is_worked_off, work_off


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("worker")(worker)
    app.command("worker-check")(worker_check)


def worker(
    until_empty: Annotated[bool, typer.Option(help="Stop when no job waits, instead of waiting for more.")] = False,
    at_once: Annotated[int, typer.Option(min=1, help="Jobs done side by side.")] = 1,
) -> None:
    """Work off the queue until told to stop; any number of workers may run, on any machine."""
    settings = load_settings()
    log_to_console(settings=settings)
    with opened(settings) as address:
        asyncio.run(work_off(address=address, until_empty=until_empty, at_once=at_once))


def worker_check() -> None:
    """Exit with 1 unless some worker has said within the last minute that it is there."""
    with opened(load_settings(), is_migrated=False) as address:
        if not asyncio.run(is_worked_off(address=address)):
            typer.echo("No worker is there.", err=True)
            raise typer.Exit(1)
