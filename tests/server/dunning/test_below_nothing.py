"""What a bill below nothing gave had paid a debt until it was withdrawn: nobody was late as long as it did."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from mains_server.invoices.queries import draft_of, invoice_by_number
from mains_server.invoices.records import CreditRequest, IssueRequest
from mains_server.money.rules import tax_subtotals
from mains_server.payments.giving import issue_invoice
from mains_server.payments.operations import apply_credit, replace_invoice
from mains_spi import Period

from tests.server.dunning.conftest import noon
from tests.server.dunning.test_arranging import DAY, STATES, arranged, in_debt

pytestmark = pytest.mark.asyncio
D = Decimal
CHARGES = "select amount from interest_charge order by id"
GIVEN, PUT_RIGHT = date(2023, 2, 20), date(2023, 4, 11)


async def below(session, *, debtors, net, on, wrong=None):
    """Issue a bill of 2022 that is below nothing, or put another in its place, and pay with what it gives."""
    like = await draft_of(session, invoice=await invoice_by_number(session, document_number=wrong or "S-000001"))
    days = Period(date(2022, 12, 1), date(2023, 1, 1))
    line = replace(
        like.lines[0], net=D(net), unit_price=D(net), quantity=D(1), period_from=days.start, period_to=days.end
    )
    draft = replace(
        like,
        period_from=days.start,
        period_to=days.end,
        lines=(line,),
        taxes=tax_subtotals([(line.tax_code, line.tax_rate, line.net)]),
    )
    accounts = debtors.host.adapter("small").accounts()
    request = IssueRequest(draft=draft, issued_on=on, payment_term_days=20, accounts=accounts)
    if wrong is None:
        issued = await issue_invoice(session, request=request, now=noon(on))
    else:
        seen = await invoice_by_number(session, document_number=wrong)
        draft = replace(draft, revision=draft.revision + 1, corrects_invoice_id=seen.id)
        credit = CreditRequest(document_number=wrong, issued_on=on)
        _, issued = await replace_invoice(
            session, request=credit, replacement=replace(request, draft=draft), now=noon(on)
        )
    await apply_credit(session, customer_ids=[issued.customer_id], now=noon(on))
    return issued.document_number


async def test_a_debt_that_it_had_paid_was_not_late_until_it_was_put_right(debtors):
    """185.37 of January are due on March 2nd and paid on February 20th by a bill of -200.00 and 21 %, -242.00.

    It should have been -300.00, so that as much is paid on April 11th. Or -100.00 and 21 %, -121.00: 64.37 are open.
    """
    await in_debt(debtors)
    number = await debtors.do(below, debtors=debtors, net="-200.00", on=GIVEN)
    number = await debtors.do(below, debtors=debtors, net="-300.00", on=PUT_RIGHT, wrong=number)

    assert await debtors.day(date(2023, 4, 12)) == {}
    await debtors.do(below, debtors=debtors, net="-100.00", on=PUT_RIGHT, wrong=number)
    assert await debtors.day(date(2023, 5, 1)) == {"charged": 1}

    # April 12th to 30th are 19 days: 64.37 x 0.06 x 19 / 365 = 0.2010.
    assert debtors.rows("select open_amount from invoice_state where id = 1") == [(D("64.37"),)]
    assert debtors.rows(CHARGES) == [(D("0.20"),)]
    await debtors.assert_books()


async def test_a_part_that_it_had_paid_in_time_is_not_missed_since_it_was_put_right(debtors):
    """20.00 are to be paid on March 10th, then 82.69 and 82.68. A bill of -20.00 and 21 % pays 24.20 that day.

    Put right on April 11th it is -90.00 and 21 %, 108.90: the first two parts.
    """
    contract = await in_debt(debtors)
    await arranged(debtors, contract)
    number = await debtors.do(below, debtors=debtors, net="-20.00", on=DAY)
    await debtors.do(below, debtors=debtors, net="-90.00", on=PUT_RIGHT, wrong=number)

    await debtors.day(date(2023, 4, 20))

    assert debtors.rows(STATES) == [("RUNNING", None)]
    await debtors.assert_books()
