"""`mains documents make --missing` makes what invoices lack, once."""

import asyncio

import pytest
from mains_server.cli import app
from mains_server.documents.jobs import MadeMissing
from mains_server.documents.operations import DocumentsExtraMissing
from typer.testing import CliRunner

pytestmark = pytest.mark.asyncio


@pytest.fixture
def mains(database_url, monkeypatch):
    monkeypatch.setenv("MAINS_DATABASE_URL", database_url)

    async def run(*words):
        return await asyncio.to_thread(CliRunner().invoke, app, ["documents", "make", *words])

    return run


async def test_what_is_missing_is_made_once(mains, utility):
    customer_id = await utility.customer("C-1")
    contract_id = await utility.contract(customer_id)
    for month in (1, 2):
        await utility.invoice(customer_id, contract_id, month=month)

    first, second = await mains("--missing"), await mains("--missing")

    assert (first.exit_code, first.stdout.splitlines()[-1]) == (0, "6 documents made."), first.output
    assert (second.exit_code, second.stdout.splitlines()) == (0, ["0 documents made."])


async def test_it_says_what_it_wants_and_why_it_cannot(mains, utility, monkeypatch):
    nothing = await mains()
    assert (nothing.exit_code, nothing.stdout) == (2, "")
    assert nothing.stderr.startswith("Say --missing")

    def without(*_, **__):
        raise DocumentsExtraMissing

    monkeypatch.setattr("mains_server.documents.operations.require_libraries", without)
    customer_id = await utility.customer("C-1")
    await utility.invoice(customer_id, await utility.contract(customer_id))
    refused = await mains("--missing")
    assert (refused.exit_code, refused.stderr) == (1, "Refused: install `mains[documents]` to make documents.\n")


async def test_what_had_to_be_left_is_told_and_the_rest_is_made(mains, monkeypatch):
    async def found(work):
        return MadeMissing(6, {"adapter heat is set aside: no hooks; try again once it works": 2})

    monkeypatch.setattr("mains_server.commands.documents.make_missing", found)

    told = await mains("--missing")

    assert (told.exit_code, told.stdout) == (1, "6 documents made.\n")
    assert told.stderr == "Left: 2 invoices; adapter heat is set aside: no hooks; try again once it works.\n"
