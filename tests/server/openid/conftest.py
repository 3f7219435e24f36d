"""The server, a bank and persons who sign in with it, on a clock that tests move."""

from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio
from mains_server.access.operations import create_person
from mains_server.access.records import NewPerson, Viewer
from mains_server.db.unit_of_work import unit_of_work
from mains_server.openid import flow
from mains_server.openid.records import Returned, Wanted
from mains_server.signin import sessions
from mains_server.signin.records import Device, Lifetimes, SessionMode
from sqlalchemy import text

from tests.openid import REDIRECT, Bank

NOW = datetime(2023, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
LIFETIMES = Lifetimes(access=HOUR, session=24 * HOUR)
KEY = b"k" * 32
PHONE = Device(name="Phone", mode=SessionMode.BEARER)


class Town:
    """The server, the bank, and persons who sign in, on a clock that tests move."""

    def __init__(self, engine):
        self.engine, self.now = engine, NOW
        self.bank = Bank(lambda: self.now)

    @property
    def traveller(self):
        return flow.Traveller(engine=self.engine, providers=self.bank.providers, secret=KEY, now=self.now)

    async def do(self, change, **given):
        async with unit_of_work(self.engine) as session:
            return await change(session, now=self.now, **given)

    async def person(self, name):
        new = NewPerson(email=f"{name}@example.lv", name=name, language="en")
        person = await self.do(create_person, person=new)
        return person, await self.session_of(person)

    async def session_of(self, person):
        made = await self.do(sessions.begin_session, person=person, device=PHONE, lifetimes=LIFETIMES)
        return Viewer(person_id=person.id, session_id=made.id)

    async def away(self, viewer=None, **more):
        wanted = Wanted(**{"provider": "bank", "redirect_uri": REDIRECT, "device": PHONE, **more})
        if viewer is None:
            return await flow.begin(self.traveller, wanted=wanted)
        return await flow.begin_link(self.traveller, viewer=viewer, wanted=wanted)

    async def back(self, begun, **more):
        state, code = self.bank.let_in(begun.url)
        return await self.finish(Returned(**{"state": state, "code": code, "key": begun.key, **more}))

    async def finish(self, returned, may_have_cookie=False):
        given = {"lifetimes": LIFETIMES, "may_have_cookie": may_have_cookie}
        return await flow.finish_sign_in(self.traveller, returned=returned, **given)

    async def sign_in(self, **more):
        return await self.back(await self.away(**more))

    async def link(self, viewer, returning=None):
        begun = await self.away(viewer)
        state, code = self.bank.let_in(begun.url)
        returned = Returned(state=state, code=code, key=begun.key)
        return await flow.finish_link(self.traveller, returned=returned, viewer=returning or viewer)

    async def rows(self, statement):
        async with unit_of_work(self.engine) as session:
            return [tuple(row) for row in await session.execute(text(statement))]

    async def told(self):
        return await self.rows("select kind, address from signin_message order by id")

    async def links(self):
        return await self.rows("select person_id, provider, subject from openid_link order by id")


@pytest.fixture
def town(engine):
    return Town(engine)


@pytest_asyncio.fixture
async def anna(town):
    """Anna, who is linked to the bank's customer."""
    person, viewer = await town.person("anna")
    await town.link(viewer)
    return person
