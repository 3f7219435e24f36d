"""`mains correct --tariff`, `credit`, `verify` and `issue-due` on billed households, with bad words too."""

import asyncio
import importlib.util
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import psycopg
import pytest
from mains_server.billing.run import Shift, run_billing
from mains_server.cli import app
from mains_server.commands import correct, issue, verify
from typer.testing import CliRunner

pytestmark = pytest.mark.asyncio
SMALL = Path(__file__).parents[1] / "billing/small_utility.py"
TOTALS = "select document_number, kind, total from invoice order by id"


@pytest.fixture(scope="module")
def small():
    spec = importlib.util.spec_from_file_location("small_utility", SMALL)
    module = importlib.util.module_from_spec(spec)
    sys.modules["small_utility"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def town(psycopg_dsn, small):
    """Have a household of 100 kWh billed at 0.15 for January 2023: 18.20 and 3.82 tax are 22.02."""
    with psycopg.connect(psycopg_dsn, autocommit=True) as connection:
        found = small.Town(connection)
        found.found()
        found.household(used="100")
        shift = Shift(adapter=small.host_of().adapter("small"), now=small.NOW)
        run_billing(connection, request=small.request(), shift=shift)
        yield found


@pytest.fixture
def mains(database_url, monkeypatch, small):
    """Run a command with the small utility as the only adapter."""
    monkeypatch.setenv("MAINS_DATABASE_URL", database_url)
    for command in (correct, issue, verify):
        monkeypatch.setattr(command, "load_adapters", lambda **_: small.host_of())

    async def run(*words):
        return await asyncio.to_thread(CliRunner().invoke, app, words)

    return run


def _corrected_list(town):
    version = town.price("fixed", starts=date(2023, 1, 1), energy=("0.10", "EUR/kWh"), fee=("1.20", "EUR/month"))
    town.connection.execute("set session_replication_role = replica")
    town.connection.execute(
        "update price_version set known_from = %s where id = %s", [datetime(2023, 3, 1, tzinfo=UTC), version]
    )
    town.connection.execute("set session_replication_role = origin")


async def test_a_corrected_list_is_tried_then_corrected_then_done(mains, town):
    _corrected_list(town)
    words = ("correct", "--tariff", "small/fixed/2023-01-01", "--note", "wrong list")

    tried = await mains(*words, "--dry-run")
    before = town.connection.execute(TOTALS).fetchall()
    done, again = await mains(*words), await mains(*words)

    assert tried.stdout == "S-000001: REPLACED (-6.05 EUR)\n1 would be looked at, 0 refused; nothing was done\n"
    assert len(before) == 1
    assert done.stdout.startswith("S-000001: replaced by S-000003, credit note S-000002 (-6.05 EUR)\n")
    assert again.stdout == "0 looked at, 0 still due\n"
    trail = town.connection.execute("select act, reason from audit_entry").fetchall()
    assert [(act, reason.partition(": ")[2]) for act, reason in trail] == [
        ("mains correct", "small/fixed/2023-01-01: wrong list")
    ] * 2
    assert (tried.exit_code, done.exit_code, again.exit_code) == (0, 0, 0)


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("--tariff", "small/fixed"), 2, "ADAPTER/LIST/CODE"),
        (("S-000001", "--tariff", "small/fixed/2023-01-01"), 2, "not both"),
        (("S-000001", "--dry-run"), 2, "--tariff"),
        (("--tariff", "small/fixed/2040-01-01"), 1, "no version 2040-01-01"),
        (("S-000009",), 1, "no invoice S-000009"),
        (("S-000001", "--note", " "), 1, "say why"),
    ],
)
async def test_bad_words_are_refused_and_change_nothing(mains, town, words, code, says):
    before = town.connection.execute(TOTALS).fetchall()

    found = await mains("correct", *words)

    assert found.exit_code == code, found.output
    assert says in " ".join(found.output.replace("│", " ").split())
    assert town.connection.execute(TOTALS).fetchall() == before


async def test_a_credited_invoice_names_the_one_to_correct(mains, town):
    town.connection.execute("update supply_point set amperes = 25")
    first = await mains("correct", "S-000001", "--reason", "ATTRIBUTE")

    again = await mains("correct", "S-000001", "--reason", "ATTRIBUTE")

    assert (first.exit_code, again.exit_code) == (0, 1)
    assert "replaced by S-000003; correct that" in again.output


async def test_an_invoice_is_credited_once_and_its_reason_is_on_the_trail(mains, town):
    done = await mains("credit", "S-000001", "--note", "not theirs")
    before = town.connection.execute(TOTALS).fetchall()
    again = await mains("credit", "S-000001", "--note", "not theirs")

    assert (done.exit_code, done.stdout) == (0, "S-000001: credit note S-000002 (-22.02 EUR)\n")
    assert (again.exit_code, "was taken back" in again.output) == (1, True)
    assert town.connection.execute(TOTALS).fetchall() == before
    trail = town.connection.execute("select act, reason from audit_entry").fetchall()
    assert [(act, reason.partition(": ")[2]) for act, reason in trail] == [("mains credit", "S-000001: not theirs")]


async def test_invoices_verify_until_one_does_not(mains, town):
    equal = await mains("verify", "--issued-from", "2023-02-01", "--issued-before", "2023-03-01")
    town.connection.execute("set session_replication_role = replica")
    town.connection.execute("update invoice_line set net = 14.99 where code = 'energy'")

    wrong = await mains("verify", "--issued-from", "2023-02-01", "--adapter", "small")
    others = await mains("verify", "--issued-from", "2023-02-11")

    assert (equal.exit_code, equal.stdout) == (0, "1 equal, 0 not\n")
    assert wrong.exit_code == 1
    assert wrong.stdout == "S-000001: line 1 `energy` was 14.99, now 15.00\n0 equal, 1 not\n"
    assert (others.exit_code, others.stdout) == (0, "0 equal, 0 not\n")


async def test_what_cannot_be_asked_again_is_not_equal(mains, town):
    town.connection.execute("set session_replication_role = replica")
    town.connection.execute("""update invoice set inputs = inputs || '{"v": 9}'""")

    found = await mains("verify", "--issued-from", "2023-02-01")

    assert found.exit_code == 1
    assert found.stdout.startswith("S-000001: its question cannot be asked again: SnapshotUnreadable")


@pytest.mark.parametrize(
    "words", [("--issued-from", "2023-02-01", "--issued-before", "2023-02-01"), (), ("--issued-from", "1 May")]
)
async def test_verify_wants_days(mains, town, words):
    assert (await mains("verify", *words)).exit_code == 2


async def test_verify_knows_its_adapters(mains, town):
    found = await mains("verify", "--issued-from", "2023-02-01", "--adapter", "other")

    assert (found.exit_code, "No adapter other" in found.output) == (2, True)


async def test_a_contract_that_ended_gets_its_last_bill_once(mains, town, small):
    """Ten days of February with 10 kWh: 1.50, 10 of 28 days of 1.20 and 2.00 are 0.43 and 0.71; 2.64 and 0.55 tax."""
    ends = date(2023, 2, 11)
    town.connection.execute("update contract set ends = %s", [ends])
    town.connection.execute("update contract_supply_point set ends = %s", [ends])
    town.read(1, (ends, "1110"))

    first = await mains("issue-due", "--on", "2023-02-12")
    again = await mains("issue-due", "--on", "2023-02-13")

    assert first.stdout == "S-000002: final bill of 3.19 EUR\n1 issued, 0 held\n"
    assert again.stdout == "0 issued, 0 held\n"
    assert town.connection.execute(TOTALS).fetchall()[1][1] == "FINAL"


async def test_a_last_bill_without_a_price_is_held(mains, town):
    ends = date(2023, 2, 11)
    town.connection.execute("update contract set ends = %s", [ends])
    town.connection.execute("update contract_supply_point set ends = %s", [ends])
    town.connection.execute("update supply_point set amperes = 100")
    town.read(1, (ends, "1110"))

    found = await mains("issue-due", "--on", "2023-02-12")

    assert found.stdout.endswith("0 issued, 1 held\n")
    assert "missing_price" in found.stdout
    assert len(town.connection.execute(TOTALS).fetchall()) == 1
