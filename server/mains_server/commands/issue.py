"""`mains issue-due`: issue the bills that have become due without a run."""

import asyncio
from datetime import UTC, date, datetime
from typing import Annotated

import typer

from mains_server.adapters.loading import load_adapters
from mains_server.billing.moments import MomentsReport, issue_due
from mains_server.commands.acting import note_run
from mains_server.commands.database import opened
from mains_server.db.engine import make_engine
from mains_server.settings import load_settings


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("issue-due")(issue)


def issue(
    on: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day to issue on; today otherwise.")
    ] = None,
) -> None:
    """Issue final bills that are read, and businesses' e-invoices after their readings; a worker does it daily."""
    now = datetime.now(UTC)
    with opened(load_settings()) as address:
        note_run(address, act="issue-due", words=f"{on or now:%Y-%m-%d}", now=now)
        report = asyncio.run(_issue(address=address, now=now, today=(on or now).date()))
    for bill in report.issued:
        typer.echo(f"{bill.document_number}: {bill.kind.name.lower()} bill of {bill.total} {bill.currency}")
    for hold in report.held:
        typer.echo(f"contract {hold.contract_id} held, {hold.code}: {hold.reason}")
    typer.echo(f"{len(report.issued)} issued, {len(report.held)} held")


async def _issue(*, address: str, now: datetime, today: date) -> MomentsReport:
    engine = make_engine(address=address)
    try:
        return await issue_due(engine, host=load_adapters(on=today), now=now, today=today)
    finally:
        await engine.dispose()
