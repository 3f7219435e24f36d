"""Whose turn it is to be posted to: so many lanes at a time, of which no endpoint and no trouble takes all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from weakref import WeakValueDictionary

LANES_AT_ONCE = 8
OF_ONE_AT_ONCE = 2
"""How many lanes of one endpoint a worker serves at a time, since one that hangs keeps each for the time of a post."""
IN_TROUBLE_AT_ONCE = 4
"""How many lanes of endpoints whose last message failed are served at a time, however many such endpoints there are."""


class Turns:
    """Gives turns to lanes: those in trouble wait for each other, and the others always have turns of their own."""

    def __init__(self) -> None:
        self._all = asyncio.Semaphore(LANES_AT_ONCE)
        self._in_trouble = asyncio.Semaphore(IN_TROUBLE_AT_ONCE)
        self._of_one: WeakValueDictionary[int, asyncio.Semaphore] = WeakValueDictionary()

    @asynccontextmanager
    async def turn(self, endpoint_id: int, *, is_in_trouble: bool) -> AsyncIterator[None]:
        """Wait for a turn of an endpoint's lane, and have it for the block; who waits holds no turn of the others'."""
        own = self._of_one.setdefault(endpoint_id, asyncio.Semaphore(OF_ONE_AT_ONCE))
        async with AsyncExitStack() as held:
            await held.enter_async_context(own)
            if is_in_trouble:
                await held.enter_async_context(self._in_trouble)
            await held.enter_async_context(self._all)
            yield
