"""`mains prices`: take in a file of dated prices and tax rates, whole or not at all."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from mains_spi import ALWAYS, Mistake, PriceVersion, Product, Utility, bind_product, vet

from mains_server.access.records import Refusal
from mains_server.adapters.host import AdapterHost, UnknownAdapter
from mains_server.adapters.loading import load_adapters
from mains_server.commands.acting import acting
from mains_server.commands.database import opened
from mains_server.db.engine import make_engine
from mains_server.settings import load_settings
from mains_server.tariffs.operations import load_price_versions, load_products, load_tax_rates
from mains_server.tariffs.price_file import PriceFile, PriceFileRefused, read_price_file
from mains_server.tariffs.records import NewPriceVersion
from mains_server.tariffs.rules import period

group = typer.Typer(help="Dated prices and tax rates of a utility.", no_args_is_help=True)
File = Annotated[Path, typer.Argument(help="A price file, see docs/price_files.md.", exists=True, dir_okay=False)]


def register(app: typer.Typer) -> None:
    """Add the group to the command."""
    app.add_typer(group, name="prices")


@group.command("check")
def check(file: File) -> None:
    """Read a price file and hold it against its adapter's tariffs, without a database; exits with 1 if it is wrong."""
    prices, _ = _vetted(file)
    typer.echo(f"{prices.adapter}: {len(prices.versions)} price versions and {len(prices.rates)} tax rates are right.")


@group.command("load")
def load(file: File) -> None:
    """Take a price file in; versions that are there already are refused, since what was published is never edited."""
    prices, host = _vetted(file)
    try:
        with opened(load_settings()) as address:
            asyncio.run(_load(prices, host=host, address=address))
    except Refusal as refusal:
        raise _refused(refusal.message) from refusal
    typer.echo(f"{prices.adapter}: {len(prices.versions)} price versions and {len(prices.rates)} tax rates loaded.")


def _vetted(file: Path) -> tuple[PriceFile, AdapterHost]:
    on = datetime.now(UTC).date()
    try:
        prices = read_price_file(text=file.read_text("utf-8"), name=file.name)
        host = load_adapters(on=on)
        adapter = host.adapter(prices.adapter)
    except (PriceFileRefused, UnknownAdapter, UnicodeDecodeError) as refusal:
        raise _refused(str(refusal)) from refusal
    mistakes: list[Mistake] = []
    for product in adapter.products(on=on):
        if not product.rated:
            versions = _priced(prices, product=product, utility=adapter.utility)
            mistakes += vet(adapter.tariff(product=product.code, on=on), versions, adapter.utility)
    if mistakes:
        raise _refused("\n".join(dict.fromkeys(f"{file.name}: {mistake}" for mistake in mistakes)))
    return prices, host


def _priced(prices: PriceFile, *, product: Product, utility: Utility) -> tuple[PriceVersion, ...]:
    versions = tuple(_version(version) for version in prices.versions)
    shared = tuple(version for version in versions if version.list in utility.price_lists)
    return shared + bind_product(versions=versions, price_list=product.price_list, period=ALWAYS)


def _version(version: NewPriceVersion) -> PriceVersion:
    return PriceVersion(
        id=f"{version.list}/{version.code}",
        list=version.list,
        period=period(version.starts, version.ends),
        rows=version.rows,
        known_from=version.known_from.date(),
        decision=version.decision,
    )


async def _load(prices: PriceFile, *, host: AdapterHost, address: str) -> None:
    engine = make_engine(address=address, connections_max=1)
    try:
        words = " ".join([prices.adapter, *(f"{one.list}/{one.code}" for one in prices.versions)])
        async with acting(engine, act="prices load", words=words, now=datetime.now(UTC)) as session:
            declared = host.adapter(prices.adapter).products(on=datetime.now(UTC).date())
            await load_products(session, adapter=prices.adapter, products=declared)
            await load_price_versions(session, versions=prices.versions)
            await load_tax_rates(session, rates=prices.rates)
    finally:
        await engine.dispose()


def _refused(reason: str) -> typer.Exit:
    typer.echo(f"Refused: {reason}", err=True)
    return typer.Exit(1)
