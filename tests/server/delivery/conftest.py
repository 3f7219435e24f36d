"""A town with issued invoices, and a real mail server on this machine that answers as a test wants."""

import asyncio
import importlib.util
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import psycopg
import pytest
from aiosmtpd.smtp import SMTP
from mains_server.billing.run import Shift, run_billing
from mains_server.db.unit_of_work import read_session
from mains_server.delivery.operations import begin_deliveries
from mains_server.delivery.queries import deliveries_of
from mains_server.delivery.records import MailServer, SendingRules
from mains_server.delivery.sending import Postman, send_mails
from mains_server.documents.operations import Press, make_documents
from mains_server.documents.queries import owners_of
from mains_server.documents.rules import wanted_at_issue
from sqlalchemy.ext.asyncio import AsyncEngine

FILE = Path(__file__).parents[1] / "billing" / "small_utility.py"


@dataclass
class Desk:
    """Answers a mail server's guests: `answers` are given in turn, then 250."""

    answers: list[str] = field(default_factory=list)
    taken: list[bytes] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    refuses: str | None = None

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if self.refuses is not None:
            return self.refuses
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        answer = self.answers.pop(0) if self.answers else "250 taken"
        if answer.startswith("250"):
            self.taken.append(envelope.content)
            self.recipients += envelope.rcpt_tos
        return answer


@asynccontextmanager
async def mail_server(desk: Desk, **options: Any) -> AsyncIterator[int]:
    """Run a mail server on a free port of this machine, and give the port."""
    made = partial(SMTP, desk, **options)
    server = await asyncio.get_running_loop().create_server(made, host="127.0.0.1", port=0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


@pytest.fixture(scope="session")
def small() -> ModuleType:
    """Give the module of the small utility that billing is tested with."""
    spec = importlib.util.spec_from_file_location("small_utility", FILE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["small_utility"] = module
    spec.loader.exec_module(module)
    return module


@dataclass
class Office:
    """Delivers the invoices of a town."""

    town: Any
    small: Any
    engine: AsyncEngine
    now: datetime

    def household(self, *, delivery: str = "EMAIL", email: str | None = "anna@example.lv", **customer: Any) -> int:
        """Have a household with a way of delivery and an address, and give its contract."""
        contract: int = self.town.household(delivery=delivery)
        changes = {"email": email, **customer}
        sets = ", ".join(f"{name} = %({name})s" for name in changes)
        where = "where id = (select customer_id from contract where id = %(contract)s)"
        self.town.connection.execute(f"update customer set {sets} {where}", {**changes, "contract": contract})
        return contract

    async def issue(self) -> list[int]:
        """Bill January, make the documents, and give the invoices' ids."""
        shift = Shift(adapter=self.small.host_of().adapter("small"), now=self.small.NOW)
        run_billing(self.town.connection, request=self.small.request(), shift=shift)
        return await self.documents()

    async def documents(self) -> list[int]:
        """Make the documents of what was issued, and give the ids."""
        ids = [row[0] for row in self.rows("select id from invoice order by id")]
        async with read_session(self.engine) as session:
            owned = await owners_of(session, invoice_ids=ids)
        await make_documents(self.press(), wanted=[one for key in ids for one in wanted_at_issue(owned[key])])
        return ids

    def press(self, *, later: timedelta = timedelta(0)) -> Press:
        """Give a press, now or later."""
        return Press(engine=self.engine, host=self.small.host_of(), now=self.now + later)

    async def begin(self) -> int:
        """Begin deliveries."""
        return await begin_deliveries(self.engine, now=self.now)

    def postman(self, port: int, *, later: timedelta = timedelta(0), rules: SendingRules | None = None, **server: Any):
        """Give a postman for a mail server on a port, now or later."""
        own = MailServer(host="127.0.0.1", port=port, sender="bills@utility.example", tls="none", seconds_max=30)
        return Postman(
            press=self.press(later=later), server=replace(own, **server), rules=rules or SendingRules(tries_max=3)
        )

    async def send(self, port: int, **given: Any) -> dict[str, int]:
        """Send what is due."""
        return dict(await send_mails(self.postman(port, **given)))

    async def deliveries(self, invoice: int) -> list[tuple[Any, ...]]:
        """Give an invoice's deliveries: channel, state, and the outcomes of its tries with their addresses."""
        async with read_session(self.engine) as session:
            found = await deliveries_of(session, invoice_ids=[invoice])
        return [
            (one.channel.name, one.state.name, [(part.outcome.name, part.address) for part in one.receipts])
            for one in found
        ]

    def rows(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Read rows."""
        return list(self.town.connection.execute(statement, values or None).fetchall())


@pytest.fixture
def office(psycopg_dsn, small, engine) -> Iterator[Office]:
    """Give an office with a seller, prices and taxes."""
    with psycopg.connect(psycopg_dsn, autocommit=True) as connection:
        town = small.Town(connection)
        town.found()
        yield Office(town, small, engine, small.NOW)


def closed_port() -> int:
    """Give a port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def own_certificate() -> tuple[Path, Path]:
    """Give the certificate of a mail server that nobody vouches for, and its key; both are of no use elsewhere."""
    folder = Path(__file__).parent
    return folder / "certificate.pem", folder / "key.pem"
