"""An export is downloaded by a signed link, for as long as the session lasts that asked for it."""

import io
import zipfile
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
from mains_server.db.unit_of_work import unit_of_work
from mains_server.privacy.links import ExportLinks
from mains_server.privacy.records import ExportAsked
from mains_server.routes.exports import export_route
from mains_server.signin.operations import create_session, set_password
from mains_server.signin.records import Lifetimes
from mains_server.signin.sessions import revoke_all_sessions
from sqlalchemy import text
from starlette.applications import Starlette

pytestmark = pytest.mark.asyncio
NOW = datetime(2024, 2, 10, 9, 30, tzinfo=UTC)
LINKS = ExportLinks(b"k" * 32)
PERSON = "insert into person (email, name, language, created_at) values ('a@b.lv', 'Anna', 'lv', now()) returning id"
LIFETIMES = Lifetimes(access=timedelta(hours=1), session=timedelta(hours=1))
PASSWORD = "quite a long one"


async def test_a_link_gives_the_export_until_its_session_ends(engine):
    async with unit_of_work(engine) as session:
        person = await session.scalar(text(PERSON))
        await set_password(session, person_id=person, password=PASSWORD, now=NOW)
        made = await create_session(session, email="a@b.lv", password=PASSWORD, now=NOW, lifetimes=LIFETIMES)
    begun = made.id
    url = "/exports/" + LINKS.sign(ExportAsked(person_id=person, session_id=begun), now=NOW)
    another = "/exports/" + LINKS.sign(ExportAsked(person_id=person + 1, session_id=begun), now=NOW)
    app = Starlette(routes=[export_route(engine=engine, links=LINKS, clock=lambda: NOW)])

    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://mains.test") as client:
        answers = [await client.get(path) for path in (url, another, url[:-1])]
        async with unit_of_work(engine) as session:
            await revoke_all_sessions(session, person_id=person, now=NOW)
        ended = await client.get(url)

    assert [answer.status_code for answer in [*answers, ended]] == [200, 404, 404, 404]
    assert b"a@b.lv" in zipfile.ZipFile(io.BytesIO(answers[0].content)).read("person.json")
    assert answers[0].headers["cache-control"] == "private, no-store"
