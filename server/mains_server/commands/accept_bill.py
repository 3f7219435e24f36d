"""`mains accept-bill`: say that a bill that is held for being unusual is right, so that it is issued."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated

import typer
from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.access.records import Refusal
from mains_server.billing.accepting import Acceptance, HoldUnknown, accept_hold
from mains_server.billing.holding import HeldBill, hold_of_contract
from mains_server.billing.rules import PeriodUnknown, period_of
from mains_server.commands.acting import acting
from mains_server.commands.database import opened
from mains_server.db.engine import make_engine
from mains_server.money.records import NotMoney
from mains_server.money.rules import format_amount, parse_amount
from mains_server.settings import load_settings


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("accept-bill")(accept_bill)


def accept_bill(
    contract: Annotated[str, typer.Argument(help="Number of the contract that is held.")],
    period: Annotated[str, typer.Option(help="The month that the run bills, such as 2023-01.")],
    total: Annotated[str, typer.Option(help="What the bill would come to, such as --total=-30.25.")],
    note: Annotated[str, typer.Option(help="Why it is right, for colleagues to read.")],
) -> None:
    """Accept a bill that is held for being unusual, at exactly its total; a worker or `mains bill` then issues it."""
    now = datetime.now(UTC)
    with opened(load_settings()) as address:
        try:
            held = asyncio.run(
                _accepted(address=address, words=(contract, period, total, note), now=now),
            )
        except Refusal as refusal:
            typer.echo(f"Refused: {refusal.message}.", err=True)
            raise typer.Exit(1) from refusal
        except (PeriodUnknown, NotMoney) as refusal:
            typer.echo(f"Refused: {refusal}.", err=True)
            raise typer.Exit(1) from refusal
    assert held.total is not None
    typer.echo(f"{contract}: {format_amount(held.total)} {held.currency} accepted; the run of {period} issues it")


async def _accepted(*, address: str, words: tuple[str, str, str, str], now: datetime) -> HeldBill:
    engine = make_engine(address=address, connections_max=1)
    try:
        async with acting(engine, act="accept-bill", words=words[3], now=now) as session:
            return await _accept(session, words=words, now=now)
    finally:
        await engine.dispose()


async def _accept(session: AsyncSession, *, words: tuple[str, str, str, str], now: datetime) -> HeldBill:
    number, period, total, note = words
    days, amount = period_of(period), parse_amount(total)
    hold_id = await hold_of_contract(session, number=number, starts=days.start, ends=days.end)
    if hold_id is None:
        raise HoldUnknown(f"the run of {period} does not hold a contract {number}")
    return await accept_hold(session, acceptance=Acceptance(hold_id=hold_id, total=amount, note=note, now=now))
