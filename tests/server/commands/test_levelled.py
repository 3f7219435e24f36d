"""`mains levelled` says what it did, and why it refuses."""

import asyncio

import pytest
from mains_server.cli import app
from typer.testing import CliRunner

pytestmark = pytest.mark.asyncio


@pytest.fixture
def mains(database_url, monkeypatch):
    monkeypatch.setenv("MAINS_DATABASE_URL", database_url)

    async def run(*words):
        return await asyncio.to_thread(CliRunner().invoke, app, ("levelled", *words))

    return run


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("settle", "K-9", "--day", "2023-01-01"), "there is no contract K-9"),
        (("watch", "--adapter", "nobody"), "nobody"),
        (("recalculate", "--adapter", "nobody", "--year", "2023", "--starts", "2023-02-01"), "nobody"),
        (
            ("recalculate", "--adapter", "electricity_retail", "--year", "2023", "--starts", "2023-02-02"),
            "2023-02-02 is no first of a month",
        ),
    ],
)
async def test_a_refusal_says_why(mains, words, reason):
    result = await mains(*words)

    assert result.exit_code == 1
    assert reason in result.output


async def test_a_contract_without_a_plan_is_not_settled(mains, utility):
    await utility.contract(await utility.customer())
    await utility.run("update contract set adapter = 'electricity_retail'")

    result = await mains("settle", "K-1", "--day", "2024-02-01")

    assert (result.exit_code, result.output) == (1, "Refused: the contract has no levelled payment.\n")


async def test_with_nothing_to_do_nothing_is_done(mains):
    watched = await mains("watch", "--adapter", "electricity_retail", "--on", "2023-02-10")
    recalculated = await mains(
        *("recalculate", "--adapter", "electricity_retail", "--year", "2023", "--starts", "2023-02-01")
    )

    assert watched.output == "Nothing was due.\n"
    assert recalculated.output == "electricity_retail 2023: 0 plans worked out anew, 0 held\n"
