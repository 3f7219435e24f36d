"""A bill of a closed plan is corrected while another plan runs: what was paid on it pays what replaces it."""

from decimal import Decimal

import pytest
from mains_server.billing.corrections import CorrectionRequest, correct_invoice
from mains_server.billing.records import CorrectionReason
from mains_server.levelling import changes
from mains_server.levelling.watching import watch

from tests.server.levelling.conftest import by_forecast, noon
from tests.server.levelling.test_after_closing import APRIL, LATER, NEXT_DAY, closed


@pytest.mark.asyncio
async def test_what_payments_had_paid_of_a_bill_is_not_deferred_once_more(levelled):
    """Of 44.04 the account had 30.00 and a payment 14.04; of 62.19 the new plan bears 48.15, and has 30.00 of it."""
    contract = await closed(levelled, ends=None)
    await levelled.pay(contract, "14.04", LATER)
    await watch(levelled.clerk(NEXT_DAY))
    await changes.start_plan(levelled.asker(NEXT_DAY), change=by_forecast(contract, "1200"), key="s2")
    ((number,),) = levelled.ask("select document_number from invoice")
    levelled.town.connection.execute("update reading set value = 1300 where counts_for = %s", [APRIL])

    request = CorrectionRequest(
        document_number=number, reason=CorrectionReason.MISTAKE, note="misread", issued_on=NEXT_DAY, now=noon(NEXT_DAY)
    )
    await correct_invoice(levelled.engine, host=levelled.host, request=request)

    assert await levelled.accounts() == {"deferred": "18.15"}
    state = levelled.ask("select total, paid, levelled, open_amount from invoice_state where status = 'PAID'")
    assert state == [(Decimal("62.19"), Decimal("14.04"), Decimal("48.15"), Decimal("0.00"))]
