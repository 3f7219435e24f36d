"""Milliseconds from a commit to a partner's having the message: events one by one, and a thousand at once.

A worker's watch posts over HTTP to a receiver in this process; each message is read by its document, as the customer
may see it, and signed.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path

import orjson
from mains_schema.live.posted import DocumentReader
from mains_schema.served import graphql_app
from mains_server.access.queries import viewer_of_person
from mains_server.adapters.loading import load_adapters
from mains_server.db.embedded import embedded_server
from mains_server.db.engine import make_engine
from mains_server.db.migrate import upgrade
from mains_server.db.outbox import NewsEvent, append_news
from mains_server.db.unit_of_work import unit_of_work
from mains_server.demo.cast import ADMIN
from mains_server.demo.settle import settle
from mains_server.notifications.sealing import Seal
from mains_server.webhooks.addresses import Gate
from mains_server.webhooks.operations import create_endpoint
from mains_server.webhooks.records import Chosen, NewEndpoint, WebhookKind
from mains_server.webhooks.sending import CONNECTIONS_MAX, Office
from mains_server.webhooks.watching import Watch
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

SEAL = Seal(b"a secret of the measurement, long enough")
ONE_BY_ONE, AT_ONCE = 100, 1_000
PAUSE_SECONDS = 0.1
DOCUMENT = "subscription { inboxMessage { id subject body createdAt } }"
NOTICE = text("""
insert into notice (id, customer_id, occasion, number, topic, template, template_version, language, channel, others,
    subject, body, values, state, tries, created_at)
select n, c.id, 'bench ' || n, 1, 'INVOICE', 'invoice_ready', 'v', 'lv', 'PORTAL', '{}', 'notice ' || n, 'words', '{}',
    'DELIVERED', 0, now()
from generate_series(cast(:first as bigint), cast(:last as bigint)) n
join (select id, row_number() over (order by id) - 1 as place, count(*) over () as all_of_them from customer) c
    on c.place = n % c.all_of_them
returning id, customer_id
""")


class Receiver:
    """Answers 204, and notes when each notice came."""

    def __init__(self) -> None:
        self.came: dict[str, float] = {}
        self.changed = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take messages for as long as the connection lasts."""
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                size = int(head.partition(b"content-length:")[2].split(b"\r\n", 1)[0])
                told = orjson.loads(await reader.readexactly(size))
                self.came[told["data"]["inboxMessage"]["subject"]] = time.perf_counter()
                self.changed.set()
                writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def until(self, count: int) -> None:
        """Wait until so many came."""
        while len(self.came) < count:
            self.changed.clear()
            await self.changed.wait()


def main() -> None:
    """Settle the demo's people, register a partner, and measure."""
    with (
        tempfile.TemporaryDirectory(prefix="mains-bench-", ignore_cleanup_errors=True) as folder,
        embedded_server(data_dir=Path(folder) / "server") as server,
    ):
        upgrade(address=server.address())
        asyncio.run(_measure(server.address()))


async def _measure(address: str) -> None:
    engine = make_engine(address=address, connections_max=CONNECTIONS_MAX + 3)
    host = load_adapters(on=date(2022, 3, 1))
    async with unit_of_work(engine) as session:
        await settle(session, host=host, now=datetime(2022, 2, 20, 8, tzinfo=UTC))
    receiver = Receiver()
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    await _register(engine, url=f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook")
    view = graphql_app(engine=engine, host=host, session_lifetime=timedelta(days=1))
    async with _watching(engine, view=DocumentReader(view)):
        await _one_by_one(engine, receiver)
        await _at_once(engine, receiver)
    server.close()
    await engine.dispose()


async def _register(engine: AsyncEngine, *, url: str) -> None:
    now = datetime.now(UTC)
    async with unit_of_work(engine) as session:
        person = await session.scalar(text("select id from person where email = :email"), {"email": ADMIN.email})
        viewer = await viewer_of_person(session, person_id=int(person or 0), now=now)
        assert viewer is not None, "the demo has an administrator"
        chosen = (Chosen(kind=WebhookKind.INBOX_MESSAGE, document=DOCUMENT),)
        new = NewEndpoint(url=url, description="bench", language="lv", chosen=chosen)
        await create_endpoint(session, viewer=viewer, new=new, seal=SEAL, now=now)


@asynccontextmanager
async def _watching(engine: AsyncEngine, *, view: DocumentReader) -> AsyncIterator[None]:
    gate = Gate(allowed=(ip_network("127.0.0.0/8"),), takes_http=True)
    office = Office(engine=engine, seal=SEAL, render=view.read, gate=gate, clock=lambda: datetime.now(UTC))
    task = asyncio.create_task(Watch(office).run())
    await asyncio.sleep(1)
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def _happen(engine: AsyncEngine, *, first: int, last: int) -> float:
    """Commit notices with their events, and tell when the commit was done."""
    async with unit_of_work(engine) as session:
        made = await session.execute(NOTICE, {"first": first, "last": last})
        news = [NewsEvent(kind="notice.told", customer_id=row[1], payload={"notice_id": row[0]}) for row in made]
        await append_news(session, news=news, now=datetime.now(UTC))
    return time.perf_counter()


async def _one_by_one(engine: AsyncEngine, receiver: Receiver) -> None:
    committed = {}
    for number in range(1, ONE_BY_ONE + 1):
        committed[f"notice {number}"] = await _happen(engine, first=number, last=number)
        await asyncio.sleep(PAUSE_SECONDS)
    await receiver.until(ONE_BY_ONE)
    taken = sorted((receiver.came[name] - at) * 1_000 for name, at in committed.items())
    print(
        f"{ONE_BY_ONE} events, one each {PAUSE_SECONDS * 1_000:.0f} ms: commit to message median"
        f" {statistics.median(taken):.0f} ms, p95 {taken[int(len(taken) * 0.95) - 1]:.0f} ms, most {taken[-1]:.0f} ms"
    )


async def _at_once(engine: AsyncEngine, receiver: Receiver) -> None:
    spent = time.process_time()
    began = await _happen(engine, first=ONE_BY_ONE + 1, last=ONE_BY_ONE + AT_ONCE)
    await receiver.until(ONE_BY_ONE + AT_ONCE)
    seconds = time.perf_counter() - began
    print(
        f"{AT_ONCE} events at once to one partner: {seconds:.1f} s, {AT_ONCE / seconds:.0f} a second,"
        f" CPU here {time.process_time() - spent:.1f} s, the receiver's included"
    )
