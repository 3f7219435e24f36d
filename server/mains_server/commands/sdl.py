"""`mains sdl`: write the schema down for front-end developers and code generators."""

from pathlib import Path
from typing import Annotated

import typer

SCHEMA_FILE = Path("schema/schema.graphql")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("sdl")(sdl)


def sdl(
    to: Annotated[Path, typer.Option(help="File to write; `-` prints instead.")] = SCHEMA_FILE,
) -> None:
    """Write the served schema as SDL; read the diff as a front-end developer would."""
    from mains_schema.http.build import export_sdl
    from mains_schema.served import schema

    text = export_sdl(schema())
    if str(to) == "-":
        typer.echo(text, nl=False)
        return
    to.write_text(text, encoding="utf-8")
    typer.echo(f"wrote {to}")
