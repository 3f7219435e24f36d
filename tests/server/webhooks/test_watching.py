"""Messages go out as soon as something is committed, whoever else is slow."""

import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from mains_server.webhooks import operations
from mains_server.webhooks.rules import LANES
from mains_server.webhooks.turns import OF_ONE_AT_ONCE
from mains_server.webhooks.watching import Watch, seconds_until

from tests.server.webhooks.conftest import NOON
from tests.server.webhooks.receiver import PATIENCE_SECONDS, receiving

pytestmark = pytest.mark.asyncio
SECOND = timedelta(seconds=1)


@asynccontextmanager
async def watching(partners):
    """Watch beside the block, which waits for nothing but what is told."""
    task = asyncio.create_task(Watch(partners.office()).run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def ended(partners, count):
    """Wait until so many deliveries are delivered."""
    await so(partners, lambda rows: [state for state, *_ in rows].count("DELIVERED") >= count)


async def so(partners, holds):
    """Wait until something holds of the deliveries."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not holds(await partners.deliveries()):  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_what_is_committed_goes_out_without_anybody_asking(partners, receiver):
    await partners.endpoint(receiver.url)
    async with watching(partners):
        await partners.happens(7)
        await receiver.until(1)
        await partners.happens(7, 8)
        await receiver.until(3)
        await ended(partners, 3)

    assert receiver.ids == ["msg_1", *receiver.ids[1:]]
    assert sorted(receiver.ids) == ["msg_1", "msg_2", "msg_3"]


async def test_what_waited_before_the_watch_began_goes_out_first(partners, receiver):
    await partners.endpoint(receiver.url)
    await partners.happens(7)

    async with watching(partners):
        await receiver.until(1)


async def test_a_ping_and_what_is_to_be_sent_again_go_out_at_once(partners, receiver):
    made = await partners.endpoint(receiver.url)
    about = {"endpoint_id": made.endpoint_id, "now": partners.now}
    async with watching(partners):
        await partners.happens(7)
        await ended(partners, 1)
        await partners.act(operations.ping_endpoint, **about)
        await ended(partners, 2)
        await partners.utility.run("update webhook_delivery set state = 'FAILED' where id = 1")
        await partners.act(operations.send_again, delivery_id=1, now=partners.now)
        await ended(partners, 2)
        await receiver.until(3)

    assert receiver.ids == ["msg_1", "msg_2", "msg_1"]


async def test_what_failed_is_tried_again_when_it_is_due(partners, receiver):
    await partners.endpoint(receiver.url)
    receiver.will(500)
    async with watching(partners):
        await partners.happens(7)
        await so(partners, lambda rows: rows == [("WAITING", 1, 500, "answered 500")])
        partners.now += 6 * SECOND
        await partners.happens(8)  # a look of its own would come five seconds later by the machine's clock
        await ended(partners, 2)

    assert sorted(receiver.ids) == ["msg_1", "msg_1", "msg_2"]


async def test_partners_that_hang_hold_up_nobody_else(partners, receiver):
    """Two partners with each of their lanes due once filled every turn; now they have two each, and others go on."""
    async with receiving(hangs=True) as slow, receiving(hangs=True) as slower:
        for url in (slow.url, slower.url, receiver.url):
            await partners.endpoint(url)
        async with watching(partners):
            await partners.happens(*range(1, LANES + 1))
            await slow.until(OF_ONE_AT_ONCE)
            await slower.until(OF_ONE_AT_ONCE)
            await receiver.until(LANES)
            await partners.happens(1)
            await receiver.until(LANES + 1)
            came = len(slow.ids), len(slower.ids)
            for hanging in (slow, slower):
                hanging.lets_go.set()
            await ended(partners, 3 * (LANES + 1))

    assert came == (OF_ONE_AT_ONCE, OF_ONE_AT_ONCE)
    for each in (slow, slower):
        assert len(each.ids) == len(set(each.ids)) == LANES + 1


async def test_a_message_on_its_way_is_brought_to_its_end_when_the_watch_ends(partners, receiver):
    receiver.hangs = True
    await partners.endpoint(receiver.url)
    async with watching(partners) as task:
        await partners.happens(7, 7)
        await receiver.until(1)
        task.cancel()
        receiver.lets_go.set()
        await asyncio.gather(task, return_exceptions=True)

    assert [row[0] for row in await partners.deliveries()] == ["DELIVERED", "WAITING"]


async def test_watches_side_by_side_send_nothing_twice(partners, receiver):
    await partners.endpoint(receiver.url)
    async with watching(partners), watching(partners):
        await partners.happens(*(number % 5 + 1 for number in range(30)))
        await ended(partners, 30)

    assert len(receiver.ids) == len(set(receiver.ids)) == 30


@pytest.mark.parametrize(
    ("ahead", "seconds"), [(None, 60), (-3_600, 1), (0, 1), (0.5, 1), (5.5, 5.5), (60, 60), (86_400, 60)]
)
async def test_the_next_look_is_when_something_is_due_a_minute_ahead_at_most(ahead, seconds):
    at = None if ahead is None else NOON + timedelta(seconds=ahead)

    assert seconds_until(at, now=NOON) == seconds
