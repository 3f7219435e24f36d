"""Steps of applications become words, once each, for the customer or for a person who is none yet."""

import pytest
from mains_server.db.outbox import append_event
from mains_server.db.unit_of_work import unit_of_work
from mains_server.notifications.applications import TEMPLATES, WITH_NOTE
from mains_server.notifications.events import deliver_events
from mains_server.notifications.listening import ears
from mains_server.notifications.templates import LANGUAGES, PLACE, template_of

from tests.server.notifications.conftest import NOON, SEAL

pytestmark = pytest.mark.asyncio
APPLICATION = """insert into application (id, person_id, customer_id, adapter, type, state, offer_amount,
    offer_currency, offer_until, created_at, changed_at) values (17, 5, :customer, 'heat_co', 'new_connection',
    'OFFERED', 1200.50, 'EUR', '2024-03-31', '2024-01-31 23:30+00', now())"""
STEP = """insert into application_step (id, application_id, number, kind, at, person_id, is_staff, note)
    values (cast(:number as bigint), 17, cast(:number as int), :kind, now(), 5, true, :note)"""
PERSON = """insert into person (id, email, name, language, created_at)
    values (5, 'anna@example.lv', 'Anna', 'en', now())"""


async def heard(desk, customer, *steps):
    """Have an application with steps, and deliver their events twice."""
    await desk.utility.run(PERSON)
    await desk.utility.run(APPLICATION, customer=customer)
    for number, (kind, note) in enumerate(steps, 1):
        await desk.utility.run(STEP, number=number, kind=kind, note=note)
    for _ in range(2):
        async with unit_of_work(desk.engine) as session:
            for number, (kind, _) in enumerate(steps, 1):
                payload = {"application_id": 17, "step": kind, "number": number}
                append_event(session, kind="application.changed", payload=payload, customer_id=customer, now=NOON)
        await deliver_events(desk.engine, ears=ears(seal=SEAL, now=NOON), now=NOON)


async def test_a_person_who_is_no_customer_yet_hears_each_step_once(desk):
    await heard(desk, None, ("SUBMIT", None), ("TAKE_UP", None), ("ASK", "Which flat?"), ("OFFER", "by June"))

    told = await desk.rows("select template, person_id, customer_id, address, subject from notice order by id")
    (offer,) = await desk.rows("select body from notice where template = 'application_offer'")

    assert [row[:4] for row in told] == [
        (template, 5, None, "anna@example.lv")
        for template in ("application_received", "application_question", "application_offer")
    ]
    assert told[2][4] == "A cost offer: €1,200.50"
    # Sent half past one at night of 1 February in Riga.
    assert "your application of 1 February 2024 costs €1,200.50." in offer[0]
    assert "until 31 March 2024" in offer[0]


async def test_a_customer_hears_of_their_own(desk):
    customer = await desk.customer()

    await heard(desk, customer, ("REJECT", "The line is too far away."), ("WITHDRAW", None))

    told = await desk.rows("select template, customer_id, body from notice")
    assert [row[:2] for row in told] == [("application_rejected", customer)]
    assert "The line is too far away." in told[0][2]


async def test_an_erased_application_is_no_news(desk):
    async with unit_of_work(desk.engine) as session:
        payload = {"application_id": 99, "step": "SUBMIT", "number": 1}
        append_event(session, kind="application.changed", payload=payload, customer_id=None, now=NOON)

    counts = await deliver_events(desk.engine, ears=ears(seal=SEAL, now=NOON), now=NOON)

    assert dict(counts) == {"delivered": 1}
    assert await desk.rows("select id from notice") == []


@pytest.mark.parametrize("step", sorted(TEMPLATES))
async def test_no_text_message_repeats_a_note_of_any_length(step):
    for language in LANGUAGES:
        parts = template_of(TEMPLATES[step], language=language)

        assert "note" not in {place for place, _ in PLACE.findall(parts["sms"])}
        assert ("note" in {place for place, _ in PLACE.findall(parts["text"])}) == (step in WITH_NOTE)
