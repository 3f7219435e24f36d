"""Invoices by mail: a real conversation with a real server, tried again, given up, and never lost."""

import asyncio
import ssl
import zipfile
from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from io import BytesIO

import pytest
from aiosmtpd.smtp import AuthResult
from lxml import etree
from mains_server.access.records import Refusal
from mains_server.contracts.records import Delivery
from mains_server.db.engine import make_engine
from mains_server.db.unit_of_work import read_session, unit_of_work
from mains_server.delivery import sending
from mains_server.delivery.operations import begin_deliveries, deliver_again
from mains_server.delivery.posting import forget_mailing_files, make_mailing, set_aside_unaddressed
from mains_server.delivery.queries import print_file, print_mailings
from mains_server.delivery.records import DeliveryChannel, SendingRules
from mains_server.delivery.rules import mail_address, pause
from mains_server.documents.operations import AdapterSilent
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.server.delivery.conftest import Desk, closed_port, mail_server

pytestmark = pytest.mark.asyncio
TO = "anna@example.lv"


async def test_a_mail_has_both_documents_and_a_receipt(office):
    office.household()
    (invoice,) = await office.issue()
    desk = Desk()

    assert await office.begin() == 1
    async with mail_server(desk) as port:
        assert await office.send(port) == {"delivered": 1}
        assert await office.send(port) == {}
    assert await office.begin() == 0

    (content,) = desk.taken
    mail = message_from_bytes(content, policy=default)
    pdf, xml = mail.iter_attachments()
    assert (mail["to"], mail["from"], mail["subject"]) == (TO, "bills@utility.example", "Rēķins S-000001")
    assert (pdf.get_filename(), pdf.get_content_type()) == ("S-000001-lv.pdf", "application/pdf")
    assert pdf.get_content()[:5] == b"%PDF-"
    assert xml.get_filename() == "S-000001.xml"
    assert etree.QName(etree.fromstring(xml.get_payload(decode=True))).localname == "Invoice"
    stored = {bytes(row[0]) for row in office.rows("select content from invoice_document where kind in ('PDF', 'XML')")}
    assert {pdf.get_payload(decode=True), xml.get_payload(decode=True)} == stored
    assert await office.deliveries(invoice) == [("EMAIL", "DELIVERED", [("ACCEPTED", TO)])]
    files = office.rows("select files, detail from delivery_receipt")
    assert files == [(["S-000001-lv.pdf", "S-000001.xml"], "250 taken")] or files[0][0] == [
        "S-000001-lv.pdf",
        "S-000001.xml",
    ]


async def test_mails_without_their_words_are_held_and_keep_none_waiting(office, monkeypatch):
    for _ in range(3):
        office.household()
    invoices = await office.issue()
    await office.begin()
    original = sending.documents_for

    async def silent(press, *, envelope, kinds):
        if envelope.invoice_id in silenced:
            raise AdapterSilent("its adapter is set aside")
        return await original(press, envelope=envelope, kinds=kinds)

    silenced = invoices[:2]
    monkeypatch.setattr(sending, "documents_for", silent)
    async with mail_server(Desk()) as port:
        assert await office.send(port) == {"held": 2, "delivered": 1}

        silenced = []
        assert await office.send(port) == {"delivered": 2}


async def test_what_is_put_off_is_tried_again_later(office):
    office.household()
    (invoice,) = await office.issue()
    await office.begin()
    desk = Desk(answers=["451 busy", "452 full"])

    async with mail_server(desk) as port:
        assert await office.send(port) == {"waiting": 1}
        assert await office.send(port) == {}
        assert await office.send(port, later=timedelta(minutes=5)) == {"waiting": 1}
        assert await office.send(port, later=timedelta(minutes=14)) == {}
        assert await office.send(port, later=timedelta(minutes=15)) == {"delivered": 1}

    assert await office.deliveries(invoice) == [
        ("EMAIL", "DELIVERED", [("PUT_OFF", TO), ("PUT_OFF", TO), ("ACCEPTED", TO)])
    ]
    assert len(desk.taken) == 1


async def test_what_is_refused_goes_by_post(office):
    office.household()
    (invoice,) = await office.issue()
    await office.begin()

    async with mail_server(Desk(refuses="550 no such mailbox")) as port:
        assert await office.send(port) == {"failed": 1}

    assert await office.deliveries(invoice) == [
        ("EMAIL", "FAILED", [("REFUSED", TO)]),
        ("POST", "WAITING", []),
    ]
    assert "550 no such mailbox" in office.rows("select detail from delivery_receipt")[0][0]


async def test_it_stays_failed_where_nothing_is_posted(office):
    office.household()
    (invoice,) = await office.issue()
    await office.begin()

    async with mail_server(Desk(answers=["554 spam"])) as port:
        await office.send(port, rules=SendingRules(falls_back_to_post=False))

    assert await office.deliveries(invoice) == [("EMAIL", "FAILED", [("REFUSED", TO)])]


async def test_a_server_that_is_away_is_tried_again_and_given_up_at_last(office):
    office.household()
    (invoice,) = await office.issue()
    await office.begin()
    port = closed_port()

    for hours in (0, 7, 14):
        await office.send(port, later=timedelta(hours=hours))

    mails, letters = await office.deliveries(invoice)
    assert mails == ("EMAIL", "FAILED", [("UNREACHABLE", TO)] * 3)
    assert letters[:2] == ("POST", "WAITING")


async def test_a_server_that_does_not_let_us_in_refuses_nobody(office):
    office.household()
    (invoice,) = await office.issue()
    await office.begin()

    async with mail_server(
        Desk(), auth_require_tls=False, authenticator=lambda *_: AuthResult(success=False, handled=False)
    ) as port:
        assert await office.send(port, user="utility", password="wrong") == {"waiting": 1}
        assert await office.send(port, later=timedelta(hours=1), tls="starttls") == {"waiting": 1}

    assert await office.deliveries(invoice) == [("EMAIL", "WAITING", [("UNREACHABLE", TO)] * 2)]


async def test_mail_is_encrypted_where_the_server_offers_it(office, own_certificate):
    office.household()
    (invoice,) = await office.issue()
    await office.begin()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*own_certificate)
    desk = Desk()

    async with mail_server(desk, tls_context=context, require_starttls=True) as port:
        assert await office.send(port, tls="starttls") == {"waiting": 1}
        assert await office.send(port, later=timedelta(hours=1), tls="if_offered", is_verified=False) == {
            "delivered": 1
        }

    assert [outcome for outcome, _ in (await office.deliveries(invoice))[0][2]] == ["UNREACHABLE", "ACCEPTED"]


@pytest.mark.parametrize("email", [None, "", "no address", "a@b.lv\r\nBcc: all@example.lv", "a@b.lv, c@d.lv", "@b.lv"])
async def test_who_has_no_address_gets_a_letter(office, email):
    office.household(email=email)
    (invoice,) = await office.issue()
    await office.begin()
    desk = Desk()

    async with mail_server(desk) as port:
        assert await office.send(port) == {"no_address": 1}

    assert desk.taken == []
    assert [one[:2] for one in await office.deliveries(invoice)] == [("EMAIL", "NO_ADDRESS"), ("POST", "WAITING")]


async def test_an_address_that_changes_in_between_is_the_one_used(office):
    office.household()
    (invoice,) = await office.issue()
    await office.begin()
    await office.send(closed_port())
    office.town.connection.execute("update customer set email = 'new@example.lv'")
    desk = Desk()

    async with mail_server(desk) as port:
        await office.send(port, later=timedelta(hours=1))

    assert desk.recipients == ["new@example.lv"]
    assert await office.deliveries(invoice) == [
        ("EMAIL", "DELIVERED", [("UNREACHABLE", TO), ("ACCEPTED", "new@example.lv")])
    ]


async def test_who_dies_after_the_server_took_it_sends_the_same_mail_again(office, monkeypatch):
    """The server's 250 and our commit are two systems: a duplicate is possible, and is seen to be one."""
    office.household()
    (invoice,) = await office.issue()
    await office.begin()
    desk = Desk()

    async def dying(*_, **__):
        raise ConnectionResetError("the worker is gone")

    async with mail_server(desk) as port:
        monkeypatch.setattr(sending, "note_try", dying)
        with pytest.raises(ConnectionResetError):
            await office.send(port)
        monkeypatch.undo()
        assert await office.deliveries(invoice) == [("EMAIL", "WAITING", [])]
        assert await office.send(port) == {"delivered": 1}

    ids = {message_from_bytes(content, policy=default)["message-id"] for content in desk.taken}
    assert (len(desk.taken), len(ids)) == (2, 1)


async def test_workers_side_by_side_send_each_mail_once(office):
    for n in range(6):
        office.household(email=f"c{n}@example.lv")
    await office.issue()
    counts = await asyncio.gather(*(begin_deliveries(office.engine, now=office.now) for _ in range(3)))
    desk = Desk()

    async with mail_server(desk) as port:
        await asyncio.gather(*(office.send(port) for _ in range(3)))

    assert sum(counts) == 6
    assert sorted(desk.recipients) == [f"c{n}@example.lv" for n in range(6)]


async def test_what_was_issued_long_ago_is_not_sent_by_itself_but_when_asked(office):
    office.household()
    (invoice,) = await office.issue()
    assert await begin_deliveries(office.engine, now=office.now + timedelta(days=15)) == 0

    async with unit_of_work(office.engine) as session:
        await deliver_again(session, invoice_id=invoice, channel=DeliveryChannel.EMAIL, person_id=None, now=office.now)
    desk = Desk()
    async with mail_server(desk) as port:
        await office.send(port)

    assert len(desk.taken) == 1


async def test_the_server_may_send_again_under_its_own_role(office, database_url):
    office.household()
    (invoice,) = await office.issue()
    engine = make_engine(address=database_url, connections_max=1, role="mains_server")

    async with unit_of_work(engine) as session:
        await deliver_again(session, invoice_id=invoice, channel=DeliveryChannel.POST, person_id=None, now=office.now)
        await make_mailing(session, press=office.press(), person_id=None)
    await engine.dispose()

    assert await office.deliveries(invoice) == [
        ("POST", "DELIVERED", [("PRINTED", "Meža iela 2, Jelgava, LV-3001, LV")])
    ]


async def test_each_contract_has_its_way(office):
    for delivery in Delivery:
        office.household(delivery=delivery.name)
    ids = await office.issue()

    assert await office.begin() == len(ids)

    assert [(await office.deliveries(one))[0][:2] for one in ids] == [
        ("PORTAL", "DELIVERED"), ("EMAIL", "WAITING"), ("POST", "WAITING"), ("BANK", "WAITING"),
    ]  # fmt: skip


async def test_letters_go_into_one_mailing_each(office):
    for n in range(3):
        office.household(delivery="POST", name=f"=Customer {n}", address_city="Jelgava" if n < 2 else " ")
    ids = await office.issue()
    await office.begin()

    async with unit_of_work(office.engine) as session:
        assert await set_aside_unaddressed(session, now=office.now) == 1
    async with unit_of_work(office.engine) as session:
        number = await make_mailing(session, press=office.press(), person_id=None)
    with pytest.raises(Refusal) as refused:
        async with unit_of_work(office.engine) as session:
            await make_mailing(session, press=office.press(), person_id=None)

    assert refused.value.code == "NO_LETTERS"
    async with read_session(office.engine) as session:
        content = await print_file(session, mailing_id=number)
        (listed,) = await print_mailings(session)
    assert content is not None and (listed.letters, listed.size) == (2, len(content))
    with zipfile.ZipFile(BytesIO(content)) as archive:
        index, *letters = archive.namelist()
        lines = archive.read(index).decode("utf-8-sig").split("\r\n")
        assert all(archive.read(name)[:5] == b"%PDF-" for name in letters)
    assert index == "index.csv" and len(letters) == 2
    assert [line.split(";")[1:6] for line in lines[1:3]] == [
        [f"S-00000{n + 1}", f"'=Customer {n}", "Meža iela 2", "Jelgava", "LV-3001"] for n in range(2)
    ]
    assert [(await office.deliveries(one))[0][1] for one in ids] == ["DELIVERED", "DELIVERED", "NO_ADDRESS"]


async def test_a_mailings_file_is_forgotten_and_what_was_in_it_stays_known(office):
    office.household(delivery="POST")
    (invoice,) = await office.issue()
    await office.begin()
    async with unit_of_work(office.engine) as session:
        number = await make_mailing(session, press=office.press(), person_id=None)

    counts = []
    for before in (office.now, office.now + timedelta(seconds=1), office.now + timedelta(seconds=1)):
        async with unit_of_work(office.engine) as session:
            counts.append(await forget_mailing_files(session, before=before))

    assert counts == [0, 1, 0]
    async with read_session(office.engine) as session:
        assert await print_file(session, mailing_id=number) is None
        (listed,) = await print_mailings(session)
    assert (listed.id, listed.letters, listed.size > 0) == (number, 1, True)
    assert (await office.deliveries(invoice))[0][1] == "DELIVERED"
    with pytest.raises(DBAPIError, match="may be taken away, not changed"):
        async with unit_of_work(office.engine) as session:
            await session.execute(text("update print_mailing set content = 'x'"))


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (" anna@example.lv ", TO), ("a.b+c@x-y.example.lv", "a.b+c@x-y.example.lv"), ("anna@localhost", None),
        ("anna@ex ample.lv", None), ("ā@example.lv", None), ("a" * 250 + "@b.lv", None), (None, None),
    ],
)  # fmt: skip
async def test_addresses(text, address):
    assert mail_address(text) == address


async def test_pauses_grow_and_end():
    assert [pause(tries) // timedelta(minutes=5) for tries in (1, 2, 3, 7, 8, 1000)] == [1, 2, 4, 64, 72, 72]
