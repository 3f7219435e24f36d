"""`mains bill`: bill a month of one utility, or of all."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from mains_server.adapters.host import AdapterHost, UnknownAdapter
from mains_server.adapters.loading import load_adapters
from mains_server.billing.operations import NobodyInvoices, PeriodNotOver
from mains_server.billing.queries import holds_of_run
from mains_server.billing.records import Hold, RunRequest, RunState
from mains_server.billing.rules import PeriodUnknown, period_of
from mains_server.billing.workers import Tell, bill_period
from mains_server.commands.acting import note_run
from mains_server.commands.database import opened
from mains_server.db.engine import make_engine
from mains_server.db.unit_of_work import read_session
from mains_server.settings import load_settings

HOLDS_SHOWN_MAX = 20


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("bill")(bill)


def bill(
    period: Annotated[str, typer.Option(help="The month, such as 2023-01.")],
    adapter: Annotated[str | None, typer.Option(help="The utility; without it all that are installed.")] = None,
    issued_on: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The date on the invoices; today otherwise.")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes that share the run.")] = 1,
    chunk: Annotated[int, typer.Option(min=1, max=5000, help="Contracts billed in one transaction.")] = 5000,
) -> None:
    """Bill a month; started again it goes on where it was, and tries again what was held."""
    now = datetime.now(UTC)
    try:
        days = period_of(period)
        host = load_adapters(on=days.start)
        codes = [host.adapter(adapter).code] if adapter else host.codes()
        requests = [
            RunRequest(
                adapter=code,
                period=days,
                issued_on=(issued_on or now).date(),
                now=now,
                contracts_per_chunk=chunk,
            )
            for code in codes
        ]
    except (PeriodUnknown, UnknownAdapter) as refusal:
        typer.echo(f"Refused: {refusal}.", err=True)
        raise typer.Exit(1) from refusal
    with opened(load_settings()) as address:
        note_run(address, act="bill", words=f"{period} {' '.join(codes)}", now=now)
        billed = [_bill_one(address=address, request=request, host=host, workers=workers) for request in requests]
    if not any(billed):
        typer.echo("Nothing was billed.", err=True)
        raise typer.Exit(1)


def _bill_one(*, address: str, request: RunRequest, host: AdapterHost, workers: int) -> bool:
    """Bill one utility and report; one that cannot be billed does not keep the others waiting."""
    try:
        state, holds = asyncio.run(_bill(address=address, request=request, host=host, workers=workers))
    except (NobodyInvoices, PeriodNotOver) as refusal:
        typer.echo(f"{request.adapter} is left out: {refusal}.", err=True)
        return False
    _report(state, holds)
    return True


async def _bill(
    *, address: str, request: RunRequest, host: AdapterHost, workers: int
) -> tuple[RunState, tuple[Hold, ...]]:
    engine = make_engine(address=address)
    try:
        with _progress(request.adapter) as tell:
            state = await bill_period(engine, address=address, request=request, host=host, workers=workers, tell=tell)
        async with read_session(engine) as session:
            return state, await holds_of_run(session, run_id=state.run.id)
    finally:
        await engine.dispose()


@contextmanager
def _progress(adapter: str) -> Iterator[Tell]:
    """Show a bar in a terminal, and nothing elsewhere."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:
        task = progress.add_task(adapter, total=None)
        yield lambda state: progress.update(task, total=state.contracts, completed=state.contracts_done)


def _report(state: RunState, holds: tuple[Hold, ...]) -> None:
    run = state.run
    month = f"{run.period.start:%Y-%m}"
    typer.echo(f"{run.adapter} {month}: {state.invoiced} invoiced, {state.held} held; issued on {run.issued_on}")
    if run.is_late:
        typer.echo(f"  late: the invoices of {month} were to be issued by {run.issue_by}", err=True)
    for hold in holds[:HOLDS_SHOWN_MAX]:
        typer.echo(f"  contract {hold.contract_id} held, {hold.code}: {hold.reason}")
    if len(holds) > HOLDS_SHOWN_MAX:
        typer.echo(f"  and {len(holds) - HOLDS_SHOWN_MAX} more")
