"""The small utility of these tests, on a database of its own."""

import importlib.util
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import ModuleType

import psycopg
import pytest
from mains_server.billing.records import Hold
from mains_server.billing.run import Shift, run_billing
from mains_spi import ReadingRules, hookimpl

WRITTEN = (
    "invoice",
    "invoice_line",
    "invoice_tax",
    "ledger_transaction",
    "ledger_entry",
    "outbox_event",
    "rating_group",
)
FILE = Path(__file__).parent / "small_utility.py"


def _module() -> ModuleType:
    spec = importlib.util.spec_from_file_location("small_utility", FILE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["small_utility"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def small() -> ModuleType:
    """Give the module of the small utility."""
    return _module()


@pytest.fixture
def connection(psycopg_dsn: str) -> Iterator[psycopg.Connection]:
    """Give a connection to the test's database, each statement a transaction of its own."""
    with psycopg.connect(psycopg_dsn, autocommit=True) as opened:
        yield opened


@pytest.fixture
def town(connection: psycopg.Connection, small: ModuleType):
    """Give a town with a seller, prices and taxes."""
    made = small.Town(connection)
    made.found()
    return made


@pytest.fixture
def bill(connection: psycopg.Connection, small: ModuleType):
    """Give the billing of January, or of another request, on the test's connection or another."""

    def run(*, plugin=None, request=None, on=connection, **options):
        adapter = small.host_of(plugin).adapter("small")
        shift = Shift(adapter=adapter, now=small.NOW, **options)
        return run_billing(on, request=request or small.request(), shift=shift)

    return run


@pytest.fixture
def holds(connection: psycopg.Connection):
    """Give the contracts that a run holds."""
    wanted = (
        "select customer_id, contract_id, code, reason from billing_hold"
        " where run_id = %s and released_at is null order by contract_id"
    )

    def read(state):
        rows = connection.execute(wanted, [state.run.id]).fetchall()
        return [Hold(customer_id=row[0], contract_id=row[1], code=row[2], reason=row[3]) for row in rows]

    return read


@pytest.fixture
def totals(connection: psycopg.Connection):
    """Give the totals of all invoices by contract."""
    return lambda: dict(connection.execute("select contract_id, total from invoice order by 1").fetchall())


@pytest.fixture
def counts(connection: psycopg.Connection):
    """Give how many rows the tables that a run writes have."""
    tables = (*WRITTEN, "billing_run", "billing_chunk", "billing_hold", "fact_figure")
    return lambda: {table: connection.execute(f"select count(*) from {table}").fetchall()[0][0] for table in tables}


@pytest.fixture
def guessing(small):
    """Give an adapter whose utility estimates."""

    class Guessing(small.SmallUtility):  # type: ignore[name-defined]
        @hookimpl
        def describe_utility(self):
            return replace(
                small.SmallUtility.describe_utility(self),
                reading_rules=ReadingRules(from_day=25, upto_day=3, estimates=True),
            )

    return Guessing()


@pytest.fixture
def unread(town):
    """Have a household that was read at every month's first of the year before, 3 kWh a day, and not any more."""
    point = town.point()
    contract = town.contract(customer=town.customer(), points=(point,))
    register = town.meter(point)
    days = [date(2022, month, 1) for month in range(1, 13)] + [date(2023, 1, 1)]
    town.read(register, *((day, str(1000 + 3 * (day - days[0]).days)) for day in days))
    return contract, register
