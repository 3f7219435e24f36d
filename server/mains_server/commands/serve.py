"""`mains serve`: answer HTTP until told to stop."""

import os
import secrets
import sys
from typing import Annotated

import typer
import uvicorn

from mains_server.commands.database import opened
from mains_server.db.migrate import server_role
from mains_server.logs import log_to_console
from mains_server.settings import Settings, insist_on_safety, load_settings

MESSAGE_BYTES_MAX = 1_000_000


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("serve")(serve)


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on; MAINS_HOST otherwise.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; MAINS_PORT otherwise.")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes that answer.")] = 1,
) -> None:
    """Serve the API on the configured database, or on the embedded one."""
    settings = load_settings(host=host, port=port)
    insist_on_safety(settings, is_debugging=sys.flags.dev_mode)
    log_to_console(settings=settings)
    with opened(settings) as address:
        run_server(settings=settings, address=address, workers=workers)


def run_server(*, settings: Settings, address: str, workers: int = 1) -> None:
    """Answer HTTP on a database that is up and migrated, until a signal ends it.

    The processes that answer read the settings themselves, so what was decided here reaches them by the environment.
    """
    os.environ["MAINS_DATABASE_URL"] = address
    os.environ["MAINS_MODE"] = settings.mode.value
    role = settings.database_role or server_role(address=address)
    if role is not None:
        os.environ["MAINS_DATABASE_ROLE"] = role
    if settings.secret is None:
        os.environ["MAINS_SECRET"] = secrets.token_hex(32)
    uvicorn.run(
        "mains_server.app:app_from_environment",
        factory=True,
        host=settings.host,
        port=settings.port,
        workers=workers,
        log_level="warning",
        access_log=False,
        log_config=None,
        ws_max_size=MESSAGE_BYTES_MAX,
        http="mains_server.routes.slow_clients:ImpatientProtocol",
    )
