"""`mains verify`: rate issued invoices again from what is stored with them, and compare to the cent."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from mains_spi import Period

from mains_server.adapters.host import AdapterHost
from mains_server.adapters.loading import load_adapters
from mains_server.billing.lookups import rated_invoices
from mains_server.billing.verifying import Verification, VerificationOutcome, verify_invoices
from mains_server.commands.database import opened
from mains_server.db.engine import make_engine
from mains_server.db.unit_of_work import read_session
from mains_server.settings import load_settings

AT_ONCE = 100
Day = Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Issued on this day or later.")]
LastDay = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Issued before this day; up to today otherwise.")
]
Adapter = Annotated[str | None, typer.Option(help="Code of the utility; all otherwise.")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("verify")(verify)


def verify(issued_from: Day, issued_before: LastDay = None, adapter: Adapter = None) -> None:
    """Rate issued invoices again; list those that come out otherwise or cannot be asked, and exit with 1 if any do."""
    today = datetime.now(UTC).date()
    ends = today + timedelta(days=1) if issued_before is None else issued_before.date()
    if ends <= issued_from.date():
        raise typer.BadParameter("the day before which must be later than the first", param_hint="--issued-before")
    host = load_adapters(on=today)
    if adapter is not None and adapter not in host.live:
        typer.echo(f"No adapter {adapter} is at work.", err=True)
        raise typer.Exit(2)
    with opened(load_settings()) as address:
        issued = Period(issued_from.date(), ends)
        equal, wrong = asyncio.run(_verified(address=address, host=host, issued=issued, adapter=adapter))
    typer.echo(f"{equal} equal, {wrong} not")
    if wrong:
        raise typer.Exit(1)


async def _verified(*, address: str, host: AdapterHost, issued: Period, adapter: str | None) -> tuple[int, int]:
    """Verify a hundred at a time, tell of those that are not equal, and count both kinds."""
    engine = make_engine(address=address)
    equal = wrong = after = 0
    try:
        while True:
            async with read_session(engine) as session:
                numbers = await rated_invoices(session, issued=issued, adapter=adapter, after=after, at_most=AT_ONCE)
                found = await verify_invoices(session, host=host, invoice_ids=list(numbers))
            for invoice_id, one in found.items():
                is_equal = one.outcome is VerificationOutcome.EQUAL
                equal, wrong = equal + is_equal, wrong + (not is_equal)
                if not is_equal:
                    _tell(numbers[invoice_id], one)
            if len(numbers) < AT_ONCE:
                return equal, wrong
            after = max(numbers)
    finally:
        await engine.dispose()


def _tell(number: str, found: Verification) -> None:
    if found.reason is not None:
        typer.echo(f"{number}: {found.reason}")
    for one in found.differences:
        where = "total" if one.position is None else f"line {one.position} `{one.code}`"
        typer.echo(f"{number}: {where} was {one.stored}, now {one.now}")
