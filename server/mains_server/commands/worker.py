"""`mains worker`: do the jobs that wait in the queue."""

import asyncio
from typing import Annotated

import typer

from mains_server.commands.database import opened
from mains_server.settings import load_settings
from mains_server.worker import work_off


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("worker")(worker)


def worker(
    until_empty: Annotated[bool, typer.Option(help="Stop when no job waits, instead of waiting for more.")] = False,
    at_once: Annotated[int, typer.Option(min=1, help="Jobs done side by side.")] = 1,
) -> None:
    """Work off the queue until told to stop; any number of workers may run, on any machine."""
    with opened(load_settings()) as address:
        asyncio.run(work_off(address=address, until_empty=until_empty, at_once=at_once))
