"""Messages go out as soon as something is committed: a watch listens, and serves each lane of each endpoint by itself.

A slow endpoint keeps the watch from nothing else, and what no notification told of is found by looking each minute.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import datetime, timedelta

import structlog

from mains_server.db.hearing import Listening
from mains_server.db.unit_of_work import read_session
from mains_server.webhooks import queries
from mains_server.webhooks.queueing import queue_deliveries
from mains_server.webhooks.records import BusyLane
from mains_server.webhooks.sending import Office, serve_lane
from mains_server.webhooks.turns import Turns

log = structlog.get_logger()
Lane = tuple[int, int]
FOLD_SECONDS = 0.2
"""What is committed close to each other is queued at once: a billing run commits many times a second."""
WAIT_SECONDS_MIN, WAIT_SECONDS_MAX = 1, 60
TURN = timedelta(seconds=10)
"""How long a lane is served before others that wait have their turn."""


class Watch:
    """Posts to partners for as long as it runs; any number may run, in as many processes."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._listening = Listening(office.engine, look=self._look)
        self._turns = Turns()
        self._served: dict[Lane, asyncio.Task[Counter[str]]] = {}
        self._asked_again: set[Lane] = set()
        self._is_over = False

    async def run(self) -> None:
        """Watch until cancelled; messages that are on their way then are brought to their end."""
        try:
            await self._listening.run()
        finally:
            self._is_over = True
            await asyncio.gather(*self._served.values(), return_exceptions=True)

    async def _look(self, _connection: object) -> float:
        """Queue what was committed, have each lane served that has something due, and say when to look again."""
        await asyncio.sleep(FOLD_SECONDS)
        now = self._office.clock()
        await queue_deliveries(self._office.engine, now=now)
        async with read_session(self._office.engine) as session:
            lanes = await queries.busy_lanes(session, now=now)
            next_try_at = await queries.next_try_at(session, now=now)
        for due in lanes:
            self._begin(due)
        return seconds_until(next_try_at, now=now)

    def _begin(self, due: BusyLane) -> None:
        """Have a lane served; one that is being served already is looked at again afterwards."""
        lane = due.endpoint_id, due.lane
        if lane in self._served:
            self._asked_again.add(lane)
            return
        self._served[lane] = task = asyncio.create_task(self._serve(due))
        task.add_done_callback(lambda done: self._end(lane, done))

    async def _serve(self, due: BusyLane) -> Counter[str]:
        async with self._turns.turn(due.endpoint_id, is_in_trouble=due.is_in_trouble):
            until = self._office.clock() + TURN
            return await serve_lane(
                self._office,
                endpoint_id=due.endpoint_id,
                lane=due.lane,
                goes_on=lambda: not self._is_over and self._office.clock() < until,
            )

    def _end(self, lane: Lane, done: asyncio.Task[Counter[str]]) -> None:
        """Look again where something may have come meanwhile; a lane that failed waits for the next look."""
        del self._served[lane]
        is_asked_again = lane in self._asked_again
        self._asked_again.discard(lane)
        if done.cancelled():
            return
        if (failure := done.exception()) is not None:
            log.error("webhooks of a lane wait", endpoint_id=lane[0], error=repr(failure))
        elif is_asked_again or done.result():
            self._listening.rouse()


def seconds_until(next_try_at: datetime | None, *, now: datetime) -> float:
    """Tell how long to wait for a try: a second at least, as others may be at it, and a minute at most."""
    if next_try_at is None:
        return WAIT_SECONDS_MAX
    return min(max((next_try_at - now).total_seconds(), WAIT_SECONDS_MIN), WAIT_SECONDS_MAX)
