"""A contract at the exchange's price is billed on imported prices, to the cent, and held while an hour is missing."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal as D
from typing import Any

import pytest
from mains_server.cli import app
from mains_spi import Const, PerUnit, Qty, Spot, Tariff, hookimpl
from typer.testing import CliRunner

from plugins.spot_prices.tests.documents import document, period, series

HOUR = timedelta(hours=1)
FIRST, LAST = datetime(2022, 12, 31, 23, tzinfo=UTC), datetime(2023, 1, 31, 23, tzinfo=UTC)
JANUARY_HOURS = 744
EXCHANGE = Spot(
    "spot", Qty("energy", "kWh"), "nordpool.lv", "EUR/MWh", places=5, scale=Const(D("0.001"), "MWh/kWh"),
    weights="profile.lv",
)  # fmt: skip
MARGIN = PerUnit("energy", Qty("energy", "kWh"), Const(D("0.02"), "EUR/kWh"))


def prices(*, low="100", missing=()):
    """Tell 100 EUR/MWh for every hour of January in Riga but one, and leave positions out."""
    hours = [(at, low if at == 100 else "100") for at in range(1, JANUARY_HOURS + 25) if at not in missing]
    first = FIRST - 24 * HOUR
    return document(series(period(f"{first:%Y-%m-%dT%H:%MZ}", f"{LAST:%Y-%m-%dT%H:%MZ}", hours), curve="A01"))


def profile():
    starts = (FIRST - HOUR + HOUR * at for at in range(JANUARY_HOURS))
    return "\n".join(["starts_at;value", *(f"{at:%Y-%m-%dT%H:%MZ};1" for at in starts)]).encode()


@pytest.fixture
def exchange(small):
    """Have a utility whose dynamic product is at the exchange's price."""

    base: Any = small.SmallUtility

    class AtExchange(base):
        @hookimpl
        def tariff(self, request):
            dynamic = Tariff("dynamic", "EUR", (EXCHANGE, MARGIN))
            return dynamic if request.product == "dynamic" else super().tariff(request)

    return AtExchange()


@pytest.fixture
def take(database_url, monkeypatch, tmp_path):
    """Import a file as if some hours before the invoice's day had ended."""
    monkeypatch.setenv("MAINS_DATABASE_URL", database_url)

    def run(content, *words, at="2023-02-05T10:00:00"):
        file = tmp_path / "facts"
        file.write_bytes(content)
        done = CliRunner().invoke(app, ["facts", "import", str(file), "--known-at", at, *words])
        assert done.exit_code == 0, done.output

    run(profile(), "--source", "csv", "--series", "profile.lv")
    return lambda content, **words: run(content, "--source", "entsoe", **words)


def test_a_month_is_billed_at_its_mean_price(town, connection, small, bill, exchange, take):
    """743 hours at 100 and one at -644: 73,656 / 744 = 99 EUR/MWh; 100 kWh x 0.099 = 9.90."""
    contract = town.household(used="100", product="dynamic")
    take(prices(low="-644"))

    bill(plugin=exchange)

    line, margin = small.lines(connection, contract)
    assert line[:6] == ("spot", D(100), "kWh", D("0.099"), "EUR/kWh", D("9.90"))
    assert margin[5] == D("2.00")


def test_negative_prices_give_a_negative_line(town, connection, small, bill, exchange, take):
    """All hours at -8.09: -0.00809 EUR/kWh x 100 kWh = -0.809, so -0.81."""
    contract = town.household(used="100", product="dynamic")
    take(prices(low="-8.09").replace(b">100<", b">-8.09<").replace(b"<position>-8.09<", b"<position>100<"))

    bill(plugin=exchange)

    line, margin = small.lines(connection, contract)
    assert line[3:6] == (D("-0.00809"), "EUR/kWh", D("-0.81"))
    assert margin[5] == D("2.00")
    assert connection.execute("select net, tax, total from invoice").fetchall() == [(D("1.19"), D("0.25"), D("1.44"))]


def test_a_missing_hour_holds_until_it_is_imported(town, connection, small, bill, holds, exchange, take):
    """Position 124 is the hour from 2023-01-05 02:00 UTC."""
    contract = town.household(used="100", product="dynamic")
    take(prices(low="-644", missing=(124,)))

    held = bill(plugin=exchange)

    (hold,) = holds(held)
    assert (held.invoiced, hold.contract_id, hold.code) == (0, contract, "missing_interval")
    assert hold.reason == "spot: series `nordpool.lv` has no value for 2023-01-05 02:00 UTC"

    take(
        document(series(period("2023-01-05T02:00Z", "2023-01-05T03:00Z", ["100"]))),
        at="2023-02-06T10:00:00",
    )
    released = bill(plugin=exchange)

    assert (released.invoiced, released.held) == (1, 0)
    assert small.lines(connection, contract)[0][5] == D("9.90")
