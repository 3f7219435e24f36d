"""Work of the recovery room for the queue."""

from __future__ import annotations

from mains_server.db.unit_of_work import unit_of_work
from mains_server.db.work import Task, Work
from mains_server.recovery.operations import forget_recoveries


async def forget_old_recoveries(work: Work) -> None:
    """Delete ways back that were over a year ago; every night, and twice without harm."""
    async with unit_of_work(work.engine) as session:
        await forget_recoveries(session, now=work.now)


TASKS: dict[str, Task] = {"forget_old_recoveries": forget_old_recoveries}
EVERY: dict[str, str] = {"forget_old_recoveries": "29 2 * * *"}
