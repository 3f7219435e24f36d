"""Work of the delegation room for the queue."""

from __future__ import annotations

from mains_server.db.unit_of_work import unit_of_work
from mains_server.db.work import Task, Work
from mains_server.delegation.operations import forget_invitations


async def forget_old_invitations(work: Work) -> None:
    """Delete invitations that came to nothing long ago; every night, and twice without harm."""
    async with unit_of_work(work.engine) as session:
        await forget_invitations(session, now=work.now)


TASKS: dict[str, Task] = {"forget_old_invitations": forget_old_invitations}
EVERY: dict[str, str] = {"forget_old_invitations": "31 2 * * *"}
