"""`mains credit`: take a bill back, and issue none in its place."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated

import typer

from mains_server.access.records import Refusal
from mains_server.billing.corrections import CorrectionRequest
from mains_server.billing.crediting import take_back_invoice
from mains_server.billing.records import Corrected, CorrectionReason
from mains_server.commands.acting import on_the_trail
from mains_server.commands.database import opened
from mains_server.db.engine import make_engine
from mains_server.settings import load_settings


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("credit")(credit)


def credit(
    invoice: Annotated[str, typer.Argument(help="Number of the invoice.")],
    note: Annotated[str, typer.Option(help="Why, for the customer to read.")],
    reason: Annotated[CorrectionReason, typer.Option(help="What was wrong.")] = CorrectionReason.MISTAKE,
    issued_on: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The date on the credit note; today otherwise.")
    ] = None,
) -> None:
    """Take a bill back by a credit note, once; its days are billed again by the next start of their run."""
    now = datetime.now(UTC)
    request = CorrectionRequest(
        document_number=invoice, reason=reason, note=note, issued_on=(issued_on or now).date(), now=now
    )
    with opened(load_settings()) as address:
        try:
            found = asyncio.run(_credited(address=address, request=request))
        except Refusal as refusal:
            typer.echo(f"Refused: {refusal.message}.", err=True)
            raise typer.Exit(1) from refusal
    typer.echo(f"{found.document_number}: credit note {found.credit_note} ({found.difference} {found.currency})")


async def _credited(*, address: str, request: CorrectionRequest) -> Corrected:
    engine = make_engine(address=address)
    try:
        with on_the_trail(act="credit", words=f"{request.document_number}: {request.note}", now=request.now):
            return await take_back_invoice(engine, request=request)
    finally:
        await engine.dispose()
