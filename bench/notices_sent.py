"""50,000 notices of one outage put in words and sent: CPU seconds of PostgreSQL and of ours; the carrier takes all.

What the other side costs is left out: a gateway and a mail server are other machines.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
from mains_server.db.embedded import embedded_server
from mains_server.db.engine import make_engine
from mains_server.db.migrate import upgrade
from mains_server.db.unit_of_work import unit_of_work
from mains_server.delivery.records import ReceiptOutcome
from mains_server.notifications.outages import tell_outages
from mains_server.notifications.records import Channel, Handed
from mains_server.notifications.sealing import Seal
from mains_server.notifications.sending import Office, send_notices
from mains_server.outages import operations
from mains_server.outages.records import Area, Author, NewOutage, OutageKind, Places
from sqlalchemy.ext.asyncio import AsyncEngine

from bench.cost import server_cpu
from bench.outage_notices import CUSTOMERS, NOW, ROWS, WINDOW

SEAL = Seal(b"a secret of the measurement, long enough")


class Taker:
    """Takes every notice."""

    taken = 0

    async def carry(self, notice: Any, *, subject: str, body: str, now: Any) -> Handed:
        """Take one."""
        assert subject and body
        self.taken += 1
        return Handed(outcome=ReceiptOutcome.ACCEPTED, detail="taken")


def main() -> None:
    """Settle a town with mail addresses, plan an outage of all of it, and measure telling and sending apart."""
    with (
        tempfile.TemporaryDirectory(prefix="mains-bench-", ignore_cleanup_errors=True) as folder,
        embedded_server(data_dir=Path(folder) / "server") as server,
    ):
        upgrade(address=server.address())
        with psycopg.connect(server.address()) as connection:
            for statement in ROWS:
                connection.execute(statement.encode(), [CUSTOMERS])
            connection.execute("update customer set email = 'c' || id || '@example.lv'")
            connection.execute("analyze")
        asyncio.run(_measured(server))


async def _measured(server: Any) -> None:
    engine = make_engine(address=server.address(), connections_max=3)
    async with unit_of_work(engine) as session:
        said = {"reference": "B-1", "kind": OutageKind.TESTING, "commodity": "heat", "window": WINDOW, "cause": "test"}
        outage = NewOutage(**said, places=Places(area=Area(city="Jelgava")))
        await operations.plan_outage(session, outage=outage, author=Author(now=NOW))
    for name, step in (("told in words", _told), ("sent", _sent)):
        before, ours = server_cpu(server), time.process_time()
        count = await step(engine)
        print(
            f"{count} notices {name}: CPU {time.process_time() - ours:.1f} s here and"
            f" {server_cpu(server) - before:.1f} s in PostgreSQL"
        )
    await engine.dispose()


async def _told(engine: AsyncEngine) -> int:
    return await tell_outages(engine, seal=SEAL, now=NOW)


async def _sent(engine: AsyncEngine) -> int:
    taker = Taker()
    noon = NOW + timedelta(hours=12)
    await send_notices(Office(engine=engine, carriers={Channel.EMAIL: taker}, seal=SEAL, now=noon))
    return taker.taken
