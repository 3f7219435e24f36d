"""`mains prices` takes a file in whole, or says what is wrong with it and takes nothing."""

import asyncio

import pytest
from mains_server.cli import app
from sqlalchemy import text
from typer.testing import CliRunner

GOOD = """
format = 1
adapter = "example_cold_water"

[[price]]
list = "water"
version = "water-2024"
from = 2024-01-01
known_from = 2024-01-01
decision = "No. 12"
source = "paper"
rows = [
  { name = "water", value = "1.21", unit = "EUR/m3" },
  { name = "sewage", value = "1.47", unit = "EUR/m3" },
  { name = "fixed", value = "9.60", unit = "EUR/year" },
]

[[tax]]
code = "standard"
rate = "0.21"
from = 2012-07-01
source = "law"
"""


@pytest.fixture
def run(tmp_path):
    def invoke(command, content):
        file = tmp_path / "prices.toml"
        file.write_text(content, encoding="utf-8")
        return CliRunner().invoke(app, ["prices", command, str(file)])

    return invoke


def test_a_right_file_is_told_so_without_a_database(run):
    done = run("check", GOOD)

    assert done.exit_code == 0, done.output
    assert done.stdout == "example_cold_water: 1 price versions and 1 tax rates are right.\n"


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (GOOD.replace('"1.21"', "1.21"), 'price.0.rows.0.value: write the number in quotes: "1.21"'),
        (GOOD.replace("example_cold_water", "nobody"), "no adapter is installed for nobody"),
        (GOOD.replace('{ name = "sewage", value = "1.47", unit = "EUR/m3" },', ""), "sewage"),
        (GOOD.replace('"1.47", unit = "EUR/m3"', '"1.47", unit = "EUR/kWh"'), "kWh"),
    ],
)
def test_a_wrong_file_is_refused_with_the_remedy(run, wrong, told):
    done = run("check", wrong)

    assert done.exit_code == 1
    assert done.stderr.startswith("Refused: ")
    assert told in done.stderr


@pytest.mark.asyncio
async def test_a_file_is_loaded_once(run, engine, database_url, monkeypatch):
    monkeypatch.setenv("MAINS_DATABASE_URL", database_url)

    first = await asyncio.to_thread(run, "load", GOOD)
    again = await asyncio.to_thread(run, "load", GOOD)

    assert first.exit_code == 0, first.output
    assert again.exit_code == 1
    assert "water/water-2024 is there already" in again.stderr
    async with engine.connect() as connection:
        counts = [
            await connection.scalar(text(f"select count(*) from {table}"))
            for table in ("price_version", "price_row", "tax_rate")
        ]
        assert counts == [1, 3, 1]
