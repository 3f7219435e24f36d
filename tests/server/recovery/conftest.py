"""Anna, who lost her phone; administrators; and somebody who only says that she is Anna. On a clock that tests move."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
import pytest_asyncio
from mains_server.access.operations import create_person, grant_owner
from mains_server.access.records import NewPerson, Viewer
from mains_server.db.unit_of_work import unit_of_work
from mains_server.notifications.sealing import Seal
from mains_server.recovery import operations, using
from mains_server.recovery.operations import Desk
from mains_server.recovery.records import RecoveryPolicy, WantedRecovery
from mains_server.signin import second_factor, sessions
from mains_server.signin.records import Device, Lifetimes
from sqlalchemy import text

NOW = datetime(2023, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
LIFETIMES = Lifetimes(access=HOUR, session=500 * HOUR)
SEAL = Seal(b"k" * 32)
CUSTOMER = """insert into customer (id, number, kind, name, language, email, phone, address_line, address_city,
    address_postcode, address_country, created_at) values (7, 'C-7', 'PRIVATE', 'Anna', 'lv', 'anna.home@example.lv',
    '+37120000007', 'Lielā iela 1', 'Jelgava', 'LV-3001', 'LV', '2023-01-01') returning id"""


class Town:
    """The server, two administrators and Anna, whose account has an app and a passkey; her phone is lost."""

    def __init__(self, engine):
        self.engine, self.now, self.policy = engine, NOW, RecoveryPolicy(needs_two=False)

    @property
    def desk(self):
        return Desk(policy=self.policy, seal=SEAL, now=self.now)

    async def do(self, change, **given):
        async with unit_of_work(self.engine) as session:
            return await change(session, **given)

    async def person(self, name, phone=None):
        new = NewPerson(email=f"{name}@example.lv", name=name, language="en", phone=phone)
        person = await self.do(create_person, person=new, now=self.now)
        return person, await self.session_of(person)

    async def session_of(self, person):
        given = {"person": person, "device": Device(), "lifetimes": LIFETIMES, "now": self.now}
        made = await self.do(sessions.begin_session, **given)
        return Viewer(person_id=person.id, session_id=made.id)

    async def settle(self):
        self.anna, self.viewer = await self.person("anna", phone="+37120000001")
        self.admin, self.boss = (await self.person("admin"))[1], (await self.person("boss"))[1]
        await self.rows(CUSTOMER)
        await self.do(grant_owner, customer_id=7, person_id=self.anna.id, now=self.now)
        enrolled = await self.do(second_factor.begin_enrolment, viewer=self.viewer, seal=SEAL, now=self.now)
        self.old_app = pyotp.TOTP(enrolled.secret)
        given = {"code": self.old_app.at(self.now), "seal": SEAL, "now": self.now}
        await self.do(second_factor.confirm_enrolment, viewer=self.viewer, **given)
        await self.rows(f"""insert into passkey (person_id, credential_id, public_key, handle, sign_count, transports,
            is_synced, name, created_at) values ({self.anna.id}, 'c', 'k', 'h', 0, '{{}}', false, 'Phone', '2023-01-01')
            returning id""")
        await self.rows("delete from signin_message returning id")
        return self

    async def open(self, viewer=None, **more):
        wanted = WantedRecovery(email="Anna@example.lv", reason="Lost her phone", proof="Passport at the desk")
        given = {"viewer": viewer or self.admin, "wanted": replace(wanted, **more), "desk": self.desk}
        return await self.do(operations.open_recovery, **given)

    async def approve(self, number, viewer=None):
        given = {"viewer": viewer or self.boss, "recovery_id": number, "desk": self.desk}
        await self.do(operations.approve_recovery, **given)

    async def send(self):
        return await using.send_links(self.engine, policy=self.policy, seal=SEAL, now=self.now)

    async def secret_in(self, template):
        """Open what the last message of a template seals, as whoever sends it does."""
        sealed, occasion = (
            await self.rows(
                f"select sealed, occasion from notice where template = '{template}' order by id desc limit 1"
            )
        )[0]
        return SEAL.open(sealed, occasion=occasion)["link"]

    async def told(self, template):
        return await self.rows(
            f"select channel, address from notice where template = '{template}' order by channel, address"
        )

    async def rows(self, statement):
        async with unit_of_work(self.engine) as session:
            return [tuple(row) for row in await session.execute(text(statement))]

    async def stands(self):
        """Give what the account has, so that a test can say that nothing changed."""
        return await self.rows(f"""select (select sealed from second_factor where person_id = {self.anna.id}),
            (select count(*) from recovery_code where person_id = {self.anna.id}), (select count(*) from passkey),
            (select count(*) from session where person_id = {self.anna.id} and revoked_at is null)""")


@pytest_asyncio.fixture
async def town(engine):
    return await Town(engine).settle()


@pytest.fixture
def strict(town):
    """A utility where two administrators are asked for."""
    town.policy = replace(town.policy, needs_two=True)
    return town
