"""`mains demo`: a utility with a billed year, served; every start after the first finds it as it was left."""

import asyncio
import json
import os
import secrets
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.progress import Progress

from mains_server.adapters.host import AdapterHost
from mains_server.adapters.loading import load_adapters
from mains_server.commands.database import opened
from mains_server.commands.serve import run_server
from mains_server.db.engine import make_engine
from mains_server.db.unit_of_work import read_session, unit_of_work
from mains_server.demo.cast import LOGINS
from mains_server.demo.levelled import level_year
from mains_server.demo.settle import is_settled, settle
from mains_server.demo.year import bill_month, is_year_done, months_billed, pay_month
from mains_server.logs import log_to_console
from mains_server.settings import Mode, Settings, load_settings

SETTLED_AT = datetime(2022, 2, 20, 8, tzinfo=UTC)
ADAPTERS_ON = date(2022, 3, 1)
READY_SECONDS_MAX = 60
SIGN_IN = 'mutation {{ sessionCreate(input: {{ email: "{email}", password: "{password}" }}) {{ token }} }}'
QUERY = (
    "{ viewer { contracts(first: 5) { nodes { number productName"
    " invoices(first: 3) { nodes { number total { amount } } } } } } }"
)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("demo")(demo)


def demo(
    port: Annotated[int | None, typer.Option(help="Port to listen on; MAINS_PORT otherwise.")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Where the data is kept; MAINS_DATA_DIR otherwise.")] = None,
    is_served: Annotated[bool, typer.Option("--serve/--no-serve", help="Stop before serving.")] = True,
) -> None:
    """Set up the demo utility, bill its year 2022-03 to 2023-02, and serve it with a query editor."""
    settings = load_settings(port=port, data_dir=data_dir, mode=Mode.DEMO)
    log_to_console(settings=settings)
    console = Console(stderr=True)
    with opened(settings) as address:
        prepare(address=address, console=console)
        if is_served:
            threading.Thread(target=_announce, args=(settings, console), daemon=True).start()
            with (
                sandbox_beside(settings, key=secrets.token_hex(16)),
                gateway_beside(settings, key=secrets.token_hex(16), console=console),
            ):
                run_server(settings=settings, address=address)


@contextmanager
def sandbox_beside(settings: Settings, *, key: str) -> Iterator[None]:
    """Run the payment sandbox in a process beside the server, and tell the server where it is and its key."""
    port = _free_port()
    webhooks = f"http://{settings.host}:{settings.port}/payments/webhooks"
    command = ["--port", str(port), "--webhooks", webhooks, "--key", key]
    beside = subprocess.Popen([sys.executable, "-m", "mains_payment_sandbox.serving", *command])
    codes = ("sandbox", "sandbox_card")
    os.environ["MAINS_PAYMENT_ADDRESSES"] = json.dumps(dict.fromkeys(codes, f"http://127.0.0.1:{port}"))
    os.environ["MAINS_PAYMENT_SECRETS"] = json.dumps({f"{code}.key": key for code in codes})
    try:
        yield
    finally:
        beside.terminate()
        beside.wait(timeout=10)


@contextmanager
def gateway_beside(settings: Settings, *, key: str, console: Console) -> Iterator[None]:
    """Run the SMS gateway's sandbox in a process beside the server, and tell the server where it is and its key."""
    port, code = _free_port(), "sms_sandbox"
    webhook = f"http://{settings.host}:{settings.port}/notices/reports/{code}"
    command = ["--port", str(port), "--webhook", webhook, "--key", key]
    beside = subprocess.Popen([sys.executable, "-m", "mains_sms_sandbox.serving", *command])
    os.environ["MAINS_CHANNEL_ADDRESSES"] = json.dumps({code: f"http://127.0.0.1:{port}"})
    os.environ["MAINS_CHANNEL_SECRETS"] = json.dumps({f"{code}.key": key})
    console.print(f"Text messages are shown at http://127.0.0.1:{port}/, mails at /inbox.")
    try:
        yield
    finally:
        beside.terminate()
        beside.wait(timeout=10)


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def prepare(*, address: str, console: Console) -> None:
    """Have the demo utility settled and its year billed and paid; what is done already is left alone."""
    host = load_adapters(on=ADAPTERS_ON)
    if asyncio.run(_settle(address=address, host=host)):
        _bill_year(address=address, host=host, console=console)
    asyncio.run(_level(address=address, host=host))


def _bill_year(*, address: str, host: AdapterHost, console: Console) -> None:
    with Progress(console=console) as progress:
        task = progress.add_task("Billing a year", total=len(months_billed()))
        for first, following in months_billed():
            invoiced, held = bill_month(address=address, host=host, first=first, following=following)
            asyncio.run(_pay(address=address, following=following))
            progress.update(task, advance=1, description=f"Billed {first:%Y-%m}: {invoiced} invoices, {held} held")


async def _settle(*, address: str, host: AdapterHost) -> bool:
    """Settle the utility unless it is there, and tell whether its year still has to be billed."""
    engine = make_engine(address=address, connections_max=2)
    try:
        async with read_session(engine) as session:
            is_there = await is_settled(session)
        if not is_there:
            async with unit_of_work(engine) as session:
                await settle(session, host=host, now=SETTLED_AT)
        return not await is_year_done(engine)
    finally:
        await engine.dispose()


async def _level(*, address: str, host: AdapterHost) -> None:
    engine = make_engine(address=address, connections_max=2)
    try:
        await level_year(engine, host=host)
    finally:
        await engine.dispose()


async def _pay(*, address: str, following: date) -> None:
    engine = make_engine(address=address, connections_max=1)
    try:
        await pay_month(engine, following=following)
    finally:
        await engine.dispose()


def _announce(settings: Settings, console: Console) -> None:
    """Say where to look and who can sign in, as soon as the server answers."""
    url = f"http://{settings.host}:{settings.port}"
    if not _is_ready(url):
        console.print(f"The server at {url} does not answer.", style="red")
        return
    console.print(f"\nMains is ready at [bold]{url}/graphql[/bold]; open it in a browser to try queries.\n")
    for login in LOGINS:
        console.print(f"  {login.role:<17} {login.email:<24} {login.password}")
    first = LOGINS[0]
    sign_in = SIGN_IN.format(email=first.email, password=first.password)
    console.print("\nSign in, send the token as the header Authorization: Bearer TOKEN, then paste the query:\n")
    console.print(f"  {sign_in}\n\n  {QUERY}\n", markup=False, highlight=False, soft_wrap=True)
    logins = [{"role": login.role, "email": login.email, "password": login.password} for login in LOGINS]
    typer.echo(orjson.dumps({"url": f"{url}/graphql", "logins": logins}))


def _is_ready(url: str) -> bool:
    until = time.monotonic() + READY_SECONDS_MAX
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(f"{url}/health/ready", timeout=2) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    return False
