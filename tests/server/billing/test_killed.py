"""A run that is killed at any moment and started again bills every contract exactly once."""

import signal
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent / "killed_run.py"


@pytest.mark.parametrize(
    ("step", "times"), [("planned", 1), ("claimed", 2), ("gathered", 1), ("rated", 3), ("booked", 2), ("done", 2)]
)
def test_killed_at_a_step_and_started_again(town, connection, small, bill, totals, counts, psycopg_dsn, step, times):
    contracts = [town.household(used=str(at)) for at in range(6)] + list(town.house()[1])

    killed = subprocess.run([sys.executable, str(SCRIPT), psycopg_dsn, step, str(times)], timeout=60, check=False)
    between = counts()["invoice"]
    state = bill(request=small.request(contracts_per_chunk=3))

    assert killed.returncode == -signal.SIGKILL
    assert between < len(contracts)
    assert (state.invoiced, state.held) == (len(contracts), 0)
    assert list(totals()) == contracts
    _assert_whole(connection, len(contracts))


def test_killed_at_any_moment_again_and_again(town, connection, small, bill, totals, psycopg_dsn):
    contracts = [town.household(used=str(at)) for at in range(60)]
    for milliseconds in (0, 900, 1000, 1100, 1200):
        running = subprocess.Popen([sys.executable, str(SCRIPT), psycopg_dsn, "never", "1"])
        time.sleep(milliseconds / 1000)
        running.kill()
        running.wait(60)

    bill(request=small.request(contracts_per_chunk=3))

    assert list(totals()) == contracts
    _assert_whole(connection, 60)


def _assert_whole(connection, invoices):
    """Everything that belongs to an invoice is there once: numbers without gap, lines, postings that sum to zero."""
    numbers = [row[0] for row in connection.execute("select number from invoice order by number")]
    assert numbers == list(range(1, invoices + 1))
    posted = connection.execute("select document_id from ledger_transaction order by document_id").fetchall()
    assert posted == connection.execute("select id from invoice order by id").fetchall()
    assert connection.execute("select sum(amount) from ledger_entry").fetchone() == (Decimal("0.00"),)
    owed = connection.execute("select sum(amount) from ledger_entry where account = 'receivable'").fetchone()
    assert owed == connection.execute("select sum(total) from invoice").fetchone()
    nets = connection.execute("select sum(net) from invoice_line where not is_after_tax").fetchone()
    assert nets == connection.execute("select sum(net) from invoice").fetchone()
    events = connection.execute("select count(distinct payload->>'invoice_id'), count(*) from outbox_event").fetchone()
    assert events == (invoices, invoices)
