"""Telling: once an occasion, by the channel that reaches, with secrets that nobody can read, tried until it is over."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from mains_server.db.unit_of_work import unit_of_work
from mains_server.delivery.records import ReceiptOutcome
from mains_server.notifications.operations import prefer, supersede, tell, tell_all
from mains_server.notifications.records import Channel, Choice, Message, Recipient, Topic
from mains_server.notifications.rules import begins_at
from mains_server.notifications.sealing import Seal
from mains_server.notifications.sending import send_notices

from tests.server.notifications.conftest import NOON, SEAL, Hand

pytestmark = pytest.mark.asyncio
LINK = "https://portal.example/reset/4711-secret"
REFUSED, UNREACHABLE = ReceiptOutcome.REFUSED, ReceiptOutcome.UNREACHABLE


def reset(**to):
    """Make a message with a secret."""
    return Message(
        occasion="reset 1",
        topic=Topic.ACCOUNT,
        template="password_reset",
        to=Recipient(**(to or {"email": "new@example.lv", "language": "en"})),
        values={"until": NOON},
        secrets={"link": LINK},
    )


def ended(customer_id, *, occasion="ended 1", **given):
    """Make a message to a customer."""
    return Message(
        occasion=occasion,
        topic=given.pop("topic", Topic.CONTRACT),
        template="delegation_ended",
        to=Recipient(customer_id=customer_id),
        values={"delegate": "Juris"},
        **given,
    )


async def told(desk, message, *, now=NOON):
    """Tell in a transaction."""
    async with unit_of_work(desk.engine) as session:
        return await tell(session, message=message, seal=SEAL, now=now)


async def test_a_secret_is_read_by_its_recipient_alone(desk):
    hand = Hand()

    assert await told(desk, reset())
    waiting = await desk.rows("select row_to_json(n)::text from notice n")
    assert dict(await send_notices(desk.office(hand))) == {"sent": 1}

    ((address, subject, body),) = hand.taken
    assert (address, subject) == ("new@example.lv", "A new password")
    assert LINK in body and "⟦" not in body
    sent = await desk.rows("select row_to_json(n)::text from notice n")
    assert not any("4711" in row[0] for row in waiting + sent)
    assert await desk.rows("select sealed, state, language, length(template_version) from notice") == [
        (None, "SENT", "en", 12)
    ]


async def test_an_occasion_is_told_once_also_by_two_at_a_time(desk):
    customer = await desk.customer()

    async def both():
        return await asyncio.gather(*(told(desk, ended(customer)) for _ in range(4)))

    assert sorted(await both()) == [False, False, False, True]
    assert await told(desk, ended(customer), now=NOON - timedelta(days=400)) is False
    assert await desk.states() == [("ended 1", "EMAIL", "WAITING")]


async def test_what_does_not_happen_is_not_told(desk):
    customer = await desk.customer()

    with pytest.raises(ZeroDivisionError):
        async with unit_of_work(desk.engine) as session:
            await tell(session, message=ended(customer), seal=SEAL, now=NOON)
            raise ZeroDivisionError

    assert await desk.states() == []


async def test_what_is_put_off_is_tried_again_and_given_up_for_a_letter(desk):
    customer = await desk.customer()
    await told(desk, ended(customer))
    hand = Hand(answers=[UNREACHABLE] * 10)

    for hours in range(0, 80, 8):
        await send_notices(desk.office(hand, now=NOON + timedelta(hours=hours)))

    assert await desk.states() == [("ended 1", "EMAIL", "FAILED"), ("ended 1", "POST", "WAITING")]
    assert await desk.rows("select tries, detail from notice order by number") == [(10, "unreachable"), (0, None)]


async def test_each_answer_of_the_mail_server_is_kept_in_its_words(desk):
    customer = await desk.customer()
    await told(desk, ended(customer))
    hand = Hand(answers=[UNREACHABLE, ReceiptOutcome.PUT_OFF])

    for hours in range(3):
        await send_notices(desk.office(hand, now=NOON + timedelta(hours=hours)))
    await send_notices(desk.office(hand, now=NOON + timedelta(hours=3)))

    kept = "select customer_id, gateway, outcome, reason, occurred_at from notice_report order by id"
    assert await desk.rows(kept) == [
        (customer, "mail", "PUT_OFF", "unreachable", NOON),
        (customer, "mail", "PUT_OFF", "put_off", NOON + timedelta(hours=1)),
        (customer, "mail", "ON_ITS_WAY", "accepted", NOON + timedelta(hours=2)),
    ]


async def test_it_is_not_tried_before_its_time(desk):
    await told(desk, ended(await desk.customer()))
    hand = Hand(answers=[UNREACHABLE])

    assert dict(await send_notices(desk.office(hand))) == {"waiting": 1}
    assert dict(await send_notices(desk.office(hand, now=NOON + timedelta(seconds=59)))) == {}
    assert dict(await send_notices(desk.office(hand, now=NOON + timedelta(minutes=1)))) == {"sent": 1}
    assert len(hand.taken) == 1


async def test_who_has_no_mail_address_gets_the_next_channel(desk):
    customer = await desk.customer(email="no address", phone="+371 2000 0000")
    nobody = await desk.customer("C-2", email=None, phone=None, address_line="")

    await told(desk, ended(customer, occasion="a", topic=Topic.REMINDER))
    await told(desk, ended(nobody, occasion="b", topic=Topic.REMINDER))

    assert await desk.states() == [("a", "SMS", "WAITING"), ("b", "EMAIL", "FAILED")]
    assert await desk.rows("select address, body from notice where occasion = 'a'") == [
        ("+37120000000", "Juris can no longer act on your account.")
    ]


async def test_a_fallback_keeps_its_secret(desk):
    message = reset(email="new@example.lv", phone="+37120000000", language="lv")
    person = await desk.utility.run(
        "insert into person (email, name, language, phone, created_at) values"
        " ('p@example.lv', 'P', 'lv', '+37120000001', now()) returning id"
    )
    mail, phone = Hand(answers=[REFUSED]), Hand()
    await told(desk, reset(person_id=person))

    await send_notices(desk.office(mail))
    await send_notices(desk.office(phone, Channel.SMS))

    assert phone.taken == [("+37120000001", "Jauna parole", f"Izvēlieties jaunu paroli: {LINK}")]
    assert await told(desk, message) is False


async def test_a_secret_that_cannot_be_opened_waits(desk):
    await told(desk, reset())
    hand = Hand()

    assert dict(await send_notices(desk.office(hand, seal=Seal(b"another one, also long enough")))) == {"waiting": 1}
    assert hand.taken == []


async def test_what_came_too_late_is_not_sent(desk):
    customer = await desk.customer()
    await told(desk, ended(customer, holds_until=NOON + timedelta(minutes=5)))
    hand = Hand()

    assert dict(await send_notices(desk.office(hand, now=NOON + timedelta(minutes=5)))) == {"failed": 1}
    assert hand.taken == []


async def test_what_was_superseded_is_never_sent(desk):
    await told(desk, reset())
    hand = Hand()
    async with unit_of_work(desk.engine) as session:
        assert await supersede(session, occasion="reset 1", reason="another was asked for") == 1

    assert dict(await send_notices(desk.office(hand))) == {}
    assert await desk.rows("select state, sealed, detail from notice") == [
        ("SUPERSEDED", None, "another was asked for")
    ]
    async with unit_of_work(desk.engine) as session:
        assert await supersede(session, occasion="reset 1", reason="once more") == 0


async def test_two_senders_send_one_notice_once(desk):
    customer = await desk.customer()
    async with unit_of_work(desk.engine) as session:
        messages = [ended(customer, occasion=f"{number}") for number in range(20)]
        assert await tell_all(session, messages=messages, seal=SEAL, now=NOON) == 20
    hand = Hand()

    counts = await asyncio.gather(*(send_notices(desk.office(hand)) for _ in range(3)))

    assert sum(count["sent"] for count in counts) == len(hand.taken) == 20


@pytest.mark.parametrize(
    ("topic", "chosen", "found"),
    [
        (Topic.REMINDER, (Channel.SMS,), "SMS"),
        (Topic.REMINDER, (), "POST"),
        (Topic.OFFERS, (), "PORTAL"),
        (Topic.OFFERS, (Channel.POST,), "POST"),
        (Topic.CONTRACT, (Channel.PORTAL, Channel.EMAIL), "PORTAL"),
    ],
)
async def test_a_customer_is_told_as_they_prefer(desk, topic, chosen, found):
    customer = await desk.customer(phone="+37120000000")
    async with unit_of_work(desk.engine) as session:
        for channels in ((Channel.EMAIL,), chosen):
            await prefer(session, choice=Choice(customer_id=customer, topic=topic, channels=channels), now=NOON)

    await told(desk, ended(customer, topic=topic))

    assert [row[1] for row in await desk.states()] == [found]


@pytest.mark.parametrize(
    ("at", "begins"),
    [
        # Riga is two hours before UTC in winter and three in summer: quiet is from 21:00 to 8:00 there.
        ("2024-02-10T18:59+00:00", "2024-02-10T18:59+00:00"),
        ("2024-02-10T19:00+00:00", "2024-02-11T06:00+00:00"),
        ("2024-02-11T05:59+00:00", "2024-02-11T06:00+00:00"),
        ("2024-02-11T06:00+00:00", "2024-02-11T06:00+00:00"),
        ("2024-07-10T18:00+00:00", "2024-07-11T05:00+00:00"),
        # The night in which clocks go forward, 31 March 2024.
        ("2024-03-30T22:00+00:00", "2024-03-31T05:00+00:00"),
    ],
)
async def test_phones_do_not_ring_at_night(at, begins):
    now = datetime.fromisoformat(at).astimezone(UTC)

    assert begins_at(Channel.SMS, Topic.OUTAGE, now=now, time_zone="Europe/Riga") == datetime.fromisoformat(begins)
    assert begins_at(Channel.SMS, Topic.ACCOUNT, now=now, time_zone="Europe/Riga") == now
    assert begins_at(Channel.EMAIL, Topic.OUTAGE, now=now, time_zone="Europe/Riga") == now
