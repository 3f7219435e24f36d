"""`mains statements import` takes a bank's file in, and says what became of it."""

import asyncio

import pytest
from mains_server.cli import app
from typer.testing import CliRunner

from tests.server.statements.camt_files import Paid, bank_file, statement, text_of
from tests.server.statements.conftest import Bank

pytestmark = pytest.mark.asyncio
PAID = Paid(amount="121.00", structured="RF79T000001")


@pytest.fixture
def mains(database_url, monkeypatch, tmp_path):
    monkeypatch.setenv("MAINS_DATABASE_URL", database_url)

    async def run(*words, content=None):
        file = tmp_path / "bank.xml"
        if content is not None:
            file.write_text(content)
        return await asyncio.to_thread(
            CliRunner().invoke, app, ["statements", *words, *([str(file)] if content else [])]
        )

    return run


async def test_a_file_is_taken_in_once(mains, utility):
    customer_id = await utility.customer("C-1")
    await utility.invoice(customer_id, await utility.contract(customer_id))
    content = text_of(statement(PAID, Paid(amount="7.00", text="paldies")))

    first = await mains("import", content=content)
    second = await mains("import", content=content)

    head = "LV80BANK0000435195001 to 2024-02-09, 1128.00"
    assert first.stdout == f"{head}: 2 new, 0 known, 0 not booked yet.\nMovements: 1 MATCHED, 1 QUEUED.\n", first.output
    assert second.stdout == f"{head}: 0 new, 2 known, 0 not booked yet.\nMovements: 1 MATCHED, 1 QUEUED.\n"


async def test_what_is_refused_says_so_and_leaves_nothing(mains, utility):
    found = await mains("import", content=text_of(statement(PAID, closing="1.00")))

    assert found.exit_code == 1
    assert found.stderr.startswith("Refused, nothing was taken: TOTALS_DO_NOT_FIT: statement S1")
    assert await utility.run("select count(*) from statement_line") == 0


async def test_what_was_left_is_matched(mains, utility):
    await Bank(utility=utility).takes(bank_file(PAID))

    assert (await mains("match")).stdout == "1 movements matched or queued.\n"
    assert (await mains("match")).stdout == "0 movements matched or queued.\n"


async def test_the_status_tells_what_each_account_waits_for(mains, utility):
    before = await mains("status")
    await mains("import", content=text_of(statement(PAID, Paid(amount="7.00", text="paldies"))))

    after = await mains("status")

    assert (before.exit_code, before.stdout) == (0, "No statement was taken in yet.\n"), before.output
    said = "LV80BANK0000435195001 to 2024-02-09, 1128.00 EUR: 0 not matched yet, 2 in the queue, the oldest of 2024-02-"
    assert after.stdout.startswith(said), after.output
