"""A plan and the settlement agreed on its contract: where they part, somebody would be billed twice or never."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from mains_server.billing.moments import ContractIsLevelled, InstantRequest, invoice_at_once
from mains_server.billing.run import Shift, run_billing
from mains_server.contracts.desk import Desk
from mains_server.contracts.ending import take_back_termination, terminate
from mains_server.contracts.offering import let_lapse
from mains_server.contracts.terms import Step
from mains_server.db.unit_of_work import unit_of_work
from mains_server.invoices.queries import billed_until
from mains_server.levelling import changes
from mains_server.levelling.watching import watch
from mains_spi import Capability, ContractRules, Period, Settlement, hookimpl

from tests.server.levelling.conftest import by_forecast, household, noon

pytestmark = pytest.mark.asyncio
TODAY, FEBRUARY, APRIL, MAY = date(2023, 1, 10), date(2023, 2, 1), date(2023, 4, 1), date(2023, 5, 1)
READINGS = ((date(2023, 1, 1), "900"), (FEBRUARY, "1000"), (APRIL, "1200"), (MAY, "1300"))
# 200 kWh x 0.15 + 2 x 3.20 = 36.40, with tax 44.04; then 100 kWh: 18.20, with tax 22.02.
BILLS = "select kind, period_from, period_to, total from invoice order by period_from"
SETTLED_AND_BILLED = [
    ("SETTLEMENT", FEBRUARY, APRIL, Decimal("44.04")),
    ("REGULAR", APRIL, MAY, Decimal("22.02")),
]


@pytest.fixture
def lapsing(small, host):
    """Give the utility with a universal product that is settled by invoice, at the prices of the other."""

    known = host.live["small"].plugin

    class Lapsing(type(known)):  # type: ignore[misc]
        @hookimpl
        def describe_utility(self):
            return replace(known.describe_utility(), contract_rules=ContractRules(universal_product="basic"))

        @hookimpl
        def products(self, request):
            (fixed,) = [one for one in known.products(request) if one.code == "fixed"]
            return (fixed, replace(fixed, code="basic", settlements=(Settlement.INVOICE,)))

        @hookimpl
        def tariff(self, request):
            return small.FIXED

    return small.host_of(Lapsing())


def offering_at_once(levelled, small):
    """Let the utility invoice at once."""
    known = levelled.host.live["small"].plugin

    class AtOnce(type(known)):  # type: ignore[misc]
        @hookimpl
        def describe_utility(self):
            card = known.describe_utility()
            return replace(card, capabilities=(*card.capabilities, Capability.INSTANT_INVOICE))

    return small.host_of(AtOnce())


def desk(levelled, today):
    asker = levelled.asker(today)
    return Desk(viewer=asker.viewer, host=levelled.host, now=asker.now, today=today, billed_until=billed_until)


async def step(levelled, today, work, **given):
    async with unit_of_work(levelled.engine) as session:
        await work(session, desk=desk(levelled, today), **given)


def bill(levelled, small, *, month, following):
    shift = Shift(adapter=levelled.host.adapter("small"), now=noon(following))
    run_billing(levelled.town.connection, request=small.request(Period(month, following)), shift=shift)


async def test_a_plan_stopped_on_the_contracts_last_day_goes_over_to_invoices_where_the_contract_goes_on(
    levelled, small
):
    contract = household(levelled, readings=READINGS)
    await changes.start_plan(levelled.asker(TODAY), change=by_forecast(contract, "1200"), key="s1")
    await step(levelled, date(2023, 3, 10), terminate, contract_id=contract, ends=APRIL)
    await changes.stop_plan(levelled.asker(date(2023, 3, 25)), contract_id=contract, key="e1")
    await step(levelled, date(2023, 3, 26), take_back_termination, contract_id=contract)

    counts = [await watch(levelled.clerk(day)) for day in (APRIL, date(2023, 4, 2))]
    bill(levelled, small, month=APRIL, following=MAY)

    assert [dict(count) for count in counts] == [{"closed": 1}, {}]
    assert levelled.ask(BILLS) == SETTLED_AND_BILLED


async def test_a_plan_whose_contract_came_into_a_product_without_levelling_is_closed(levelled, small, lapsing):
    """The agreed price ends with March, and the universal product that follows is settled by invoice alone."""
    levelled = replace(levelled, host=lapsing)
    contract = household(levelled, readings=READINGS, price_fixed_until=APRIL)
    await changes.start_plan(levelled.asker(TODAY), change=by_forecast(contract, "1200"), key="s1")
    await levelled.pay(contract, "50.00", date(2023, 2, 15))
    async with unit_of_work(levelled.engine) as session:
        await let_lapse(
            session,
            adapter=lapsing.adapter("small"),
            billed_until=billed_until,
            step=Step(now=noon(APRIL), today=APRIL),
        )

    counts = [await watch(levelled.clerk(day)) for day in (APRIL, date(2023, 4, 2))]
    bill(levelled, small, month=APRIL, following=MAY)

    # 44.04 of the 50.00 are used; 5.96 are credit until April's bill, which is not settled with it here.
    assert [dict(count) for count in counts] == [{"ended": 1, "closed": 1}, {}]
    assert levelled.ask(BILLS) == SETTLED_AND_BILLED
    assert await levelled.accounts() == {"receivable": "16.06"}
    assert await levelled.plan(contract) is None


async def test_days_of_a_plan_are_not_invoiced_at_once_where_invoices_are_agreed_for_later(levelled, small):
    """Stopped for April it is levelled until then: 150 kWh up to 20 March would be a debt beside what is prepaid."""
    march = date(2023, 3, 20)
    readings = (*READINGS[:2], (march, "1150"))
    contract = household(levelled, readings=readings, starts=date(2023, 1, 1))
    await changes.start_plan(levelled.asker(TODAY), change=by_forecast(contract, "1200"), key="s1")
    bill(levelled, small, month=date(2023, 1, 1), following=FEBRUARY)
    await levelled.pay(contract, "50.00", date(2023, 2, 15))
    asker = levelled.asker(date(2023, 3, 25))
    await changes.stop_plan(asker, contract_id=contract, key="e1")
    before = await levelled.accounts()

    at_once = InstantRequest(
        contract_id=contract, reading_id=None, up_to=march, key="i1", now=asker.now, today=asker.today
    )
    with pytest.raises(ContractIsLevelled):
        await invoice_at_once(
            levelled.engine, host=offering_at_once(levelled, small), viewer=asker.viewer, request=at_once
        )

    # January's 100 kWh were billed by the run before: 22.02.
    assert levelled.ask("select count(*) from invoice") == [(1,)]
    assert await levelled.accounts() == before == {"prepaid": "-50.00", "receivable": "22.02"}
