"""The small utility of billing's tests, which charges reminders and late interest, and whose customers owe it."""

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
from mains_server.billing.corrections import CorrectionRequest
from mains_server.billing.crediting import take_back_invoice
from mains_server.billing.records import CorrectionReason
from mains_server.billing.run import Shift, run_billing
from mains_server.books.queries import check_books
from mains_server.contracts.desk import Desk
from mains_server.db.unit_of_work import read_session, unit_of_work
from mains_server.dunning.jobs import day_of_debts
from mains_server.dunning.operations import lay_down_policy
from mains_server.dunning.reminding import Dunner
from mains_server.invoices.queries import billed_until
from mains_server.payments.operations import receive_payment
from mains_server.payments.records import PaymentMethod, PaymentRequest, Settle
from mains_spi import ChargeCode, Const, Period, PerUnit, Price, Qty, QuantityKind, hookimpl
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.server.dunning.debts import policy

FILE = Path(__file__).parents[1] / "billing" / "small_utility.py"
PERSON = "insert into person (email, name, language, created_at) values ('a@b.lv', 'A', 'lv', now()) returning id"
FEES = (("reminder_sms", "pcs"), ("late_interest", "EUR"), ("late_interest_back", "EUR"))


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
    """Give the utility with fees for reminders and late interest."""
    fees = (
        PerUnit("reminder_sms", Qty("reminder_sms", "pcs"), Price("network.reminder", "EUR/pcs"), if_given=True),
        PerUnit("late_interest", Qty("late_interest", "EUR"), Const(1, "1"), if_given=True),
        PerUnit("late_interest_back", Const(-1, "1") * Qty("late_interest_back", "EUR"), Const(1, "1"), if_given=True),
    )
    places = (("reminder_sms", 0), ("late_interest", 2), ("late_interest_back", 2))
    fixed = replace(small.FIXED, components=(*small.FIXED.components, *fees), places=places)

    class Dunning(small.SmallUtility):  # type: ignore[name-defined,misc]
        @hookimpl
        def describe_utility(self) -> Any:
            known = small.SmallUtility.describe_utility(self)
            charges = tuple(ChargeCode(code, "contractual", f"small.{code}", small.WORDS) for code, _ in FEES)
            quantities = tuple(QuantityKind(code, unit, 0 if unit == "pcs" else 2) for code, unit in FEES)
            return replace(known, charges=(*known.charges, *charges), quantities=(*known.quantities, *quantities))

        @hookimpl
        def tariff(self, request: Any) -> Any:
            return fixed if request.product == "fixed" else small.SmallUtility.tariff(self, request)

    return small.host_of(Dunning())  # type: ignore[no-any-return]


@dataclass
class Debtors:
    """Tells stories of debts: bills, payments, what the utility's days bring, and how it stands."""

    town: Any
    small: Any
    engine: AsyncEngine
    host: AdapterHost
    person_id: int

    def household(self, *, kind: str = "PRIVATE", used: str = "1000", **values: Any) -> int:
        """Have somebody with a meter read at the firsts of 2023, and give their contract."""
        town, point = self.town, self.town.point()
        contract: int = town.contract(customer=town.customer(kind=kind), points=(point,), **values)
        days = [date(2023, month, 1) for month in range(1, 13)]
        town.read(town.meter(point), *((day, str(1000 + n * int(used))) for n, day in enumerate(days)))
        return contract

    def bill(self, month: int) -> None:
        """Bill a month of 2023; due twenty days after the tenth of the next one."""
        period = Period(date(2023, month, 1), date(2023, month + 1, 1))
        shift = Shift(adapter=self.host.adapter("small"), now=noon(period.end))
        run_billing(self.town.connection, request=self.small.request(period), shift=shift)

    async def policy(self, **change: Any) -> None:
        """Lay a policy down."""
        async with unit_of_work(self.engine) as session:
            await lay_down_policy(session, policy=policy(**change))

    async def day(self, today: date) -> dict[str, int]:
        """Let a day pass, twice: the second time there must be nothing left to do."""
        dunner = self.dunner(today)
        done = dict(await day_of_debts(dunner))
        again = await day_of_debts(dunner)
        assert not again or set(again) == {"unbillable"}, again
        return done

    def dunner(self, today: date) -> Dunner:
        """Let the utility work on a day."""
        return Dunner(engine=self.engine, adapter=self.host.adapter("small"), now=noon(today), today=today)

    def desk(self, today: date, *, viewer: Viewer | None = None) -> Desk:
        """Let an employee, or somebody else, ask on a day."""
        own = viewer or Viewer(person_id=self.person_id, staff=frozenset({StaffRole.OPERATOR}))
        return Desk(viewer=own, host=self.host, now=noon(today), today=today, billed_until=billed_until)

    async def do(self, step: Any, **given: Any) -> Any:
        """Take a step in a transaction of its own."""
        async with unit_of_work(self.engine) as session:
            return await step(session, **given)

    async def pay(
        self, contract: int, amount: str, on: date, *, number: str | None = None, booked: date | None = None
    ) -> None:
        """Pay for a contract's customer, the oldest invoice first or one by number; it may be booked later."""
        request = PaymentRequest(
            customer_id=self.one("select customer_id from contract where id = %s", contract),
            amount=Decimal(amount),
            currency="EUR",
            method=PaymentMethod.CARD,
            received_on=on,
            reference="",
            idempotency_key=f"{contract} {on} {amount}",
            settles=() if number is None else (Settle(document_number=number),),
        )
        async with unit_of_work(self.engine) as session:
            await receive_payment(session, request=request, now=noon(booked or on))

    async def take_back(self, number: str, on: date) -> None:
        """Take an invoice back as an employee does."""
        request = CorrectionRequest(
            document_number=number, reason=CorrectionReason.MISTAKE, note="waived", issued_on=on, now=noon(on)
        )
        await take_back_invoice(self.engine, request=request)

    async def assert_books(self) -> None:
        """Prove that the whole books balance."""
        async with read_session(self.engine) as session:
            assert (await check_books(session)).findings == ()

    def rows(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Read rows."""
        return list(self.town.connection.execute(statement, values or None).fetchall())

    def one(self, statement: str, *values: Any) -> Any:
        """Read one value."""
        ((found,),) = self.rows(statement, *values)
        return found


@pytest_asyncio.fixture
async def debtors(connection, small, engine, host) -> Debtors:
    """Give a town with prices from 2022 on, a price for reminders, and an employee."""
    town = small.Town(connection)
    town.found()
    town.insert("tax_rate", code="contractual", rate="0", starts=small.FIRST, source="test")
    (version,) = connection.execute("select id from price_version where list = 'network'").fetchone()
    town.insert(
        "price_row", version_id=version, position=9, name="reminder", value="0.06", unit="EUR/pcs",
        conditions=psycopg.types.json.Jsonb([]),
    )  # fmt: skip
    (person,) = connection.execute(PERSON).fetchone()
    return Debtors(town, small, engine, host, person)


def noon(day: date) -> datetime:
    """Give noon of a day."""
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
