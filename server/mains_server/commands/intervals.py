"""`mains intervals`: take in what smart meters sent, and list what is missing of it."""

import asyncio
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from mains_spi import Period

from mains_server.access.records import Refusal
from mains_server.adapters.loading import load_adapters
from mains_server.billing.operations import note_corrected, note_correction
from mains_server.billing.rules import PeriodUnknown, period_of
from mains_server.commands.acting import acting
from mains_server.commands.database import opened
from mains_server.db.engine import make_engine
from mains_server.db.unit_of_work import read_session
from mains_server.intervals import queries
from mains_server.intervals.json_stream import JsonStream
from mains_server.intervals.operations import RowsRefused, import_intervals
from mains_server.intervals.records import ImportReport, ImportRequest, IntervalFormat, MissingStretch, RemoteRegister
from mains_server.intervals.sadales_tikls import read_objects
from mains_server.intervals.telegrams import import_telegrams
from mains_server.invoices.queries import is_billed
from mains_server.metering.loading import Books
from mains_server.settings import load_settings

ROWS_REFUSED = 3
REFUSED_SHOWN_MAX = 20

group = typer.Typer(help="Hours and quarters of an hour from smart meters.", no_args_is_help=True)


class Format(StrEnum):
    """How a file is written."""

    sadales = "sadales"
    csv = "csv"
    wmbus = "wmbus"


class Stamps(StrEnum):
    """What the stamps of a spreadsheet say."""

    starts = "starts"
    ends = "ends"


FORMATS = {
    Format.sadales: IntervalFormat.SADALES_TIKLS,
    Format.csv: IntervalFormat.CSV,
    Format.wmbus: IntervalFormat.WMBUS,
}
File = Annotated[Path, typer.Argument(help="The file, see docs/importers.md.", exists=True, dir_okay=False)]


def register(app: typer.Typer) -> None:
    """Add the group to the command."""
    app.add_typer(group, name="intervals")


@group.command("import")
def take_in(
    file: File,
    format_: Annotated[Format, typer.Option("--format", help="How the file is written.")],
    point: Annotated[str | None, typer.Option(help="The supply point of a file that names none.")] = None,
    objects: Annotated[
        Path | None, typer.Option(help="The operator's list of objects: which meter stands where.", exists=True)
    ] = None,
    stamps: Annotated[Stamps | None, typer.Option(help="Of a CSV: whether stamps are starts or ends.")] = None,
    all_or_nothing: Annotated[bool, typer.Option("--all-or-nothing", help="Take nothing if a row is refused.")] = False,
) -> None:
    """Take a file in; a second time changes nothing. Exits with 1 if nothing was taken, with 3 if rows were refused."""
    if format_ is Format.csv and stamps is None:
        raise _refused("a CSV does not say what its stamps are; give --stamps starts or --stamps ends")
    try:
        request = ImportRequest(
            format=FORMATS[format_],
            name=file.name,
            now=datetime.now(UTC),
            point=point,
            points={} if objects is None else _objects(objects),
            are_starts=stamps is Stamps.starts,
            is_whole=all_or_nothing,
        )
        with opened(load_settings()) as address:
            report = asyncio.run(_import(file, request=request, address=address))
    except RowsRefused as refusal:
        _tell(refusal.report)
        raise _refused(refusal.message) from refusal
    except Refusal as refusal:
        raise _refused(refusal.message) from refusal
    _tell(report)
    if report.rows_refused:
        raise typer.Exit(ROWS_REFUSED)


@group.command("gaps")
def gaps(
    period: Annotated[str, typer.Option(help="The month, such as 2024-03.")],
    point: Annotated[str | None, typer.Option(help="One supply point; without it all.")] = None,
) -> None:
    """List what is missing of a month, stretch by stretch; exits with 1 if anything is."""
    try:
        days = period_of(period)
    except PeriodUnknown as refusal:
        raise _refused(str(refusal)) from refusal
    with opened(load_settings()) as address:
        missing = asyncio.run(_gaps(period=days, point=point, address=address))
    if missing:
        raise typer.Exit(1)
    typer.echo(f"{period}: nothing is missing.")


def _objects(file: Path) -> dict[str, str]:
    with file.open("rb") as opened_file:
        return dict(read_objects(JsonStream(opened_file)))


async def _import(file: Path, *, request: ImportRequest, address: str) -> ImportReport:
    engine = make_engine(address=address, connections_max=1)
    try:
        with file.open("rb") as opened_file:
            async with acting(engine, act="intervals import", words=request.name, now=request.now) as session:
                if request.format is not IntervalFormat.WMBUS:
                    return await import_intervals(
                        session, request=request, file=opened_file, note_corrected=note_corrected
                    )
                host, books = (
                    load_adapters(on=request.now.date()),
                    Books(is_billed=is_billed, note_correction=note_correction),
                )
                return await import_telegrams(session, request=request, file=opened_file, host=host, books=books)
    finally:
        await engine.dispose()


async def _gaps(*, period: Period, point: str | None, address: str) -> int:
    """Print the gaps register by register, and count them."""
    engine = make_engine(address=address, connections_max=1)
    count, after, now = 0, 0, datetime.now(UTC)
    try:
        async with read_session(engine) as session:
            while registers := await queries.registers_by_intervals(session, period=period, point=point, after=after):
                for register in registers:
                    found = await queries.gaps_of_register(session, register=register, period=period, now=now)
                    count += len(found)
                    for gap in found:
                        typer.echo(_line(register, gap))
                after = registers[-1].id
    finally:
        await engine.dispose()
    return count


def _line(register: RemoteRegister, gap: MissingStretch) -> str:
    stretch = f"{gap.starts_at:%Y-%m-%dT%H:%MZ} to {gap.ends_at:%Y-%m-%dT%H:%MZ}"
    return f"{register.identifier} meter {register.serial} {register.quantity}: {stretch}, {gap.values} values"


def _tell(report: ImportReport) -> None:
    typer.echo(
        f"{report.values} values: {report.days_new} days new, {report.days_corrected} corrected,"
        f" {report.days_unchanged} unchanged; {report.rows_refused} rows refused"
    )
    if report.days_flagged:
        typer.echo(f"{report.days_flagged} of the new days are unusual and wait for somebody to look at them")
    for row in report.refused[:REFUSED_SHOWN_MAX]:
        typer.echo(f"  row {row.row} refused, {row.code}: {row.reason}", err=True)
    if report.rows_refused > REFUSED_SHOWN_MAX:
        typer.echo(f"  and {report.rows_refused - REFUSED_SHOWN_MAX} more", err=True)


def _refused(reason: str) -> typer.Exit:
    typer.echo(f"Refused: {reason}", err=True)
    return typer.Exit(1)
