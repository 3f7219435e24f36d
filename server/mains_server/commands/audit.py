"""`mains verify-audit` and `mains seal-audit`: whether the audit trail is as it was written, and its chain."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import structlog
import typer
from sqlalchemy.ext.asyncio import AsyncEngine

from mains_server.audit import operations, queries
from mains_server.audit.records import Anchor, Verdict
from mains_server.audit.rules import anchor_line, read_anchors
from mains_server.commands.database import opened
from mains_server.db.engine import make_engine
from mains_server.db.unit_of_work import read_session, unit_of_work
from mains_server.settings import Settings, load_settings

log = structlog.get_logger()
AnchorFile = Annotated[Path | None, typer.Option("--anchor", help="Anchor file; that of the settings otherwise.")]


class AnchorNeedsSecret(Exception):
    """An anchor file is set and no secret that could sign its lines."""


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("verify-audit")(verify)
    app.command("seal-audit")(seal_now)


def verify(anchor: AnchorFile = None) -> None:
    """Walk the audit trail from its beginning; name the first row that is not as it was written, and exit with 1."""
    settings = load_settings()
    file = anchor or settings.audit_anchor
    anchors = [] if file is None else list(_anchors(file, settings))
    with opened(settings) as address:
        verdict = asyncio.run(_verdict(address=address, anchors=anchors))
    typer.echo(f"{verdict.sealed} sealed, {verdict.waiting} to be sealed, {verdict.anchors} anchors")
    if verdict.first_bad is not None:
        typer.echo(verdict.first_bad, err=True)
        raise typer.Exit(1)


def seal_now() -> None:
    """Seal what was written on the audit trail, as workers do every minute."""
    settings = load_settings()
    with opened(settings) as address:
        count = asyncio.run(_seal(address=address, settings=settings))
    typer.echo(f"{count} sealed")


async def sealed(engine: AsyncEngine, *, settings: Settings, now: datetime) -> int:
    """Seal what waits, add the last seal to the anchor file if one is set, and count what was sealed.

    The line is written after the seals are committed: a line without its seal would look like a theft. A process that
    dies in between leaves seals without a line, and the next line covers them.
    """
    total = 0
    while True:
        async with unit_of_work(engine) as session:
            found = await operations.seal(session, now=now)
        if found is None:
            return total
        total += found.count
        if settings.audit_anchor is not None:
            line = anchor_line(number=found.number, hash_=found.hash, at=now, secret=_secret(settings))
            await asyncio.to_thread(_add_line, settings.audit_anchor, line)
        log.info("audit sealed", number=found.number, count=found.count)


def _add_line(file: Path, line: str) -> None:
    with file.open("a", encoding="ascii") as opened_file:
        opened_file.write(f"{line}\n")


def _anchors(file: Path, settings: Settings) -> list[Anchor]:
    with file.open(encoding="ascii", errors="replace") as lines:
        return list(read_anchors(lines, secret=_secret(settings)))


def _secret(settings: Settings) -> bytes:
    if settings.secret is None:
        raise AnchorNeedsSecret("set MAINS_SECRET: it signs the lines of the anchor file")
    return settings.secret.get_secret_value().encode()


async def _verdict(*, address: str, anchors: list[Anchor]) -> Verdict:
    engine = make_engine(address=address, connections_max=1)
    try:
        async with read_session(engine) as session:
            return await queries.verify(session, anchors=anchors, now=datetime.now(UTC))
    finally:
        await engine.dispose()


async def _seal(*, address: str, settings: Settings) -> int:
    engine = make_engine(address=address, connections_max=1)
    try:
        return await sealed(engine, settings=settings, now=datetime.now(UTC))
    finally:
        await engine.dispose()
