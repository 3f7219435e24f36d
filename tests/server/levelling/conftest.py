"""The small utility of billing's tests, levelling its customers' payments."""

import importlib.util
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

import psycopg
import pytest
import pytest_asyncio
from mains_server.access.records import StaffRole, Viewer
from mains_server.adapters.host import AdapterHost
from mains_server.books.queries import check_books
from mains_server.contracts.queries import contract_by_id
from mains_server.db.unit_of_work import read_session, unit_of_work
from mains_server.ledger.queries import account_balances
from mains_server.levelling.changes import Asker, Change, Forecast
from mains_server.levelling.queries import plan_of
from mains_server.levelling.records import Plan
from mains_server.levelling.settling import Clerk
from mains_server.payments.operations import receive_payment
from mains_server.payments.records import PaymentMethod, PaymentRequest
from mains_spi import Capability, LevelledRules, Settlement, hookimpl
from sqlalchemy.ext.asyncio import AsyncEngine

FILE = Path(__file__).parents[1] / "billing" / "small_utility.py"
PERSON = "insert into person (email, name, language, created_at) values ('a@b.lv', 'A', 'lv', now()) returning id"


@pytest.fixture(scope="session")
def small() -> ModuleType:
    """Give the module of the small utility."""
    spec = importlib.util.spec_from_file_location("small_utility", FILE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["small_utility"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def connection(psycopg_dsn: str) -> Iterator[psycopg.Connection]:
    """Give a connection to the test's database, each statement a transaction of its own."""
    with psycopg.connect(psycopg_dsn, autocommit=True) as opened:
        yield opened


@pytest.fixture
def host(small: ModuleType) -> AdapterHost:
    """Give the utility, which levels the product `fixed` and calls a fifth more or less significant."""

    class Levelling(small.SmallUtility):  # type: ignore[name-defined,misc]
        @hookimpl
        def describe_utility(self) -> Any:
            rules = LevelledRules(due_day=20, significant_share=Decimal("0.20"))
            known = small.SmallUtility.describe_utility(self)
            return replace(known, capabilities=(Capability.LEVELLED,), levelled_rules=rules)

        @hookimpl
        def products(self, request: Any) -> Any:
            both = (Settlement.INVOICE, Settlement.LEVELLED)
            return tuple(
                replace(product, settlements=both) if product.code == "fixed" else product
                for product in small.SmallUtility.products(self, request)
            )

    return small.host_of(Levelling())  # type: ignore[no-any-return]


@dataclass
class Levelled:
    """Tells stories of levelled contracts: what a customer does, what the utility does, and how it stands."""

    town: Any
    engine: AsyncEngine
    host: AdapterHost
    person_id: int

    def asker(self, today: date, **change: Any) -> Asker:
        """Let an employee ask on a day."""
        viewer = Viewer(person_id=self.person_id, staff=frozenset({StaffRole.OPERATOR}))
        own = Asker(engine=self.engine, host=self.host, viewer=viewer, now=noon(today), today=today)
        return replace(own, **change)

    def clerk(self, today: date) -> Clerk:
        """Let the utility work on a day."""
        return Clerk(engine=self.engine, adapter=self.host.adapter("small"), now=noon(today), today=today)

    async def plan(self, contract: int) -> Plan | None:
        """Read a contract's plan."""
        async with read_session(self.engine) as session:
            return await plan_of(session, contract_id=contract)

    async def pay(self, contract: int, amount: str, on: date) -> None:
        """Pay on a contract."""
        async with unit_of_work(self.engine) as session:
            found = await contract_by_id(session, contract_id=contract)
            assert found is not None
            request = PaymentRequest(
                customer_id=found.customer_id,
                amount=Decimal(amount),
                currency="EUR",
                method=PaymentMethod.CARD,
                received_on=on,
                reference="",
                idempotency_key=f"{contract}:{on}:{amount}",
                contract_number=found.number,
            )
            await receive_payment(session, request=request, now=noon(on))

    async def accounts(self) -> dict[str, str]:
        """Give the customers' accounts by the ledger, after proving that the whole books balance."""
        async with read_session(self.engine) as session:
            assert (await check_books(session)).findings == ()
            found = await account_balances(session)
        wanted = ("receivable", "prepaid", "deferred")
        return {one.account: str(one.balance) for one in found if one.account in wanted and one.balance}

    def ask(self, statement: str, **values: Any) -> list[tuple[Any, ...]]:
        """Read rows."""
        return list(self.town.connection.execute(statement, values).fetchall())


@pytest_asyncio.fixture
async def levelled(connection, small, engine, host) -> Levelled:
    """Give a town with prices from 2022 on, and an employee."""
    town = small.Town(connection)
    town.found()
    (person,) = connection.execute(PERSON).fetchone()
    return Levelled(town, engine, host, person)


def noon(day: date) -> datetime:
    """Give noon of a day."""
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


def household(levelled: Levelled, *, readings: tuple[tuple[date, str], ...] = (), **values: Any) -> int:
    """Have a household with a meter, and give its contract."""
    town = levelled.town
    point = town.point()
    contract: int = town.contract(customer=town.customer(), points=(point,), **values)
    town.read(town.meter(point), *readings)
    return contract


def by_forecast(contract: int, kwh: str) -> Change:
    """Foretell a year's use."""
    return Change(contract_id=contract, forecast=(Forecast(zone=None, value=Decimal(kwh)),))
