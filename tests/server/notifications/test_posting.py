"""Notices by letter are in one mailing each, which is printed, downloaded by employees alone, and marked as posted."""

import asyncio
import csv
import io
import zipfile
from datetime import date, timedelta

import pypdf
import pytest
from mains_server.db.unit_of_work import unit_of_work
from mains_server.documents.lettering import Sender
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
from mains_server.notifications.senders import NO_HEADS, LetterHeads

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


async def make(desk, *, now=NOON, heads=NO_HEADS):
    async with unit_of_work(desk.engine) as session:
        await set_aside_unprintable(session, now=now)
    async with unit_of_work(desk.engine) as session:
        return await make_notice_mailing(session, person_id=CLERK, now=now, heads=heads)


async def letters(desk, number):
    """Give the words of a mailing's letters, in the order of its index."""
    async with unit_of_work(desk.engine) as session:
        content = await queries.mailing_file(session, mailing_id=number)
    archive = zipfile.ZipFile(io.BytesIO(content))
    found = [pypdf.PdfReader(io.BytesIO(archive.read(name))).pages for name in archive.namelist()[1:]]
    return [" ".join(" ".join(page.extract_text() for page in pages).split()) for pages in found]


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


async def test_a_letter_is_from_its_utility_as_registered_that_day_or_else_from_the_operator(desk):
    """test_heat bills as Siltums SIA from 2020 and as AS Jaunais siltums from February 2024; nobody bills for gas."""
    customer = await desk.customer(address_line="Lielā iela 1", address_city="Jelgava")
    for starts, name in ((date(2024, 2, 1), "AS Jaunais siltums"), (date(2024, 2, 11), "Later")):
        await desk.utility.run(
            "insert into seller (adapter, starts, name, registration_number, vat_number, address, iban, series) values"
            " ('test_heat', :starts, :name, '40003000021', 'LV1', 'Pasta iela 47, Jelgava', 'LV1', 'T')",
            starts=starts,
            name=name,
        )
    await tell(desk, *(ended(customer, at, adapter=adapter) for at, adapter in enumerate(("test_heat", "gas", None))))
    operator = Sender(name="Pilsētas serviss", address="Rīgas iela 3, Jelgava", contact="help@city.example")
    heads = LetterHeads(operator=operator, contacts={"test_heat": "+371 63007000"})

    of_heat, of_gas, of_none = await letters(desk, await make(desk, heads=heads))

    begins = "AS Jaunais siltums Pasta iela 47, Jelgava Reg. no. 40003000021 +371 63007000 AS Jaunais siltums, Pasta"
    assert of_heat.startswith(begins)
    for one in (of_gas, of_none):
        assert one.startswith("Pilsētas serviss Rīgas iela 3, Jelgava help@city.example Pilsētas serviss, Rīgas iela 3")


async def test_where_nothing_is_set_a_letter_has_its_utilitys_head_or_none(desk):
    customer = await desk.customer(address_line="Lielā iela 1", address_city="Jelgava")
    await tell(desk, *(ended(customer, at, adapter=adapter) for at, adapter in enumerate(("test_heat", None))))
    (name, address) = (await desk.rows("select name, address from seller"))[0]

    of_heat, of_none = await letters(desk, await make(desk))

    assert of_heat.startswith(f"{name} {address} ")
    assert name not in of_none and of_none.startswith("C-1 Lielā iela 1 Jelgava")


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
