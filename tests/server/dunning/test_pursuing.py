"""Reminders and late interest on real bills: once each, on the next bill, and taken off where they were not owed."""

import asyncio
from datetime import date
from decimal import Decimal

import pytest
from mains_server.db.engine import make_engine
from mains_server.dunning import accruing, queries
from mains_server.dunning.accruing import charge_interest
from mains_server.dunning.operations import PolicyStands, close_dispute, lay_down_policy, open_dispute
from mains_server.dunning.reminding import remind
from sqlalchemy.ext.asyncio import AsyncSession

from tests.server.dunning.debts import policy

pytestmark = pytest.mark.asyncio
D = Decimal
# 1000 kWh x 0.15 = 150.00, fee 1.20, network 2.00: 153.20 and 21 % tax 32.17 make 185.37, due on 2023-03-02.
TOTAL = D("185.37")
REMINDERS = "select stage, channel, day, fee_code from reminder order by id"
CHARGES = "select amount from interest_charge order by id"
LINES = "select net from invoice_line where code like %s order by invoice_id"


async def test_each_stage_once_and_its_fee_on_the_next_bill(debtors):
    debtors.household()
    await debtors.policy(interest={"household_rate": None})
    debtors.bill(1)

    assert debtors.one("select due_on from invoice") == date(2023, 3, 2)
    assert await debtors.day(date(2023, 3, 6)) == {}
    assert await debtors.day(date(2023, 3, 7)) == {"reminded": 1}
    assert await debtors.day(date(2023, 3, 8)) == {}
    assert await debtors.day(date(2023, 3, 22)) == {"reminded": 1}
    assert await debtors.day(date(2023, 6, 1)) == {"reminded": 1}
    assert await debtors.day(date(2023, 7, 1)) == {}

    assert debtors.rows(REMINDERS) == [
        (1, "SMS", date(2023, 3, 7), "reminder_sms"),
        (2, "EMAIL", date(2023, 3, 22), None),
        (3, "LETTER", date(2023, 6, 1), None),
    ]
    debtors.bill(2)
    debtors.bill(3)
    assert debtors.rows(LINES, "reminder_sms") == [(D("0.06"),)]
    assert debtors.one("select count(*) from outbox_event where kind = 'dunning.reminded'") == 3
    await debtors.assert_books()


async def test_two_workers_remind_once(debtors):
    for _ in range(5):
        debtors.household()
    await debtors.policy()
    debtors.bill(1)

    dunner = debtors.dunner(date(2023, 3, 10))
    counts = await asyncio.gather(remind(dunner), remind(dunner), remind(dunner))

    assert sum(counts) == 5
    assert len(debtors.rows(REMINDERS)) == 5
    assert debtors.one("select count(*) from contract_fee") == 5


async def test_a_worker_that_dies_leaves_whole_reminders(debtors, monkeypatch):
    for _ in range(3):
        debtors.household()
    await debtors.policy()
    debtors.bill(1)
    begun = 0

    original = AsyncSession.scalar

    async def dying(self, statement, *given, **more):
        nonlocal begun
        if str(getattr(statement, "table", "")) == "reminder":
            begun += 1
            if begun == 2:
                raise ConnectionResetError("the worker is gone")
        return await original(self, statement, *given, **more)

    monkeypatch.setattr(AsyncSession, "scalar", dying)
    with pytest.raises(ConnectionResetError):
        await remind(debtors.dunner(date(2023, 3, 10)))
    monkeypatch.undo()

    assert (len(debtors.rows(REMINDERS)), debtors.one("select count(*) from contract_fee")) == (1, 1)
    assert await remind(debtors.dunner(date(2023, 3, 10))) == 2
    assert (len(debtors.rows(REMINDERS)), debtors.one("select count(*) from contract_fee")) == (3, 3)


async def test_a_disputed_invoice_is_left_alone_until_somebody_has_looked(debtors):
    debtors.household()
    await debtors.policy()
    debtors.bill(1)
    invoice = debtors.one("select id from invoice")
    day = date(2023, 3, 10)

    await debtors.do(open_dispute, desk=debtors.desk(day), invoice_id=invoice, reason="The meter is wrong.")
    assert await remind(debtors.dunner(day)) == 0
    await debtors.do(close_dispute, desk=debtors.desk(day), invoice_id=invoice, answer="It is right.")

    assert await remind(debtors.dunner(day)) == 1


async def test_the_server_may_dispute_and_remind_under_its_own_role(debtors, database_url):
    debtors.household()
    await debtors.policy()
    debtors.bill(1)
    engine = make_engine(address=database_url, connections_max=2, role="mains_server")
    debtors.engine = engine

    assert await debtors.day(date(2023, 4, 1)) == {"reminded": 1, "charged": 1}
    desk = debtors.desk(date(2023, 4, 1))
    await debtors.do(open_dispute, desk=desk, invoice_id=1, reason="The meter is wrong.")
    await engine.dispose()

    assert debtors.rows(CHARGES) == [(D("0.88"),)]


async def test_what_is_paid_or_small_is_not_reminded(debtors):
    paid, small, other = (debtors.household() for _ in range(3))
    await debtors.policy()
    debtors.bill(1)
    await debtors.pay(paid, "185.37", date(2023, 3, 1))
    await debtors.pay(small, "180.38", date(2023, 3, 1))

    assert await remind(debtors.dunner(date(2023, 3, 10))) == 1
    assert debtors.one("select contract_id from reminder") == other


async def test_interest_comes_on_the_next_bill(debtors):
    debtors.household()
    await debtors.policy()
    debtors.bill(1)

    assert (await debtors.day(date(2023, 3, 31))).get("charged") is None
    assert (await debtors.day(date(2023, 4, 1)))["charged"] == 1

    # March 3rd to 31st are 29 days: 185.37 x 0.06 x 29 / 365 = 0.8837.
    assert debtors.rows(CHARGES) == [(D("0.88"),)]
    for month in (2, 3, 4):
        debtors.bill(month)
    assert debtors.rows(LINES, "late_interest") == [(D("0.88"),)]
    assert debtors.one("select -sum(amount) from ledger_entry where account = 'revenue:small.late_interest'") == D(
        "0.88"
    )
    await debtors.assert_books()


async def test_interest_is_charged_at_once_where_the_debt_is_paid_and_only_for_its_days(debtors):
    contract = debtors.household()
    await debtors.policy()
    debtors.bill(1)
    await debtors.pay(contract, "85.37", date(2023, 3, 12))
    await debtors.pay(contract, "100.00", date(2023, 4, 11))

    # Ten days on 185.37 and thirty on 100.00: (1853.70 + 3000.00) x 0.06 / 365 = 0.7979.
    assert (await debtors.day(date(2023, 4, 12)))["charged"] == 1
    assert await debtors.day(date(2023, 6, 1)) == {}

    assert debtors.rows(CHARGES) == [(D("0.80"),)]


async def test_there_is_no_interest_on_interest(debtors):
    contract = debtors.household()
    await debtors.policy(stages=())
    debtors.bill(1)
    await debtors.day(date(2023, 4, 1))
    await debtors.pay(contract, "185.37", date(2023, 4, 1))
    await debtors.day(date(2023, 4, 2))
    for month in (2, 3, 4):
        debtors.bill(month)
    first = {row[0]: row[1] for row in debtors.rows("select period_from, total from invoice")}

    # April's bill carries 30 days on 185.37: 0.9141, of which 0.88 were charged before the last day and 0.03 after.
    assert first[date(2023, 4, 1)] == TOTAL + D("0.91")
    await debtors.day(date(2023, 7, 1))
    charged = debtors.rows(
        "select h.amount from interest_charge h join invoice i on i.id = invoice_id where period_from = '2023-04-01'"
    )
    # Due on May 30th; May 31st and June are 31 days on 185.37 alone: 0.9446.
    assert charged == [(D("0.94"),)]


async def test_interest_on_an_invoice_that_is_taken_back_never_reaches_a_bill(debtors):
    debtors.household()
    await debtors.policy()
    debtors.bill(1)
    await debtors.day(date(2023, 4, 1))

    await debtors.take_back("S-000001", date(2023, 4, 5))
    assert await debtors.day(date(2023, 4, 6)) == {"taken off": 1}

    assert debtors.rows(CHARGES) == [(D("0.88"),), (D("-0.88"),)]
    assert debtors.one("select count(*) from contract_fee where code like 'late%'") == 0
    debtors.bill(1)
    await debtors.assert_books()


async def test_interest_that_was_billed_comes_off_on_the_next_bill(debtors):
    debtors.household()
    await debtors.policy(stages=())
    await debtors.policy(starts=date(2023, 4, 2), interest={"household_rate": None}, stages=())
    debtors.bill(1)
    await debtors.day(date(2023, 4, 1))
    for month in (2, 3, 4):
        debtors.bill(month)
    await debtors.take_back("S-000001", date(2023, 5, 11))

    assert (await debtors.day(date(2023, 5, 12)))["taken off"] == 1
    debtors.bill(5)

    # February's was due on March 30th, two days before interest was ended: 185.37 x 0.06 x 2 / 365 = 0.0609.
    assert debtors.rows(LINES, "late_interest") == [(D("0.88"),), (D("0.06"),)]
    assert debtors.rows(LINES, "late_interest_back") == [(D("-0.88"),)]
    assert debtors.rows(CHARGES) == [(D("0.88"),), (D("-0.88"),), (D("0.06"),)]
    debtors.bill(1)
    await debtors.assert_books()


async def test_a_policy_for_past_days_puts_right_what_was_charged_on_debts_paid_since(debtors):
    contract = debtors.household()
    await debtors.policy(stages=())
    debtors.bill(1)
    await debtors.pay(contract, "185.37", date(2023, 4, 11))
    await debtors.day(date(2023, 4, 12))
    await debtors.day(date(2023, 4, 20))
    # Forty days, March 3rd to April 11th: 185.37 x 0.06 x 40 / 365 = 1.2189.
    assert debtors.rows(CHARGES) == [(D("1.22"),)]

    # The ten days from March 10th on become free: thirty days are 0.9141.
    await debtors.policy(starts=date(2023, 3, 10), interest={"household_rate": None}, stages=())
    await debtors.policy(starts=date(2023, 3, 20), stages=())

    assert await debtors.day(date(2023, 5, 2)) == {"taken off": 1}
    assert debtors.rows(CHARGES) == [(D("1.22"),), (D("-1.22"),), (D("0.91"),)]
    assert await debtors.day(date(2023, 5, 3)) == {}


async def test_a_policy_laid_down_while_debts_are_looked_at_is_not_overlooked(debtors, monkeypatch):
    contract = debtors.household()
    await debtors.policy(stages=())
    debtors.bill(1)
    await debtors.pay(contract, "185.37", date(2023, 4, 11))
    await debtors.day(date(2023, 4, 12))
    noting = accruing._note_seen

    async def laid_down_before_it_is_noted(session, **given):
        await debtors.policy(starts=date(2023, 3, 10), interest={"household_rate": None}, stages=())
        await noting(session, **given)

    monkeypatch.setattr(accruing, "_note_seen", laid_down_before_it_is_noted)
    await charge_interest(debtors.dunner(date(2023, 4, 20)))
    monkeypatch.undo()

    # Seven days, to March 9th: 185.37 x 0.06 x 7 / 365 = 0.2133.
    assert await debtors.day(date(2023, 5, 2)) == {"taken off": 1}
    assert debtors.one("select sum(amount) from interest_charge") == D("0.21")


async def test_a_business_has_its_own_rate(debtors):
    debtors.household(kind="BUSINESS")
    await debtors.policy(stages=())
    debtors.bill(1)

    # 185.37 x 0.12 x 29 / 365 = 1.7674.
    assert await debtors.day(date(2023, 4, 1)) == {"charged": 1}
    assert debtors.rows(CHARGES) == [(D("1.77"),)]


async def test_two_workers_charge_once(debtors):
    for _ in range(4):
        debtors.household()
    await debtors.policy()
    debtors.bill(1)

    dunner = debtors.dunner(date(2023, 4, 1))
    counts = await asyncio.gather(*(charge_interest(dunner) for _ in range(3)))

    assert sum(one["charged"] for one in counts) == 4
    assert debtors.rows(CHARGES) == [(D("0.88"),)] * 4


async def test_a_worker_that_dies_leaves_whole_charges(debtors, monkeypatch):
    for _ in range(5):
        debtors.household()
    await debtors.policy()
    debtors.bill(1)
    begun = 0

    original = AsyncSession.execute

    async def dying(self, statement, *given, **more):
        nonlocal begun
        if str(getattr(statement, "table", "")) == "interest_charge":
            begun += 1
            if begun == 4:
                raise ConnectionResetError("the worker is gone")
        return await original(self, statement, *given, **more)

    # Two in each transaction: the fee of the fourth is noted and its charge is not, and both go with the third's.
    monkeypatch.setattr(accruing, "INVOICES_HELD_MAX", 2)
    monkeypatch.setattr(AsyncSession, "execute", dying)
    with pytest.raises(ConnectionResetError):
        await charge_interest(debtors.dunner(date(2023, 4, 1)))
    monkeypatch.setattr(AsyncSession, "execute", original)

    assert (len(debtors.rows(CHARGES)), debtors.one("select count(*) from contract_fee")) == (2, 2)
    assert await charge_interest(debtors.dunner(date(2023, 4, 1))) == {"charged": 3}
    assert debtors.rows(CHARGES) == [(D("0.88"),)] * 5
    assert debtors.one("select count(*) from contract_fee") == 5


async def test_nobody_is_held_where_nothing_changes(debtors, monkeypatch):
    debtors.household()
    await debtors.policy()
    debtors.bill(1)
    await debtors.day(date(2023, 4, 1))

    async def forbidden(*_given, **_more):
        raise AssertionError("somebody was held")

    monkeypatch.setattr(queries, "lock_accounts", forbidden)

    assert await debtors.day(date(2023, 4, 2)) == {}


async def test_a_policy_is_followed_and_never_changed(debtors):
    await debtors.policy()

    assert await debtors.do(lay_down_policy, policy=policy()) is False
    with pytest.raises(PolicyStands):
        await debtors.do(lay_down_policy, policy=policy(reminder_min=D("9.00")))

    assert debtors.rows("select reminder_min from dunning_policy") == [(D("5.00"),)]
