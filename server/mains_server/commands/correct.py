"""`mains correct`: look at a wrong bill again, at all that are due, or at all that a wrong price list had priced."""

import asyncio
from datetime import UTC, date, datetime
from typing import Annotated, Protocol

import typer
from sqlalchemy.ext.asyncio import AsyncEngine

from mains_server.access.records import Refusal
from mains_server.adapters.host import AdapterHost
from mains_server.adapters.loading import load_adapters
from mains_server.billing.corrections import CorrectionRequest, WorkedOff, correct_invoice, work_off
from mains_server.billing.records import NO_NOTE, Corrected, CorrectionReason
from mains_server.billing.repricing import RepriceRequest, foretell_repricing, reprice
from mains_server.commands.acting import note_run, on_the_trail
from mains_server.commands.database import opened
from mains_server.db.engine import make_engine
from mains_server.settings import load_settings


class Reprice(Protocol):
    """Corrects all bills of a price list, or tells what that would do."""

    async def __call__(self, engine: AsyncEngine, *, host: AdapterHost, request: RepriceRequest) -> WorkedOff:
        """Do or tell."""
        ...


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("correct")(correct)


def correct(
    invoice: Annotated[str | None, typer.Argument(help="Number of the invoice; without it all that are due.")] = None,
    reason: Annotated[CorrectionReason, typer.Option(help="What was wrong.")] = CorrectionReason.READING,
    note: Annotated[str, typer.Option(help="Why, for the customer to read.")] = NO_NOTE,
    issued_on: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The date on its documents; today otherwise.")
    ] = None,
    at_most: Annotated[int, typer.Option(min=1, help="How many of those that are due.")] = 100_000,
    tariff: Annotated[
        str | None,
        typer.Option(help="ADAPTER/LIST/CODE of a corrected price list: all bills that its wrong versions priced."),
    ] = None,
    dry_run: Annotated[bool, typer.Option(help="With --tariff: tell what would be done, and do nothing.")] = False,
) -> None:
    """Rate a bill's days again, and put right what comes out otherwise; a bill is put right once."""
    now = datetime.now(UTC)
    on = (issued_on or now).date()
    if tariff is None and dry_run:
        raise typer.BadParameter("only a correction by --tariff can be tried", param_hint="--dry-run")
    if tariff is not None:
        if invoice is not None:
            raise typer.BadParameter("name an invoice or a tariff, not both", param_hint="--tariff")
        _by_tariff(_reprice_request(tariff, note=note, on=on, now=now, at_most=at_most), is_tried=dry_run)
        return
    with opened(load_settings()) as address:
        if invoice is None:
            note_run(address, act="correct", words="all that are due", now=now)
            _report(asyncio.run(_all(address=address, on=on, now=now, at_most=at_most)))
            return
        request = CorrectionRequest(document_number=invoice, reason=reason, note=note, issued_on=on, now=now)
        try:
            typer.echo(_line(asyncio.run(_one(address=address, request=request))))
        except Refusal as refusal:
            typer.echo(f"Refused: {refusal.message}.", err=True)
            raise typer.Exit(1) from refusal


def _reprice_request(tariff: str, *, note: str, on: date, now: datetime, at_most: int) -> RepriceRequest:
    adapter, _, rest = tariff.partition("/")
    name, _, code = rest.partition("/")
    if not (adapter and name and code):
        raise typer.BadParameter("write ADAPTER/LIST/CODE, such as electricity_retail/network/2023-01-01")
    return RepriceRequest(adapter=adapter, list=name, code=code, note=note, issued_on=on, now=now, at_most=at_most)


def _by_tariff(request: RepriceRequest, *, is_tried: bool) -> None:
    with opened(load_settings()) as address:
        try:
            if not is_tried:
                tariff = f"{request.adapter}/{request.list}/{request.code}"
                words = ": ".join(part for part in (tariff, request.note) if part)
                note_run(address, act="correct", words=words, now=request.now)
            report = asyncio.run(
                _repriced(address=address, request=request, does=foretell_repricing if is_tried else reprice)
            )
        except Refusal as refusal:
            typer.echo(f"Refused: {refusal.message}.", err=True)
            raise typer.Exit(1) from refusal
    if is_tried:
        for found in report.corrected:
            typer.echo(f"{found.document_number}: {found.outcome.name} ({found.difference} {found.currency})")
        for number, refused in report.refused:
            typer.echo(f"{number}: {refused.message}", err=True)
        typer.echo(f"{len(report.corrected)} would be looked at, {len(report.refused)} refused; nothing was done")
    else:
        _report(report)


async def _repriced(*, address: str, request: RepriceRequest, does: Reprice) -> WorkedOff:
    engine = make_engine(address=address)
    try:
        return await does(engine, host=load_adapters(on=request.issued_on), request=request)
    finally:
        await engine.dispose()


async def _one(*, address: str, request: CorrectionRequest) -> Corrected:
    engine = make_engine(address=address)
    try:
        words = ": ".join(part for part in (request.document_number, request.note) if part)
        with on_the_trail(act="correct", words=words, now=request.now):
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
