"""`mains pay` receives what staff type, once, and says why it refuses."""

import asyncio

import pytest
import pytest_asyncio
from mains_server.cli import app
from sqlalchemy import text
from typer.testing import CliRunner

pytestmark = pytest.mark.asyncio


@pytest.fixture
def mains(database_url, monkeypatch):
    monkeypatch.setenv("MAINS_DATABASE_URL", database_url)

    async def run(*words):
        return await asyncio.to_thread(CliRunner().invoke, app, words)

    return run


@pytest_asyncio.fixture
async def billed(utility):
    customer_id = await utility.customer("C-1")
    await utility.invoice(customer_id, await utility.contract(customer_id))


@pytest.mark.usefixtures("billed")
async def test_a_payment_settles_and_leaves_credit(mains, engine):
    words = (
        "pay",
        "--customer",
        "C-1",
        "--amount",
        "130.5",
        "--invoice",
        "T-000001",
        "--key",
        "k1",
        "--method",
        "CASH",
    )

    first, again = await mains(*words), await mains(*words)

    assert first.exit_code == 0, first.output
    assert first.stdout.splitlines() == [
        "Payment 1 of 130.50 EUR received.",
        "T-000001: 121.00",
        "Credit left of it: 9.50",
    ]
    assert again.stdout.splitlines()[0] == "Payment 1 of 130.50 EUR had been received before."
    async with engine.connect() as connection:
        trail = await connection.execute(text("select act, customer_id, subjects from audit_entry order by id limit 1"))
        assert trail.one() == ("mains pay", 1, [["Customer", 1], ["Payment", 1]])


@pytest.mark.usefixtures("billed")
@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("--customer", "C-9", "--amount", "1"), "there is no customer C-9"),
        (("--customer", "C-1", "--amount", "NaN"), "'NaN' is not an amount such as 43.10"),
        (("--customer", "C-1", "--amount", "0"), "0.00 is not a positive amount"),
        (("--customer", "C-1", "--amount", "1", "--invoice", "T-000002"), "there is no invoice T-000002"),
        (("--customer", "C-1", "--amount", "1", "--invoice", "x"), "'x' is not an invoice number such as H-000123"),
    ],
)
async def test_a_refusal_says_why_and_leaves_nothing(mains, words, reason):
    refused = await mains("pay", *words)

    assert refused.exit_code == 1
    assert refused.stderr == f"Refused: {reason}.\n"
    assert "ledger 121.00 EUR = 121.00 open - 0.00 credit" in (await mains("balance", "C-1")).stdout


async def test_a_payment_for_a_levelled_contract_is_held_for_it(mains, utility):
    customer_id = await utility.customer("C-1")
    contract_id = await utility.contract(customer_id, "K-1")
    await utility.run("update contract set settlement = 'LEVELLED' where id = :id", id=contract_id)

    result = await mains("pay", "--customer", "C-1", "--amount", "30.00", "--contract", "K-1", "--key", "bank-1")

    assert result.exit_code == 0, result.output
    assert "Held for its levelled contract: 30.00" in result.output
    assert await utility.run("select sum(amount)::int from prepayment") == 30
