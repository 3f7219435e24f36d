"""A file of readings over HTTP: taken once, bounded, and refused by status and code."""

import httpx2
import pytest
import pytest_asyncio
from mains_server.db.unit_of_work import unit_of_work
from mains_server.intake.operations import create_upload
from mains_server.intake.reading_file import FILE_BYTES_MAX
from mains_server.intake.records import UploadMode, UploadRequest
from mains_server.metering.records import ReadingSource
from mains_server.routes.answers import BODY_SECONDS_MAX
from mains_server.routes.uploads import upload_route
from starlette.applications import Starlette

from tests.server.intake.conftest import NOW, house, shown_in

pytestmark = pytest.mark.asyncio
__all__ = ["house"]
FILE = b"meter;register;date;value\nKU-1;hot_water;31.03.2023;105,5\nKU-2;hot_water;31.03.2023;99\n"


@pytest_asyncio.fixture
async def client(engine):
    app = Starlette(routes=[upload_route(engine=engine, clock=lambda: NOW)])
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://mains.test") as opened:
        yield opened


@pytest_asyncio.fixture
async def address(engine, house):
    request = UploadRequest(building_id=house.building, source=ReadingSource.MANAGER, mode=UploadMode.PER_ROW)
    async with unit_of_work(engine) as session:
        upload = await create_upload(session, viewer=house.manager, request=request, now=NOW)
    return f"/uploads/readings/{upload.token}"


async def test_a_file_is_taken_once_and_reported_row_by_row(engine, client, address, house):
    answer = await client.put(address, content=FILE)

    assert answer.status_code == 200
    report = answer.json()
    assert report["counts"] == {"ACCEPTED": 1, "FLAGGED": 0, "UNCHANGED": 0, "REFUSED": 1, "LEFT_OUT": 0}
    assert [(row["line"], row["code"]) for row in report["rows"]] == [(2, None), (3, "READING_RUNS_BACKWARDS")]
    assert (await client.put(address, content=FILE)).json() == report
    assert (await client.put(address, content=FILE + b"x")).json()["code"] == "UPLOAD_USED"
    assert len(await shown_in(engine, house, 1)) == 1


async def test_a_file_that_is_refused_whole_is_unprocessable(client, address):
    answer = await client.put(address, content=FILE.decode().encode("utf-16"))

    assert (answer.status_code, answer.json()["code"]) == (422, "FILE_ENCODING")


async def test_a_file_that_is_too_large_is_refused_and_the_address_stays_good(client, address):
    async def endless():
        for _ in range(FILE_BYTES_MAX // 100_000 + 1):
            yield b"x" * 100_000

    declared = await client.put(address, content=b"x" * (FILE_BYTES_MAX + 1))
    streamed = await client.put(address, content=endless())

    assert (declared.status_code, declared.json()["code"]) == (413, "BODY_TOO_LARGE")
    assert (streamed.status_code, streamed.json()["code"]) == (413, "BODY_TOO_LARGE")
    assert (await client.put(address, content=FILE)).status_code == 200


async def test_a_made_up_address_is_unknown_and_other_methods_are_refused(client):
    answer = await client.put("/uploads/readings/made-up", content=FILE)

    assert (answer.status_code, answer.json()["code"]) == (404, "UPLOAD_UNKNOWN")
    assert (await client.post("/uploads/readings/made-up", content=FILE)).status_code == 405
    assert BODY_SECONDS_MAX == 120


async def test_a_bug_is_answered_without_details(client, address, monkeypatch):
    async def broken(*args, **kwargs):
        raise ZeroDivisionError("secret")

    monkeypatch.setattr("mains_server.routes.uploads.take_upload", broken)

    answer = await client.put(address, content=FILE)

    assert (answer.status_code, answer.json()["code"]) == (500, "INTERNAL")
    assert "secret" not in answer.text
