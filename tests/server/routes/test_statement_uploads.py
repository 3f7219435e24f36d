"""A file of bank statements over HTTP: taken once, bounded, and refused by status and code; nothing half."""

import asyncio
import gzip
from datetime import timedelta

import httpx2
import pytest
import pytest_asyncio
from mains_server.access.records import StaffRole, Viewer
from mains_server.db.unit_of_work import unit_of_work
from mains_server.routes import statements as route
from mains_server.statements import matching
from mains_server.statements.operations import create_upload
from sqlalchemy import text
from starlette.applications import Starlette

from tests.server.statements.camt_files import IBAN, Paid, bank_file
from tests.server.statements.conftest import NOW, bank

pytestmark = pytest.mark.asyncio
__all__ = ["bank"]
CLERK = Viewer(person_id=1, staff=frozenset({StaffRole.BILLING_CLERK}))
PERSON = """
insert into person (id, email, name, language, created_at) values (1, 'clerk@example.org', 'Clerk', 'lv', now())
returning id
"""
ROLE = "insert into staff_member (person_id, role, since) values (1, 'BILLING_CLERK', '2024-01-01') returning person_id"
FILE = bank_file(Paid(amount="10.00", text="?")).getvalue()


class Clock:
    """Tells the time that a test wants."""

    def __init__(self):
        self.now = NOW

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest_asyncio.fixture
async def client(engine, clock):
    app = Starlette(routes=[route.statement_route(engine=engine, ibans={IBAN}, clock=clock)])
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://mains.test") as opened:
        yield opened


@pytest_asyncio.fixture
async def address(bank, engine):
    await bank.utility.run(PERSON)
    await bank.utility.run(ROLE)
    async with unit_of_work(engine) as session:
        made = await create_upload(session, viewer=CLERK, now=NOW)
    return f"/uploads/statements/{made.token}"


async def told(answer):
    return answer.status_code, answer.json()["code"]


async def nothing_came(bank):
    assert await bank.lines() == []
    assert await bank.asks("select count(*) from ledger_entry") == [(0,)]


async def test_a_file_is_taken_once_and_the_same_again_is_the_same_report(bank, client, address):
    answer = await client.put(address, content=FILE)

    assert (answer.status_code, answer.json().get("status")) == (200, "TAKEN"), answer.text
    assert answer.json()["lines"]["QUEUED"] == 1
    assert (await client.put(address, content=FILE)).json() == answer.json()
    assert await told(await client.put(address, content=FILE + b"\n")) == (409, "UPLOAD_USED")
    assert await bank.lines() == [("10.00", "QUEUED", "UNMATCHED")]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "FILE_NOT_XML"),
        (b"date;amount\n2024-02-09;10.00\n", "FILE_NOT_XML"),
        (FILE[:-20], "FILE_NOT_XML"),
        (gzip.compress(FILE), "FILE_ENCODING"),
        (FILE.decode().encode("utf-16"), "FILE_ENCODING"),
        (b"<a>" * 100 + b"</a>" * 100, "FORMAT_UNKNOWN"),
        (b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "XML_DECLARES"),
        (bank_file(Paid(amount="1.00"), iban="LV51HABA0000000000001").getvalue(), "ACCOUNT_UNKNOWN"),
        (bank_file(Paid(amount="1.00"), closing="7.00").getvalue(), "TOTALS_DO_NOT_FIT"),
    ],
    ids=["empty", "csv", "cut", "gzip", "utf-16", "other", "entities", "account", "totals"],
)
async def test_what_is_no_statement_of_ours_is_refused_whole(bank, client, address, content, code):
    answer = await client.put(address, content=content)

    assert await told(answer) == (422, code)
    assert answer.json()["status"] == "REFUSED"
    await nothing_came(bank)
    assert await told(await client.put(address, content=FILE)) == (409, "UPLOAD_USED")


async def test_a_file_that_is_too_large_is_refused_and_the_address_stays_good(bank, client, address, monkeypatch):
    monkeypatch.setattr(route, "FILE_BYTES_MAX", len(FILE))

    async def streamed():
        yield FILE
        yield b"\n"

    assert await told(await client.put(address, content=FILE + b"\n")) == (413, "BODY_TOO_LARGE")
    assert await told(await client.put(address, content=streamed())) == (413, "BODY_TOO_LARGE")
    await nothing_came(bank)
    assert (await client.put(address, content=FILE)).status_code == 200


async def test_an_address_expires(bank, client, address, clock):
    clock.now = NOW + timedelta(minutes=15)

    assert await told(await client.put(address, content=FILE)) == (410, "UPLOAD_EXPIRED")
    await nothing_came(bank)


async def test_a_made_up_address_is_unknown(client):
    assert await told(await client.put("/uploads/statements/made-up", content=FILE)) == (404, "UPLOAD_UNKNOWN")
    assert (await client.post("/uploads/statements/made-up", content=FILE)).status_code == 405


async def test_who_announced_it_must_still_be_allowed_to(bank, client, address, engine):
    async with unit_of_work(engine) as session:
        await session.execute(text("delete from staff_member"))

    assert await told(await client.put(address, content=FILE)) == (403, "UPLOAD_NOT_ALLOWED")
    await nothing_came(bank)


async def test_one_file_is_read_at_a_time(client, address):
    begun, may_go_on = asyncio.Event(), asyncio.Event()

    async def slow():
        yield FILE[:10]
        begun.set()
        await may_go_on.wait()
        yield FILE[10:]

    first = asyncio.create_task(client.put(address, content=slow()))
    await begun.wait()
    second = await client.put(address, content=FILE)
    may_go_on.set()

    assert await told(second) == (503, "UPLOADS_BUSY")
    assert (await first).status_code == 200


async def test_what_cannot_be_matched_now_is_taken_and_matched_later(bank, client, address, monkeypatch):
    async def broken(*_given, **_named):
        raise ZeroDivisionError

    monkeypatch.setattr(route, "match_new_lines", broken)

    answer = await client.put(address, content=FILE)

    assert (answer.status_code, answer.json()["lines"]["NEW"]) == (200, 1)
    assert await matching.match_new_lines(bank.utility.engine, now=NOW) == 1
    assert await bank.lines() == [("10.00", "QUEUED", "UNMATCHED")]
