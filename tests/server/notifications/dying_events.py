"""A sender of events that dies by kill -9 after so many deliveries; run by `test_events.py` as a program.

Its arguments: the database, and after how many calls of the listener, before or after it wrote, it dies.
"""

import asyncio
import os
import signal
import sys
from datetime import UTC, datetime

from mains_server.db.engine import make_engine
from mains_server.notifications.events import Ears, deliver_events
from sqlalchemy import text

NOW = datetime(2024, 2, 10, 12, 0, tzinfo=UTC)


async def work(address, after):
    """Deliver until death."""
    heard = 0

    async def listen(session, event):
        nonlocal heard
        heard += 1
        await session.execute(
            text("insert into heard (event_id, customer_id) values (:id, :customer)"),
            {"id": event.id, "customer": event.customer_id},
        )
        if heard == after:
            os.kill(os.getpid(), signal.SIGKILL)

    await deliver_events(make_engine(address=address, connections_max=2), ears=Ears(to_all=(listen,)), now=NOW)


if __name__ == "__main__":
    asyncio.run(work(sys.argv[1], int(sys.argv[2])))
