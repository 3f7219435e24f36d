"""`mains notices`: deliver events, send notices, and look at templates."""

import asyncio
from collections import Counter
from datetime import UTC, datetime

import typer
from sqlalchemy.ext.asyncio import AsyncEngine

from mains_server.commands.database import opened
from mains_server.commands.mail_server import mail_server_of
from mains_server.db.engine import make_engine
from mains_server.notifications.events import Ears, deliver_events
from mains_server.notifications.records import Channel
from mains_server.notifications.sealing import Seal, seal_of_this_process
from mains_server.notifications.sending import Carrier, MailCarrier, Office, send_notices
from mains_server.settings import Settings, load_settings

notices = typer.Typer(help="Notices: what customers are told, and in which words.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(notices, name="notices")


@notices.command("send")
def send() -> None:
    """Deliver what rooms published and send every notice that is due; a worker does the same every minute."""
    settings = load_settings()
    with opened(settings) as address:
        counts = asyncio.run(_send(address, settings=settings))
    typer.echo(", ".join(f"{name} {count}" for name, count in sorted(counts.items())) or "Nothing was due.")


def seal_of(settings: Settings) -> Seal:
    """Give the seal of the server's secret; without one, what is sealed can be opened by this process alone."""
    return seal_of_this_process() if settings.secret is None else Seal(settings.secret.get_secret_value().encode())


async def day_of_notices(engine: AsyncEngine, *, settings: Settings, seal: Seal, now: datetime) -> Counter[str]:
    """Deliver events that are due, then send notices that are, and count both."""
    counts: Counter[str] = Counter()
    for outcome, count in (await deliver_events(engine, ears=Ears(), now=now)).items():
        counts[f"events_{outcome}"] += count
    server = mail_server_of(settings)
    carriers: dict[Channel, Carrier] = {} if server is None else {Channel.EMAIL: MailCarrier(server=server)}
    counts += await send_notices(Office(engine=engine, carriers=carriers, seal=seal, now=now))
    return +counts


async def _send(address: str, *, settings: Settings) -> Counter[str]:
    engine = make_engine(address=address, connections_max=3)
    try:
        return await day_of_notices(engine, settings=settings, seal=seal_of(settings), now=datetime.now(UTC))
    finally:
        await engine.dispose()
