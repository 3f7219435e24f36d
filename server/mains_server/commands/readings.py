"""`mains readings`: take in a file of readings from an installer or a control round."""

import asyncio
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Annotated, BinaryIO

import typer
from rich.console import Console
from rich.table import Table

from mains_server.access.queries import person_by_email, viewer_of_person
from mains_server.access.records import Refusal
from mains_server.adapters.loading import load_adapters
from mains_server.commands.acting import acting
from mains_server.commands.database import opened
from mains_server.db.engine import make_engine
from mains_server.intake.operations import UploadNotAllowed, take_file
from mains_server.intake.reading_file import FILE_BYTES_MAX
from mains_server.intake.records import RowOutcome, RowReport, UploadMode
from mains_server.intake.rules import counts
from mains_server.intake.taking import Sending
from mains_server.metering.records import ReadingSource
from mains_server.settings import load_settings

group = typer.Typer(help="Readings of meters.", no_args_is_help=True)
File = Annotated[Path, typer.Argument(help="A CSV file, see docs/importers.md.", exists=True, dir_okay=False)]
SOURCES = {"installer": ReadingSource.INSTALLER, "control_round": ReadingSource.CONTROL_ROUND}
MODES = {"all_or_nothing": UploadMode.ALL_OR_NOTHING, "per_row": UploadMode.PER_ROW}


def register(app: typer.Typer) -> None:
    """Add the group to the command."""
    app.add_typer(group, name="readings")


@group.command("import")
def import_(
    file: File,
    by: Annotated[str, typer.Option(help="E-mail address of the operator or administrator who answers for the file.")],
    source: Annotated[str, typer.Option(help="installer or control_round.")] = "control_round",
    mode: Annotated[str, typer.Option(help="all_or_nothing or per_row.")] = "all_or_nothing",
) -> None:
    """Take a file of readings in and report row by row; exits with 1 if a row, or the whole, was refused.

    The same file, source and mode again changes nothing and reports the same.
    """
    if source not in SOURCES or mode not in MODES:
        raise typer.BadParameter(f"source is one of {', '.join(SOURCES)}; mode is one of {', '.join(MODES)}")
    if file.stat().st_size > FILE_BYTES_MAX:
        raise _refused(f"the file has more than {FILE_BYTES_MAX} bytes; cut it up")
    try:
        with opened(load_settings()) as address, file.open("rb") as content:
            work = _take(content, by=by, source=SOURCES[source], mode=MODES[mode], address=address)
            reports = asyncio.run(work)
    except Refusal as refusal:
        raise _refused(refusal.message) from refusal
    _print(reports)
    if counts(reports)[RowOutcome.REFUSED]:
        raise typer.Exit(1)


async def _take(
    file: BinaryIO, *, by: str, source: ReadingSource, mode: UploadMode, address: str
) -> tuple[RowReport, ...]:
    now = datetime.now(UTC)
    key = sha256(file.read()).hexdigest()
    file.seek(0)
    engine = make_engine(address=address, connections_max=1)
    try:
        async with acting(engine, act="readings import", words=f"for {by}: {key}", now=now) as session:
            person = await person_by_email(session, email=by)
            viewer = None if person is None else await viewer_of_person(session, person_id=person.id, now=now)
            if viewer is None:
                raise UploadNotAllowed("nobody has this e-mail address; name an operator or administrator")
            host = load_adapters(on=now.date())
            sending = Sending(viewer=viewer, key=f"file:{key}:{source.name}", mode=mode, now=now, host=host)
            return await take_file(session, viewer=viewer, file=file, source=source, sending=sending)
    finally:
        await engine.dispose()


def _print(reports: tuple[RowReport, ...]) -> None:
    table = Table("line", "outcome", "code", "what is wrong", "row")
    for report in reports:
        if report.code is not None or report.outcome is not RowOutcome.ACCEPTED:
            row = (str(report.line), report.outcome.name, report.code or "", report.message or "", report.text)
            table.add_row(*(cell.replace("[", r"\[") for cell in row))
    console = Console(width=160)
    if table.row_count:
        console.print(table)
    told = ", ".join(f"{count} {outcome.name}" for outcome, count in counts(reports).items() if count)
    console.print(told, markup=False, highlight=False)


def _refused(reason: str) -> typer.Exit:
    typer.echo(f"Refused: {reason}", err=True)
    return typer.Exit(1)
