"""Money on its way for an invoice that is corrected meanwhile pays the one in its place."""

from dataclasses import replace
from decimal import Decimal

import pytest
from mains_server.db.unit_of_work import unit_of_work
from mains_server.invoices.queries import draft_of, invoice_by_number
from mains_server.invoices.records import CreditRequest, IssueRequest
from mains_server.money.rules import tax_subtotals
from mains_server.paying import queries
from mains_server.paying.records import IntentStatus
from mains_server.payments.operations import replace_invoice

from tests.server.conftest import ACCOUNTS

pytestmark = pytest.mark.asyncio


async def corrected(desk, invoice, net):
    """Put another bill of the same month in an invoice's place."""
    now, on = desk.utility.now, invoice.issued_on
    async with unit_of_work(desk.utility.engine) as session:
        wrong = await invoice_by_number(session, document_number=invoice.document_number)
        draft = await draft_of(session, invoice=wrong)
        lines = (replace(draft.lines[0], net=Decimal(net), unit_price=Decimal(net)),)
        taxes = tax_subtotals((line.tax_code, line.tax_rate, line.net) for line in lines)
        new = replace(draft, lines=lines, taxes=taxes, revision=draft.revision + 1, corrects_invoice_id=wrong.id)
        replacement = IssueRequest(draft=new, issued_on=on, payment_term_days=20, accounts=ACCOUNTS)
        credit = CreditRequest(document_number=invoice.document_number, issued_on=on)
        _, issued = await replace_invoice(session, request=credit, replacement=replacement, now=now)
    return issued


async def stands(desk, intent):
    async with unit_of_work(desk.utility.engine) as session:
        return (await queries.intent_by_id(session, intent_id=intent.id)).status


async def test_reserved_money_pays_what_came_in_the_place_of_its_invoice(desk):
    """121.00 were reserved; twice corrected it is 80.00 and 16.80, which are paid, and 24.20 are credit."""
    customer, _, (invoice,) = await desk.owned("100.00")
    intent = await desk.begun(desk.viewer(customer), provider="sandbox_card", invoices=((invoice.id, None),))
    desk.decide(intent)
    await corrected(desk, await corrected(desk, invoice, "90.00"), "80.00")

    await desk.post(desk.event("payment.authorized"), provider="sandbox_card")

    assert await stands(desk, intent) is IntentStatus.CAPTURED
    accounts = {"clearing:sandbox_card": "121.00", "receivable": "-24.20"}
    assert await desk.owed(customer) == ([], "24.20", accounts)


async def test_a_capture_settles_what_came_in_the_place_of_what_was_named_first(desk):
    """January is older, but February was to be paid: of its new 121.00 the 60.50 that came leave 60.50 open."""
    customer, _, (_, february) = await desk.owned("100.00", "50.00")
    intent = await desk.begun(desk.viewer(customer), invoices=((february.id, None),))
    desk.decide(intent)
    await corrected(desk, february, "100.00")

    await desk.post(desk.event("payment.captured"))

    accounts = {"clearing:sandbox": "60.50", "receivable": "181.50"}
    assert await desk.owed(customer) == (["121.00", "60.50"], "0.00", accounts)
