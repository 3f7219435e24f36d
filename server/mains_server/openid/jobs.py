"""Work of the OpenID Connect room for the queue."""

from __future__ import annotations

from mains_server.db.unit_of_work import unit_of_work
from mains_server.db.work import Task, Work
from mains_server.openid.operations import forget_flows


async def forget_openid_flows(work: Work) -> None:
    """Delete ways to providers and tickets that are over; every night, and twice without harm."""
    async with unit_of_work(work.engine) as session:
        await forget_flows(session, now=work.now)


TASKS: dict[str, Task] = {"forget_openid_flows": forget_openid_flows}
EVERY: dict[str, str] = {"forget_openid_flows": "35 2 * * *"}
