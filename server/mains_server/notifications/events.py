"""Events are delivered: each to whoever listens to its kind, in the order of its customer, once for every receiver."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from mains_server.access.records import Refusal
from mains_server.db.unit_of_work import unit_of_work
from mains_server.notifications import queries, statements
from mains_server.notifications.records import Event, Message
from mains_server.notifications.rules import EVENT_TRIES_MAX, pause

log = structlog.get_logger()
EVENTS_AT_ONCE = 500
FAILURE_CHARACTERS_MAX = 500
Listener = Callable[[AsyncSession, Event], Awaitable[None]]
Teller = Callable[[AsyncSession, Event], Awaitable[Sequence[Message]]]
"""Makes messages of an event."""


class EventNotGivenUp(Refusal):
    """There is no such event among those that were given up."""

    code = "EVENT_NOT_GIVEN_UP"
    path = "eventId"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ears:
    """Who listens: `by_kind` to events of one kind, `to_all` to every one."""

    by_kind: Mapping[str, Listener] = field(default_factory=dict)
    to_all: tuple[Listener, ...] = ()

    def hear(self, kind: str) -> bool:
        """Tell whether anybody listens to events of a kind."""
        return bool(self.to_all) or kind in self.by_kind


async def deliver_events(engine: AsyncEngine, *, ears: Ears, now: datetime) -> Counter[str]:
    """Deliver every event that is due, and count them.

    What a listener writes and the mark that the event was delivered are one transaction: who dies before it ends
    delivers it again, and who dies after it never does. A listener that fails loses what it wrote and is asked again
    after a minute, then twice as long each time; later events of that customer wait. After ten tries the event is
    given up, shown to employees, and the others go on.
    """
    counts: Counter[str] = Counter()
    while True:
        async with unit_of_work(engine) as session:
            events = await queries.next_events(session, now=now, most=EVENTS_AT_ONCE)
            unheard = [event.id for event in events if not ears.hear(event.kind)]
            await session.execute(text(statements.DELIVERED), {"ids": unheard, "now": now})
            counts["unheard"] += len(unheard)
            for event in events:
                if ears.hear(event.kind):
                    counts[await _deliver(session, event=event, ears=ears, now=now)] += 1
        if not events:
            return +counts


async def send_event_again(session: AsyncSession, *, event_id: int) -> int:
    """Put an event that was given up back among those that wait, and give its id."""
    found = await session.scalar(text(statements.SEND_AGAIN), {"id": event_id})
    if found is None:
        raise EventNotGivenUp("no event with this id was given up")
    return event_id


async def _deliver(session: AsyncSession, *, event: Event, ears: Ears, now: datetime) -> str:
    listener = ears.by_kind.get(event.kind)
    try:
        async with session.begin_nested():
            for one in (*ears.to_all, *(() if listener is None else (listener,))):
                await one(session, event)
            await session.execute(text(statements.DELIVERED), {"ids": [event.id], "now": now})
    except Exception as failure:
        return await _note_failure(session, event=event, failure=failure, now=now)
    return "delivered"


async def _note_failure(session: AsyncSession, *, event: Event, failure: Exception, now: datetime) -> str:
    tries = event.tries + 1
    is_over = tries >= EVENT_TRIES_MAX
    words = " ".join(f"{type(failure).__name__}: {failure}".split())[:FAILURE_CHARACTERS_MAX]
    log.warning("event not delivered", event_id=event.id, kind=event.kind, tries=tries, reason=words)
    values = {
        "id": event.id,
        "tries": tries,
        "failure": words,
        "next_try_at": None if is_over else now + pause(tries),
        "given_up_at": now if is_over else None,
    }
    await session.execute(text(statements.FAILED), values)
    return "given_up" if is_over else "failed"
