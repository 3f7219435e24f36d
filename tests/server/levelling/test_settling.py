"""What was used is billed, the account takes the bill over, and the difference is spread or given back."""

import asyncio
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from mains_server.access.records import Refusal
from mains_server.billing.moments import NobodyToInvoice
from mains_server.billing.records import SingleBill
from mains_server.billing.single import bill_one
from mains_server.db.engine import make_engine
from mains_server.db.migrate import server_role
from mains_server.db.unit_of_work import unit_of_work
from mains_server.invoices.records import InvoiceKind
from mains_server.levelling import changes, operations, settling
from mains_server.levelling.changes import Change
from mains_server.levelling.records import PlanReason, UsageBasis
from mains_server.levelling.watching import watch
from mains_server.levelling.working_out import CostNotKnown
from mains_server.payments import taking_over
from mains_server.payments.prepaid import take_over
from mains_spi import Period

from tests.server.levelling.conftest import by_forecast, household

pytestmark = pytest.mark.asyncio
TODAY = date(2023, 1, 10)
FEBRUARY, YEAR_LATER = date(2023, 2, 1), date(2024, 2, 1)
SETTLED_ON = date(2024, 2, 5)


async def a_year(levelled, *, end="2320", paid="20.00", months=12):
    """A plan for 1200 kWh a year from February on, twelve payments, and readings around the year."""
    contract = household(levelled, readings=((FEBRUARY, "1000"), (YEAR_LATER, end)))
    await changes.start_plan(levelled.asker(TODAY), change=by_forecast(contract, "1200"), key=f"s{contract}")
    for month in range(months):
        at = 1 + month
        await levelled.pay(contract, paid, date(2023 + at // 12, at % 12 + 1, 15))
    return contract


async def test_a_year_is_settled_and_the_difference_spread(levelled):
    contract = await a_year(levelled)

    number = await settling.settle(levelled.clerk(SETTLED_ON), contract_id=contract, day=YEAR_LATER)

    # 1320 kWh x 0.15 + 12 x 3.20 = 236.40, with tax 286.04; 240.00 were paid: 46.04 are spread.
    # The next year costs the same: 286.04 + 46.04 = 332.08, 27.68 in the first four months, then 27.67.
    plan = await levelled.plan(contract)
    assert levelled.ask("select document_number, kind, total from invoice") == [
        (number, "SETTLEMENT", Decimal("286.04"))
    ]
    assert (plan.reason, plan.basis, str(plan.usage[0].value)) == (
        PlanReason.SETTLEMENT,
        UsageBasis.HISTORY,
        "1320.000",
    )
    assert (str(plan.amounts.difference), str(plan.amounts.total)) == ("46.04", "332.08")
    asked = "select amount, base_part, difference_part from levelled_instalment where version_id = %(version)s"
    first = levelled.ask(f"{asked} order by number limit 1", version=plan.version_id)
    assert first == [(Decimal("27.68"), Decimal("23.84"), Decimal("3.84"))]
    assert await levelled.accounts() == {"deferred": "46.04"}
    state = "select open_amount, status, paid, levelled from invoice_state"
    assert levelled.ask(state) == [(Decimal("0.00"), "PAID", Decimal("0.00"), Decimal("286.04"))]


async def test_the_server_settles_though_it_cannot_change_the_books(levelled, database_url):
    contract = await a_year(levelled)
    engine = make_engine(address=database_url, role=server_role(address=database_url))

    await settling.settle(replace(levelled.clerk(SETTLED_ON), engine=engine), contract_id=contract, day=YEAR_LATER)
    await engine.dispose()

    assert (await levelled.plan(contract)).reason is PlanReason.SETTLEMENT
    assert await levelled.accounts() == {"deferred": "46.04"}


async def test_who_paid_more_than_was_used_pays_less(levelled):
    contract = await a_year(levelled, end="1400", paid="40.00")

    await settling.settle(levelled.clerk(SETTLED_ON), contract_id=contract, day=YEAR_LATER)

    # 400 kWh x 0.15 + 38.40 = 98.40, with tax 119.06; 480.00 were paid, 360.94 stay: more than the next year costs.
    plan = await levelled.plan(contract)
    assert (str(plan.amounts.difference), str(plan.amounts.total)) == ("-360.94", "0.00")
    assert str(plan.amounts.left_over) == "-241.88"
    assert await levelled.accounts() == {"prepaid": "-360.94"}
    # Nothing is asked for a year; where no later version comes, the base part is asked after it.
    asked = "select next_due_on, next_amount from levelled_state"
    assert levelled.ask(asked) == [(date(2025, 2, 20), Decimal("9.93"))]


async def test_settling_again_does_nothing(levelled):
    contract = await a_year(levelled)
    await settling.settle(levelled.clerk(SETTLED_ON), contract_id=contract, day=YEAR_LATER)

    with pytest.raises(settling.NothingToSettle):
        await settling.settle(levelled.clerk(SETTLED_ON), contract_id=contract, day=YEAR_LATER)

    assert levelled.ask("select count(*) from levelled_version") == [(2,)]
    assert await levelled.accounts() == {"deferred": "46.04"}


async def test_a_gap_in_the_readings_holds_the_settlement_and_the_plan_goes_on(levelled):
    contract = household(levelled, readings=((FEBRUARY, "1000"),))
    await changes.start_plan(levelled.asker(TODAY), change=by_forecast(contract, "1200"), key="s1")
    before = await levelled.plan(contract)

    with pytest.raises(settling.SettlementHeld):
        await settling.settle(levelled.clerk(SETTLED_ON), contract_id=contract, day=YEAR_LATER)

    assert await levelled.plan(contract) == before
    assert levelled.ask("select task, code, released_at from levelled_hold") == [
        ("settlement", "missing_reading", None)
    ]
    assert levelled.ask("select count(*) from invoice") == [(0,)]


async def test_what_stopped_between_bill_and_plan_is_finished_once(levelled, monkeypatch):
    contract = await a_year(levelled)

    async def stop(*_, **__):
        raise RuntimeError("the power went off")

    with monkeypatch.context() as broken, pytest.raises(RuntimeError):
        broken.setattr(settling, "finish", stop)
        await settling.settle(levelled.clerk(SETTLED_ON), contract_id=contract, day=YEAR_LATER)
    # The bill was never a debt: its account took it over in the transaction that issued it.
    assert levelled.ask("select open_amount, levelled from invoice_state") == [(Decimal("0.00"), Decimal("286.04"))]
    assert await levelled.accounts() == {"deferred": "46.04"}
    counts = [await watch(levelled.clerk(SETTLED_ON)) for _ in range(2)]

    assert [dict(count) for count in counts] == [{"finished": 1}, {}]
    assert (await levelled.plan(contract)).reason is PlanReason.SETTLEMENT
    assert await levelled.accounts() == {"deferred": "46.04"}


async def test_a_bill_that_its_account_does_not_take_over_is_not_issued(levelled, monkeypatch):
    contract = await a_year(levelled)
    before = await levelled.plan(contract)

    def stop(*_, **__):
        raise RuntimeError("the power went off")

    with monkeypatch.context() as broken, pytest.raises(RuntimeError):
        broken.setattr(taking_over, "post_new", stop)
        await settling.settle(levelled.clerk(SETTLED_ON), contract_id=contract, day=YEAR_LATER)
    after = await levelled.plan(contract)
    nothing = levelled.ask("select count(*) from invoice union all select count(*) from prepaid_use")
    last = levelled.ask("select last_number from invoice_series")
    counts = await watch(levelled.clerk(SETTLED_ON))

    assert (after, nothing, last) == (before, [(0,), (0,)], [(0,)])
    assert dict(counts) == {"settled": 1}
    assert await levelled.accounts() == {"deferred": "46.04"}


async def test_the_account_takes_a_new_bill_over_as_it_does_an_old_one(levelled, engine):
    contracts = [await a_year(levelled) for _ in range(2)]
    clerk = levelled.clerk(SETTLED_ON)
    await settling.settle(clerk, contract_id=contracts[0], day=YEAR_LATER)

    bill = SingleBill(
        contract_id=contracts[1], period=Period(FEBRUARY, YEAR_LATER), kind=InvoiceKind.SETTLEMENT,
        issued_on=SETTLED_ON, now=clerk.now, bounds=settling.BOUNDS,
    )  # fmt: skip
    with levelled.town.connection.transaction():
        issued = bill_one(levelled.town.connection, adapter=clerk.adapter, request=bill)
    async with unit_of_work(engine) as session:
        await take_over(session, document_number=issued.document_number, now=clerk.now)

    uses = "select amount, currency, booked_at from prepaid_use where contract_id = %(contract)s"
    entries = (
        "select t.kind, t.key = 'prepaid_use:' || t.document_id, t.effective_on, t.booked_at, e.account, e.currency,"
        " e.amount from ledger_transaction t join ledger_entry e on e.transaction_id = t.id"
        " join prepaid_use u on u.id = t.document_id and t.kind = 'PREPAID_USE'"
        " where u.contract_id = %(contract)s order by e.account"
    )
    for asked in (uses, entries):
        first, second = (levelled.ask(asked, contract=contract) for contract in contracts)
        assert first == second != []


async def test_nobody_is_billed_whose_next_year_cannot_be_priced(levelled):
    contract = await a_year(levelled)
    levelled.town.connection.execute("update price_version set ends = '2024-02-01' where list = 'fixed'")
    levelled.town.price("fixed", starts=YEAR_LATER, fee=("1.20", "EUR/month"))

    with pytest.raises(CostNotKnown):
        await settling.settle(levelled.clerk(SETTLED_ON), contract_id=contract, day=YEAR_LATER)

    assert levelled.ask("select count(*) from invoice") == [(0,)]
    assert (await levelled.plan(contract)).number == 1


async def test_without_a_seller_nothing_is_settled(levelled):
    contract = await a_year(levelled)
    levelled.town.connection.execute("update seller set starts = '2030-01-01'")

    with pytest.raises(NobodyToInvoice):
        await settling.settle(levelled.clerk(SETTLED_ON), contract_id=contract, day=YEAR_LATER)

    assert levelled.ask("select count(*) from invoice") == [(0,)]
    assert dict(await watch(levelled.clerk(SETTLED_ON))) == {"held": 1}
    assert levelled.ask("select task, code from levelled_hold") == [("settlement", "nobody_to_invoice")]


@pytest.mark.parametrize(("paid", "opened"), [("30.00", "0.00"), ("10.00", "24.04")])
async def test_the_last_bill_shows_what_is_due_also_where_closing_stops(levelled, monkeypatch, paid, opened):
    april = date(2023, 4, 1)
    contract = household(levelled, readings=((FEBRUARY, "1000"), (april, "1200")))
    await changes.start_plan(levelled.asker(TODAY), change=by_forecast(contract, "1200"), key="s1")
    for month in (2, 3):
        await levelled.pay(contract, paid, date(2023, month, 15))
    await changes.stop_plan(levelled.asker(date(2023, 3, 25)), contract_id=contract, key="e1")

    async def stop(*_, **__):
        raise RuntimeError("the power went off")

    with monkeypatch.context() as broken, pytest.raises(RuntimeError):
        broken.setattr(operations, "close_plan", stop)
        await watch(levelled.clerk(april))
    seen = levelled.ask("select total, open_amount from invoice_state")
    count = await watch(levelled.clerk(april))

    # 44.04 as in the test above; what was paid of it is known as soon as the bill is.
    assert seen == levelled.ask("select total, open_amount from invoice_state") == [(Decimal("44.04"), Decimal(opened))]
    assert dict(count) == {"closed": 1}
    lacking = Decimal("44.04") - 2 * Decimal(paid)
    assert await levelled.accounts() == {"receivable": str(lacking)}


async def test_a_change_while_it_is_settled_comes_before_or_after(levelled):
    contract = await a_year(levelled)
    asked = Change(contract_id=contract, amount=Decimal("33.00"))

    await asyncio.gather(
        settling.settle(levelled.clerk(SETTLED_ON), contract_id=contract, day=YEAR_LATER),
        changes.change_plan(levelled.asker(SETTLED_ON), change=asked, key="c1"),
        levelled.pay(contract, "7.00", SETTLED_ON),
    )

    plan = await levelled.plan(contract)
    assert plan.number == 3
    assert str(plan.used - plan.paid) == "39.04"
    assert await levelled.accounts() == {"deferred": "39.04"}


@pytest.mark.parametrize(
    ("paid", "accounts", "opened"),
    [("30.00", {"receivable": "-15.96"}, "0.00"), ("10.00", {"receivable": "24.04"}, "24.04")],
)
async def test_going_back_to_invoices_settles_up_to_the_day(levelled, paid, accounts, opened):
    april = date(2023, 4, 1)
    contract = household(levelled, readings=((FEBRUARY, "1000"), (april, "1200")))
    await changes.start_plan(levelled.asker(TODAY), change=by_forecast(contract, "1200"), key="s1")
    for month in (2, 3):
        await levelled.pay(contract, paid, date(2023, month, 15))
    await changes.stop_plan(levelled.asker(date(2023, 3, 25)), contract_id=contract, key="e1")

    counts = [await watch(levelled.clerk(day)) for day in (date(2023, 3, 31), april, date(2023, 4, 2))]

    # 200 kWh x 0.15 + 2 x 3.20 = 36.40, with tax 44.04
    assert [dict(count) for count in counts] == [{}, {"closed": 1}, {}]
    assert levelled.ask("select total, open_amount from invoice_state") == [(Decimal("44.04"), Decimal(opened))]
    assert await levelled.accounts() == accounts
    assert await levelled.plan(contract) is None


async def test_a_contract_that_ends_within_the_year_gets_its_final_bill(levelled):
    end = date(2023, 6, 15)
    contract = household(levelled, readings=((FEBRUARY, "1000"), (end, "1300")))
    await changes.start_plan(levelled.asker(TODAY), change=by_forecast(contract, "1200"), key="s1")
    await levelled.pay(contract, "200.00", date(2023, 2, 15))
    for table in ("contract", "contract_supply_point"):
        levelled.town.connection.execute(f"update {table} set ends = '2023-06-15'")

    counts = await watch(levelled.clerk(date(2023, 6, 20)))

    # 300 kWh x 0.15 + (4 + 14/30) x 3.20: energy 45.00, fee 4 x 1.20 + 0.56, network 4 x 2.00 + 0.93 = 59.29, tax 12.45
    assert dict(counts) == {"closed": 1}
    assert levelled.ask("select kind, total from invoice") == [("FINAL", Decimal("71.74"))]
    assert await levelled.accounts() == {"receivable": "-128.26"}


async def test_a_plan_that_never_began_is_closed_without_a_bill(levelled):
    contract = household(levelled)
    await changes.start_plan(levelled.asker(TODAY), change=by_forecast(contract, "1200"), key="s1")
    await levelled.pay(contract, "20.00", TODAY)
    await changes.stop_plan(levelled.asker(TODAY), contract_id=contract, key="e1")

    counts = await watch(levelled.clerk(FEBRUARY))

    assert dict(counts) == {"closed": 1}
    assert await levelled.accounts() == {"receivable": "-20.00"}
    with pytest.raises(Refusal):
        await settling.settle(levelled.clerk(FEBRUARY), contract_id=contract, day=FEBRUARY)
