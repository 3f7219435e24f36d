"""A sender of webhooks that dies by kill -9 while it works, in a process of its own.

Processes are forked from one that has imported this file already: thirty deaths would else be thirty times the import.
"""

import asyncio
import multiprocessing
import os
import signal
import ssl

from mains_server.db.engine import make_engine
from mains_server.webhooks import sending
from mains_server.webhooks.posting import Poster
from mains_server.webhooks.sending import Office, send_webhooks

from tests.server.webhooks.conftest import HERE, NOON, SEAL

# Reading the authorities of the world takes longer than anything else here, and nothing is asked over TLS.
TRUST = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


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
    office = Office(engine=engine, seal=SEAL, render=render, gate=HERE, clock=lambda: NOON, trust=TRUST)
    await send_webhooks(office)


def die(address, after):
    """Work in this process, until death."""
    asyncio.run(work(address, after))


async def sent_until_death(address, *, after):
    """Run a sender that dies at a step, reading what is told or after the other side took it; give how it ended."""
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload([__name__])
    process = processes.Process(target=die, args=(address, after))
    process.start()
    await asyncio.to_thread(process.join)
    return process.exitcode
