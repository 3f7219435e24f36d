"""`mains tokens`: tokens of partners' software, made, listed and revoked where the server runs."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Annotated

import typer

from mains_server.access.records import ADMINS, MachineScope, Refusal, Viewer
from mains_server.audit.operations import note_subject
from mains_server.audit.records import Subject
from mains_server.commands.acting import acting
from mains_server.commands.database import opened
from mains_server.db.engine import make_engine
from mains_server.db.unit_of_work import read_session
from mains_server.machines import queries
from mains_server.machines.operations import ReachUnknown, make_partner_token, revoke_token
from mains_server.machines.records import MadeToken, NewToken, Partner, TokenListed
from mains_server.machines.rules import DAYS_MAX, ROWS_A_MINUTE
from mains_server.settings import load_settings

tokens = typer.Typer(help="Tokens of partners' software.", no_args_is_help=True)
Scopes = Annotated[list[MachineScope], typer.Option("--scope", help="What it opens; say it once for each.")]
Customers = Annotated[list[str], typer.Option("--customer", help="Number of a customer whom it reaches whole.")]
Contracts = Annotated[list[str], typer.Option("--contract", help="Number of a contract that it reaches.")]
Points = Annotated[list[str], typer.Option("--supply-point", help="Identifier of a supply point that it reaches.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(tokens, name="tokens")


@tokens.command("create")
def create(
    partner: Annotated[str, typer.Argument(help="Name of the partner.")],
    email: Annotated[str, typer.Argument(help="Address of who answers for its software there.")],
    scopes: Scopes,
    name: Annotated[str, typer.Option(help="What to call it.")] = "software",
    customers: Customers = [],  # noqa: B006  # typer reads the default and never changes it
    contracts: Contracts = [],  # noqa: B006
    points: Points = [],  # noqa: B006
) -> None:
    """Make a token that holds for a year, and print it: this once, alone on a line."""
    named = {"customers": customers, "contracts": contracts, "supply_points": points}
    try:
        with opened(load_settings()) as address:
            made = asyncio.run(
                _made(address, partner=Partner(name=partner, email=email), name=name, scopes=scopes, named=named)
            )
    except Refusal as refusal:
        typer.echo(f"Refused: {refusal.message}.", err=True)
        raise typer.Exit(1) from refusal
    typer.echo(f"token {made.id}, until {made.expires_at:%Y-%m-%d}; it is not shown again:", err=True)
    typer.echo(made.text)


@tokens.command("list")
def list_() -> None:
    """List all tokens, the last made first: number, state, last use, owner, name, scopes."""
    now = datetime.now(UTC)
    with opened(load_settings()) as address:
        for one in asyncio.run(_listed(address)):
            used = "never used" if one.last_used_at is None else f"{one.last_used_at:%Y-%m-%d %H:%M}"
            owner = f"{one.partner or 'own'} <{one.email}>"
            typer.echo(f"{one.id}  {_state(one, now)}  {used}  {owner}  {one.name}  {' '.join(one.scopes)}")


@tokens.command("revoke")
def revoke(number: Annotated[int, typer.Argument(help="Number of the token, as `list` shows it.")]) -> None:
    """Revoke a token: its next request is refused by every server."""
    try:
        with opened(load_settings()) as address:
            asyncio.run(_revoked(address, number=number))
    except Refusal as refusal:
        typer.echo(f"Refused: {refusal.message}.", err=True)
        raise typer.Exit(1) from refusal
    typer.echo(f"token {number} is revoked")


def _state(one: TokenListed, now: datetime) -> str:
    if one.revoked_at is not None:
        return f"revoked {one.revoked_at:%Y-%m-%d}"
    return f"{'until' if one.expires_at > now else 'ended'} {one.expires_at:%Y-%m-%d}"


async def _made(
    address: str, *, partner: Partner, name: str, scopes: list[MachineScope], named: dict[str, list[str]]
) -> MadeToken:
    engine = make_engine(address=address, connections_max=1)
    try:
        async with acting(engine, act="tokens create", words=partner.name, now=datetime.now(UTC)) as session:
            reach = await queries.named(session, **named)
            if reach is None:
                raise ReachUnknown("a customer, contract or supply point that is named is not there")
            new = NewToken(name=name, scopes=frozenset(scopes), reach=reach, days=DAYS_MAX, rows_a_minute=ROWS_A_MINUTE)
            return await make_partner_token(session, partner=partner, new=new, now=datetime.now(UTC))
    finally:
        await engine.dispose()


async def _listed(address: str) -> tuple[TokenListed, ...]:
    engine = make_engine(address=address, connections_max=1)
    try:
        async with read_session(engine) as session:
            return await queries.tokens(session)
    finally:
        await engine.dispose()


async def _revoked(address: str, *, number: int) -> None:
    engine = make_engine(address=address, connections_max=1)
    try:
        async with acting(engine, act="tokens revoke", now=datetime.now(UTC)) as session:
            await revoke_token(session, viewer=Viewer(staff=ADMINS), token_id=number, now=datetime.now(UTC))
            note_subject(session, subject=Subject(type_name="MachineToken", number=number))
    finally:
        await engine.dispose()
