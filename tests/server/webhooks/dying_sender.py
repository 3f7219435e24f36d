"""A sender of webhooks that dies by kill -9 while it works; run by `test_sending.py` as a program.

Its arguments: the database, and at which step it dies: reading what is told, or after the other side took it.
"""

import asyncio
import os
import signal
import sys

from mains_server.db.engine import make_engine
from mains_server.webhooks import sending
from mains_server.webhooks.posting import Poster
from mains_server.webhooks.sending import Office, send_webhooks

from tests.server.webhooks.conftest import HERE, NOON, SEAL


async def work(address, after):
    """Send until death."""
    steps = 0

    def step():
        nonlocal steps
        steps += 1
        if steps == after:
            os.kill(os.getpid(), signal.SIGKILL)

    class DyingPoster(Poster):
        async def post(self, **given):
            posted = await super().post(**given)
            step()
            return posted

    async def render(reading):
        step()
        return {"readingAccepted": {"number": reading.number}}

    setattr(sending, "Poster", DyingPoster)  # noqa: B010
    engine = make_engine(address=address, connections_max=10)
    await send_webhooks(Office(engine=engine, seal=SEAL, render=render, gate=HERE, clock=lambda: NOON))


if __name__ == "__main__":
    asyncio.run(work(sys.argv[1], int(sys.argv[2])))
