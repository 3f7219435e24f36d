"""`mains delivery`: send invoices by mail, and make files for the printer."""

import asyncio
import os
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.ext.asyncio import AsyncEngine

from mains_server.access.records import Refusal
from mains_server.adapters.loading import load_adapters
from mains_server.commands.acting import acting, note_run
from mains_server.commands.database import opened
from mains_server.commands.letter_heads import letter_heads_of
from mains_server.commands.mail_server import mail_server_of, sending_rules_of
from mains_server.commands.notices import carriers_of
from mains_server.db.engine import make_engine
from mains_server.db.unit_of_work import read_session, unit_of_work
from mains_server.delivery.operations import begin_deliveries
from mains_server.delivery.posting import make_mailing, set_aside_unaddressed
from mains_server.delivery.queries import is_mail_due, print_file
from mains_server.delivery.sending import Postman, send_mails
from mains_server.documents.operations import Press
from mains_server.notifications.records import Channel
from mains_server.notifications.senders import LetterHeads
from mains_server.notifications.sending import Carrier
from mains_server.settings import Settings, load_settings
from mains_server.signin.code_letters import code_mailing_again, make_code_mailing
from mains_server.signin.records import CodeMailing
from mains_server.signin.telling import Messenger, send_messages

delivery = typer.Typer(help="Delivery of invoices: mail, and letters for the printer.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(delivery, name="delivery")


@delivery.command("send")
def send() -> None:
    """Begin to deliver new invoices and send every mail that is due; a worker does the same every five minutes."""
    settings = load_settings()
    with opened(settings) as address:
        counts = asyncio.run(_send(address, settings=settings))
    typer.echo(", ".join(f"{name} {count}" for name, count in sorted(counts.items())) or "Nothing was due.")


@delivery.command("print")
def print_letters(
    out: Annotated[Path, typer.Argument(dir_okay=False, help="Where the ZIP is written.")],
    mailing: Annotated[int | None, typer.Option(help="An earlier mailing to write once more.")] = None,
) -> None:
    """Put the letters that wait into one mailing and write its ZIP: PDFs, and index.csv with the addresses."""
    try:
        with opened(load_settings()) as address:
            if mailing is None:
                note_run(address, act="delivery print", now=datetime.now(UTC))
            number, content = asyncio.run(_print(address, mailing=mailing))
    except Refusal as refusal:
        typer.echo(f"Refused: {refusal}.", err=True)
        raise typer.Exit(1) from refusal
    if content is None:
        typer.echo(f"There is no mailing {number}, or its file is kept no longer (MAINS_FILES_KEPT).", err=True)
        raise typer.Exit(2)
    out.write_bytes(content)
    typer.echo(f"Mailing {number}: {out}")


async def day_of_mail(engine: AsyncEngine, *, settings: Settings, now: datetime) -> Counter[str]:
    """Begin to deliver new invoices, and send the mails that are due where a mail server is set."""
    counts: Counter[str] = Counter(begun=await begin_deliveries(engine, now=now))
    server = mail_server_of(settings)
    if server is not None and await _is_due(engine, now=now):
        press = Press(engine=engine, host=load_adapters(on=now.date()), now=now)
        counts += await send_mails(Postman(press=press, server=server, rules=sending_rules_of(settings)))
    return +counts


@delivery.command("codes")
def print_codes(
    out: Annotated[Path, typer.Argument(dir_okay=False, help="Where the ZIP is written, for its owner to read alone.")],
    mailing: Annotated[int | None, typer.Option(help="An earlier file to write once more.")] = None,
) -> None:
    """Write the letters with codes that wait for the printer: a ZIP that is kept nowhere; delete it once printed."""
    settings = load_settings()
    if settings.secret is None:
        typer.echo("Refused: set MAINS_SECRET, of which codes are made.", err=True)
        raise typer.Exit(1)
    key = settings.secret.get_secret_value().encode()
    try:
        with opened(settings) as address:
            made = asyncio.run(_codes(address, key=key, heads=letter_heads_of(settings), mailing=mailing))
    except Refusal as refusal:
        typer.echo(f"Refused: {refusal}.", err=True)
        raise typer.Exit(1) from refusal
    with open(out, "wb", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
        file.write(made.content)
    typer.echo(f"Codes {made.number}: {made.letters} letters, {out}")


async def messages_of(
    engine: AsyncEngine, *, settings: Settings, key: bytes, now: datetime, texts: Carrier | None = None
) -> Counter[str]:
    """Send the codes and notices of signing in that are due, by what is set up; codes are made of `key`."""
    gateway = carriers_of(settings, secret=key).get(Channel.SMS) if texts is None else texts
    server = mail_server_of(settings)
    return await send_messages(Messenger(engine=engine, server=server, texts=gateway, key=key, now=now))


async def _is_due(engine: AsyncEngine, *, now: datetime) -> bool:
    async with read_session(engine) as session:
        return await is_mail_due(session, now=now)


async def _send(address: str, *, settings: Settings) -> Counter[str]:
    engine = make_engine(address=address, connections_max=3)
    try:
        return await day_of_mail(engine, settings=settings, now=datetime.now(UTC))
    finally:
        await engine.dispose()


async def _codes(address: str, *, key: bytes, heads: LetterHeads, mailing: int | None) -> CodeMailing:
    engine, now = make_engine(address=address, connections_max=1), datetime.now(UTC)
    again = None if mailing is None else f"again {mailing}"
    try:
        async with acting(engine, act="delivery codes", words=again, now=now) as session:
            if mailing is None:
                return await make_code_mailing(session, key=key, now=now, heads=heads)
            return await code_mailing_again(session, number=mailing, key=key, now=now, heads=heads)
    finally:
        await engine.dispose()


async def _print(address: str, *, mailing: int | None) -> tuple[int, bytes | None]:
    engine, now = make_engine(address=address, connections_max=3), datetime.now(UTC)
    try:
        if mailing is None:
            press = Press(engine=engine, host=load_adapters(on=now.date()), now=now)
            async with unit_of_work(engine) as session:
                await set_aside_unaddressed(session, now=now)
            async with unit_of_work(engine) as session:
                mailing = await make_mailing(session, press=press, person_id=None)
        async with read_session(engine) as session:
            return mailing, await print_file(session, mailing_id=mailing)
    finally:
        await engine.dispose()
