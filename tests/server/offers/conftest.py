"""The published prices of the electricity adapter and a year of exchange prices, in a database of the test."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal as D
from importlib.resources import files
from zoneinfo import ZoneInfo

import psycopg
import pytest
from mains_server.adapters.loading import load_adapters
from mains_server.db.addresses import asyncpg_url
from mains_server.db.engine import make_engine
from mains_server.db.unit_of_work import unit_of_work
from mains_server.facts.operations import load_series
from mains_server.facts.records import Stretch
from mains_server.offers.comparing import compare
from mains_server.offers.records import ComparisonRequest, Connection, Consumption
from mains_server.offers.rules import months_before
from mains_server.tariffs.operations import load_price_versions, load_tax_rates
from mains_server.tariffs.price_file import read_price_file

ON = date(2023, 3, 1)
ADAPTER = "electricity_retail"
RIGA = ZoneInfo("Europe/Riga")
HOUR = timedelta(hours=1)


@pytest.fixture(scope="session")
def host():
    """Give the adapters as they are installed."""
    return load_adapters(on=ON)


@pytest.fixture(scope="session")
def priced(test_databases) -> Iterator[str]:
    """Have the adapter's own price file, and twelve months at 100 EUR/MWh but a dearer evening in each, once."""
    with test_databases.one() as address:
        asyncio.run(_load(asyncpg_url(address).render_as_string(hide_password=False)))
        yield address


@pytest.fixture
def connection(priced) -> Iterator[psycopg.Connection]:
    """Give a connection to it, and take back what a test changes."""
    with psycopg.connect(priced) as opened:
        yield opened
        opened.rollback()


@pytest.fixture
def compared(connection, host):
    """Give what compares for a visitor of 250 kWh a month at 1 x 16 A, or as a test says."""

    def run(*, on=ON, today=ON, **asked):
        given = {
            "adapter": ADAPTER,
            "consumption": Consumption(a_month=D(250)),
            "connection": Connection(phases=1, amperes=16),
            **asked,
        }
        return compare(connection, host=host, request=ComparisonRequest(on=on, **given), today=today)

    return run


async def _load(address: str) -> None:
    text = files("mains_electricity_retail").joinpath("data/prices.toml").read_text("utf-8")
    prices = read_price_file(text=text, name="prices.toml")
    engine = make_engine(address=address, connections_max=1)
    async with unit_of_work(engine) as session:
        await load_price_versions(session, versions=prices.versions)
        await load_tax_rates(session, rates=prices.rates)
        await load_series(session, stretches=tuple(_stretches()))
    await engine.dispose()


def _stretches() -> Iterator[Stretch]:
    for month in months_before(ON):
        starts, ends = (
            datetime(day.year, day.month, day.day, tzinfo=RIGA).astimezone(UTC) for day in (month.start, month.end)
        )
        hours = [(starts + HOUR * at).astimezone(RIGA).hour for at in range((ends - starts) // HOUR)]
        for name, unit, values in (
            ("nordpool.lv", "EUR/MWh", [D(220) if hour == 19 else D(100) for hour in hours]),
            ("profile.lv", "1", [D(2) if hour == 19 else D(1) for hour in hours]),
        ):
            yield Stretch(
                name=name,
                unit=unit,
                starts_at=starts,
                step_seconds=3600,
                values=tuple(values),
                known_at=ends,
                source="test",
            )
