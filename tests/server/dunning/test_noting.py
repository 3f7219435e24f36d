"""Late interest after the last bill: charged by a note of its own, once, and taken back where it was not owed."""

import asyncio
from datetime import date
from decimal import Decimal

import pytest
import pytest_asyncio
from mains_server.billing.corrections import CorrectionRequest, InvoiceNotRated, correct_invoice
from mains_server.billing.explain import explain_invoice
from mains_server.billing.records import CorrectionReason
from mains_server.billing.verifying import verify_invoices
from mains_server.db.unit_of_work import read_session
from mains_server.documents.operations import Press, document_of, make_documents
from mains_server.documents.records import DocumentKind, DocumentLanguage, DocumentWanted
from mains_server.dunning.noting import issue_notes
from mains_server.invoices.queries import billed_until
from mains_server.payments.operations import apply_credit

from tests.server.documents.validating import mistakes, terms
from tests.server.dunning.conftest import noon

pytestmark = pytest.mark.asyncio
D = Decimal
ENDED = date(2023, 2, 1)
# Due on March 2nd, 185.37 late from the 3rd: to April 1st 29 days, to May 1st 59, to June 1st 90, at 6 % of 365 days.
APRIL, MAY, JUNE = date(2023, 4, 1), date(2023, 5, 1), date(2023, 6, 1)
NOTES = "select document_number, total, period_from, period_to, due_on from invoice where kind = 'INTEREST' order by id"
CHARGES = "select amount from interest_charge order by id"


@pytest_asyncio.fixture
async def ended(debtors):
    """Have somebody whose contract has ended, with its last bill issued and not paid; give the contract."""
    contract = debtors.household(ends=ENDED)
    await debtors.policy(stages=())
    debtors.bill(1)
    return contract


async def test_a_note_charges_what_accrued_since_the_last_bill_and_is_a_whole_invoice(debtors, ended):
    assert await debtors.day(APRIL) == {"charged": 1, "noted": 1}

    # 185.37 x 0.06 x 29 / 365 = 0.8837; the term is twenty days, as of any invoice of the contract.
    assert debtors.rows(NOTES) == [("S-000002", D("0.88"), APRIL, date(2023, 4, 2), date(2023, 4, 21))]
    lines = "select code, quantity, unit, unit_price, net, tax_rate, period_from, period_to from invoice_line"
    assert debtors.rows(f"{lines} where invoice_id = 2") == [
        ("late_interest", D("0.88"), "EUR", D(1), D("0.88"), D(0), date(2023, 3, 3), APRIL)
    ]
    assert debtors.rows("select tax_code, base, tax from invoice_tax where invoice_id = 2") == [
        ("contractual", D("0.88"), D("0.00"))
    ]
    posted = "select account, amount from ledger_entry e join ledger_transaction t on t.id = transaction_id"
    assert debtors.rows(f"{posted} where t.document_id = 2 and t.kind = 'INVOICE' order by amount") == [
        ("revenue:small.late_interest", D("-0.88")),
        ("receivable", D("0.88")),
    ]
    assert debtors.rows("select invoice_id from contract_fee") == [(2,)]
    told = "select payload ->> 'invoice_id' from outbox_event where kind = 'invoice.issued' order by id"
    assert debtors.rows(told) == [("1",), ("2",)]
    jobs = "select args from procrastinate_jobs where task_name = 'documents' order by id"
    assert debtors.rows(jobs)[-1] == ({"first": 2, "last": 2},)
    await debtors.assert_books()


async def test_each_month_charges_its_own_days_while_the_debt_is_open(debtors, ended):
    for day in (APRIL, MAY, JUNE):
        await debtors.day(day)
        await debtors.day(day.replace(day=15))

    # 1.7978 in all until May 1st and 2.7425 until June 1st, less what was charged before.
    assert [row[1] for row in debtors.rows(NOTES)] == [D("0.88"), D("0.92"), D("0.94")]
    days = "select period_from, period_to from invoice_line where code = 'late_interest' order by invoice_id"
    assert debtors.rows(days) == [(date(2023, 3, 3), APRIL), (APRIL, MAY), (MAY, JUNE)]
    await debtors.assert_books()


async def test_there_is_no_interest_on_a_note_and_it_bills_no_day(debtors, ended):
    await debtors.day(APRIL)
    await debtors.pay(ended, "185.37", APRIL)
    await debtors.day(date(2023, 4, 2))

    # The note of 0.88 is due on April 21st; until the day of payment one day more is owed: 30 days are 0.9141.
    assert await debtors.day(date(2023, 9, 1)) == {}
    assert debtors.rows(CHARGES) == [(D("0.88"),), (D("0.03"),)]
    async with read_session(debtors.engine) as session:
        assert await billed_until(session, ended) == ENDED


async def test_two_workers_and_a_dead_one_issue_one_note(debtors, ended, monkeypatch):
    dunner = debtors.dunner(APRIL)
    monkeypatch.setattr("mains_server.billing.interest_notes.book", _dying)
    with pytest.raises(ConnectionResetError):
        await debtors.day(APRIL)
    monkeypatch.undo()
    assert (debtors.rows(NOTES), debtors.rows(CHARGES)) == ([], [(D("0.88"),)])

    assert sorted(one["noted"] for one in await asyncio.gather(*(issue_notes(dunner) for _ in range(3)))) == [0, 0, 1]

    assert len(debtors.rows(NOTES)) == 1
    await debtors.assert_books()


def _dying(*_, **__):
    raise ConnectionResetError("the worker is gone")


async def test_credit_pays_a_note_at_once(debtors, ended):
    await debtors.pay(ended, "190.00", date(2023, 3, 12))

    # Ten days on 185.37: 0.3047. The 4.63 that were left of the payment pay it.
    assert await debtors.day(date(2023, 3, 13)) == {"charged": 1, "noted": 1}

    stands = "select open_amount, status from invoice_state where kind = 'INTEREST'"
    assert debtors.rows(stands) == [(D("0.00"), "PAID")]
    await debtors.assert_books()


async def test_money_booked_late_takes_the_note_back_and_charges_what_is_owed(debtors, ended):
    await debtors.day(APRIL)
    await debtors.pay(ended, "185.37", date(2023, 3, 12), booked=date(2023, 4, 4))

    assert await debtors.day(date(2023, 4, 5)) == {"taken off": 1, "noted": 1}

    # Ten days only: 185.37 x 0.06 x 10 / 365 = 0.3047.
    assert [row[:2] for row in debtors.rows(NOTES)] == [("S-000002", D("0.88")), ("S-000004", D("0.30"))]
    credited = "select document_number, total from invoice where kind = 'CREDIT'"
    assert debtors.rows(credited) == [("S-000003", D("-0.88"))]
    assert debtors.rows(CHARGES) == [(D("0.88"),), (D("-0.88"),), (D("0.30"),)]
    assert debtors.one("select sum(open_amount) from invoice_state") == D("0.30")
    await debtors.assert_books()


async def test_a_note_taken_back_for_one_invoice_charges_the_others_anew(debtors):
    contract = debtors.household(ends=date(2023, 3, 1))
    await debtors.policy(stages=())
    debtors.bill(1)
    debtors.bill(2)
    await debtors.day(MAY)
    # January's: 59 days, 1.7978; February's, due on March 30th: 31 days, 0.9446.
    assert [row[1] for row in debtors.rows(NOTES)] == [D("2.74")]

    await debtors.take_back("S-000001", date(2023, 5, 4))
    await debtors.day(date(2023, 5, 5))

    assert [row[1] for row in debtors.rows(NOTES)] == [D("2.74"), D("0.94")]
    lines = "select period_from, period_to, net from invoice_line where invoice_id = (select max(id) from invoice)"
    assert debtors.rows(lines) == [(date(2023, 3, 31), MAY, D("0.94"))]
    assert contract
    debtors.bill(1)
    await debtors.assert_books()


async def test_what_an_employee_waives_by_a_credit_note_is_not_charged_again(debtors, ended):
    await debtors.day(APRIL)

    await debtors.take_back("S-000002", date(2023, 4, 3))

    assert await debtors.day(date(2023, 4, 4)) == {}
    debtors.bill(2)
    assert len(debtors.rows(NOTES)) == 1
    # May's part alone, 0.92, comes on the next note.
    await debtors.day(MAY)
    assert [row[1] for row in debtors.rows(NOTES)] == [D("0.88"), D("0.92")]
    await debtors.assert_books()


async def test_what_was_waived_is_not_given_back_when_it_proves_not_owed(debtors, ended):
    await debtors.day(APRIL)
    await debtors.take_back("S-000002", date(2023, 4, 3))
    await debtors.pay(ended, "185.37", date(2023, 3, 2), booked=date(2023, 4, 4))

    # The 0.88 were waived, so nobody paid them: the last bill that is issued anew asks for 185.37 and not for 184.49.
    assert await debtors.day(date(2023, 4, 5)) == {}
    await debtors.take_back("S-000001", date(2023, 4, 6))
    assert await debtors.day(date(2023, 4, 7)) == {}
    debtors.bill(1)

    assert debtors.rows(CHARGES) == [(D("0.88"),)]
    assert debtors.one("select total from invoice order by id desc limit 1") == D("185.37")
    await debtors.assert_books()


async def test_of_what_was_waived_and_charged_later_only_the_later_comes_off(debtors, ended):
    await debtors.day(APRIL)
    await debtors.take_back("S-000002", date(2023, 4, 3))
    await debtors.day(MAY)
    await debtors.pay(ended, "185.37", date(2023, 3, 12), booked=date(2023, 5, 4))

    # Ten days, 0.3047, lie within the waived 0.88; the 0.92 of April's days are not owed and their note is taken back.
    assert await debtors.day(date(2023, 5, 5)) == {"taken off": 1}

    assert debtors.rows(CHARGES) == [(D("0.88"),), (D("0.92"),), (D("-0.92"),)]
    assert debtors.one("select sum(open_amount) from invoice_state") == D("0.00")
    await debtors.assert_books()


async def test_a_last_bill_that_is_issued_again_does_not_charge_the_notes_interest(debtors, ended):
    await debtors.day(APRIL)
    await debtors.pay(ended, "185.37", date(2023, 3, 2), booked=date(2023, 4, 4))
    assert await debtors.day(date(2023, 4, 5)) == {"taken off": 1}
    await debtors.take_back("S-000001", date(2023, 4, 6))

    debtors.bill(1)

    assert debtors.one("select count(*) from invoice_line where code like 'late%'") == 2
    assert debtors.one("select total from invoice order by id desc limit 1") == D("185.37")
    await debtors.assert_books()


async def test_a_note_explains_itself_verifies_and_is_not_corrected(debtors, ended):
    await debtors.day(APRIL)

    async with read_session(debtors.engine) as session:
        (line,) = await explain_invoice(session, host=debtors.host, invoice_id=2)
        (verified,) = (await verify_invoices(session, host=debtors.host, invoice_ids=[2])).values()
    assert (line.text, line.net) == ("S-000001: 0.88 EUR x 1 EUR/EUR", D("0.88"))
    assert {given["source"] for given in line.why["inputs"]} == {"S-000001"}
    assert verified.differences == ()
    request = CorrectionRequest(
        document_number="S-000002", reason=CorrectionReason.PRICE, note="Wrong?", issued_on=APRIL, now=noon(APRIL)
    )
    with pytest.raises(InvoiceNotRated):
        await correct_invoice(debtors.engine, host=debtors.host, request=request)


async def test_a_note_has_its_documents_like_every_invoice(debtors, ended):
    await debtors.day(APRIL)
    press = Press(engine=debtors.engine, host=debtors.host, now=noon(APRIL))
    asked = [DocumentWanted(invoice_id=2, kind=kind, language=DocumentLanguage.LV) for kind in DocumentKind]

    assert await make_documents(press, wanted=asked) == 3

    content = (await document_of(press, wanted=asked[1])).content
    assert mistakes(content) == []
    assert terms(content, "PayableAmount") == ["0.88"]
    assert terms(content, "StartDate")[0] == "2023-03-03"


async def test_a_contract_that_goes_on_or_whose_last_bill_is_to_come_gets_no_note(debtors):
    debtors.household()
    debtors.household(ends=date(2023, 6, 1))
    await debtors.policy(stages=())
    debtors.bill(1)

    assert await debtors.day(APRIL) == {"charged": 2}
    assert await debtors.day(date(2023, 6, 2)) == {"charged": 2}

    assert debtors.rows(NOTES) == []


@pytest_asyncio.fixture
async def overcharged(debtors):
    """Have 0.88 of interest on January's invoice stand on the last bill, and January's invoice taken back since."""
    contract = debtors.household(ends=date(2023, 5, 1))
    await debtors.policy(stages=())
    debtors.bill(1)
    await debtors.day(APRIL)
    for month in (2, 3, 4):
        debtors.bill(month)
    await debtors.take_back("S-000001", date(2023, 5, 11))
    return contract


async def test_interest_on_the_last_bill_that_is_not_owed_any_more_comes_off_a_note(debtors, overcharged):
    assert debtors.rows("select document_number from invoice_line l join invoice i on i.id = l.invoice_id"
                        " where l.code = 'late_interest'") == [("S-000004",)]  # fmt: skip
    # February's 185.37 were due on March 30th: 31 days to May 1st are 0.9446.
    assert await debtors.day(date(2023, 5, 12)) == {"charged": 1, "taken off": 1, "noted": 1}

    assert debtors.rows(NOTES)[0][:2] == ("S-000006", D("0.06"))
    lines = "select code, net from invoice_line where invoice_id = (select max(id) from invoice) order by position"
    assert debtors.rows(lines) == [("late_interest_back", D("-0.88")), ("late_interest", D("0.94"))]
    debtors.bill(1)
    await debtors.assert_books()


async def test_interest_on_the_last_bill_is_told_until_that_bill_is_issued_anew(debtors, overcharged):
    # Two bills of 185.37, and the last one of 186.25, before any of them was late.
    await debtors.pay(overcharged, "556.99", date(2023, 3, 12))
    assert await debtors.day(date(2023, 5, 12)) == {"taken off": 1, "unbillable": 1}
    assert await debtors.day(date(2023, 6, 1)) == {"unbillable": 1}
    assert debtors.rows(NOTES) == []

    await debtors.take_back("S-000004", date(2023, 6, 2))
    debtors.bill(4)
    await debtors.do(apply_credit, customer_ids=[1], now=noon(date(2023, 6, 2)))

    # The new bill has both lines: it asks for 185.37.
    lines = "select code, net from invoice_line where invoice_id = (select max(id) from invoice) and code like 'late%'"
    assert debtors.rows(lines) == [("late_interest", D("0.88")), ("late_interest_back", D("-0.88"))]
    assert debtors.one("select total from invoice order by id desc limit 1") == D("185.37")
    assert await debtors.day(date(2023, 6, 3)) == {}
    debtors.bill(1)
    await debtors.assert_books()
