"""`mains statements`: take in files of bank statements, and match what they bring."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from mains_server.commands.acting import acting, note_run
from mains_server.commands.database import opened
from mains_server.db.engine import make_engine
from mains_server.db.unit_of_work import read_session
from mains_server.money.rules import format_amount
from mains_server.settings import Settings, load_settings
from mains_server.statements.importing import take_in
from mains_server.statements.matching import match_new_lines
from mains_server.statements.operations import our_ibans
from mains_server.statements.queries import account_states, states_of
from mains_server.statements.records import AccountState, FileSource, TakenStatement
from mains_server.statements.refusals import BankFileRefused
from mains_server.statements.rules import FILE_BYTES_MAX

group = typer.Typer(help="Statements of our bank accounts.", no_args_is_help=True)
File = Annotated[Path, typer.Argument(help="A camt.053 file, see docs/accounting.md.", exists=True, dir_okay=False)]


def register(app: typer.Typer) -> None:
    """Add the group to the command."""
    app.add_typer(group, name="statements")


@group.command("import")
def import_(file: File) -> None:
    """Take a file of bank statements in, match its movements, and tell what became of them; exits with 1 if refused.

    The same file again, or one that overlaps with earlier ones, adds nothing twice.
    """
    if file.stat().st_size > FILE_BYTES_MAX:
        raise _refused(f"FILE_TOO_LARGE: the file has more than {FILE_BYTES_MAX} bytes; ask the bank for fewer days")
    settings = load_settings()
    try:
        with opened(settings) as address:
            lines = asyncio.run(_import(file, settings=settings, address=address))
    except BankFileRefused as refusal:
        raise _refused(f"{refusal.code}: {refusal.message}") from refusal
    for line in lines:
        typer.echo(line)


@group.command("match")
def match() -> None:
    """Match movements that were taken in and not looked at yet, as after a crash; again it does nothing."""
    settings = load_settings()
    with opened(settings) as address:
        note_run(address, act="statements match", now=datetime.now(UTC))
        count = asyncio.run(_match(address=address, settings=settings))
    typer.echo(f"{count} movements matched or queued.")


@group.command("status")
def status() -> None:
    """Tell of each of our accounts up to which day its statements go, and what waits there for a person."""
    with opened(load_settings()) as address:
        found = asyncio.run(_status(address=address))
    for one in found:
        typer.echo(_state(one))
    if not found:
        typer.echo("No statement was taken in yet.")


async def _status(*, address: str) -> tuple[AccountState, ...]:
    engine = make_engine(address=address, connections_max=1)
    try:
        async with read_session(engine) as session:
            return await account_states(session)
    finally:
        await engine.dispose()


def _state(one: AccountState) -> str:
    said = f"to {one.closes_on}, {format_amount(one.closing)}" if one.closing is not None else "without a statement"
    oldest = "" if one.oldest is None else f", the oldest of {one.oldest}"
    return f"{one.iban} {said} {one.currency}: {one.unmatched} not matched yet, {one.queued} in the queue{oldest}."


async def _import(file: Path, *, settings: Settings, address: str) -> list[str]:
    now = datetime.now(UTC)
    engine = make_engine(address=address, connections_max=1)
    try:
        with file.open("rb") as content:
            async with acting(engine, act="statements import", words=file.name, now=now) as session:
                ours = await our_ibans(session, more=settings.bank_accounts)
                taken = await take_in(session, file=content, source=FileSource(ibans=ours, now=now))
        await match_new_lines(engine, now=now, payouts=settings.payout_accounts)
        async with read_session(engine) as session:
            states = await states_of(session, statement_ids=[one.id for one in taken])
    finally:
        await engine.dispose()
    told = ", ".join(f"{count} {state.name}" for state, count in sorted(states.items(), key=lambda one: one[0].name))
    return [*(_line(one) for one in taken), f"Movements: {told or 'none'}."]


async def _match(*, address: str, settings: Settings) -> int:
    engine = make_engine(address=address, connections_max=1)
    try:
        return await match_new_lines(engine, now=datetime.now(UTC), payouts=settings.payout_accounts)
    finally:
        await engine.dispose()


def _line(one: TakenStatement) -> str:
    return (
        f"{one.iban} to {one.closes_on}, {format_amount(one.closing)}: {one.lines_new} new, {one.lines_known} known,"
        f" {one.pending} not booked yet."
    )


def _refused(reason: str) -> typer.Exit:
    typer.echo(f"Refused, nothing was taken: {reason}", err=True)
    return typer.Exit(1)
