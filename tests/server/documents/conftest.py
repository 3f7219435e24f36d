"""A town with issued invoices, and a press to print them."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import psycopg
import pytest
from mains_server.billing.run import Shift, run_billing
from mains_server.documents.operations import Press

FILE = Path(__file__).parents[1] / "billing" / "small_utility.py"


@pytest.fixture(scope="session")
def small() -> ModuleType:
    """Give the module of the small utility that billing is tested with."""
    spec = importlib.util.spec_from_file_location("small_utility", FILE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["small_utility"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def town(psycopg_dsn, small):
    """Give a town with a seller, prices and taxes, on a connection whose statements are transactions."""
    with psycopg.connect(psycopg_dsn, autocommit=True) as connection:
        made = small.Town(connection)
        made.found()
        yield made


@pytest.fixture
def bill(town, small):
    """Give the billing of January; the ids of its invoices come back."""

    def run(*, plugin=None):
        shift = Shift(adapter=small.host_of(plugin).adapter("small"), now=small.NOW)
        run_billing(town.connection, request=small.request(), shift=shift)
        return [row[0] for row in town.connection.execute("select id from invoice order by id").fetchall()]

    return run


@pytest.fixture
def press(engine, small):
    """Give a press with the small utility's adapter, or another one."""

    def made(plugin=None) -> Press:
        return Press(engine=engine, host=small.host_of(plugin), now=small.NOW)

    return made
