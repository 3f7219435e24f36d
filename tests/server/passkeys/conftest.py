"""The server, an authenticator and persons who sign in with it, on a clock that tests move."""

from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio
from mains_server.access.operations import create_person
from mains_server.access.records import NewPerson, Viewer
from mains_server.db.unit_of_work import unit_of_work
from mains_server.notifications.sealing import Seal
from mains_server.passkeys import flow
from mains_server.signin import sessions
from mains_server.signin.records import Device, Lifetimes, SessionMode
from sqlalchemy import text

from tests.passkeys import PARTY, Authenticator

NOW = datetime(2023, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
LIFETIMES = Lifetimes(access=HOUR, session=24 * HOUR)
PHONE = Device(name="Phone", mode=SessionMode.BEARER)
SEAL = Seal(b"k" * 32)


class Town:
    """The server, one authenticator, and persons, on a clock that tests move."""

    def __init__(self, engine):
        self.engine, self.now, self.party = engine, NOW, PARTY
        self.phone = Authenticator()

    @property
    def door(self):
        return flow.Door(engine=self.engine, party=self.party, now=self.now)

    async def do(self, change, **given):
        async with unit_of_work(self.engine) as session:
            return await change(session, **given)

    async def person(self, name):
        new = NewPerson(email=f"{name}@example.lv", name=name, language="en")
        person = await self.do(create_person, person=new, now=self.now)
        return person, await self.session_of(person)

    async def session_of(self, person):
        given = {"person": person, "device": PHONE, "lifetimes": LIFETIMES, "now": self.now}
        made = await self.do(sessions.begin_session, **given)
        return Viewer(person_id=person.id, session_id=made.id)

    async def ask_to_register(self, viewer, code=None):
        return await flow.begin_registration(self.door, viewer=viewer, code=code, seal=SEAL)

    async def register(self, viewer, credential, name="Phone"):
        return await flow.finish_registration(self.door, viewer=viewer, credential=credential, name=name)

    async def add(self, viewer, **lies):
        options = await self.ask_to_register(viewer)
        return await self.register(viewer, self.phone.make(options.json, **lies))

    async def ask_to_sign_in(self, device=PHONE):
        return (await flow.begin_sign_in(self.door, device=device)).json

    async def let_in(self, credential, may_have_cookie=False):
        given = {"lifetimes": LIFETIMES, "may_have_cookie": may_have_cookie}
        return await flow.finish_sign_in(self.door, credential=credential, **given)

    async def sign_in(self, **given):
        return await self.let_in(self.phone.sign(await self.ask_to_sign_in(), **given))

    async def rows(self, statement):
        async with unit_of_work(self.engine) as session:
            return [tuple(row) for row in await session.execute(text(statement))]

    async def told(self):
        return await self.rows("select kind, address from signin_message order by id")

    async def kept(self):
        return await self.rows("select person_id, name, sign_count, suspended_at from passkey order by id")


@pytest.fixture
def town(engine):
    return Town(engine)


@pytest_asyncio.fixture
async def anna(town):
    """Anna, who has a passkey, and her session."""
    person, viewer = await town.person("anna")
    await town.add(viewer)
    return person, viewer
