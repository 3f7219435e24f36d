"""Work of the registration room for the queue."""

from __future__ import annotations

from mains_server.db.unit_of_work import unit_of_work
from mains_server.db.work import Task, Work
from mains_server.registration.operations import forget_registrations


async def forget_ended_registrations(work: Work) -> None:
    """Delete registrations that ended a month ago; every night, and twice without harm."""
    async with unit_of_work(work.engine) as session:
        await forget_registrations(session, now=work.now)


TASKS: dict[str, Task] = {"forget_ended_registrations": forget_ended_registrations}
EVERY: dict[str, str] = {"forget_ended_registrations": "27 2 * * *"}
