"""The open sockets of a process, and what is committed on its way to those whom it concerns."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Protocol

from mains_server.db.hearing import Hearing
from mains_server.db.outbox import Committed, Wanted
from prometheus_client import Gauge
from sqlalchemy.ext.asyncio import AsyncEngine

from mains_schema.live.feeds import KINDS, PERSONAL, RIGHTS, persons_of
from mains_schema.live.messages import Close, Closing

READS_AT_ONCE = 4
SOCKETS = Gauge("mains_live_sockets", "Open WebSockets of this process.")


class Listener(Protocol):
    """Somebody who is offered what happens: an open socket."""

    def offer(self, event: Committed) -> None:
        """Take an event that may concern them."""


class Hub:
    """Knows which sockets look at which customers and belong to which persons, and offers them what happens.

    `turns` lets a few sockets at a time read what happened, so that a crowd of them leaves connections for requests.
    """

    def __init__(self, engine: AsyncEngine, *, sockets_max: int, sockets_per_address: int) -> None:
        self._hearing = Hearing(engine, wanted=self._wanted, take=self._take)
        self._sockets_max = sockets_max
        self._sockets_per_address = sockets_per_address
        self._addresses: Counter[str] = Counter()
        self._by_customer: defaultdict[int, set[Listener]] = defaultdict(set)
        self._by_person: defaultdict[int, set[Listener]] = defaultdict(set)
        self._places: dict[Listener, list[tuple[defaultdict[int, set[Listener]], int]]] = {}
        self.turns = asyncio.Semaphore(READS_AT_ONCE)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Listen as long as the block runs."""
        task = asyncio.create_task(self._hearing.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def begun(self) -> None:
        """Wait until everything that is committed from now on is heard."""
        await self._hearing.has_begun.wait()

    @contextmanager
    def place(self, address: str) -> Iterator[None]:
        """Hold a place for a socket, or close: come back later where there are too many."""
        if self._addresses.total() >= self._sockets_max:
            raise Closing(Close.COME_BACK_LATER, "This server has as many connections as it takes.")
        if self._addresses[address] >= self._sockets_per_address:
            raise Closing(Close.COME_BACK_LATER, "There are too many connections from your network address.")
        self._addresses[address] += 1
        SOCKETS.inc()
        try:
            yield
        finally:
            SOCKETS.dec()
            self._addresses[address] -= 1
            self._addresses += Counter()  # forgets who has none left

    def follow(self, listener: Listener, *, person_id: int, customers: frozenset[int]) -> None:
        """Offer a socket what happens to these customers and to the rights of a person, and nothing else any more."""
        self.forget(listener)
        self._places[listener] = [(self._by_person, person_id), *((self._by_customer, one) for one in customers)]
        for index, key in self._places[listener]:
            index[key].add(listener)

    def forget(self, listener: Listener) -> None:
        """Offer a socket nothing any more."""
        for index, key in self._places.pop(listener, ()):
            index[key].discard(listener)
            if not index[key]:
                del index[key]

    def _wanted(self) -> Wanted:
        if not self._places:
            return Wanted(kinds=frozenset(), always=frozenset(), customer_ids=frozenset())
        return Wanted(kinds=KINDS, always=RIGHTS | PERSONAL, customer_ids=frozenset(self._by_customer))

    def _take(self, events: Sequence[Committed]) -> None:
        for event in events:
            for listener in self._concerned(event):
                listener.offer(event)

    def _concerned(self, event: Committed) -> set[Listener]:
        if event.customer_id is None:
            return set(self._places)
        found = set() if event.kind in PERSONAL else set(self._by_customer.get(event.customer_id, ()))
        for person in persons_of(event):
            found |= self._by_person.get(person, set())
        return found
