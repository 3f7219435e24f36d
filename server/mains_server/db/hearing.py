"""Hears what other transactions commit to the outbox: one listening connection a process, and nothing missed.

A notification says only that there is something; what it is is read from the table, by what was committed since the
last look. So notifications may be folded, or lost with a connection, and the next look finds everything all the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import asyncpg
import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from mains_server.db.outbox import Committed, Wanted, committed_since, snapshot

log = structlog.get_logger()
CHANNEL = "mains_events"
PATIENCE_SECONDS = 20
PAUSE_SECONDS = 1
LOST = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, DBAPIError)


class Listening:
    """Looks at once, whenever a transaction told of events, and now and then without being told.

    `look` is given the listening connection, and tells after how many seconds to look again at the latest.
    """

    def __init__(self, engine: AsyncEngine, *, look: Callable[[asyncpg.Connection], Awaitable[float]]) -> None:
        self._engine = engine
        self._look = look
        self._wake = asyncio.Event()

    async def run(self) -> None:
        """Listen until cancelled; a connection that breaks is made anew, and then it is looked at once."""
        while True:
            try:
                await self._listen()
            except LOST as error:
                log.warning("listening connection lost", error=type(error).__name__)
            await asyncio.sleep(PAUSE_SECONDS)

    def rouse(self, *_told: object) -> None:
        """Have it look soon, as if it had been told."""
        self._wake.set()

    async def _listen(self) -> None:
        """Listen on a connection of our own, taken out of the pool for good, as its notifications come at any time."""
        raw = await self._engine.raw_connection()
        connection = raw.driver_connection
        assert connection is not None
        raw.detach()
        try:
            connection.add_termination_listener(self.rouse)
            await connection.add_listener(CHANNEL, self.rouse)
            while not connection.is_closed():
                await self._wait(await self._look(connection))
        finally:
            connection.terminate()

    async def _wait(self, seconds: float) -> None:
        """Wait for a notification, yet look now and then, since a connection can die without a word."""
        try:
            async with asyncio.timeout(seconds):  # `wait_for` of Python 3.11 can lose a cancellation
                await self._wake.wait()
        except TimeoutError:
            return
        self._wake.clear()


class Hearing:
    """Hands each event that somebody wants to `take`, once, in the order of ids within a look."""

    def __init__(
        self, engine: AsyncEngine, *, wanted: Callable[[], Wanted], take: Callable[[Sequence[Committed]], None]
    ) -> None:
        self._listening = Listening(engine, look=self._look)
        self._wanted = wanted
        self._take = take
        self._seen: str | None = None
        self.has_begun = asyncio.Event()

    async def run(self) -> None:
        """Listen until cancelled; what was missed while a connection was broken is read afterwards."""
        await self._listening.run()

    async def _look(self, connection: asyncpg.Connection) -> float:
        if self._seen is None:
            self._seen = await snapshot(connection)
            self.has_begun.set()
            return PATIENCE_SECONDS
        self._seen, events = await committed_since(connection, seen=self._seen, wanted=self._wanted())
        if events:
            self._take(events)
        return PATIENCE_SECONDS
