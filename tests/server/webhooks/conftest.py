"""A partner of the utility, a business with webhooks of its own, and a sender whose clock a test sets."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from typing import Any

import pytest_asyncio
from mains_server.access.operations import add_staff, create_person, grant_owner
from mains_server.access.queries import viewer_of_person
from mains_server.access.records import NewPerson, StaffRole
from mains_server.db.outbox import NewsEvent, append_news
from mains_server.db.unit_of_work import unit_of_work
from mains_server.notifications.sealing import Seal
from mains_server.webhooks import operations
from mains_server.webhooks.addresses import Gate
from mains_server.webhooks.records import Chosen, NewEndpoint, WebhookKind
from mains_server.webhooks.sending import NotRendered, Office, send_webhooks
from sqlalchemy import text

from tests.server.webhooks.receiver import receiving

NOON = datetime(2024, 2, 10, 12, 0, tzinfo=UTC)
SEAL = Seal(b"a secret of the server, long enough")
HERE = Gate(allowed=(ip_network("127.0.0.0/8"),), takes_http=True)
READINGS = (Chosen(kind=WebhookKind.READING_ACCEPTED, document="subscription { readingAccepted { id } }"),)


@dataclass
class Partners:
    """The room on a test's database; `now` is its clock."""

    utility: Any
    admin: int
    owner: int
    business: int
    now: datetime = NOON
    read: list[Any] = field(default_factory=list)
    unseen: set[int] = field(default_factory=set)
    broken: set[int] = field(default_factory=set)

    @property
    def engine(self):
        return self.utility.engine

    async def viewer(self, person_id):
        async with unit_of_work(self.engine) as session:
            return await viewer_of_person(session, person_id=person_id, now=self.now)

    async def act(self, what, *, by=None, **given):
        """Do one thing as the administrator, or as somebody else."""
        viewer = await self.viewer(by or self.admin)
        async with unit_of_work(self.engine) as session:
            return await what(session, viewer=viewer, **given)

    async def endpoint(self, url, *, by=None, chosen=READINGS, **given):
        """Make an endpoint for all customers, or as given."""
        values = {"url": url, "description": "Test", "language": "en", "chosen": chosen, **given}
        new = NewEndpoint(**values)
        return await self.act(operations.create_endpoint, by=by, new=new, seal=SEAL, now=self.now)

    async def happens(self, *customers, kind="reading.accepted", **payload):
        """Let something be committed about each of these customers, in one transaction."""
        await self.news(
            NewsEvent(kind=kind, customer_id=one, payload=payload or {"reading_id": number})
            for number, one in enumerate(customers, start=1)
        )

    async def books(self, customer, **payload):
        """Let something be booked."""
        await self.news([NewsEvent(kind="ledger.balance_changed", customer_id=customer, payload=payload)])

    async def news(self, news):
        async with unit_of_work(self.engine) as session:
            await append_news(session, news=list(news), now=self.now)

    async def render(self, reading):
        """Stand for the schema: what an endpoint may not see is unseen, and what is broken has no answer."""
        self.read.append(reading)
        if reading.number in self.broken:
            raise NotRendered("answered with INTERNAL")
        return None if reading.number in self.unseen else {"readingAccepted": {"number": reading.number}}

    async def send(self, *, gate=HERE, seal=SEAL, after=timedelta(0)) -> Counter[str]:
        """Send what is due after a while."""
        self.now += after
        return await send_webhooks(self.office(gate=gate, seal=seal))

    def office(self, *, gate=HERE, seal=SEAL):
        """Give what senders and watches need."""
        return Office(engine=self.engine, seal=seal, render=self.render, gate=gate, clock=lambda: self.now)

    async def rows(self, statement, **values):
        async with self.engine.connect() as connection:
            return [tuple(row) for row in await connection.execute(text(statement), values)]

    async def deliveries(self):
        """Give state, tries, status and words of each delivery."""
        return await self.rows("select state, tries, status, detail from webhook_delivery order by id")

    async def state(self):
        """Give the state of the one endpoint, why it is disabled, and its failures in a row."""
        return (await self.rows("select state, disabled_because, failures from webhook_endpoint"))[0]


@pytest_asyncio.fixture
async def partners(utility):
    business = await utility.customer("C-1")
    await utility.run("update customer set kind = 'BUSINESS' where id = :id", id=business)
    persons = {}
    async with unit_of_work(utility.engine) as session:
        for name in ("admin", "owner"):
            new = NewPerson(email=f"{name}@example.lv", name=name, language="en")
            persons[name] = (await create_person(session, person=new, now=utility.now)).id
        await add_staff(session, person_id=persons["admin"], role=StaffRole.ADMIN, now=utility.now)
        await grant_owner(session, customer_id=business, person_id=persons["owner"], now=utility.now)
    return Partners(utility, persons["admin"], persons["owner"], business)


@pytest_asyncio.fixture
async def receiver():
    async with receiving() as found:
        yield found
