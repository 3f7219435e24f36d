"""`mains contracts offers` says what a day brought, does it once, and refuses a utility that there is not."""

import asyncio

import pytest
import pytest_asyncio
from mains_server.cli import app
from typer.testing import CliRunner

pytestmark = pytest.mark.asyncio
RETAIL = ("--adapter", "electricity_retail")


@pytest.fixture
def offers(database_url, monkeypatch):
    monkeypatch.setenv("MAINS_DATABASE_URL", database_url)

    async def run(*words):
        return await asyncio.to_thread(CliRunner().invoke, app, ("contracts", "offers", *words))

    return run


@pytest_asyncio.fixture
async def ending(utility):
    """Have a contract whose price is agreed until May 2024, and one of which nothing is agreed."""
    customer = await utility.customer()
    first = await utility.contract(customer)
    await utility.contract(customer, "K-2")
    await utility.run("update contract set adapter = 'electricity_retail', product = 'ekonomiskais'")
    await utility.run("update contract set price_fixed_until = '2024-05-01' where id = :id", id=first)


async def test_an_offer_is_made_once_and_then_the_universal_service_follows(offers, ending, utility):
    said = [
        (await offers(*RETAIL, "--today", day)).output
        for day in ("2024-03-10", "2024-03-11", "2024-05-01", "2024-05-02")
    ]

    assert said == [
        "Offers made: 1; universal service begun: 0.\n",
        "Offers made: 0; universal service begun: 0.\n",
        "Offers made: 0; universal service begun: 1.\n",
        "Offers made: 0; universal service begun: 0.\n",
    ]
    kept = "select count(*) from contract where product = 'universalais' and price_fixed_until = '2025-05-01'"
    assert await utility.run(f"{kept} and terms_since = '2024-05-01'") == 1


async def test_a_utility_that_is_not_there_is_refused(offers):
    result = await offers("--adapter", "nobody")

    assert result.exit_code == 1
    assert "Refused:" in result.output and "nobody" in result.output


async def test_a_day_that_is_none_is_refused(offers):
    assert (await offers(*RETAIL, "--today", "2024-02-30")).exit_code == 2
