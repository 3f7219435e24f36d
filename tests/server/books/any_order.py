"""A small utility in which things happen in any order: the world that the state machine of the books moves through.

Every meter has a truth that grows day by day, so that at the end what was billed can be held against what was used.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import psycopg
from mains_server.access.records import Refusal
from mains_server.adapters.live import LiveAdapter
from mains_server.billing.corrections import CorrectionRequest, correct_invoice, work_off
from mains_server.billing.crediting import credit_within
from mains_server.billing.operations import note_correction
from mains_server.billing.records import CorrectionReason, Hold, SingleBill
from mains_server.billing.run import Shift, run_billing
from mains_server.billing.single import bill_one
from mains_server.books.queries import CHECKS
from mains_server.contracts.operations import conclude_contract, end_contract
from mains_server.contracts.records import Coverage, NewContract
from mains_server.db.engine import make_engine
from mains_server.db.unit_of_work import unit_of_work
from mains_server.invoices.queries import is_billed
from mains_server.invoices.records import InvoiceKind
from mains_server.metering.operations import submit_reading
from mains_server.metering.records import ReadingSource, ReadingSubmission, SystemViewer
from mains_server.payments.operations import receive_payment
from mains_server.payments.records import PaymentMethod, PaymentRequest
from mains_spi import Period, ReadingRules, Utility, hookimpl
from sqlalchemy.ext.asyncio import AsyncSession

from tests.server.billing.small_utility import ADAPTER, SmallUtility, Town, host_of, request
from tests.server.books.order_truths import IN_VAIN, SETTLED, USED

START = date(2023, 1, 1)
FIRST_VALUE = 1000
PRICES_CHANGE_ON = date(2023, 4, 11)
RULES = ReadingRules(from_day=25, upto_day=3, estimates=True, times_average_max=Decimal(0))


class Estimating(SmallUtility):
    """The small utility, which bills an estimate where nobody has read."""

    @hookimpl
    def describe_utility(self) -> Utility:
        """Give its card."""
        card: Utility = SmallUtility.describe_utility(self)
        return replace(card, reading_rules=RULES)


class SettlingNext(Estimating):
    """The same, which puts the difference of a wrong bill on the next one."""

    @hookimpl
    def describe_utility(self) -> Utility:
        """Give its card."""
        return replace(Estimating.describe_utility(self), correction="next_bill")


@dataclass(kw_only=True)
class Household:
    """A customer's contract with its one register, and what the register really counts a day from some day on."""

    customer: int
    contract: int
    point: int
    register: int
    starts: date
    habits: dict[date, int]
    ends: date | None = None

    def truth(self, day: date) -> int:
        """Tell what the register shows at the start of a civil day."""
        value, since, daily = FIRST_VALUE, self.starts, 0
        for changed, uses in sorted(self.habits.items()):
            if changed > day:
                break
            value += daily * (changed - since).days
            since, daily = changed, uses
        return value + daily * (day - since).days


@dataclass(kw_only=True)
class World:
    """The utility, its database and its calendar; every step is a transaction as it would be in the server."""

    address: str
    connection: psycopg.Connection
    runner: asyncio.Runner
    utility: SmallUtility = field(default_factory=Estimating)
    today: date = START
    households: list[Household] = field(default_factory=list)
    steps: int = 0

    def __post_init__(self) -> None:
        self.town = Town(self.connection)
        self.town.found()
        self.town.price("fixed", starts=PRICES_CHANGE_ON, energy=("0.19", "EUR/kWh"), fee=("1.50", "EUR/month"))
        self.connection.execute(
            "update price_version set ends = %s where list = 'fixed' and starts < %s",
            [PRICES_CHANGE_ON, PRICES_CHANGE_ON],
        )
        self.host = host_of(self.utility)
        self.engine = make_engine(address=self.address, connections_max=4)

    @property
    def adapter(self) -> LiveAdapter:
        """Give the utility's adapter."""
        return self.host.adapter(ADAPTER)

    @property
    def now(self) -> datetime:
        """Give noon of today; no two steps are at one moment."""
        return datetime.combine(self.today, time(10), tzinfo=UTC) + timedelta(seconds=self.steps)

    def close(self) -> None:
        """Let go of the database."""
        self.runner.run(self.engine.dispose())

    def do(self, work: Callable[[AsyncSession], Awaitable[object]]) -> bool:
        """Do something in one transaction; a refusal by name is an answer, and leaves nothing behind."""

        async def run() -> bool:
            try:
                async with unit_of_work(self.engine) as session:
                    await work(session)
            except (Refusal, ValueError):
                return False
            return True

        self.steps += 1
        return self.runner.run(run())

    def wait(self, *, days: int) -> None:
        """Let days go by."""
        self.today += timedelta(days=days)

    def wait_for_month_end(self) -> None:
        """Wait for the first of the next month."""
        self.today = next_month(self.today)

    def move_in(self, *, daily: int) -> None:
        """Conclude a contract from the first of next month, and read its meter on that day."""
        starts = next_month(self.today)
        customer, point = self.town.customer(), self.town.point()
        register = self.town.meter(point, installed_on=starts)
        contract = NewContract(
            customer_id=customer,
            number=f"N{len(self.households)}",
            adapter=ADAPTER,
            product="fixed",
            starts=starts,
            covers=(Coverage(supply_point_id=point),),
            signed_on=self.today,
        )
        assert self.do(lambda session: conclude_contract(session, contract=contract))
        (contract_id,) = self.connection.execute("select max(id) from contract").fetchone() or (0,)
        self.town.read(register, (starts, str(FIRST_VALUE)))
        self.households.append(
            Household(
                customer=customer,
                contract=contract_id,
                point=point,
                register=register,
                starts=starts,
                habits={starts: daily},
            )
        )

    def move_out(self, household: Household, *, ends: date | None = None) -> bool:
        """End a contract on the first of next month, or on a day that is told late."""
        ends = ends or next_month(self.today)
        is_ended = self.do(lambda session: end_contract(session, contract_id=household.contract, ends=ends))
        if is_ended:
            household.ends = ends
        return is_ended

    def read(self, household: Household, *, days_ago: int, off_by: int = 0) -> bool:
        """Send in what a meter showed some days ago, as its customer would."""
        day = counted_day(self.today - timedelta(days=days_ago))
        value = household.truth(day) + off_by
        viewer = SystemViewer(
            source=ReadingSource.PORTAL, actor="somebody", contract_ids=frozenset({household.contract})
        )
        submission = ReadingSubmission(
            register_id=household.register,
            value=str(value),
            idempotency_key=f"step-{self.steps}",
            taken_at=self.now - timedelta(days=days_ago),
        )
        return self.do(
            lambda session: submit_reading(
                session,
                viewer=viewer,
                request=submission,
                now=self.now,
                is_billed=is_billed,
                host=self.host,
                note_correction=note_correction,
            )
        )

    def estimated_days(self, household: Household) -> list[date]:
        """List the days of which only an estimate is known."""
        rows = self.connection.execute(
            "select counts_for from reading where register_id = %s and status = 'ACCEPTED' and source = 'ESTIMATION'"
            " order by counts_for",
            [household.register],
        )
        return [day for (day,) in rows]

    def bill(self, *, months_ago: int = 1) -> None:
        """Run the billing of a whole month that is over; run again it goes on."""
        self.bill_month(month_back(self.today, months=months_ago))

    def bill_month(self, first: date) -> None:
        """Run the billing of the month that begins on a day."""
        period = Period(first, next_month(first))
        asked = replace(request(period), issued_on=self.today, now=self.now)
        self.steps += 1
        run_billing(self.connection, request=asked, shift=Shift(adapter=self.adapter, now=self.now))

    def bill_now(self, household: Household, *, kind: InvoiceKind = InvoiceKind.INSTANT) -> bool:
        """Bill a customer until today by the reading of today, or until the end of the contract."""
        ends = min(self.today, household.ends or self.today)
        starts = self.billed_until(household)
        if starts >= ends:
            return False
        asked = SingleBill(
            contract_id=household.contract,
            period=Period(starts, ends),
            kind=InvoiceKind.FINAL if ends == household.ends else kind,
            issued_on=self.today,
            now=self.now,
        )
        self.steps += 1
        try:
            with self.connection.transaction():
                found = bill_one(self.connection, adapter=self.adapter, request=asked)
        except Refusal:
            return False
        return not isinstance(found, Hold)

    def billed_until(self, household: Household) -> date:
        """Tell up to which day a contract is billed without a hole from its start."""
        rows = self.connection.execute(
            "select upper(d) from (select unnest(range_agg(daterange(period_from, period_to))) from invoice i"
            " where contract_id = %s and kind <> 'CREDIT' and not exists (select from invoice n"
            " where n.corrects_invoice_id = i.id and n.kind = 'CREDIT')) r (d) where lower(d) = %s",
            [household.contract, household.starts],
        ).fetchall()
        return rows[0][0] if rows else household.starts

    def last_billed(self, household: Household) -> date:
        """Tell up to which day a contract has a bill, also one that was taken back; no end is told before that."""
        rows = self.connection.execute(
            "select max(period_to) from invoice where contract_id = %s and kind <> 'CREDIT'", [household.contract]
        ).fetchall()
        return rows[0][0] or household.starts

    def pay(self, household: Household, *, cents: int) -> None:
        """Receive money from a customer."""
        payment = PaymentRequest(
            customer_id=household.customer,
            amount=Decimal(cents).scaleb(-2),
            currency="EUR",
            method=PaymentMethod.BANK_TRANSFER,
            received_on=self.today,
            reference="",
            idempotency_key=f"step-{self.steps}",
        )
        assert self.do(lambda session: receive_payment(session, request=payment, now=self.now))

    def take_back(self, number: str) -> None:
        """Take an invoice back as an employee does, and let the runs of its months bill its days anew."""
        asked = CorrectionRequest(
            document_number=number,
            reason=CorrectionReason.MISTAKE,
            note="taken back",
            issued_on=self.today,
            now=self.now,
        )
        if not self.do(lambda session: credit_within(session, request=asked)):
            return
        month, ends = self.connection.execute(
            "select date_trunc('month', period_from)::date, period_to from invoice where document_number = %s", [number]
        ).fetchall()[0]
        while month < ends and next_month(month) <= self.today:
            self.bill_month(month)
            month = next_month(month)

    def correct(self, number: str, *, reason: CorrectionReason) -> bool:
        """Look at one invoice again."""
        asked = CorrectionRequest(
            document_number=number, reason=reason, note="looked at again", issued_on=self.today, now=self.now
        )
        self.steps += 1
        try:
            self.runner.run(correct_invoice(self.engine, host=self.host, request=asked))
        except Refusal:
            return False
        return True

    def work_off(self) -> int:
        """Correct what is noted as due, and count what stays due."""
        self.steps += 1
        done = self.runner.run(work_off(self.engine, host=self.host, issued_on=self.today, now=self.now, at_most=1000))
        return len(done.refused)

    def bills_that_are_not_the_readings(self) -> list[tuple[str, str, str]]:
        """Hold the energy of each standing invoice against the readings at its two ends, but where a correction is due.

        Worked out here from the readings alone: no rule of the server is asked.
        """
        if isinstance(self.utility, SettlingNext):
            return self.connection.execute(SETTLED).fetchall()
        return self.connection.execute(USED).fetchall()

    def waiting_in_vain(self) -> list[tuple[int, Decimal]]:
        """List differences that wait for a bill though all days of their contract are billed."""
        return self.connection.execute(IN_VAIN).fetchall()

    def findings(self) -> Iterator[tuple[str, str, str | None, str | None]]:
        """Run every check of the books; prepared once a connection, since planning them costs most."""
        for check in CHECKS:
            statement = (
                f"select f.document::text, f.expected::text, f.found::text from ({check.statement})"
                " f (document, expected, found)"
            )
            for document, expected, found in self.connection.execute(statement.replace("%", "%%"), prepare=True):
                yield check.name, document, expected, found

    def happened(self) -> dict[str, int]:
        """Count what happened, by kind."""
        rows = self.connection.execute(
            "select 'invoice ' || lower(kind), count(*) from invoice group by 1"
            " union all select 'reading ' || lower(source) || ' ' || lower(status), count(*) from reading group by 1"
            " union all select 'held ' || code, count(*) from billing_hold group by 1"
            " union all select 'correction due', count(*) from correction_due"
            " union all select 'payment', count(*) from payment"
            " union all select 'correction ' || lower(outcome), count(*) from correction group by 1"
            " union all select 'difference ' || case when withdrawn_by_id is not null then 'withdrawn'"
            " when takes_back_id is not null then 'taken off' else 'settled' end, count(*) from settlement_line"
            " where net <> 0 group by 1"
        )
        return dict(rows.fetchall())

    def rewire(self, household: Household) -> None:
        """Find that a household has another connection than was billed: 16 A for 2.00 a month, or 25 A for 3.00."""
        self.connection.execute("update supply_point set amperes = 41 - amperes where id = %s", [household.point])

    def live_invoices(self, household: Household | None = None) -> list[str]:
        """List the invoices that no credit note has taken back, of all or one household."""
        rows = self.connection.execute(
            "select document_number from invoice i where kind <> 'CREDIT' and not exists (select from invoice n"
            " where n.corrects_invoice_id = i.id and n.kind = 'CREDIT')"
            " and contract_id = coalesce(%s, contract_id) order by id",
            [None if household is None else household.contract],
        )
        return [number for (number,) in rows]


@contextmanager
def world(address: str, *, utility: SmallUtility | None = None) -> Iterator[World]:
    """Open a world on an empty database, of a utility that replaces wrong bills, or another."""
    with (
        asyncio.Runner() as runner,
        psycopg.connect(address, autocommit=True, options="-c plan_cache_mode=force_generic_plan") as connection,
    ):
        made = World(address=address, connection=connection, runner=runner, utility=utility or Estimating())
        try:
            yield made
        finally:
            made.close()


def next_month(day: date) -> date:
    """Give the first of the month after a day."""
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def month_back(day: date, *, months: int) -> date:
    """Give the first of the month that lies some months before a day's."""
    first = day.replace(day=1)
    for _ in range(months):
        first = (first - timedelta(days=1)).replace(day=1)
    return first


def counted_day(taken: date) -> date:
    """Tell for which civil day a reading counts that was taken on a day, by the utility's rules."""
    if taken.day >= RULES.from_day:
        return next_month(taken)
    return taken.replace(day=1) if taken.day <= RULES.upto_day else taken
