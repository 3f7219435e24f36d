"""`mains correct`: look at a wrong bill again, or at all that are due."""

import asyncio
from datetime import UTC, date, datetime
from typing import Annotated

import typer
from sqlalchemy.ext.asyncio import AsyncEngine

from mains_server.access.records import Refusal
from mains_server.adapters.loading import load_adapters
from mains_server.billing.corrections import CorrectionRequest, WorkedOff, correct_invoice, work_off
from mains_server.billing.records import Corrected, CorrectionReason
from mains_server.commands.database import opened
from mains_server.db.engine import make_engine
from mains_server.settings import load_settings


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("correct")(correct)


def correct(
    invoice: Annotated[str | None, typer.Argument(help="Number of the invoice; without it all that are due.")] = None,
    reason: Annotated[CorrectionReason, typer.Option(help="What was wrong.")] = CorrectionReason.READING,
    note: Annotated[str, typer.Option(help="Why, for the customer to read.")] = "looked at again",
    issued_on: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The date on its documents; today otherwise.")
    ] = None,
    at_most: Annotated[int, typer.Option(min=1, help="How many of those that are due.")] = 100_000,
) -> None:
    """Rate a bill's days again, and put right what comes out otherwise; a bill is put right once."""
    now = datetime.now(UTC)
    on = (issued_on or now).date()
    with opened(load_settings()) as address:
        if invoice is None:
            _report(asyncio.run(_all(address=address, on=on, now=now, at_most=at_most)))
            return
        request = CorrectionRequest(document_number=invoice, reason=reason, note=note, issued_on=on, now=now)
        try:
            typer.echo(_line(asyncio.run(_one(address=address, request=request))))
        except Refusal as refusal:
            typer.echo(f"Refused: {refusal.message}.", err=True)
            raise typer.Exit(1) from refusal


async def _one(*, address: str, request: CorrectionRequest) -> Corrected:
    engine = make_engine(address=address)
    try:
        return await correct_invoice(engine, host=load_adapters(on=request.issued_on), request=request)
    finally:
        await engine.dispose()


async def _all(*, address: str, on: date, now: datetime, at_most: int) -> WorkedOff:
    engine: AsyncEngine = make_engine(address=address)
    try:
        return await work_off(engine, host=load_adapters(on=on), issued_on=on, now=now, at_most=at_most)
    finally:
        await engine.dispose()


def _report(report: WorkedOff) -> None:
    for found in report.corrected:
        typer.echo(_line(found))
    for number, refusal in report.refused:
        typer.echo(f"{number} is still due: {refusal.message}", err=True)
    typer.echo(f"{len(report.corrected)} looked at, {len(report.refused)} still due")


def _line(found: Corrected) -> str:
    what = {
        "REPLACED": f"replaced by {found.replacement}, credit note {found.credit_note}",
        "NEXT_BILL": "the next bill settles it",
        "UNCHANGED": "comes out the same",
    }[found.outcome.name]
    return f"{found.document_number}: {what} ({found.difference} {found.currency})"
