"""`mains check-books` and `mains balance` tell what is wrong, and exit with 1 if anything is."""

import asyncio

import orjson
import pytest
from mains_server.books.queries import CHECKS
from mains_server.cli import app
from typer.testing import CliRunner

pytestmark = pytest.mark.asyncio


@pytest.fixture
def mains(database_url, monkeypatch):
    monkeypatch.setenv("MAINS_DATABASE_URL", database_url)

    async def run(*words):
        return await asyncio.to_thread(CliRunner().invoke, app, words)

    return run


@pytest.fixture
def billed(utility):
    async def made(*defects):
        customer_id = await utility.customer("C-1")
        await utility.invoice(customer_id, await utility.contract(customer_id))
        await utility.plant(*defects)

    return made


async def test_clean_books_exit_with_0(mains, billed):
    await billed()

    checked = await mains("check-books")

    assert checked.exit_code == 0, checked.output
    assert checked.stdout == f"{len(CHECKS)} checks, 0 findings\n"


async def test_findings_are_listed_and_exit_with_1(mains, billed):
    await billed("update ledger_entry set amount = 120.99 where account = 'receivable'")

    table, as_json = await mains("check-books"), await mains("check-books", "--json")

    assert table.exit_code == as_json.exit_code == 1
    assert "T-000001" in table.stdout
    assert table.stdout.endswith(f"{len(CHECKS)} checks, 3 findings\n")
    report = orjson.loads(as_json.stdout)
    found = {result["check"]: result["listed"] for result in report["results"] if result["findings"]}
    assert report["findings"] == 3
    assert found["balances-agree"] == [{"document": "customer C-1", "expected": "121.00 EUR", "found": "120.99"}]
    assert sorted(found) == ["balances-agree", "invoices-booked-right", "transactions-balance"]


async def test_a_balance_is_shown_three_ways(mains, billed):
    await billed()

    text, as_json = await mains("balance", "C-1"), await mains("balance", "C-1", "--json")

    assert text.stdout == "C-1: ledger 121.00 EUR = 121.00 open - 0.00 credit = statement 121.00\n"
    assert orjson.loads(as_json.stdout) == [
        {
            "currency": "EUR",
            "ledger": "121.00",
            "openInvoices": "121.00",
            "credit": "0.00",
            "statement": "121.00",
            "isEqual": True,
        }
    ]


async def test_a_balance_that_differs_exits_with_1(mains, billed):
    await billed("update ledger_entry set amount = 120.99 where account = 'receivable'")

    shown = await mains("balance", "C-1")

    assert shown.exit_code == 1
    assert shown.stdout == "C-1: ledger 120.99 EUR DIFFERS FROM 121.00 open - 0.00 credit = statement 121.00\n"


async def test_nobody_has_no_balance(mains):
    shown = await mains("balance", "C-9")

    assert shown.exit_code == 2
    assert shown.stderr == "There is no customer C-9.\n"
