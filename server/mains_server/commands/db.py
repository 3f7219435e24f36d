"""`mains db`: bring the database up to date, and see whether code and migrations agree."""

import typer

from mains_server.commands.database import opened
from mains_server.db import migrate as migrations
from mains_server.settings import load_settings

group = typer.Typer(help="Migrations of the database.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the group to the command."""
    app.add_typer(group, name="db")


@group.command("migrate")
def migrate() -> None:
    """Apply every migration that the database lacks."""
    with opened(load_settings()):
        typer.echo("The database is up to date.")


@group.command("check")
def check() -> None:
    """List where tables in the code and in the migrated database differ; exits with 1 if they do."""
    with opened(load_settings()) as address:
        found = migrations.differences(address=address)
    for difference in found:
        typer.echo(difference)
    if found:
        raise typer.Exit(1)
    typer.echo("Models and migrations agree.")


@group.command("revision")
def revision(message: str) -> None:
    """Write the next migration from what differs, for you to read and complete."""
    with opened(load_settings()) as address:
        file = migrations.write_revision(address=address, message=message)
    typer.echo(f"Written: {file}. Read it before you use it.")
