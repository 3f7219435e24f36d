"""Mails of credit notes: they name the invoice that they take back, and say what becomes of its money."""

from decimal import Decimal
from email import message_from_bytes
from email.policy import default

import pytest
from mains_server.billing.accepting import Acceptance, accept_hold
from mains_server.billing.corrections import CorrectionRequest
from mains_server.billing.crediting import take_back_invoice
from mains_server.billing.records import CorrectionReason
from mains_server.db.unit_of_work import unit_of_work

from tests.server.delivery.conftest import Desk, mail_server

pytestmark = pytest.mark.asyncio


async def sent_with_credit_note(office):
    """Take the first invoice back, and give the mails of it and of its credit note as they arrived."""
    request = CorrectionRequest(
        document_number="S-000001",
        reason=CorrectionReason.MISTAKE,
        note="not theirs",
        issued_on=office.now.date(),
        now=office.now,
    )
    await take_back_invoice(office.engine, request=request)
    await office.documents()
    await office.begin()
    desk = Desk()
    async with mail_server(desk) as port:
        assert await office.send(port) == {"delivered": 2}
    return [message_from_bytes(content, policy=default) for content in desk.taken]


@pytest.mark.parametrize(
    ("language", "subject", "said"),
    [
        ("lv", "Kredītrēķins S-000002: rēķins S-000001 atcelts", "Rēķins S-000001 vairs nav jāmaksā."),
        ("en", "Credit note S-000002: invoice S-000001 was taken back", "Invoice S-000001 is not to be paid any more."),
        ("ru", "Кредитовый счёт S-000002: счёт S-000001 отменён", "Платить по счёту S-000001 больше не нужно."),
    ],
)
async def test_the_mail_of_a_credit_note_names_what_it_takes_back(office, language, subject, said):
    office.household(language=language)
    await office.issue()
    await office.begin()

    mails = await sent_with_credit_note(office)

    (mail,) = [mail for mail in mails if mail["subject"] == subject]
    assert said in mail.get_body().get_content()
    assert [part.get_filename() for part in mail.iter_attachments()] == [f"S-000002-{language}.pdf", "S-000002.xml"]


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("lv", "Tas, kas pēc rēķina S-000001 bija Jums par labu, vairs nav"),
        ("en", "What was to your credit by invoice S-000001 is no longer"),
        ("ru", "Сумма, которая была в Вашу пользу по счёту S-000001, больше не в Вашу пользу"),
    ],
)
async def test_the_mail_of_a_credit_note_of_a_bill_below_nothing_withdraws_what_it_gave(office, language, said):
    """Support of 50.00 leaves the bill of a household that used nothing at -46.13, which somebody accepts."""
    contract = office.household(language=language)
    office.town.attribute(contract, "protected", "low_income")
    office.rows("update price_row set value = 50 where name = 'gift' returning id")
    office.rows("update reading set value = 1000 where counts_for = '2023-02-01' returning id")
    await office.issue()
    ((hold,),) = office.rows("select id from billing_hold")
    acceptance = Acceptance(hold_id=hold, total=Decimal("-46.13"), note="support", now=office.now)
    async with unit_of_work(office.engine) as session:
        await accept_hold(session, acceptance=acceptance)
    await office.issue()

    mails = await sent_with_credit_note(office)

    assert sum(said in mail.get_body().get_content() for mail in mails) == 1
