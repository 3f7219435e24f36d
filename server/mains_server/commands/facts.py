"""`mains facts`: take in exchange prices and other figures from outside, and see where they are missing."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from mains_spi import FILE_BYTES_MAX, FactFile, FactReading, FetchRequest, Period
from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.access.records import Refusal
from mains_server.adapters.asking import AdapterFailed
from mains_server.adapters.sources import LiveSource, UnknownSource, load_sources
from mains_server.commands.acting import on_the_trail
from mains_server.commands.database import opened
from mains_server.commands.fetching import FetchFailed, SecretMissing, fetch
from mains_server.db.engine import make_engine
from mains_server.db.unit_of_work import unit_of_work
from mains_server.facts.operations import take_in
from mains_server.facts.overlaying import told_series
from mains_server.facts.queries import list_gaps, list_series
from mains_server.facts.records import SeriesGap, TakenIn
from mains_server.settings import load_settings

REFUSALS = (UnknownSource, AdapterFailed, FetchFailed, SecretMissing)
T = TypeVar("T")

group = typer.Typer(help="Exchange prices and other figures that tariffs ask for.", no_args_is_help=True)
File = Annotated[Path, typer.Argument(help="The file, see docs/fact_sources.md.", exists=True, dir_okay=False)]
Source = Annotated[str, typer.Option("--source", help="Who reads it, such as entsoe or csv.")]
KnownAt = Annotated[datetime | None, typer.Option("--known-at", help="Since when this has been known, UTC; now.")]
Zone = Annotated[str, typer.Option("--time-zone", help="Where civil days and local times are.")]


def register(app: typer.Typer) -> None:
    """Add the group to the command."""
    app.add_typer(group, name="facts")


@group.command("sources")
def sources() -> None:
    """List the installed fact sources with what they give; those set aside with their reason."""
    for source in load_sources().sources:
        given = "" if source.card is None else " ".join(kind.name for kind in source.card.series)
        typer.echo(f"{source.name} {source.version} {source.state.value}: {source.reason or given}")


@group.command("import")
def import_file(
    file: File,
    source: Source,
    series: Annotated[str | None, typer.Option(help="What is in it, where the file does not say it.")] = None,
    known_at: KnownAt = None,
    partly: Annotated[bool, typer.Option("--partly", help="Take the rows that can be read, list the others.")] = False,
    time_zone: Zone = "Europe/Riga",
) -> None:
    """Take a file in, whole or not at all; what is known already changes nothing.

    With --partly, rows that cannot be read are listed and left out with a warning, and the exit code is 0: it was
    asked for. It is 1 where nothing was taken in.
    """
    now = datetime.now(UTC)
    with file.open("rb") as opened_file:
        content = opened_file.read(FILE_BYTES_MAX + 1)
    live, reading = _read(source, FactFile(content=content, name=file.name, series=series, time_zone=time_zone))
    _tell_problems(reading, is_taken=partly and bool(reading.stretches))
    _take(live, [reading], known_at=known_at, now=now, origin=f"{source} {file.name}")
    if reading.problems:
        typer.echo(f"Warning: what the {len(reading.problems)} problems above are about was left out.", err=True)


@group.command("fetch")
def fetch_facts(
    source: Source,
    starts: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="The first civil day.")],
    ends: Annotated[datetime, typer.Option("--upto", formats=["%Y-%m-%d"], help="The civil day after the last.")],
    known_at: KnownAt = None,
    time_zone: Zone = "Europe/Riga",
) -> None:
    """Fetch the facts of some days and take them in, all of them or none."""
    now = datetime.now(UTC)
    if ends <= starts:
        raise _refused("--upto has to be after --from")
    settings = load_settings()
    readings: list[FactReading] = []
    try:
        live = load_sources().source(source)
        request = FetchRequest(period=Period(starts.date(), ends.date()), time_zone=time_zone)
        plans = live.plan_fetches(request)
        for plan in plans:
            host, content = fetch(plan, source=source, secrets=settings.fact_secrets, addresses=settings.fact_addresses)
            readings.append(live.read(FactFile(content=content, name=host, time_zone=time_zone)))
    except REFUSALS as refusal:
        raise _refused(str(refusal)) from refusal
    if not plans:
        raise _refused(f"{source} has nothing to fetch; import its files")
    for reading in readings:
        _tell_problems(reading, is_taken=False)
    _take(live, readings, known_at=known_at, now=now, origin=source)


@group.command("gaps")
def gaps(
    series: Annotated[str | None, typer.Option(help="One series; otherwise all.")] = None,
    starts: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="The first UTC day.")] = None,
    ends: Annotated[
        datetime | None, typer.Option("--upto", formats=["%Y-%m-%d"], help="The day after the last.")
    ] = None,
) -> None:
    """List the time of which series have no values; exits with 1 if there is any."""
    now = datetime.now(UTC)

    async def ask(session: AsyncSession) -> list[SeriesGap]:
        found: list[SeriesGap] = []
        spans = {span.name: span for span in await list_series(session)}
        if series is not None and series not in spans:
            raise _refused(f"nothing is known of {series}")
        for name in [series] if series else sorted(spans):
            start = starts.replace(tzinfo=UTC) if starts else spans[name].starts_at
            end = ends.replace(tzinfo=UTC) if ends else spans[name].ends_at
            found += await list_gaps(session, name=name, starts_at=start, ends_at=end, known_at=now)
        return found

    found = _in_database(ask)
    for gap in found:
        typer.echo(f"{gap.name}: {gap.missing} missing from {_utc(gap.starts_at)} to {_utc(gap.ends_at)}")
    if found:
        raise typer.Exit(1)
    typer.echo("Nothing is missing.")


def _read(source: str, file: FactFile) -> tuple[LiveSource, FactReading]:
    try:
        live = load_sources().source(source)
        return live, live.read(file)
    except REFUSALS as refusal:
        raise _refused(str(refusal)) from refusal


def _tell_problems(reading: FactReading, *, is_taken: bool) -> None:
    for problem in reading.problems:
        typer.echo(f"{problem.path}: {problem.labels.en}" if problem.path else problem.labels.en, err=True)
    if reading.problems and not is_taken:
        raise _refused(f"nothing was taken in; {len(reading.problems)} problems [{reading.problems[0].code}]")


def _take(
    live: LiveSource, readings: list[FactReading], *, known_at: datetime | None, now: datetime, origin: str
) -> None:
    known = now if known_at is None else known_at.replace(tzinfo=known_at.tzinfo or UTC)
    if known > now:
        raise _refused("--known-at lies in the future")

    async def take(session: AsyncSession) -> tuple[TakenIn, ...]:
        whole = FactReading(stretches=tuple(stretch for reading in readings for stretch in reading.stretches))
        told = told_series(card=live.card, reading=whole)
        return await take_in(session, told=told, known_at=known, source=origin)

    with on_the_trail(act="facts", words=origin, now=now):
        found = _in_database(take)
    for taken in found:
        typer.echo(f"{taken.name}: {taken.added} added, {taken.corrected} corrected, {taken.unchanged} unchanged.")


def _in_database(work: Callable[[AsyncSession], Awaitable[T]]) -> T:
    async def run(address: str) -> T:
        engine = make_engine(address=address, connections_max=1)
        try:
            async with unit_of_work(engine) as session:
                return await work(session)
        finally:
            await engine.dispose()

    try:
        with opened(load_settings()) as address:
            return asyncio.run(run(address))
    except Refusal as refusal:
        raise _refused(refusal.message) from refusal


def _utc(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _refused(reason: str) -> typer.Exit:
    typer.echo(f"Refused: {reason}", err=True)
    return typer.Exit(1)
