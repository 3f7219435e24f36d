"""What comes after a levelled payment was closed: nothing stays held or deferred where no instalment brings it in."""

from datetime import date
from decimal import Decimal

import pytest
from mains_schema.money.paying import next_instalment
from mains_server.billing.corrections import CorrectionRequest, correct_invoice
from mains_server.billing.records import CorrectionReason
from mains_server.db.unit_of_work import read_session, unit_of_work
from mains_server.levelling import changes
from mains_server.levelling.watching import watch
from mains_server.paying.targets import payable
from mains_server.payments.returning import reverse_payment

from tests.server.levelling.conftest import by_forecast, household, noon

pytestmark = [pytest.mark.asyncio, pytest.mark.parametrize("ends", [None, date(2023, 4, 1)])]
TODAY, FEBRUARY, APRIL = date(2023, 1, 10), date(2023, 2, 1), date(2023, 4, 1)
LATER, NEXT_DAY = date(2023, 4, 5), date(2023, 4, 6)
LAST_BILL = "select open_amount from invoice_state where status <> 'CREDITED'"


async def closed(levelled, *, ends):
    """Two months: 200 kWh x 0.15 + 2 x 3.20 = 36.40, with tax 44.04, of which 30.00 were paid: 14.04 are due.

    The plan was stopped, or its contract has ended.
    """
    contract = household(levelled, readings=((FEBRUARY, "1000"), (APRIL, "1200")), ends=ends, number="K-1")
    await changes.start_plan(levelled.asker(TODAY), change=by_forecast(contract, "1200"), key="s1")
    await levelled.pay(contract, "30.00", date(2023, 2, 15))
    if ends is None:
        await changes.stop_plan(levelled.asker(date(2023, 3, 25)), contract_id=contract, key="e1")
    assert dict(await watch(levelled.clerk(APRIL))) == {"closed": 1}
    assert await levelled.accounts() == {"receivable": "14.04"}
    return contract


async def watched(levelled):
    """Look twice at the next day, and give how the accounts stand; the second look finds nothing."""
    await watch(levelled.clerk(NEXT_DAY))
    assert dict(await watch(levelled.clerk(NEXT_DAY))) == {}
    return await levelled.accounts()


@pytest.mark.parametrize(("paid", "left"), [("14.04", {}), ("20.00", {"receivable": "-5.96"})])
async def test_who_pays_the_last_bill_on_the_contract_owes_nothing(levelled, ends, paid, left):
    contract = await closed(levelled, ends=ends)

    await levelled.pay(contract, paid, LATER)

    assert await watched(levelled) == left
    assert levelled.ask(LAST_BILL) == [(Decimal("0.00"),)]


async def test_who_pays_by_the_contracts_number_is_asked_for_the_last_bill(levelled, ends):
    await closed(levelled, ends=ends)

    async with read_session(levelled.engine) as session:
        told = await payable(session, quoted="K-1", instalment=next_instalment, today=LATER)

    assert (str(told.amount), told.due_on) == ("14.04", date(2023, 4, 21))


async def test_what_a_bank_takes_back_is_due_again(levelled, ends):
    await closed(levelled, ends=ends)
    ((payment,),) = levelled.ask("select id from payment")

    async with unit_of_work(levelled.engine) as session:
        await reverse_payment(session, payment_id=payment, reason="no money", now=noon(LATER))

    assert await watched(levelled) == {"receivable": "44.04"}
    assert levelled.ask(LAST_BILL) == [(Decimal("44.04"),)]


@pytest.mark.parametrize(
    ("read", "left", "opened"),
    # 300 kWh x 0.15 + 6.40 = 51.40, with tax 62.19; 100 kWh: 21.40, with tax 25.89.
    [("1300", "32.19", "32.19"), ("1100", "-4.11", "0.00")],
)
async def test_what_a_correction_of_the_last_bill_asks_is_due(levelled, ends, read, left, opened):
    await closed(levelled, ends=ends)
    ((number,),) = levelled.ask("select document_number from invoice")
    levelled.town.connection.execute("update reading set value = %s where counts_for = %s", [read, APRIL])

    request = CorrectionRequest(
        document_number=number, reason=CorrectionReason.MISTAKE, note="misread", issued_on=LATER, now=noon(LATER)
    )
    await correct_invoice(levelled.engine, host=levelled.host, request=request)

    assert await watched(levelled) == {"receivable": left}
    assert levelled.ask(LAST_BILL) == [(Decimal(opened),)]
