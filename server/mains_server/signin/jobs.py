"""Work of the sign-in room for the queue."""

from __future__ import annotations

from mains_server.db.unit_of_work import unit_of_work
from mains_server.db.work import Task, Work
from mains_server.signin.passwords import forget_resets
from mains_server.signin.second_factor import forget_challenges
from mains_server.signin.sessions import forget_sessions
from mains_server.signin.telling import forget_messages
from mains_server.signin.throttling import forget_tries


async def forget_ended_sessions(work: Work) -> None:
    """Delete what is left of sessions, messages and resets that ended a month ago, and old counts; every night.

    Twice without harm.
    """
    async with unit_of_work(work.engine) as session:
        await forget_sessions(session, now=work.now)
        await forget_challenges(session, now=work.now)
        await forget_tries(session, now=work.now)
        await forget_resets(session, now=work.now)
        await forget_messages(session, now=work.now)


TASKS: dict[str, Task] = {"forget_ended_sessions": forget_ended_sessions}
EVERY: dict[str, str] = {"forget_ended_sessions": "25 2 * * *"}
