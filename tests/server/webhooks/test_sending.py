"""What happens reaches endpoints: signed, in the order of each customer, again after failures, and never to others."""

import asyncio
from datetime import timedelta

import pytest
from mains_server.db.unit_of_work import read_session
from mains_server.webhooks import queries, rules
from mains_server.webhooks.records import Chosen, WebhookKind
from mains_server.webhooks.sending import Office, send_webhooks
from sqlalchemy import text

from tests.server.webhooks.conftest import HERE, SEAL
from tests.server.webhooks.receiver import is_signed

pytestmark = pytest.mark.asyncio
SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)


async def test_an_event_is_posted_signed_with_what_the_document_gives(partners, receiver):
    made = await partners.endpoint(receiver.url)
    await partners.happens(7)

    counts = await partners.send()

    [(headers, body)] = receiver.came
    assert counts == {"queued": 1, "delivered": 1}
    assert headers["request"] == "POST /hook?of=mains HTTP/1.1"
    assert headers["host"] == f"127.0.0.1:{receiver.port}"
    assert headers["content-type"] == "application/json"
    assert headers["webhook-id"] == "msg_1"
    assert headers["webhook-timestamp"] == str(int(partners.now.timestamp()))
    assert is_signed(headers, body, made.secret)
    assert body == (
        b'{"type":"reading.accepted","timestamp":"2024-02-10T12:00:00.000Z","data":{"readingAccepted":{"number":1}}}'
    )
    assert await partners.deliveries() == [("DELIVERED", 1, 204, "answered 204")]


async def test_it_is_read_as_the_events_customer_alone_by_nobodys_person(partners, receiver):
    await partners.endpoint(receiver.url, customer_ids=None)
    await partners.happens(7)

    await partners.send()

    [reading] = partners.read
    assert reading.viewer.person_id is None
    assert (reading.viewer.is_staff, reading.viewer.language) == (False, "en")
    assert [(one.customer_id, one.contract_ids) for one in reading.viewer.grants] == [(7, None)]
    assert {one.value for grant in reading.viewer.grants for one in grant.permissions} == {"VIEW"}


async def test_an_endpoint_hears_of_its_customers_and_kinds_alone(partners, receiver):
    other = await partners.utility.customer("C-2")
    await partners.endpoint(receiver.url, customer_ids=(partners.business,))
    await partners.happens(partners.business, other)
    await partners.happens(partners.business, kind="payment.changed", payment_id=5)
    await partners.happens(partners.business, kind="signin.noted", what=1)

    counts = await partners.send()

    assert counts == {"queued": 1, "delivered": 1}
    assert [one["type"] for one in receiver.bodies] == ["reading.accepted"]


async def test_one_event_may_be_of_several_kinds(partners, receiver):
    kinds = (WebhookKind.BALANCE_CHANGED, WebhookKind.PAYMENT_CHANGED, WebhookKind.INVOICE_ISSUED)
    await partners.endpoint(receiver.url, chosen=tuple(Chosen(kind=one, document="x") for one in kinds))
    await partners.books(7, document_id=3, kind="PAYMENT")

    await partners.send()

    found = await partners.rows("select kind, number from webhook_delivery order by id")
    assert sorted(found) == [("BALANCE_CHANGED", 7), ("PAYMENT_CHANGED", 3)]


async def test_a_payment_that_is_begun_is_told_if_who_began_it_acts_for_the_customer(partners, receiver):
    await partners.endpoint(
        receiver.url, chosen=(Chosen(kind=WebhookKind.PAYMENT_INTENT_CHANGED, document="x"),), customer_ids=None
    )
    for intent, person in ((1, partners.owner), (2, partners.admin)):
        payload = {"intent_id": intent, "person_id": person, "status": "PENDING"}
        await partners.happens(partners.business, kind="payment.intent_changed", **payload)

    await partners.send()

    assert await partners.rows("select kind, number from webhook_delivery") == [("PAYMENT_INTENT_CHANGED", 1)]
    assert [one["type"] for one in receiver.bodies] == ["payment.intent_changed"]


async def test_every_event_is_queued_once_also_one_that_is_committed_late(partners, receiver):
    await partners.endpoint(receiver.url)
    async with partners.engine.connect() as slow, slow.begin():
        insert = """insert into outbox_event (kind, payload, customer_id, occurred_at, delivered_at)
            values ('reading.accepted', '{"reading_id": 9}', 7, :now, :now)"""
        await slow.execute(text(insert), {"now": partners.now})
        await partners.happens(7)
        first = await partners.send()
    second, third = await partners.send(), await partners.send()

    assert (first["queued"], second["queued"], third["queued"]) == (1, 1, 0)
    assert [one["data"]["readingAccepted"]["number"] for one in receiver.bodies] == [1, 9]


async def test_what_happened_before_the_first_endpoint_is_not_told(partners, receiver):
    await partners.happens(7)
    await partners.endpoint(receiver.url)
    await partners.happens(8)

    assert await partners.send() == {"queued": 1, "delivered": 1}


async def test_a_failed_try_is_repeated_by_the_schedule_of_the_standard_under_the_same_id(partners, receiver):
    await partners.endpoint(receiver.url)
    await partners.happens(7)
    receiver.will(*[500] * 4)

    await partners.send()
    for pause in rules.PAUSES[:4]:
        assert await partners.send(after=pause - SECOND) == {}
        assert (await partners.send(after=pause // 10 + SECOND)).total() == 1

    assert receiver.ids == ["msg_1"] * 5
    assert len({headers["webhook-timestamp"] for headers, _ in receiver.came}) == 5
    assert await partners.deliveries() == [("DELIVERED", 5, 204, "answered 204")]


async def test_a_customers_events_keep_their_order_and_do_not_hold_up_others(partners, receiver):
    await partners.endpoint(receiver.url)
    await partners.happens(7, 7, 11, 7)
    partners.broken = {1}

    await partners.send()
    assert [one["data"]["readingAccepted"]["number"] for one in receiver.bodies] == [3]
    partners.broken = set()
    await partners.send(after=timedelta(seconds=6))

    assert [one["data"]["readingAccepted"]["number"] for one in receiver.bodies] == [3, 1, 2, 4]


async def test_what_the_endpoint_may_not_see_is_withheld(partners, receiver):
    await partners.endpoint(receiver.url)
    await partners.happens(7)
    partners.unseen = {1}

    await partners.send()

    assert receiver.came == []
    assert await partners.deliveries() == [("WITHHELD", 0, None, "not for this endpoint to see, or gone")]


async def test_a_customers_own_endpoint_ends_with_the_right_of_who_made_it(partners, receiver):
    mine = {"by": partners.owner, "customer_id": partners.business}
    await partners.endpoint(receiver.url, **mine)
    await partners.happens(partners.business, 7)
    await partners.send()
    await partners.happens(partners.business)
    await partners.utility.run("update access_grant set ends_at = :now", now=partners.now)

    await partners.send()

    assert len(receiver.came) == 1
    assert await partners.state() == ("DISABLED", "RIGHT_ENDED", 0)
    assert [row[0] for row in await partners.deliveries()] == ["DELIVERED", "WITHHELD"]


async def test_customers_that_were_taken_off_an_endpoint_are_not_told_of(partners, receiver):
    await partners.endpoint(receiver.url, customer_ids=(partners.business,))
    await partners.happens(partners.business)
    receiver.will(500)
    await partners.send()
    await partners.utility.run("update webhook_endpoint set customer_ids = '{}'")

    await partners.send(after=MINUTE)

    assert len(receiver.came) == 1
    assert [row[0] for row in await partners.deliveries()] == ["WITHHELD"]


async def test_senders_side_by_side_send_nothing_twice(partners, receiver):
    await partners.endpoint(receiver.url)
    await partners.happens(*(number % 5 + 1 for number in range(30)))

    counts = await asyncio.gather(*(partners.send() for _ in range(3)))
    counts.append(await partners.send())

    assert sum(one["delivered"] for one in counts) == 30
    assert sorted(receiver.ids) == sorted(f"msg_{number}" for number in range(1, 31))


async def test_a_sender_ends_when_its_time_is_up(partners, receiver):
    await partners.endpoint(receiver.url)
    await partners.happens(7, 7, 7)
    ticks = iter(range(1_000))
    start = partners.now

    office = Office(
        engine=partners.engine,
        seal=SEAL,
        render=partners.render,
        gate=HERE,
        clock=lambda: start + SECOND * next(ticks),
        lasts=timedelta(seconds=5),
    )
    await send_webhooks(office)

    assert 1 <= len(receiver.came) < 3


async def test_the_next_try_is_of_what_waits_for_its_turn_alone(partners, receiver):
    await partners.endpoint(receiver.url)

    async def next_try_in_seconds():
        async with read_session(partners.engine) as session:
            found = await queries.next_try_at(session, now=partners.now)
        return None if found is None else (found - partners.now).total_seconds()

    assert await next_try_in_seconds() is None
    await partners.happens(7, 7)
    partners.broken = {1}
    await partners.send()
    assert 5 <= await next_try_in_seconds() <= 5.5  # the second waits for the first, though it is due

    await partners.utility.run("update webhook_endpoint set paused_until = :at", at=partners.now + 30 * SECOND)
    assert await next_try_in_seconds() == 30
    await partners.utility.run("update webhook_endpoint set state = 'DISABLED'")
    assert await next_try_in_seconds() is None
