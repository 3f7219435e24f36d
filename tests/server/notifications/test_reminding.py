"""Reminders: whom the calendar brings what, with which words, each once however often it is asked."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from mains_server.billing.corrections import CorrectionRequest
from mains_server.billing.crediting import take_back_invoice
from mains_server.billing.records import CorrectionReason
from mains_server.db.outbox import append_event
from mains_server.db.unit_of_work import unit_of_work
from mains_server.invoices.records import CreditRequest
from mains_server.notifications.events import deliver_events
from mains_server.notifications.listening import ears
from mains_server.notifications.reminding import Day, remind_of_day
from mains_server.payments.operations import credit_invoice
from mains_spi.readings import ReadingRules

from tests.server.notifications.conftest import NOON, SEAL

pytestmark = pytest.mark.asyncio
RIGA = ZoneInfo("Europe/Riga")


def day(desk, on, rules=None):
    """Give the calendar of a day at noon."""
    now = NOON.replace(year=on.year, month=on.month, day=on.day)
    return Day(engine=desk.engine, seal=SEAL, now=now, today=on, reading_rules=rules or {})


async def heard(desk, kind, payload, customer, *, now=NOON, at=NOON):
    """Publish an event and deliver it."""
    async with unit_of_work(desk.engine) as session:
        append_event(session, kind=kind, payload=payload, customer_id=customer, now=at)
    counts = await deliver_events(desk.engine, ears=ears(seal=SEAL, now=now), now=now)
    assert dict(counts) in ({"delivered": 1}, {"delivered": 2}, {"delivered": 1, "unheard": 1}), counts


@pytest.mark.parametrize(
    ("on", "found"),
    [
        # Issued on 1 February with 20 days to pay: due on the 21st.
        (date(2024, 2, 17), {}),
        (date(2024, 2, 18), {"due_soon": 1}),
        (date(2024, 2, 20), {"due_soon": 1}),
        (date(2024, 2, 21), {}),
    ],
)
async def test_what_is_due_in_three_days_is_told_once(desk, on, found):
    customer = await desk.customer()
    invoice = await desk.utility.invoice(customer, await desk.utility.contract(customer))

    assert dict(await remind_of_day(day(desk, on))) == found
    assert dict(await remind_of_day(day(desk, on))) == {}
    assert not found or dict(await remind_of_day(day(desk, on - timedelta(days=1)))) == {}

    words = await desk.rows("select subject, body from notice")
    assert len(words) == sum(found.values())
    if found:
        days = (date(2024, 2, 21) - on).days
        number = (await desk.rows("select document_number from invoice"))[0][0]
        assert words[0][0] == f"Invoice {number} is due in {days} day{'s' if days > 1 else ''}"
        assert "by 21 February 2024. Open: €121.00." in words[0][1]
    assert invoice.id


async def test_what_is_paid_is_not_asked_for(desk):
    customer = await desk.customer()
    await desk.utility.invoice(customer, await desk.utility.contract(customer), nets=("10.00",), support="12.10")

    assert dict(await remind_of_day(day(desk, date(2024, 2, 20)))) == {}


async def test_a_payment_is_confirmed_once(desk):
    customer = await desk.customer(language="lv")
    await desk.utility.run(
        "insert into payment (customer_id, amount, currency, method, received_on, reference, idempotency_key,"
        " booked_at) values (:c, 1234.50, 'EUR', 'BANK_TRANSFER', '2024-02-09', 'R', 'k', :at)",
        c=customer,
        at=NOON - timedelta(hours=3),
    )

    assert dict(await remind_of_day(day(desk, date(2024, 2, 10)))) == {"payment_received": 1}
    assert dict(await remind_of_day(day(desk, date(2024, 2, 11)))) == {}
    assert await desk.rows("select subject, channel from notice") == [("Saņēmām 1 234,50 €", "EMAIL")]


async def test_what_a_bill_below_nothing_gave_is_no_payment_received(desk):
    customer = await desk.customer()
    await desk.utility.invoice(customer, await desk.utility.contract(customer), nets=("-50.00",))

    assert dict(await remind_of_day(day(desk, date(2024, 2, 10)))) == {}
    assert await desk.rows("select amount::text from payment") == [("60.50",)]


@pytest.mark.parametrize(("on", "template"), [(date(2024, 2, 26), "opens"), (date(2024, 3, 2), "closes")])
async def test_who_has_not_read_is_asked_in_the_window(desk, on, template):
    customer = await desk.customer()
    contract = await desk.utility.contract(customer)
    point = await desk.utility.run(
        "insert into supply_point (commodity, scheme, identifier, role, premise_kind, address_line, address_city,"
        " address_postcode, address_country, time_zone, premise) values ('heat', 'EIC', 'P-1', 'PREMISE', 'DWELLING',"
        " 'Lielā iela 1', 'Jelgava', 'LV-3001', 'LV', 'Europe/Riga', '7') returning id"
    )
    await desk.utility.run(
        "insert into contract_supply_point (customer_id, contract_id, supply_point_id, starts)"
        " values (:c, :k, :p, '2024-01-01')",
        c=customer,
        k=contract,
        p=point,
    )
    meter = await desk.utility.run(
        "insert into meter (supply_point_id, serial, digits, multiplier, installed_on)"
        " values (:p, 'M', 6, 1, '2020-01-01') returning id",
        p=point,
    )
    register = await desk.utility.run(
        "insert into register (meter_id, supply_point_id, code, quantity, unit, collection)"
        " values (:m, :p, 'heat', 'heat', 'MWh', 'MANUAL') returning id",
        m=meter,
        p=point,
    )
    # Readings for 1 March are taken from 25 February until 3 March.
    rules = {"test_heat": ReadingRules(from_day=25, upto_day=3)}

    assert dict(await remind_of_day(day(desk, date(2024, 2, 24), rules))) == {}
    assert dict(await remind_of_day(day(desk, on, rules))) == {f"reading_window_{template}": 1}
    assert dict(await remind_of_day(day(desk, on, rules))) == {}
    (body,) = (await desk.rows("select body from notice"))[0]
    assert "Lielā iela 1-7" in body and "3 March 2024" in body

    await desk.utility.run("delete from notice")
    await desk.utility.run(
        "insert into reading (register_id, supply_point_id, taken_at, counts_for, value, source, quality, status,"
        " received_at) values (:r, :p, :at, '2024-03-01', 1, 'PORTAL', 'ACTUAL', 'FLAGGED', :at)",
        r=register,
        p=point,
        at=NOON,
    )
    assert dict(await remind_of_day(day(desk, on, rules))) == {}


async def test_an_invoice_that_is_only_shown_is_told_of(desk):
    customer = await desk.customer(language="ru")
    invoice = await desk.utility.invoice(customer, await desk.utility.contract(customer))
    payload = {"invoiceId": invoice.id, "contractId": 1, "channel": "PORTAL"}

    await heard(desk, "invoice.ready", payload, customer)
    await heard(desk, "invoice.ready", payload, customer)
    await heard(desk, "invoice.ready", {**payload, "channel": "EMAIL"}, customer)

    ((occasion, body),) = await desk.rows("select occasion, body from notice")
    assert occasion == f"invoice ready {invoice.id}"
    assert "К оплате: 121,00 € до 21 февраля 2024 г." in body


async def test_an_invoice_that_an_employee_takes_back_is_told_of_by_its_credit_note_once(desk):
    customer = await desk.customer()
    invoice = await desk.utility.invoice(customer, await desk.utility.contract(customer))
    request = CorrectionRequest(
        document_number=invoice.document_number,
        reason=CorrectionReason.MISTAKE,
        note="not theirs",
        issued_on=NOON.date(),
        now=NOON,
    )
    made = await take_back_invoice(desk.engine, request=request)
    ((note,),) = await desk.rows("select id from invoice where kind = 'CREDIT'")
    await desk.utility.run("update outbox_event set delivered_at = now()")

    for _ in range(2):
        await heard(desk, "invoice.ready", {"invoiceId": note, "contractId": 1, "channel": "PORTAL"}, customer)

    ((subject, body),) = await desk.rows("select subject, body from notice")
    number = invoice.document_number
    assert subject == f"Credit note {made.credit_note}: invoice {number} was taken back"
    assert f"Credit note {made.credit_note} for €121.00 takes back invoice {number}, which is not to be paid" in body
    assert "If you have paid it, the money is to your credit" in body


@pytest.mark.parametrize(
    ("language", "subjects"),
    [
        ("lv", ["Rēķins T-000001: 60,50 € Jums par labu", "Kredītrēķins T-000002: rēķins T-000001 atcelts"]),
        ("en", ["Invoice T-000001: €60.50 to your credit", "Credit note T-000002: invoice T-000001 was taken back"]),
        ("ru", ["Счёт T-000001: 60,50 € в Вашу пользу", "Кредитовый счёт T-000002: счёт T-000001 отменён"]),
    ],
)
async def test_a_bill_below_nothing_and_its_credit_note_are_told_for_what_they_are(desk, language, subjects):
    customer = await desk.customer(language=language)
    invoice = await desk.utility.invoice(customer, await desk.utility.contract(customer), nets=("-50.00",))
    request = CreditRequest(document_number=invoice.document_number, issued_on=NOON.date())
    async with unit_of_work(desk.engine) as session:
        note = await credit_invoice(session, request=request, now=NOON)

    for id_ in (invoice.id, note.id):
        await heard(desk, "invoice.ready", {"invoiceId": id_, "contractId": 1, "channel": "PORTAL"}, customer)

    told = await desk.rows("select subject, body from notice order by id")
    assert [subject.replace("\xa0", " ") for subject, _ in told] == subjects
    assert all("−" not in body and "-60" not in body and "60" in body for _, body in told)


async def test_what_happened_long_ago_is_no_news(desk):
    customer = await desk.customer()
    invoice = await desk.utility.invoice(customer, await desk.utility.contract(customer))
    payload = {"invoiceId": invoice.id, "contractId": 1, "channel": "PORTAL"}

    await heard(desk, "invoice.ready", payload, customer, at=NOON - timedelta(days=15))

    assert await desk.states() == []


@pytest.mark.parametrize(
    ("channel", "fee", "found", "words"),
    [
        ("EMAIL", None, "EMAIL", "9 days ago. Open: €121.00."),
        ("SMS", "reminder", "SMS", "This reminder has a fee."),
        ("LETTER", "reminder", "POST", "This reminder has a fee, which your next invoice shows."),
    ],
)
async def test_a_reminder_goes_by_the_channel_of_its_stage(desk, channel, fee, found, words):
    customer = await desk.customer(phone="+371 20000000")
    contract = await desk.utility.contract(customer)
    invoice = await desk.utility.invoice(customer, contract)
    reminder = await desk.utility.run(
        "insert into reminder (customer_id, contract_id, invoice_id, stage, channel, day, open_amount, currency,"
        " fee_code, made_at) values (:c, :k, :i, 2, :channel, '2024-03-01', 121.00, 'EUR', :fee, :at) returning id",
        c=customer,
        k=contract,
        i=invoice.id,
        channel=channel,
        fee=fee,
        at=NOON,
    )

    await heard(desk, "dunning.reminded", {"reminderId": reminder}, customer)

    ((sent_by, body),) = await desk.rows("select channel, body from notice")
    assert (sent_by, words in body) == (found, True)


async def test_who_may_act_is_told_to_the_customer(desk):
    customer = await desk.customer()
    person = await desk.utility.run(
        "insert into person (email, name, language, created_at) values ('j@example.lv', 'Juris', 'lv', now())"
        " returning id"
    )

    await heard(desk, "delegation.accepted", {"grant_id": 7, "person_id": person}, customer)
    await heard(desk, "delegation.left", {"grant_id": 7, "person_id": person}, customer)

    assert await desk.rows("select subject from notice order by id") == [
        ("Juris accepted your invitation",),
        ("Access of Juris has ended",),
    ]
