"""Fees of reminders after the last bill: on a note with the interest, or alone once a month, each exactly once."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
import pytest_asyncio
from mains_server.billing.explain import explain_invoice
from mains_server.billing.interest_notes import InterestNote, NotedSum, issue_interest_note
from mains_server.billing.verifying import verify_invoices
from mains_server.db.unit_of_work import read_session
from mains_server.documents.operations import Press, document_of, sheets_of_invoices
from mains_server.documents.records import Cause, DocumentKind, DocumentLanguage, DocumentWanted, Why
from mains_server.documents.ubl import e_invoice
from mains_server.dunning.records import ReminderChannel, ReminderStage
from mains_server.dunning.reminding import take_back_fee
from mains_spi import Period

from tests.server.documents.validating import mistakes, terms
from tests.server.dunning.conftest import noon

pytestmark = pytest.mark.asyncio
D = Decimal
ENDED = date(2023, 2, 1)
# January's bill of 185.37 is the last one, due on March 2nd; a text message of 0.06 reminds of it on the 7th.
MARCH_7, MARCH_8, APRIL, MAY = date(2023, 3, 7), date(2023, 3, 8), date(2023, 4, 1), date(2023, 5, 1)
SMS = ReminderStage(number=1, days_after_due=5, channel=ReminderChannel.SMS, fee_code="reminder_sms")
NOTES = "select document_number, total from invoice where kind = 'INTEREST' order by id"
LINES = """
select code, quantity, unit, net, period_from, period_to from invoice_line
where invoice_id = (select max(id) from invoice) order by position
"""
FREE = {"household_rate": None}
REMINDER = ("reminder_sms", D(1), "pcs", D("0.06"), MARCH_7, MARCH_8)


@pytest_asyncio.fixture
async def reminded(debtors):
    """Have somebody reminded by text message whose contract has ended, with its last bill issued and not paid."""

    async def made(**terms):
        contract = debtors.household(ends=ENDED)
        await debtors.policy(stages=(SMS,), **terms)
        debtors.bill(1)
        assert await debtors.day(MARCH_7) == {"reminded": 1}
        assert debtors.rows("select code, day, invoice_id from contract_fee") == [
            ("reminder_sms", date(2023, 1, 31), None)
        ]
        return contract

    return made


async def test_a_reminder_goes_along_with_the_interest(debtors, reminded):
    await reminded()

    assert await debtors.day(APRIL) == {"charged": 1, "noted": 1}

    # 185.37 x 0.06 x 29 / 365 = 0.8837, and 0.06.
    assert debtors.rows(NOTES) == [("S-000002", D("0.94"))]
    interest = ("late_interest", D("0.88"), "EUR", D("0.88"), date(2023, 3, 3), APRIL)
    assert debtors.rows(LINES) == [interest, REMINDER]
    posted = "select account, amount from ledger_entry e join ledger_transaction t on t.id = transaction_id"
    assert debtors.rows(f"{posted} where t.document_id = 2 and t.kind = 'INVOICE' order by amount") == [
        ("revenue:small.late_interest", D("-0.88")),
        ("revenue:small.reminder_sms", D("-0.06")),
        ("receivable", D("0.94")),
    ]
    assert debtors.rows("select distinct invoice_id from contract_fee") == [(2,)]
    await debtors.assert_books()


async def test_without_interest_it_waits_for_the_day_of_charging(debtors, reminded):
    await reminded(interest=FREE)

    for day in (MARCH_8, date(2023, 3, 31)):
        assert await debtors.day(day) == {}
    assert await debtors.day(APRIL) == {"noted": 1}

    assert debtors.rows(LINES) == [REMINDER]
    assert debtors.rows(NOTES) == [("S-000002", D("0.06"))]
    assert await debtors.day(MAY) == {}
    await debtors.assert_books()


async def test_a_note_has_documents_explains_itself_and_verifies(debtors, reminded):
    await reminded()
    await debtors.day(APRIL)
    press = Press(engine=debtors.engine, host=debtors.host, now=noon(APRIL))

    async with read_session(debtors.engine) as session:
        lines = await explain_invoice(session, host=debtors.host, invoice_id=2)
        (verified,) = (await verify_invoices(session, host=debtors.host, invoice_ids=[2])).values()
    wanted = DocumentWanted(invoice_id=2, kind=DocumentKind.XML, language=DocumentLanguage.LV)
    content = (await document_of(press, wanted=wanted)).content

    assert [line.text for line in lines][1] == "S-000001: 1 pcs x 0.06 EUR/pcs"
    assert verified.differences == ()
    assert (mistakes(content), terms(content, "PayableAmount")) == ([], ["0.94"])


async def test_the_tax_in_the_printed_price_is_taken_out(debtors, reminded):
    debtors.town.connection.execute("update price_row set tax_included = 0.21 where name = 'reminder'")
    await reminded(interest=FREE)

    await debtors.day(APRIL)

    # 0.06 / 1.21 = 0.0496: the test's utility charges no tax on reminders.
    assert debtors.rows(NOTES) == [("S-000002", D("0.05"))]
    assert debtors.rows("select unit_price from invoice_line where code = 'reminder_sms'") == [(D("0.04958678"),)]
    await debtors.assert_books()


async def test_what_did_not_arrive_costs_nothing(debtors, reminded):
    await reminded(interest=FREE)
    customer = debtors.one("select customer_id from reminder")

    assert await debtors.do(take_back_fee, reminder_id=1, customer_id=customer)

    assert await debtors.day(APRIL) == {}
    assert debtors.rows(NOTES) == []


async def test_a_note_that_is_taken_back_for_its_interest_leaves_the_reminder_to_the_next(debtors, reminded):
    contract = await reminded()
    await debtors.day(APRIL)
    await debtors.pay(contract, "185.37", date(2023, 3, 12), booked=date(2023, 4, 4))

    assert await debtors.day(date(2023, 4, 5)) == {"taken off": 1, "noted": 1}

    # Ten days of interest are 0.3047; the reminder was sent all the same.
    assert debtors.rows(NOTES) == [("S-000002", D("0.94")), ("S-000004", D("0.36"))]
    assert debtors.one("select sum(open_amount) from invoice_state") == D("0.36")
    await debtors.assert_books()


async def test_documents_of_a_note_and_of_its_credit_note_say_for_which_bill_and_days_they_are(debtors, reminded):
    contract = await reminded()
    await debtors.day(APRIL)
    await debtors.pay(contract, "185.37", date(2023, 3, 12), booked=date(2023, 4, 4))
    await debtors.day(date(2023, 4, 5))
    press = Press(engine=debtors.engine, host=debtors.host, now=noon(date(2023, 4, 5)))

    sheets = await sheets_of_invoices(press, invoice_ids=[2, 3])

    assert [line.about for sheet in sheets.values() for line in sheet.lines] == ["S-000001"] * 4
    assert {sheet.days for sheet in sheets.values()} == {(date(2023, 3, 3), APRIL)}
    assert [sheets[number].why for number in (2, 3)] == [None, Why(cause=Cause.INTEREST, note="", is_house=False)]
    assert [mistakes(e_invoice(sheet)) for sheet in sheets.values()] == [[], []]


async def test_where_no_interest_is_owed_after_all_the_reminder_comes_alone(debtors, reminded):
    contract = await reminded()
    await debtors.day(APRIL)
    await debtors.pay(contract, "185.37", date(2023, 3, 2), booked=date(2023, 4, 4))

    assert await debtors.day(date(2023, 4, 5)) == {"taken off": 1, "noted": 1}

    assert debtors.rows(LINES) == [REMINDER]
    await debtors.assert_books()


async def test_what_an_employee_waives_is_not_charged_again(debtors, reminded):
    await reminded(interest=FREE)
    await debtors.day(APRIL)

    await debtors.take_back("S-000002", date(2023, 4, 3))

    assert await debtors.day(MAY) == {}
    assert len(debtors.rows(NOTES)) == 1
    await debtors.assert_books()


async def test_nothing_is_charged_for_a_note_that_is_late_itself(debtors, reminded):
    contract = await reminded(reminder_min=D("0.01"))
    await debtors.pay(contract, "185.37", date(2023, 3, 12))
    assert await debtors.day(date(2023, 3, 13)) == {"charged": 1, "noted": 1}

    # The note of 0.30 and 0.06 is due on April 2nd.
    assert await debtors.day(date(2023, 4, 7)) == {"reminded": 1}

    assert debtors.rows("select invoice_id, fee_code from reminder order by id") == [(1, "reminder_sms"), (2, None)]
    assert await debtors.day(date(2024, 4, 1)) == {}
    assert debtors.rows(NOTES) == [("S-000002", D("0.36"))]


async def test_a_fee_without_a_printed_price_is_not_noted_where_no_bill_comes(debtors):
    debtors.household(ends=ENDED)
    await debtors.policy(stages=(replace(SMS, fee_code="late_interest"),), interest=FREE)
    debtors.bill(1)

    assert await debtors.day(MARCH_7) == {"reminded": 1}

    assert debtors.rows("select fee_code from reminder") == [(None,)]
    assert debtors.rows("select id from contract_fee") == []


async def test_a_fee_that_went_away_meanwhile_keeps_the_note_for_another_day(debtors, reminded):
    contract = await reminded()
    gone = NotedSum(
        fee_id=4711, code="reminder_sms", sign=1, period=Period(MARCH_7, MARCH_8), document_number="S-000001"
    )
    note = InterestNote(contract_id=contract, sums=(gone,), issued_on=APRIL, now=noon(APRIL))

    assert await issue_interest_note(debtors.engine, adapter=debtors.host.adapter("small"), note=note) is None

    assert debtors.rows(NOTES) == []
