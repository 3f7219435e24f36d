"""`mains levelled`: settle levelled contracts, do what is due with their plans, and work them all out anew."""

import asyncio
from collections import Counter
from datetime import UTC, date, datetime
from typing import Annotated

import psycopg
import typer

from mains_server.access.records import Refusal
from mains_server.adapters.host import UnknownAdapter
from mains_server.adapters.live import LiveAdapter
from mains_server.adapters.loading import load_adapters
from mains_server.commands.acting import note_run
from mains_server.commands.database import opened
from mains_server.contracts.operations import ContractUnknown
from mains_server.contracts.queries import contract_by_number
from mains_server.db.addresses import psycopg_dsn
from mains_server.db.engine import make_engine
from mains_server.db.unit_of_work import read_session
from mains_server.levelling.mass import StartsWithinMonth, recalculate
from mains_server.levelling.queries import recalculation_state
from mains_server.levelling.records import RecalculationRequest, RecalculationState
from mains_server.levelling.settling import Clerk, settle
from mains_server.levelling.watching import watch
from mains_server.settings import load_settings

Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The civil day; today otherwise.")]
REFUSALS = (Refusal, UnknownAdapter, StartsWithinMonth)

levelled = typer.Typer(help="Levelled payment: settlements, and plans worked out anew.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(levelled, name="levelled")


@levelled.command("settle")
def settle_contract(
    contract: Annotated[str, typer.Argument(help="The contract's number.")],
    day: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="The day at whose start it was read.")],
    on: Day = None,
) -> None:
    """Bill what a levelled contract used up to a day, and spread what was not paid over the next months."""
    now = datetime.now(UTC)
    try:
        with opened(load_settings()) as address:
            note_run(address, act="levelled settle", words=f"{contract} {day:%Y-%m-%d}", now=now)
            number = asyncio.run(_settle(address, contract=contract, day=day.date(), today=(on or now).date(), now=now))
    except REFUSALS as refusal:
        raise _refused(refusal) from refusal
    typer.echo(f"Contract {contract} is settled up to {day:%Y-%m-%d} by {number}.")


@levelled.command("watch")
def watch_plans(adapter: Annotated[str, typer.Option(help="The utility, by code.")], on: Day = None) -> None:
    """Do what is due: close, settle on readings, and work plans out anew after significant readings and new prices."""
    now = datetime.now(UTC)
    today = (on or now).date()
    try:
        live = load_adapters(on=today).adapter(adapter)
    except UnknownAdapter as refusal:
        raise _refused(refusal) from refusal
    with opened(load_settings()) as address:
        note_run(address, act="levelled watch", words=f"{adapter} {today}", now=now)
        counts = asyncio.run(_watch(address, live=live, today=today, now=now))
    typer.echo(", ".join(f"{name} {count}" for name, count in sorted(counts.items())) or "Nothing was due.")


@levelled.command("recalculate")
def recalculate_plans(
    adapter: Annotated[str, typer.Option(help="The utility, by code.")],
    year: Annotated[int, typer.Option(min=2000, max=2999, help="The year it is done for; once.")],
    starts: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="The first of the month it holds from.")],
    on: Day = None,
    chunk: Annotated[int, typer.Option(min=1, max=20000, help="Plans worked out in one transaction.")] = 5000,
) -> None:
    """Work out all plans of a utility anew, each once a year; started again it goes on where it was."""
    now = datetime.now(UTC)
    known_on = (on or now).date()
    request = RecalculationRequest(
        adapter=adapter, year=year, starts=starts.date(), known_on=known_on, now=now, contracts_per_chunk=chunk
    )
    try:
        live = load_adapters(on=known_on).adapter(adapter)
        with opened(load_settings()) as address:
            note_run(address, act="levelled recalculate", words=f"{adapter} {year}", now=now)
            with psycopg.connect(psycopg_dsn(address), autocommit=True) as connection:
                run_id = recalculate(connection, adapter=live, request=request)
            state = asyncio.run(_state(address, run_id=run_id))
    except REFUSALS as refusal:
        raise _refused(refusal) from refusal
    typer.echo(f"{adapter} {year}: {state.recalculated} plans worked out anew, {state.held} held")


def _refused(refusal: Exception) -> typer.Exit:
    typer.echo(f"Refused: {refusal}.", err=True)
    return typer.Exit(1)


async def _settle(address: str, *, contract: str, day: date, today: date, now: datetime) -> str:
    engine = make_engine(address=address)
    try:
        async with read_session(engine) as session:
            found = await contract_by_number(session, number=contract)
        if found is None:
            raise ContractUnknown(f"there is no contract {contract}")
        live = load_adapters(on=today).adapter(found.adapter)
        return await settle(Clerk(engine=engine, adapter=live, now=now, today=today), contract_id=found.id, day=day)
    finally:
        await engine.dispose()


async def _watch(address: str, *, live: LiveAdapter, today: date, now: datetime) -> Counter[str]:
    engine = make_engine(address=address)
    try:
        return await watch(Clerk(engine=engine, adapter=live, now=now, today=today))
    finally:
        await engine.dispose()


async def _state(address: str, *, run_id: int) -> RecalculationState:
    engine = make_engine(address=address, connections_max=1)
    try:
        async with read_session(engine) as session:
            return await recalculation_state(session, run_id=run_id)
    finally:
        await engine.dispose()
