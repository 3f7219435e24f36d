"""Work of the passkey room for the queue."""

from __future__ import annotations

from mains_server.db.unit_of_work import unit_of_work
from mains_server.db.work import Task, Work
from mains_server.passkeys.operations import forget_challenges


async def forget_passkey_challenges(work: Work) -> None:
    """Delete challenges that are over; every night, and twice without harm."""
    async with unit_of_work(work.engine) as session:
        await forget_challenges(session, now=work.now)


TASKS: dict[str, Task] = {"forget_passkey_challenges": forget_passkey_challenges}
EVERY: dict[str, str] = {"forget_passkey_challenges": "37 2 * * *"}
