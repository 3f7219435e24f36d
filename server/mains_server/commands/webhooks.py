"""`mains webhooks`: post what happened to partners, now."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from typing import TYPE_CHECKING

import structlog
import typer
from sqlalchemy.ext.asyncio import AsyncEngine

from mains_server.adapters.loading import load_adapters
from mains_server.commands.database import opened
from mains_server.consumption.links import ChartLinks
from mains_server.db.engine import make_engine
from mains_server.notifications.sealing import Seal
from mains_server.settings import Mode, Settings, load_settings
from mains_server.webhooks.addresses import Gate
from mains_server.webhooks.queueing import forget_deliveries
from mains_server.webhooks.records import Content, Reading
from mains_server.webhooks.sending import CONNECTIONS_MAX, Office, Render, send_webhooks
from mains_server.webhooks.watching import Watch

if TYPE_CHECKING:
    from mains_schema.live.posted import DocumentReader

log = structlog.get_logger()
DEMO_NETWORKS = ("127.0.0.0/8", "::1/128")
AGAIN_SECONDS = 60
LASTS = timedelta(seconds=50)
webhooks = typer.Typer(help="Webhooks: partners are told what happens.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(webhooks, name="webhooks")


@webhooks.callback()
def group() -> None:
    """Tell partners what happens."""


@webhooks.command("send")
def send() -> None:
    """Queue what was committed and post every message that is due; workers do so as soon as something happens."""
    settings = load_settings()
    with opened(settings) as address:
        counts = asyncio.run(post_webhooks(address, settings=settings, secret=_secret_of(settings)))
    typer.echo(", ".join(f"{name} {count}" for name, count in sorted(counts.items())) or "Nothing was due.")


def gate_of(settings: Settings) -> Gate:
    """Say where webhooks may go: a demonstration may post to its own machine, over plain HTTP."""
    is_demo = settings.mode is Mode.DEMO
    networks = [*sorted(settings.webhook_networks), *(DEMO_NETWORKS if is_demo else ())]
    return Gate(allowed=tuple(ip_network(one) for one in networks), takes_http=is_demo)


async def post_webhooks(address: str, *, settings: Settings, secret: bytes | None) -> Counter[str]:
    """Queue and post what is due, in most of a minute, and count; without the server's secret everything waits."""
    if secret is None:
        log.warning("webhooks wait", reason="MAINS_SECRET is not set")
        return Counter()
    async with _office(address, settings=settings, secret=secret) as office:
        counts = await send_webhooks(office)
        counts["forgotten"] = await forget_deliveries(office.engine, before=forgotten_before(settings, now=_now()))
    return +counts


async def watch_webhooks(address: str, *, settings: Settings, secret: bytes | None) -> None:
    """Post to partners as soon as something happens, until cancelled; a mistake of ours is logged and begun again."""
    if secret is None:
        log.warning("webhooks wait", reason="MAINS_SECRET is not set")
        return
    async with _office(address, settings=settings, secret=secret) as office:
        while True:
            try:
                await Watch(office).run()
            except Exception:
                log.exception("webhooks wait", seconds=AGAIN_SECONDS)
                await asyncio.sleep(AGAIN_SECONDS)


def forgotten_before(settings: Settings, *, now: datetime) -> datetime:
    """Tell since when deliveries that ended are kept."""
    return now - timedelta(days=settings.webhook_days_kept)


@asynccontextmanager
async def _office(address: str, *, settings: Settings, secret: bytes) -> AsyncIterator[Office]:
    """Give what a sender needs, on connections of its own."""
    engine = make_engine(address=address, connections_max=CONNECTIONS_MAX, role=settings.database_role)
    render = _reader(lambda: _documents_reader(engine, settings=settings, secret=secret))
    try:
        yield Office(engine=engine, seal=Seal(secret), render=render, gate=gate_of(settings), clock=_now, lasts=LASTS)
    finally:
        await engine.dispose()


def _reader(make: Callable[[], DocumentReader]) -> Render:
    """Make what reads documents when the first is to be read: the schema takes seconds, and many have no webhooks."""
    made: list[DocumentReader] = []

    async def read(reading: Reading) -> Content | None:
        if not made:
            made.append(make())
        return await made[0].read(reading)

    return read


def _documents_reader(engine: AsyncEngine, *, settings: Settings, secret: bytes) -> DocumentReader:
    from mains_schema.http.edge import Edge
    from mains_schema.live.posted import DocumentReader
    from mains_schema.served import graphql_app

    host = load_adapters(on=_now().date())
    edge = Edge(operation_seconds_max=settings.operation_seconds_max, hides_schema=True)
    links = ChartLinks(secret)
    lifetime = settings.session_lifetime
    return DocumentReader(graphql_app(engine=engine, host=host, session_lifetime=lifetime, links=links, edge=edge))


def _secret_of(settings: Settings) -> bytes | None:
    return None if settings.secret is None else settings.secret.get_secret_value().encode()


def _now() -> datetime:
    return datetime.now(UTC)
