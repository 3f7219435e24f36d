"""Notices by letter are in one mailing each, which is printed, downloaded by employees alone, and marked as posted."""

import asyncio
import csv
import io
import zipfile
from datetime import timedelta

import pytest
from mains_server.db.unit_of_work import unit_of_work
from mains_server.notifications import queries
from mains_server.notifications.operations import tell_all
from mains_server.notifications.posting import (
    MailingPosted,
    MailingUnknown,
    NoLetters,
    forget_notice_files,
    make_notice_mailing,
    mark_posted,
    set_aside_unprintable,
)
from mains_server.notifications.records import Channel, Message, Recipient, Topic

from tests.server.notifications.conftest import NOON, SEAL

pytestmark = pytest.mark.asyncio
CLERK = 7


def ended(customer, number, **given):
    return Message(
        occasion=f"ended {number}",
        topic=Topic.CONTRACT,
        template="delegation_ended",
        to=Recipient(customer_id=customer),
        values={"delegate": "=Juris Ķēniņš"},
        channels=(Channel.POST,),
        **given,
    )


async def tell(desk, *messages):
    async with unit_of_work(desk.engine) as session:
        await tell_all(session, messages=messages, seal=SEAL, now=NOON)


async def make(desk, *, now=NOON):
    async with unit_of_work(desk.engine) as session:
        await set_aside_unprintable(session, now=now)
    async with unit_of_work(desk.engine) as session:
        return await make_notice_mailing(session, person_id=CLERK, now=now)


async def mark(desk, number):
    async with unit_of_work(desk.engine) as session:
        return await mark_posted(session, mailing_id=number, person_id=CLERK, now=NOON + timedelta(days=1))


async def test_letters_are_printed_once_and_arrive_when_they_are_posted(desk):
    customer = await desk.customer(language="lv", address_line="Lielā iela 1", address_city="Jelgava")
    await tell(desk, *(ended(customer, number) for number in range(3)))

    number = await make(desk)
    assert await desk.rows("select distinct state, detail, tries from notice") == [("SENT", f"mailing {number}", 1)]
    with pytest.raises(NoLetters):
        await make(desk)

    await mark(desk, number)
    rows = await desk.rows("select distinct state, delivered_at from notice")
    assert rows == [("DELIVERED", NOON + timedelta(days=1))]
    with pytest.raises(MailingPosted):
        await mark(desk, number)
    with pytest.raises(MailingUnknown):
        await mark(desk, number + 1)


async def test_the_file_has_a_letter_each_and_an_index_that_no_spreadsheet_runs(desk):
    customer = await desk.customer(language="lv", address_line="Lielā iela 1", address_city="Jelgava")
    await tell(desk, ended(customer, 1))
    number = await make(desk)

    async with unit_of_work(desk.engine) as session:
        content = await queries.mailing_file(session, mailing_id=number)
        (shown,) = await queries.mailings(session)
        assert await queries.mailing_file(session, mailing_id=number + 1) is None
    archive = zipfile.ZipFile(io.BytesIO(content))
    (_, row) = csv.reader(io.StringIO(archive.read("index.csv").decode("utf-8-sig")), delimiter=";")

    assert (shown.letters, shown.size, shown.posted_at) == (1, len(content), None)
    assert archive.namelist() == ["index.csv", row[0]]
    assert archive.read(row[0]).startswith(b"%PDF-")
    assert row[2].startswith("Lielā iela 1, Jelgava")
    assert not row[4].startswith("=")


async def test_a_file_is_forgotten_and_its_mailing_stays(desk):
    customer = await desk.customer(address_line="Lielā iela 1", address_city="Jelgava")
    await tell(desk, ended(customer, 1))
    number = await make(desk)

    counts = []
    for before in (NOON, NOON + timedelta(seconds=1), NOON + timedelta(seconds=1)):
        async with unit_of_work(desk.engine) as session:
            counts.append(await forget_notice_files(session, before=before))

    assert counts == [0, 1, 0]
    async with unit_of_work(desk.engine) as session:
        assert await queries.mailing_file(session, mailing_id=number) is None
    assert await mark(desk, number) == number


async def test_two_clerks_at_once_never_print_a_letter_twice(desk):
    customer = await desk.customer(address_line="Lielā iela 1", address_city="Jelgava")
    await tell(desk, ended(customer, 1))

    made = await asyncio.gather(make(desk), make(desk), return_exceptions=True)

    assert sorted(type(one).__name__ for one in made) == ["NoLetters", "int"]
    assert await desk.rows("select count(*) from notice_mailing") == [(1,)]


async def test_what_came_too_late_or_has_a_secret_is_not_printed(desk):
    customer = await desk.customer(address_line="Lielā iela 1", address_city="Jelgava")
    secret = Message(
        occasion="reset 1",
        topic=Topic.ACCOUNT,
        template="password_reset",
        to=Recipient(customer_id=customer),
        values={"until": NOON},
        secrets={"link": "https://portal.example/4711"},
        channels=(Channel.POST,),
    )
    await tell(desk, ended(customer, 1, holds_until=NOON + timedelta(hours=1)), secret)

    with pytest.raises(NoLetters):
        await make(desk, now=NOON + timedelta(hours=1))

    assert await desk.rows("select state, sealed, detail from notice order by occasion") == [
        ("FAILED", None, "it was of no use any more"),
        ("FAILED", None, "a code or link is not printed into a file that is kept"),
    ]
