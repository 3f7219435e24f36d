"""Reminders by text message that customers chose: billed once for each that a gateway took, and for no other."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import pytest_asyncio
from mains_schema.served import schema
from mains_server.access.records import Grant, GrantRole, Permission, Viewer
from mains_server.db.unit_of_work import read_session, unit_of_work
from mains_server.delivery.records import ReceiptOutcome
from mains_server.notifications.charging import text_fees
from mains_server.notifications.events import deliver_events
from mains_server.notifications.listening import ears
from mains_server.notifications.operations import FeesNotAccepted, choose_channels
from mains_server.notifications.records import Channel, Choice, Topic
from mains_server.notifications.reminding import Day, remind_of_day
from mains_server.notifications.reporting import take_report
from mains_server.notifications.sending import Office, send_notices
from mains_server.notifications.texting import reference_of
from mains_spi import DeliveryOutcome, DeliveryReport, hookimpl

from tests.schema.asking import NO_ADAPTERS, Asker, owner
from tests.server.dunning.conftest import connection, debtors, small  # noqa: F401
from tests.server.dunning.conftest import host as plain_host  # noqa: F401
from tests.server.notifications.conftest import SEAL, Hand

pytestmark = pytest.mark.asyncio
D = Decimal
SMS, EMAIL = Channel.SMS, Channel.EMAIL
FEES = "select code, quantity, day, source, key, invoice_id is not null from contract_fee order by id"
# Billed for January on 10 February, due on 2 March: three days before it, on 27 February, it is due soon.
SOON = date(2023, 2, 27)
MARCH = date(2023, 3, 1)


@pytest.fixture
def host(small, plain_host):  # noqa: F811
    """Give the utility, which charges for reminders by text message that customers choose."""

    plugin = plain_host.live["small"].plugin

    class Charging(type(plugin)):
        @hookimpl
        def describe_utility(self):
            return replace(super().describe_utility(), text_reminder_fee="reminder_sms")

    return small.host_of(Charging())


@dataclass
class Story:
    """A customer who owes an invoice, and what the utility sends."""

    debtors: Any
    host: Any
    contract: int

    @property
    def customer(self):
        return self.debtors.one("select customer_id from contract where id = %s", self.contract)

    async def choose(self, *channels, accepts_fees=True, topic=Topic.REMINDER):
        grant = Grant(
            id=1, customer_id=self.customer, role=GrantRole.OWNER, permissions=frozenset(Permission), contract_ids=None
        )
        choice = Choice(customer_id=self.customer, topic=topic, channels=channels, accepts_fees=accepts_fees)
        async with unit_of_work(self.debtors.engine) as session:
            await choose_channels(
                session,
                viewer=Viewer(person_id=1, grants=(grant,)),
                choice=choice,
                utilities=self.host.live,
                now=at(SOON),
            )

    async def remind(self, day=SOON):
        rules = {}
        told = Day(engine=self.debtors.engine, seal=SEAL, now=at(day), today=day, reading_rules=rules)
        return dict(await remind_of_day(replace(told, utilities=self.host.live)))

    async def send(self, *answers: Sequence[ReceiptOutcome], day=SOON):
        hand = Hand(answers=list(answers))
        office = Office(engine=self.debtors.engine, carriers={SMS: hand, EMAIL: Hand()}, seal=SEAL, now=at(day))
        await send_notices(replace(office, utilities=self.host.live))
        return len(hand.taken)

    async def report(self, outcome):
        notice, occasion, number = self.debtors.rows("select id, occasion, number from notice where channel = 'SMS'")[0]
        report = DeliveryReport(
            id=f"r {outcome.name}",
            reference=reference_of(notice_id=notice, occasion=occasion, number=number),
            outcome=outcome,
            occurred_at=at(SOON),
        )
        async with unit_of_work(self.debtors.engine) as session:
            return await take_report(session, gateway="g", report=report, seal=SEAL, now=at(SOON))

    def fees(self):
        return self.debtors.rows(FEES)


@pytest.fixture
def story(debtors, host):  # noqa: F811
    contract = debtors.household()
    debtors.town.connection.execute("update customer set phone = '+37120000001', email = 'a@b.lv', language = 'en'")
    debtors.bill(1)
    return Story(debtors, host, contract)


async def test_each_reminder_that_was_chosen_and_taken_is_billed_once(story):
    await story.choose(SMS)

    assert await story.remind() == {"due_soon": 1}
    assert story.fees() == []
    assert (await story.send(), await story.send(), await story.remind()) == (1, 0, {})

    invoice = story.debtors.one("select id from invoice")
    assert story.fees() == [("reminder_sms", D(1), SOON, "notifications", f"text due soon {invoice}", False)]
    story.debtors.bill(2)
    story.debtors.bill(3)
    # One text message at 0.06: the bill of February is 153.20 as ever, and 0.06 more.
    lines = story.debtors.rows("select invoice_id, quantity, net from invoice_line where code = 'reminder_sms'")
    assert [(quantity, net) for _, quantity, net in lines] == [(D(1), D("0.06"))]
    second = story.debtors.rows("select net from invoice order by id")[1]
    assert second == (D("153.26"),)
    await story.debtors.assert_books()


@pytest.mark.parametrize("answer", [ReceiptOutcome.REFUSED, ReceiptOutcome.UNREACHABLE, ReceiptOutcome.PUT_OFF])
async def test_what_no_gateway_took_costs_nothing(story, answer):
    await story.choose(SMS)
    await story.remind()

    assert await story.send(answer) == 0

    assert story.fees() == []


async def test_what_the_gateway_reports_as_lost_costs_nothing(story):
    await story.choose(SMS)
    await story.remind()
    await story.send()
    assert len(story.fees()) == 1

    await story.report(DeliveryOutcome.FAILED)

    assert story.fees() == []


async def test_what_is_reported_as_lost_after_it_was_billed_stays(story):
    await story.choose(SMS)
    await story.remind()
    await story.send()
    story.debtors.bill(2)

    await story.report(DeliveryOutcome.FAILED)

    assert [row[-1] for row in story.fees()] == [True]


async def test_a_text_message_that_follows_a_mail_is_charged_where_both_were_chosen(story):
    await story.choose(EMAIL, SMS)
    await story.remind()
    office = Office(
        engine=story.debtors.engine,
        carriers={EMAIL: Hand(answers=[ReceiptOutcome.REFUSED]), SMS: Hand()},
        seal=SEAL,
        now=at(SOON),
    )

    await send_notices(replace(office, utilities=story.host.live))

    assert [row[0] for row in story.fees()] == ["reminder_sms"]


async def test_a_mail_costs_nothing_and_so_does_a_text_message_that_nobody_chose(story):
    await story.choose(EMAIL, SMS)
    await story.remind()
    assert await story.send() == 0
    assert story.fees() == []

    story.debtors.town.connection.execute("delete from notice")
    story.debtors.town.connection.execute("delete from notice_preference")
    story.debtors.town.connection.execute("update customer set email = null")
    assert await story.remind() == {"due_soon": 1}
    assert await story.send() == 1
    assert story.fees() == []


async def test_the_fee_is_shown_and_must_be_accepted(story):
    async with read_session(story.debtors.engine) as session:
        shown = await text_fees(session, customer_ids=[story.customer], utilities=story.host.live, now=at(SOON))

    (fee,) = shown[story.customer]
    assert (fee.adapter, fee.code, fee.value, fee.unit) == ("small", "reminder_sms", D("0.06"), "EUR/pcs")
    with pytest.raises(FeesNotAccepted):
        await story.choose(EMAIL, SMS, accepts_fees=False)
    assert story.debtors.rows("select topic from notice_preference") == []
    await story.choose(EMAIL, accepts_fees=False)
    await story.choose(SMS, accepts_fees=False, topic=Topic.OUTAGE)


async def test_the_fee_is_shown_and_accepted_over_graphql(story):
    asker = Asker(schema(), story.debtors.engine, replace(NO_ADAPTERS, host=story.host))
    viewer = owner(story.customer, person=story.debtors.person_id)
    shown = "topic channels acceptsFees fees { adapter price { amount unit } isWithTax }"
    query = f"{{ viewer {{ customers {{ nodes {{ id noticePreferences {{ {shown} }} }} }} }} }}"
    (customer,) = (await asker.ask(query, viewer=viewer)).data["viewer"]["customers"]["nodes"]
    mutation = f"""mutation ($input: NoticePreferenceSetInput!) {{ noticePreferenceSet(input: $input) {{
        preferences {{ {shown} }} userErrors {{ code path }} }} }}"""
    wanted = {"customerId": customer["id"], "topic": "REMINDER", "channels": ["SMS"], "idempotencyKey": "1"}

    refused = await asker.resolve(mutation, viewer=viewer, input=wanted)
    taken = await asker.resolve(mutation, viewer=viewer, input={**wanted, "acceptsFees": True, "idempotencyKey": "2"})

    fees = {one["topic"]: one["fees"] for one in customer["noticePreferences"]}
    price = {"amount": "0.06000000", "unit": "EUR/pcs"}
    assert fees.pop("REMINDER") == [{"adapter": "small", "price": price, "isWithTax": False}]
    assert set(map(len, fees.values())) == {0}
    error = {"code": "FEES_NOT_ACCEPTED", "path": "acceptsFees"}
    assert refused.data["noticePreferenceSet"] == {"preferences": [], "userErrors": [error]}
    (now,) = [one for one in taken.data["noticePreferenceSet"]["preferences"] if one["topic"] == "REMINDER"]
    assert (now["channels"], now["acceptsFees"]) == (["SMS"], True)


async def test_choosing_another_channel_ends_it(story):
    await story.choose(SMS)
    await story.choose(EMAIL, accepts_fees=True)

    assert story.debtors.rows("select channels, fees_accepted_at from notice_preference") == [(["EMAIL"], None)]


async def test_the_fee_of_a_stage_is_taken_back_where_its_text_message_was_refused(story):
    await _overdue(story)

    assert [row[4] for row in story.fees()] == [f"reminder {story.debtors.one('select id from invoice')} 1"]
    await story.send(ReceiptOutcome.REFUSED, day=date(2023, 3, 8))

    assert story.fees() == []
    assert story.debtors.rows("select number, channel, state, template from notice order by number") == [
        (1, "SMS", "FAILED", "overdue_with_fee"),
        (2, "POST", "WAITING", "overdue"),
    ]


async def test_who_has_no_phone_gets_a_letter_without_a_fee(story):
    story.debtors.town.connection.execute("update customer set phone = null")

    await _overdue(story)

    assert story.fees() == []
    assert story.debtors.rows("select channel, template from notice") == [("POST", "overdue")]


@pytest_asyncio.fixture
async def ended(debtors, host):  # noqa: F811
    """Have somebody who moved out on 1 February told by text message, as they chose, that the last bill is due."""
    contract = debtors.household(ends=date(2023, 2, 1))
    debtors.town.connection.execute("update customer set phone = '+37120000001', email = 'a@b.lv', language = 'en'")
    await debtors.policy(interest={"household_rate": None}, stages=())
    debtors.bill(1)
    story = Story(debtors, host, contract)
    await story.choose(SMS)
    assert await story.remind() == {"due_soon": 1}
    assert await story.send() == 1
    return story


async def test_after_the_last_bill_a_text_message_comes_on_a_note_once(ended, debtors):  # noqa: F811
    """The last bill of 185.37 is due on 2 March; the message of 27 February costs 0.06, charged on 1 March."""
    invoice = debtors.one("select id from invoice")
    assert ended.fees() == [
        ("reminder_sms", D(1), date(2023, 1, 31), "notifications", f"text due soon {invoice}", False)
    ]
    assert (await debtors.day(SOON), await debtors.day(date(2023, 2, 28))) == ({}, {})
    assert await debtors.day(MARCH) == {"noted": 1}

    notes = "select document_number, total, period_from from invoice where kind = 'INTEREST'"
    assert debtors.rows(notes) == [("S-000002", D("0.06"), MARCH)]
    line = "select code, quantity, net, period_from from invoice_line where invoice_id = %s"
    assert debtors.rows(line, 2) == [("reminder_sms", D(1), D("0.06"), SOON)]
    assert await debtors.day(date(2023, 4, 1)) == {}
    await debtors.assert_books()


async def test_a_text_message_about_a_note_costs_nothing(ended, debtors):  # noqa: F811
    """The note of 0.06 is due on 21 March; six cents that nobody pays must not bring forth six cents for ever."""
    await debtors.day(MARCH)
    soon = date(2023, 3, 18)

    assert await ended.remind(soon) == {"due_soon": 1}
    assert await ended.send(day=soon) == 1

    assert [row[-1] for row in ended.fees()] == [True]


async def test_a_text_message_that_was_lost_after_the_last_bill_costs_nothing(ended, debtors):  # noqa: F811
    await ended.report(DeliveryOutcome.FAILED)

    assert ended.fees() == []
    assert await debtors.day(date(2023, 4, 1)) == {}


async def _overdue(story):
    """Let the first stage of reminding come, by text message with a fee, five days after the last day to pay."""
    story.debtors.town.connection.execute("update customer set address_line = 'Lielā 1', address_city = 'Jelgava'")
    await story.debtors.policy(interest={"household_rate": None})
    await story.debtors.day(date(2023, 3, 7))
    now = at(date(2023, 3, 7)) + timedelta(minutes=1)
    await deliver_events(story.debtors.engine, ears=ears(seal=SEAL, now=now), now=now)


def at(day):
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
