"""The world of `any_order` with levelled payment and a second product: plans, instalments, settlements and switches."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal

import psycopg
from mains_server.access.records import Refusal, StaffRole, Viewer
from mains_server.contracts.desk import Desk
from mains_server.contracts.switching import NewProduct, switch_product
from mains_server.db.unit_of_work import read_session
from mains_server.invoices.queries import billed_until
from mains_server.levelling.changes import Asker, Change, Forecast, change_plan, start_plan, stop_plan
from mains_server.levelling.mass import recalculate
from mains_server.levelling.queries import plan_of
from mains_server.levelling.records import Plan, RecalculationRequest
from mains_server.levelling.rules import first_month
from mains_server.levelling.settling import Clerk, settle
from mains_server.levelling.watching import watch
from mains_server.payments.operations import receive_payment
from mains_server.payments.records import PaymentMethod, PaymentRequest
from mains_server.payments.returning import reverse_payment
from mains_spi import Capability, LevelledRules, Product, Settlement, Tariff, Utility, hookimpl

from tests.server.billing.small_utility import FIXED, host_of
from tests.server.books.any_order import Estimating, Household, World, next_month

PERSON = "insert into person (email, name, language, created_at) values ('a@b.lv', 'A', 'lv', now()) returning id"
BOTH = (Settlement.INVOICE, Settlement.LEVELLED)
DUE_DAY = 20


class Levelling(Estimating):
    """The estimating utility, which levels the payments of two products."""

    @hookimpl
    def describe_utility(self) -> Utility:
        """Give its card."""
        rules = LevelledRules(due_day=DUE_DAY, significant_share=Decimal("0.20"))
        return replace(Estimating.describe_utility(self), capabilities=(Capability.LEVELLED,), levelled_rules=rules)

    @hookimpl
    def products(self, request: object) -> tuple[Product, ...]:
        """Give the product that all begin with, and one to switch to."""
        known: tuple[Product, ...] = Estimating.products(self, request)
        (fixed,) = [product for product in known if product.code == "fixed"]
        other = replace(fixed, code="other", tariff="other", price_list="other", settlements=BOTH)
        return (replace(fixed, settlements=BOTH), other)

    @hookimpl
    def tariff(self, request: object) -> Tariff:
        """Price both alike, by price lists of their own."""
        return FIXED


class LevellingWorld(World):
    """The utility and what people do with levelled payments; what is refused by name leaves nothing behind."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.town.price("other", energy=("0.11", "EUR/kWh"), fee=("4.00", "EUR/month"))
        self.host = host_of(Levelling())
        ((self.person_id,),) = self.connection.execute(PERSON).fetchall()

    @property
    def viewer(self) -> Viewer:
        """Give an employee."""
        return Viewer(person_id=self.person_id, staff=frozenset({StaffRole.OPERATOR}))

    @property
    def asker(self) -> Asker:
        """Let the employee ask today."""
        return Asker(engine=self.engine, host=self.host, viewer=self.viewer, now=self.now, today=self.today)

    @property
    def clerk(self) -> Clerk:
        """Let the utility work today."""
        return Clerk(engine=self.engine, adapter=self.adapter, now=self.now, today=self.today)

    def tried(self, work: object) -> bool:
        """Do something that has its own transactions; a refusal by name is an answer."""
        self.steps += 1
        try:
            self.runner.run(work)  # type: ignore[arg-type]
        except Refusal:
            return False
        return True

    def plan(self, household: Household) -> Plan | None:
        """Read a household's plan."""

        async def read() -> Plan | None:
            async with read_session(self.engine) as session:
                return await plan_of(session, contract_id=household.contract)

        return self.runner.run(read())

    def level(self, household: Household, *, kwh: int) -> bool:
        """Begin a levelled payment by a forecast."""
        change = Change(contract_id=household.contract, forecast=(Forecast(zone=None, value=Decimal(kwh)),))
        return self.tried(start_plan(self.asker, change=change, key=f"step-{self.steps}"))

    def change_amount(self, household: Household, *, cents: int) -> bool:
        """Pay another amount a month."""
        change = Change(contract_id=household.contract, amount=Decimal(cents).scaleb(-2))
        return self.tried(change_plan(self.asker, change=change, key=f"step-{self.steps}"))

    def stop(self, household: Household) -> bool:
        """Go back to invoices."""
        return self.tried(stop_plan(self.asker, contract_id=household.contract, key=f"step-{self.steps}"))

    def settle_now(self, household: Household) -> bool:
        """Settle up to today, by a reading of today."""
        return self.tried(settle(self.clerk, contract_id=household.contract, day=self.today))

    def look(self) -> None:
        """Do what is due with all plans."""
        assert self.tried(watch(self.clerk)), "what cannot be done is held, not refused"

    def recalculate(self) -> None:
        """Work all plans out anew for a year."""
        self.steps += 1
        starts = first_month(today=self.today, due_day=DUE_DAY)
        asked = RecalculationRequest(
            adapter=self.adapter.code, year=self.today.year, starts=starts, known_on=self.today, now=self.now
        )
        recalculate(self.connection, adapter=self.adapter, request=asked)

    def pay_for(self, household: Household, *, cents: int) -> None:
        """Pay on the contract, which holds it if it is levelled."""
        ((number,),) = self.connection.execute(
            "select number from contract where id = %s", [household.contract]
        ).fetchall()
        payment = PaymentRequest(
            customer_id=household.customer,
            amount=Decimal(cents).scaleb(-2),
            currency="EUR",
            method=PaymentMethod.BANK_TRANSFER,
            received_on=self.today,
            reference="",
            idempotency_key=f"step-{self.steps}",
            contract_number=number,
        )
        assert self.do(lambda session: receive_payment(session, request=payment, now=self.now))

    def bank_takes_back(self, household: Household, *, cents: int) -> bool:
        """Take back a customer's latest payment as its bank does, wholly or by an amount."""
        found = self.connection.execute("select max(id) from payment where customer_id = %s", [household.customer])
        ((payment,),) = found.fetchall()
        if payment is None:
            return False
        key, amount = f"step-{self.steps}", Decimal(cents).scaleb(-2) or None
        return self.do(
            lambda session: reverse_payment(
                session, payment_id=payment, reason="no money", now=self.now, amount=amount, key=key
            )
        )

    def switch(self, household: Household, *, product: str) -> bool:
        """Have another product from the first of next month on, under the same number."""
        desk = Desk(viewer=self.viewer, host=self.host, now=self.now, today=self.today, billed_until=billed_until)
        wanted = NewProduct(contract_id=household.contract, product=product, starts=next_month(self.today))
        return self.do(lambda session: switch_product(session, desk=desk, wanted=wanted))

    def unbalanced_accounts(self) -> list[tuple[int, Decimal, Decimal]]:
        """Hold what each customer's ledger says against papers and payments alone, worked out here.

        All that was billed less all that was paid is what is receivable, deferred and prepaid together.
        """
        return self.connection.execute(BALANCES).fetchall()

    def settlements_seen_as_debts(self) -> list[tuple[str, Decimal]]:
        """List settlements of running plans of which something is open."""
        return self.connection.execute(OPEN_SETTLEMENTS).fetchall()

    def left_on_closed_accounts(self) -> list[tuple[int, Decimal]]:
        """List contracts without a running plan that hold or lack money, though no day of a plan waits for its bill."""
        return self.connection.execute(LEFT_ON_CLOSED).fetchall()


BALANCES = """
select c.id, l.sum, i.sum - p.sum
from customer c
cross join lateral (
    select coalesce(sum(e.amount), 0) as sum from ledger_entry e
    where e.customer_id = c.id and e.account in ('receivable', 'prepaid', 'deferred')
) l
cross join lateral (select coalesce(sum(i.total), 0) as sum from invoice i where i.customer_id = c.id) i
cross join lateral (
    select (select coalesce(sum(p.amount), 0) from payment p where p.customer_id = c.id)
        - (select coalesce(sum(r.amount), 0) from payment_return r where r.customer_id = c.id) as sum
) p
where l.sum <> i.sum - p.sum
"""
OPEN_SETTLEMENTS = """
select s.document_number, s.open_amount from invoice_state s
join levelled_plan p on p.contract_id = s.contract_id and p.closed_at is null
    and s.period_to > p.starts and (p.ends is null or p.ends > s.period_to)
where s.kind = 'SETTLEMENT' and s.open_amount > 0 and s.status <> 'CREDITED'
"""
LEFT_ON_CLOSED = """
select c.id, coalesce((select sum(h.amount) from prepayment h where h.contract_id = c.id), 0)
    - coalesce((select sum(u.amount) from prepaid_use u where u.contract_id = c.id), 0) as left_over
from contract c
where coalesce((select sum(h.amount) from prepayment h where h.contract_id = c.id), 0)
    <> coalesce((select sum(u.amount) from prepaid_use u where u.contract_id = c.id), 0)
  and exists (select from levelled_plan p where p.contract_id = c.id)
  and not exists (select from levelled_plan p where p.contract_id = c.id and p.closed_at is null)
  and not exists (
    select from levelled_hold h where h.contract_id = c.id and h.task = 'settlement' and h.released_at is null
  )
"""


@contextmanager
def levelling_world(address: str) -> Iterator[LevellingWorld]:
    """Open a world on an empty database."""
    with (
        asyncio.Runner() as runner,
        psycopg.connect(address, autocommit=True, options="-c plan_cache_mode=force_generic_plan") as connection,
    ):
        made = LevellingWorld(address=address, connection=connection, runner=runner)
        try:
            yield made
        finally:
            made.close()
