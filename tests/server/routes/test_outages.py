"""Feeds and calendars of outages over HTTP."""

from __future__ import annotations

from datetime import timedelta

import httpx2
import pytest
import pytest_asyncio
from mains_server.access.operations import add_staff, create_person, grant_owner
from mains_server.access.queries import viewer_of_person
from mains_server.access.records import NewPerson, StaffRole
from mains_server.db.unit_of_work import unit_of_work
from mains_server.outages.desk import create_calendar, revoke_calendar
from mains_server.outages.links import FeedLinks
from mains_server.outages.records import Places, Translated
from mains_server.routes.outages import outage_routes
from starlette.applications import Starlette

from tests.server.outages.conftest import NOW, Street, street
from tests.server.outages.test_feed import ROW, TOWN, csv

pytestmark = pytest.mark.asyncio
__all__ = ["street"]
LINKS = FeedLinks(b"secret")


@pytest_asyncio.fixture
async def client(engine):
    app = Starlette(routes=[*outage_routes(engine=engine, links=LINKS, clock=lambda: NOW)])
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://mains.test") as opened:
        yield opened


async def person(engine, *, role: StaffRole | None = None, customer: int | None = None):
    async with unit_of_work(engine) as session:
        new = NewPerson(email=f"{role}{customer}@e.lv", name="x", language="lv")
        made = await create_person(session, person=new, now=NOW)
        if role is not None:
            await add_staff(session, person_id=made.id, role=role, now=NOW)
        if customer is not None:
            await grant_owner(session, customer_id=customer, person_id=made.id, now=NOW)
        return await viewer_of_person(session, person_id=made.id, now=NOW)


def address(viewer, *, ago: timedelta = timedelta(0)) -> str:
    return f"/uploads/outages/{LINKS.sign(viewer.person_id, now=NOW - ago)}"


async def test_a_feed_is_taken_whole_or_not_at_all(engine, client, street: Street):
    operator = await person(engine, role=StaffRole.OPERATOR)

    bad = await client.put(address(operator), content=csv(ROW, TOWN.replace("Jelgava", "Rīga")))
    nothing = await street.rows("select id from outage")
    good = await client.put(address(operator), content=csv(ROW, TOWN))

    assert (bad.status_code, bad.json()["status"], bad.json()["rows"][1]["code"]) == (422, "REFUSED", "PLACES_WRONG")
    assert nothing == []
    assert (good.status_code, [row["outcome"] for row in good.json()["rows"]]) == (200, ["PLANNED", "PLANNED"])
    assert [row[0] for row in await street.rows("select distinct person_id from outage_revision")] == [
        operator.person_id
    ]


async def test_addresses_that_do_not_hold_lead_nowhere(engine, client, street: Street):
    operator, clerk = await person(engine, role=StaffRole.OPERATOR), await person(engine, role=StaffRole.BILLING_CLERK)
    tries = [
        ("/uploads/outages/x", csv(ROW), 404, "UPLOAD_UNKNOWN"),
        (address(operator, ago=timedelta(minutes=15)), csv(ROW), 410, "UPLOAD_EXPIRED"),
        (address(clerk), csv(ROW), 403, "UPLOAD_NOT_ALLOWED"),
        (address(operator), b"\xff\xfe", 422, "FILE_WRONG"),
        (address(operator), b"", 422, "FILE_WRONG"),
        (address(operator), b"x" * 8_388_609, 413, "BODY_TOO_LARGE"),
    ]

    for path, content, status, code in tries:
        answer = await client.put(path, content=content)
        assert (answer.status_code, answer.json()["code"]) == (status, code)

    assert await street.rows("select id from outage") == []


async def test_a_calendar_shows_ones_own_places_until_it_is_revoked(engine, client, street: Street):
    viewer = await person(engine, customer=street.customers[1])
    await street.plan(cause_in=Translated(**{viewer.language: "in their own words"}))
    other = await street.plan(reference="W-2", places=Places(point_ids=(street.points[3],)))
    async with unit_of_work(engine) as session:
        number, token = await create_calendar(session, viewer=viewer, now=NOW)

    shown = await client.get(f"/calendars/{token}.ics")
    async with unit_of_work(engine) as session:
        await revoke_calendar(session, viewer=viewer, calendar_id=number, now=NOW)
    gone = await client.get(f"/calendars/{token}.ics")

    assert shown.headers["content-type"] == "text/calendar; charset=utf-8"
    assert shown.text.count("BEGIN:VEVENT") == 1
    assert f"outage-{other}@" not in shown.text
    assert "SUMMARY:heat: in their own words" in shown.text
    assert "LOCATION:Lielā iela 1\\, Jelgava" in shown.text
    assert (gone.status_code, gone.json()["code"]) == (404, "CALENDAR_UNKNOWN")
    assert (await client.get("/calendars/x.ics")).status_code == 404
