"""Turns: however many endpoints are in trouble, and however many lanes one has, the others have turns of their own."""

import asyncio
from contextlib import AsyncExitStack

import pytest
from mains_server.webhooks.turns import IN_TROUBLE_AT_ONCE, LANES_AT_ONCE, OF_ONE_AT_ONCE, Turns

pytestmark = pytest.mark.asyncio


class Lanes:
    """Lanes that keep the turns they get until they are let go."""

    def __init__(self):
        self.turns, self.served, self.tasks = Turns(), [], []
        self.lets_go = asyncio.Event()

    async def wait(self, *endpoints, is_in_trouble=False):
        """Let a lane of each of these endpoints wait for its turn, as far as it comes."""
        self.tasks += [asyncio.create_task(self._keep(one, is_in_trouble)) for one in endpoints]
        for _ in range(10):  # each step of who waits is one round of the loop
            await asyncio.sleep(0)

    async def _keep(self, endpoint, is_in_trouble):
        async with self.turns.turn(endpoint, is_in_trouble=is_in_trouble):
            self.served.append(endpoint)
            await self.lets_go.wait()

    async def end(self):
        self.lets_go.set()
        await asyncio.gather(*self.tasks)


async def test_one_endpoint_has_two_turns_and_the_next_goes_on():
    lanes = Lanes()
    await lanes.wait(1, 1, 1, 1, 2)

    assert lanes.served == [1] * OF_ONE_AT_ONCE + [2]
    await lanes.end()
    assert sorted(lanes.served) == [1, 1, 1, 1, 2]


async def test_those_in_trouble_have_half_of_the_turns_however_many_they_are():
    lanes = Lanes()
    await lanes.wait(*range(20), is_in_trouble=True)
    assert lanes.served == list(range(IN_TROUBLE_AT_ONCE))

    await lanes.wait(*range(100, 110))

    assert lanes.served[IN_TROUBLE_AT_ONCE:] == list(range(100, 100 + LANES_AT_ONCE - IN_TROUBLE_AT_ONCE))
    await lanes.end()
    assert sorted(lanes.served) == [*range(20), *range(100, 110)]


async def test_who_stops_waiting_keeps_nobody_waiting():
    lanes = Lanes()
    await lanes.wait(1, 1, 1)
    lanes.tasks.pop().cancel()
    await lanes.end()

    async with AsyncExitStack() as held:
        for endpoint in range(LANES_AT_ONCE):
            await held.enter_async_context(lanes.turns.turn(endpoint, is_in_trouble=False))
