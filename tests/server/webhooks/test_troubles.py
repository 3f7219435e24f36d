"""Senders that die, endpoints that fail for days, and messages that nobody took."""

import signal
from datetime import timedelta

import pytest
from mains_server.webhooks import operations, rules
from mains_server.webhooks.posting import Poster

from tests.server.webhooks.dying_sender import sent_until_death

pytestmark = pytest.mark.asyncio
SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)


async def test_a_dead_letter_is_shown_and_sent_again_when_asked(partners, receiver):
    made = await partners.endpoint(receiver.url)
    await partners.happens(7, 7)
    partners.broken = {1}
    for _ in range(rules.TRIES_MAX):
        await partners.send(after=timedelta(hours=27))

    assert await partners.deliveries() == [
        ("FAILED", rules.TRIES_MAX, None, "answered with INTERNAL"),
        ("DELIVERED", 1, 204, "answered 204"),
    ]
    partners.broken = set()
    assert await partners.act(operations.send_again, delivery_id=1, now=partners.now) == made.endpoint_id
    await partners.send()

    assert receiver.ids == ["msg_2", "msg_1"]
    assert await partners.state() == ("ACTIVE", None, 0)


async def test_all_that_was_given_up_since_an_instant_is_sent_again(partners, receiver):
    made = await partners.endpoint(receiver.url)
    await partners.happens(7, 8)
    await partners.send()
    await partners.utility.run(
        "update webhook_delivery set state = 'FAILED', occurred_at = :at where id = 1", at=partners.now - DAY
    )
    await partners.utility.run("update webhook_delivery set state = 'FAILED' where id = 2")

    count = await partners.act(
        operations.send_failed_again, endpoint_id=made.endpoint_id, since=partners.now - MINUTE, now=partners.now
    )

    assert count == 1
    await partners.send()
    assert receiver.ids[-1] == "msg_2"
    assert [row[0] for row in await partners.deliveries()] == ["FAILED", "DELIVERED"]


async def test_an_endpoint_that_fails_is_left_alone_and_its_messages_keep_their_tries(partners, receiver):
    await partners.endpoint(receiver.url)
    await partners.happens(*range(1, 13))
    receiver.will(*[503] * 20)

    await partners.send()
    tried = len(receiver.came)

    assert rules.FAILURES_UNTIL_PAUSE <= tried < rules.FAILURES_UNTIL_PAUSE + rules.LANES
    assert await partners.send(after=SECOND) == {}
    receiver.answers.clear()
    await partners.send(after=timedelta(hours=1))
    assert {row[0] for row in await partners.deliveries()} == {"DELIVERED"}
    assert await partners.state() == ("ACTIVE", None, 0)


async def test_gone_disables_at_once_and_who_made_it_is_told(partners, receiver):
    made = await partners.endpoint(receiver.url)
    await partners.happens(7, 7)
    receiver.will(410)

    await partners.send()
    await partners.happens(7)
    later = await partners.send(after=DAY)

    assert (len(receiver.came), later) == (1, {})
    assert await partners.state() == ("DISABLED", "GONE", 1)
    told = await partners.rows("select template, person_id, address from notice")
    assert told == [("webhook_gone", partners.admin, "admin@example.lv")]
    await partners.act(operations.enable_endpoint, endpoint_id=made.endpoint_id)
    await partners.send()
    assert [row[0] for row in await partners.deliveries()] == ["DELIVERED", "DELIVERED"]


async def test_an_endpoint_that_fails_for_five_days_is_disabled_and_who_made_it_is_told(partners, receiver):
    await partners.endpoint(receiver.url)
    await partners.happens(*range(1, 5))
    receiver.will(*[500] * 200)

    hours = 0
    while (await partners.state())[0] == "ACTIVE":
        await partners.send(after=timedelta(hours=12))
        hours += 12
        if hours % 24 == 0:
            await partners.happens(hours)

    assert 24 * 5 <= hours <= 24 * 6
    assert await partners.state() == ("DISABLED", "FAILING", len(receiver.came))
    assert await partners.rows("select template from notice") == [("webhook_failing",)]


async def test_a_sender_that_dies_after_the_other_side_took_it_sends_it_again_under_the_same_id(partners, receiver):
    class Death(BaseException):
        pass

    class DyingPoster(Poster):
        async def post(self, **given):
            await super().post(**given)
            raise Death

    await partners.endpoint(receiver.url)
    await partners.happens(7, 7)
    with pytest.MonkeyPatch.context() as patched, pytest.raises(Death):
        patched.setattr("mains_server.webhooks.sending.Poster", DyingPoster)
        await partners.send()
    await partners.send()

    assert receiver.ids == ["msg_1", "msg_1", "msg_2"]
    assert {row[0] for row in await partners.deliveries()} == {"DELIVERED"}


@pytest.mark.slow
async def test_what_is_received_is_what_was_committed_under_kills_of_the_sender(partners, receiver, database_url):
    kills = 30
    await partners.endpoint(receiver.url)
    await partners.happens(*(number % 5 + 1 for number in range(40)))

    for number in range(kills):
        assert await sent_until_death(database_url, after=number % 9 + 1) in (-signal.SIGKILL, 0)
    await partners.send()

    numbers = [one["data"]["readingAccepted"]["number"] for one in receiver.bodies]
    assert set(numbers) == set(range(1, 41))
    assert len(receiver.ids) - len(set(receiver.ids)) <= kills * rules.LANES
    assert {row[0] for row in await partners.deliveries()} == {"DELIVERED"}
    for customer in range(5):
        mine = list(dict.fromkeys(one for one in numbers if (one - 1) % 5 == customer))
        assert mine == sorted(mine)
