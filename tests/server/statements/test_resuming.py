"""Whatever stops matching, nobody's money waits: what is left is matched by the queue, as one after the other."""

import os
import sys
from asyncio import create_subprocess_exec
from dataclasses import replace
from decimal import Decimal

import pytest
from asyncpg.exceptions import DeadlockDetectedError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mains_server.commands.jobs import match_bank_lines
from mains_server.db.work import Work
from mains_server.money.rules import creditor_reference
from mains_server.payments.receiving import receive_many
from mains_server.statements import matching
from mains_server.statements.operations import write_states

from tests.server.statements.camt_files import Paid, bank_file
from tests.server.statements.conftest import NOW

pytestmark = pytest.mark.asyncio
PAID = Paid(amount="10.00", name="Līga Kalniņa", iban="LV51HABA0000000000001", structured="RF79T000001")
FIVE = tuple(replace(PAID, amount=f"{n}.00") for n in range(1, 6))
STATES = "select state, count(*) from statement_line group by 1 order by 1"
RECEIVED = "select amount from payment order by id"
DIES = """
import asyncio, os, signal, sys
from mains_server.db.engine import make_engine
from mains_server.db.registry import whole_metadata
from mains_server.statements import matching
from tests.server.statements.conftest import NOW
whole_metadata()
write_states, turns = matching.write_states, []
async def dying(session, *, states):
    await write_states(session, states=states)
    turns.append(1)
    if len(turns) == 2:
        os.kill(os.getpid(), signal.SIGKILL)
matching.write_states = dying
asyncio.run(matching.match_new_lines(make_engine(address=sys.argv[1], connections_max=1), now=NOW, at_once=2))
"""


class Killed(BaseException):
    """What ends a program without asking it."""


async def house(bank):
    customer = await bank.utility.customer("C-100001")
    await bank.utility.invoice(customer, await bank.utility.contract(customer, "K-100001"), month=1, nets=("100.00",))


async def resume(bank):
    await match_bank_lines(Work(engine=bank.utility.engine, address="", now=NOW))


async def test_what_a_crash_left_new_is_matched_by_the_queue(bank, monkeypatch):
    await house(bank)
    await bank.takes(bank_file(*FIVE))
    turns = []

    async def dying(session, *, states):
        await write_states(session, states=states)
        turns.append(states)
        if len(turns) == 2:
            raise Killed

    monkeypatch.setattr(matching, "write_states", dying)
    with pytest.raises(Killed):
        await matching.match_new_lines(bank.utility.engine, now=NOW, at_once=2)
    assert await bank.asks(STATES) == [("MATCHED", 2), ("NEW", 3)]

    await resume(bank)
    await resume(bank)

    assert await bank.asks(STATES) == [("MATCHED", 5)]
    assert await bank.asks(RECEIVED) == [(Decimal(f"{n}.00"),) for n in range(1, 6)]
    assert await bank.is_sound() == Decimal("1015.00")


@pytest.mark.slow
async def test_a_process_that_is_killed_between_writing_and_committing_leaves_all_or_nothing(bank):
    await house(bank)
    await bank.takes(bank_file(*FIVE))
    address = bank.utility.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)

    died = await create_subprocess_exec(sys.executable, "-c", DIES, address, env={**os.environ, "PYTHONPATH": "."})

    assert await died.wait() == -9
    assert await bank.asks(STATES) == [("MATCHED", 2), ("NEW", 3)]
    await resume(bank)
    assert await bank.asks(RECEIVED) == [(Decimal(f"{n}.00"),) for n in range(1, 6)]
    assert await bank.is_sound() == Decimal("1015.00")


async def test_a_deadlock_is_tried_again(bank, monkeypatch):
    await house(bank)
    await bank.takes(bank_file(*FIVE))
    errors = [DeadlockDetectedError("deadlock"), DeadlockDetectedError("deadlock")]

    async def unlucky(session, **named):
        if errors:
            raise errors.pop()
        return await receive_many(session, **named)

    monkeypatch.setattr(matching, "receive_many", unlucky)

    assert await bank.matches() == 5
    assert await bank.asks(STATES) == [("MATCHED", 5)]


async def test_one_that_cannot_be_received_keeps_none_of_the_others_waiting(bank, monkeypatch):
    await house(bank)
    await bank.takes(bank_file(*FIVE))

    async def choking(session, *, requests, now):
        if any(request.amount == 3 for request in requests):
            raise ValueError("three is too much")
        return await receive_many(session, requests=requests, now=now)

    monkeypatch.setattr(matching, "receive_many", choking)
    await bank.matches()

    assert await bank.asks(STATES) == [("MATCHED", 4), ("QUEUED", 1)]
    assert await bank.asks("select amount, reason from statement_line where state = 'QUEUED'") == [
        (Decimal("3.00"), "DOUBTFUL")
    ]
    assert (await bank.balances())["unmatched"] == "-3.00"
    assert await bank.is_sound() == Decimal("1015.00")


HOUSES = 3
PAYMENT = st.tuples(
    st.integers(1, HOUSES),
    st.integers(0, 1),
    st.sampled_from(["121.00", "242.00", "363.00", "0.01", "500.00"]),
    st.sampled_from(["reference", "number", "customer", "nothing", "reference", "reversal"]),
    st.integers(1, 3),
)
LEFT = "select l.position, l.state, l.reason from statement_line l where statement_id = {} order by position"
PARTS = """
select l.position, p.customer_id - {1}, p.amount, s.rule from statement_part s join payment p on p.id = s.payment_id
join statement_line l on l.id = s.line_id where l.statement_id = {0} order by s.id
"""
SETTLED = """
select p.customer_id - {1}, i.number - {2}, l.position, a.amount from payment_allocation a
join payment p on p.id = a.payment_id join invoice i on i.id = a.invoice_id
join statement_part s on s.payment_id = p.id and s.amount > 0 join statement_line l on l.id = s.line_id
where l.statement_id = {0} order by p.id, i.number, a.amount
"""
BOOKED = """
select t.kind, t.customer_id - case when t.customer_id = 0 then 0 else {1} end, e.account, sum(e.amount)
from ledger_transaction t join ledger_entry e on e.transaction_id = t.id and e.customer_id = t.customer_id
where t.id > {3} and t.kind <> 'STATEMENT_OPENING' group by 1, 2, 3 order by 1, 2, 3
"""
SUGGESTED = """
select l.position, g.rank, g.customer_id - {1}, g.rule, g.confidence from statement_suggestion g
join statement_line l on l.id = g.line_id where l.statement_id = {0} order by 1, 2
"""


class World:
    """Customers of their own, each with two open invoices (121.00 and 242.00), in a database that has others."""

    def __init__(self, bank):
        self.bank = bank

    async def build(self):
        ask = self.bank.utility.run
        self.customers = await ask("select coalesce(max(id), 0) from customer")
        self.invoices = await ask("select coalesce(max(number), 0) from invoice")
        for n in range(self.customers + 1, self.customers + HOUSES + 1):
            customer = await self.bank.utility.customer(f"C-{200_000 + n}")
            contract = await self.bank.utility.contract(customer, f"K-{200_000 + n}")
            await self.bank.utility.invoice(customer, contract, month=1, nets=("100.00",))
            await self.bank.utility.invoice(customer, contract, month=2, nets=("200.00",))
        self.booked = await ask("select max(id) from ledger_transaction")
        return self

    async def take(self, paid, *, at_once):
        lines = [self._line(turn, *one) for turn, one in enumerate(paid)]
        opening = await self.bank.utility.run(
            "select coalesce((select closing from bank_statement order by id desc limit 1), 1000) * 100"
        )
        message = f"M{self.customers}"
        await self.bank.takes(bank_file(*lines, opening=f"{Decimal(opening) / 100:.2f}", message=message))
        await matching.match_new_lines(self.bank.utility.engine, now=NOW, at_once=at_once)
        statement = await self.bank.utility.run("select max(id) from bank_statement")
        known = (statement, self.customers, self.invoices, self.booked)
        return [await self.bank.asks(each.format(*known)) for each in (LEFT, PARTS, SETTLED, BOOKED, SUGGESTED)]

    def _line(self, turn, house, invoice, amount, written, payer):
        number = f"T-{self.invoices + 2 * house - 1 + invoice:06d}"
        words = {"number": f"rekins {number}", "customer": f"klients C-{200_000 + self.customers + house}"}
        iban = f"LV51HABA{self.customers:010d}{payer:03d}"
        line = Paid(amount=amount, name=f"Maksatajs {self.customers}", iban=iban, text=words.get(written, "siltums"))
        if written == "reversal":
            return replace(line, side="DBIT", is_reversal=True, end_to_end=f"E{house}")
        structured = creditor_reference(number) if written == "reference" else ""
        return replace(line, structured=structured, end_to_end=f"E{house}", ref=f"B{self.customers}-{turn}")


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(paid=st.lists(PAYMENT, min_size=2, max_size=9))
async def test_many_lines_at_once_leave_what_one_after_the_other_leaves(bank, paid):
    together = await (await World(bank).build()).take(paid, at_once=100)
    alone = await (await World(bank).build()).take(paid, at_once=1)

    assert together == alone
    await bank.is_sound()
