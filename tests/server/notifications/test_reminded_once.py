"""Every kind of reminder is told once: also after a sender died with it half written, and when a clock jumps."""

from datetime import date, timedelta

import pytest
from mains_server.db.outbox import append_event
from mains_server.db.unit_of_work import unit_of_work
from mains_server.notifications import listening, operations, reminding
from mains_server.notifications.events import deliver_events
from mains_server.notifications.listening import ears
from mains_server.notifications.reminding import remind_of_day
from mains_spi.readings import ReadingRules

from tests.server.notifications.conftest import NOON, SEAL
from tests.server.notifications.test_reminding import day

pytestmark = pytest.mark.asyncio
RULES = {"test_heat": ReadingRules(from_day=25, upto_day=3)}


class Died(Exception):
    """The process died after it had written notices, and before its transaction ended."""


@pytest.fixture
def dying(monkeypatch):
    """Let whoever tells die once, the first time."""
    deaths = []

    async def tell_all(session, **given):
        count = await operations.tell_all(session, **given)
        if not deaths:
            deaths.append(count)
            raise Died
        return count

    monkeypatch.setattr(reminding, "tell_all", tell_all)
    monkeypatch.setattr(listening, "tell_all", tell_all)
    return deaths


async def owed(desk):
    """Have a customer who owes an invoice."""
    customer = await desk.customer(address_line="Lielā iela 1", address_city="Jelgava")
    contract = await desk.utility.contract(customer)
    invoice = await desk.utility.invoice(customer, contract)
    return customer, contract, invoice.id


async def levelled(desk):
    """Have a plan that asks 10.00 a month, by the 20th."""
    customer, contract, _ = await owed(desk)
    plan = await desk.utility.run(
        "insert into levelled_plan (customer_id, contract_id, starts, due_day, settles_from, currency, started_at)"
        " values (:c, :k, '2024-01-01', 20, '2024-01-01', 'EUR', now()) returning id",
        c=customer,
        k=contract,
    )
    version = await desk.utility.run(
        "insert into levelled_version (customer_id, plan_id, contract_id, number, once_key, reason, starts, usage,"
        " basis, known_on, priced_from, base_total, used_before, paid_before, difference, total, going_on, currency,"
        " made_at)"
        " values (:c, :p, :k, 1, 'a', 'START', '2024-01-01', '[]', 'STATED', '2024-01-01', '2024-01-01', 120, 0, 0, 0,"
        " 120, 120, 'EUR', now()) returning id",
        c=customer,
        p=plan,
        k=contract,
    )
    return customer, contract, version


async def offered(desk):
    """Have a contract whose agreed price ends on 1 March."""
    customer, contract, _ = await owed(desk)
    await desk.utility.run(
        "insert into contract_offer (customer_id, contract_id, product, starts, made_at)"
        " values (:c, :k, 'heat', '2024-03-01', now()) returning id",
        c=customer,
        k=contract,
    )


async def paid(desk):
    """Have a payment that came in yesterday."""
    await desk.utility.run(
        "insert into payment (customer_id, amount, currency, method, received_on, reference, idempotency_key,"
        " booked_at) values (:c, 5, 'EUR', 'BANK_TRANSFER', '2024-02-09', 'R', 'k', :at)",
        c=await desk.customer(),
        at=NOON - timedelta(hours=30),
    )


async def unread(desk):
    """Have a meter that nobody has read for 1 March."""
    customer, contract, _ = await owed(desk)
    point = await desk.utility.run(
        "insert into supply_point (commodity, scheme, identifier, role, premise_kind, address_line, address_city,"
        " address_postcode, address_country, time_zone) values ('heat', 'EIC', 'P-1', 'PREMISE', 'DWELLING',"
        " 'Lielā iela 1', 'Jelgava', 'LV-3001', 'LV', 'Europe/Riga') returning id"
    )
    await desk.utility.run(
        "insert into contract_supply_point (customer_id, contract_id, supply_point_id, starts)"
        " values (:c, :k, :p, '2024-01-01')",
        c=customer,
        k=contract,
        p=point,
    )
    await desk.utility.run(
        "with m as (insert into meter (supply_point_id, serial, digits, multiplier, installed_on)"
        " values (:p, 'M', 6, 1, '2020-01-01') returning id)"
        " insert into register (meter_id, supply_point_id, code, quantity, unit, collection)"
        " select id, :p, 'heat', 'heat', 'MWh', 'MANUAL' from m",
        p=point,
    )


@pytest.mark.parametrize(
    ("settle", "on", "template"),
    [
        (owed, date(2024, 2, 18), "due_soon"),
        (levelled, date(2024, 3, 18), "levelled_due"),
        (offered, date(2024, 2, 15), "price_period_ends"),
        (paid, date(2024, 2, 10), "payment_received"),
        (unread, date(2024, 2, 26), "reading_window_opens"),
        (unread, date(2024, 3, 2), "reading_window_closes"),
    ],
)
async def test_what_the_calendar_brings_is_told_once(desk, dying, settle, on, template):
    await settle(desk)

    with pytest.raises(Died):
        await remind_of_day(day(desk, on, RULES))
    assert await desk.states() == []
    assert dict(await remind_of_day(day(desk, on, RULES))) == {template: 1}

    # The clock is put back a day, comes to the same day again, and goes on to the next.
    later = []
    for jump in (0, -1, 0, 1):
        later.append(dict(await remind_of_day(day(desk, on + timedelta(days=jump), RULES))).get(template))
    assert later == [None] * 4
    assert dying == [1]
    assert await desk.rows("select count(*), max(number) from notice where template = :t", t=template) == [(1, 1)]


async def _reminder(desk, customer, contract, invoice):
    return await desk.utility.run(
        "insert into reminder (customer_id, contract_id, invoice_id, stage, channel, day, open_amount, currency,"
        " made_at) values (:c, :k, :i, 1, 'LETTER', '2024-03-01', 121.00, 'EUR', :at) returning id",
        c=customer,
        k=contract,
        i=invoice,
        at=NOON,
    )


async def of_invoice(desk):
    customer, contract, invoice = await owed(desk)
    return customer, {"invoiceId": invoice, "contractId": contract, "channel": "PORTAL"}


async def of_reminder(desk):
    customer, contract, invoice = await owed(desk)
    return customer, {"reminderId": await _reminder(desk, customer, contract, invoice)}


async def of_letter(desk):
    customer, contract, version = await levelled(desk)
    await desk.utility.run(
        "insert into levelled_letter (version_id, customer_id, contract_id, channel, language, starts, old_amount,"
        " new_amount, base_part, difference_part, currency, made_at)"
        " values (:v, :c, :k, 'POST', 'lv', '2024-04-01', 10, 12, 11, 1, 'EUR', now())",
        v=version,
        c=customer,
        k=contract,
    )
    return customer, {"versionId": version}


async def of_arrangement(desk):
    customer, contract, _ = await owed(desk)
    return customer, {"contractId": contract, "arrangementId": 7}


async def of_delegate(desk):
    person = await desk.utility.run(
        "insert into person (email, name, language, created_at) values ('j@example.lv', 'Juris', 'lv', now())"
        " returning id"
    )
    return await desk.customer(), {"grant_id": 7, "person_id": person}


@pytest.mark.parametrize(
    ("kind", "settle", "template", "channel"),
    [
        ("invoice.ready", of_invoice, "invoice_ready", "EMAIL"),
        ("dunning.reminded", of_reminder, "overdue", "POST"),
        ("levelled.plan_changed", of_letter, "levelled_changed", "POST"),
        ("dunning.debt_arranged", of_arrangement, "debt_arranged", "EMAIL"),
        ("delegation.accepted", of_delegate, "delegation_accepted", "EMAIL"),
        ("delegation.left", of_delegate, "delegation_ended", "EMAIL"),
    ],
)
async def test_what_a_room_published_is_told_once(desk, dying, kind, settle, template, channel):
    customer, payload = await settle(desk)
    async with unit_of_work(desk.engine) as session:
        for _ in range(2):  # a room that published it twice
            append_event(session, kind=kind, payload=payload, customer_id=customer, now=NOON)

    first = await _deliver(desk, NOON)
    assert first.pop("failed") == 1
    assert await desk.states() == []
    for later in (timedelta(minutes=2), timedelta(minutes=4), timedelta(days=-1), timedelta(days=1)):
        await _deliver(desk, NOON + later)

    assert dying == [1]
    assert await desk.rows("select template, channel, number from notice") == [(template, channel, 1)]
    waiting = "select count(*) from outbox_event where delivered_at is null and kind = :kind"
    assert await desk.rows(waiting, kind=kind) == [(0,)]


async def test_plans_worked_out_together_are_told_each_once(desk):
    customer, payload = await of_letter(desk)
    versions = [payload["versionId"], await _another_letter(desk, payload["versionId"])]
    async with unit_of_work(desk.engine) as session:
        for kind, told, whose in (
            ("levelled.plans_changed", {"versionIds": versions, "reason": "YEARLY"}, None),
            ("levelled.plans_changed", {"versionIds": versions[::-1], "reason": "YEARLY"}, None),
            ("levelled.plan_changed", payload, customer),
        ):
            append_event(session, kind=kind, payload=told, customer_id=whose, now=NOON)

    await _deliver(desk, NOON)

    found = await desk.rows("select customer_id, occasion, template, channel, number from notice order by occasion")
    assert found == [(customer, f"levelled {one}", "levelled_changed", "POST", 1) for one in versions]


async def _another_letter(desk, version):
    other = await desk.utility.run(
        "insert into levelled_version (customer_id, plan_id, contract_id, number, once_key, reason, starts, usage,"
        " basis, known_on, priced_from, base_total, used_before, paid_before, difference, total, going_on, currency,"
        " made_at) select customer_id, plan_id, contract_id, 2, 'b', reason, starts, usage, basis, known_on,"
        " priced_from, base_total, used_before, paid_before, difference, total, going_on, currency, made_at"
        " from levelled_version where id = :v returning id",
        v=version,
    )
    await desk.utility.run(
        "insert into levelled_letter (version_id, customer_id, contract_id, channel, language, starts, old_amount,"
        " new_amount, base_part, difference_part, currency, made_at) select cast(:n as bigint), customer_id,"
        " contract_id, channel, language, starts, old_amount, new_amount, base_part, difference_part, currency, made_at"
        " from levelled_letter where version_id = :v",
        n=other,
        v=version,
    )
    return other


async def _deliver(desk, now):
    return dict(await deliver_events(desk.engine, ears=ears(seal=SEAL, now=now), now=now))
