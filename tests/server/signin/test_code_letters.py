"""Codes by text message and by letter: what leaves, when it is given up, and that a file can be made once more."""

import asyncio
import csv
import io
import stat
import zipfile
from datetime import UTC, datetime, timedelta

import pypdf
import pytest
import pytest_asyncio
from mains_server.cli import app
from mains_server.db.unit_of_work import unit_of_work
from mains_server.delivery.records import ReceiptOutcome
from mains_server.documents.lettering import Sender
from mains_server.notifications.records import Handed
from mains_server.notifications.senders import NO_HEADS, LetterHeads
from mains_server.signin.code_letters import CodeMailingUnknown, NoCodeLetters, code_mailing_again, make_code_mailing
from mains_server.signin.code_letters import worded as word
from mains_server.signin.codes import code_of
from mains_server.signin.queries import waiting_letters
from mains_server.signin.records import MessageKind, MessageRoad, NewMessage
from mains_server.signin.telling import Messenger, forget_messages, send_messages, tell
from mains_server.signin.wording import LETTERS, TEXTS, words_of
from mains_spi import segments_of
from sqlalchemy import text
from typer.testing import CliRunner

pytestmark = pytest.mark.asyncio
NOW = datetime(2023, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
KEY = b"k" * 32
NONCE = b"n" * 16
CODE = code_of(key=KEY, purpose="REGISTRATION_CODE", row_id=7, nonce=NONCE)


class Phone:
    """A gateway of text messages that answers as it is told."""

    def __init__(self, *outcomes):
        self.outcomes = list(outcomes)
        self.came = []

    async def carry(self, notice, *, subject, body, now):
        """Take a message, or do not."""
        self.came.append((notice.address, body, notice.id, notice.occasion))
        return Handed(outcome=self.outcomes.pop(0), detail="")


@pytest_asyncio.fixture
async def customer(utility):
    return await utility.customer()


@pytest.fixture
def told(engine, customer):
    async def write(road, *, language="en", address=None, lasts=14 * DAY, at=NOW):
        message = NewMessage(
            kind=MessageKind.REGISTRATION_CODE,
            road=road,
            address=address,
            customer_id=customer,
            language=language,
            row_id=7,
            nonce=NONCE,
            expires_at=at + lasts,
        )
        async with unit_of_work(engine) as session:
            await tell(session, message=message, now=at)

    return write


@pytest.fixture
def make(engine):
    async def made(now=NOW, *, number=None, heads=NO_HEADS):
        async with unit_of_work(engine) as session:
            if number is None:
                return await make_code_mailing(session, key=KEY, now=now, heads=heads)
            return await code_mailing_again(session, number=number, key=KEY, now=now, heads=heads)

    return made


async def rows(engine, statement):
    async with engine.connect() as connection:
        return [tuple(row) for row in await connection.execute(text(statement))]


def opened(content):
    archive = zipfile.ZipFile(io.BytesIO(content))
    index = list(csv.reader(io.StringIO(archive.read("index.csv").decode("utf-8-sig")), delimiter=";"))
    return archive.namelist(), index


async def test_a_code_comes_by_text_message_once_and_at_night_too(engine, told):
    await told(MessageRoad.SMS, address="+371 20 000 001")
    phone, night = Phone(ReceiptOutcome.ACCEPTED), NOW.replace(hour=23)

    sent = [
        await send_messages(Messenger(engine=engine, server=None, texts=phone, key=KEY, now=night)) for _ in range(2)
    ]

    words = f"{CODE} is your code to register, good for 1 hour. Tell it to nobody."
    assert sent == [{"sent": 1}, {}]
    assert phone.came == [("+37120000001", words, 1, "signin message 1")], "as gateways take numbers"
    assert await rows(engine, "select sent_at, next_try_at from signin_message") == [(night, None)]


async def test_a_letter_with_a_code_is_from_the_operator_also_when_it_is_made_again(told, make):
    await told(MessageRoad.LETTER)
    operator = Sender(name="Pilsētas serviss", address="Rīgas iela 3, Jelgava", contact="help@city.example")
    heads = LetterHeads(operator=operator, contacts={"test_heat": "+371 63007000"})

    first = await make(heads=heads)
    again = await make(number=first.number, heads=heads)

    assert again.content == first.content
    archive = zipfile.ZipFile(io.BytesIO(first.content))
    (page,) = pypdf.PdfReader(io.BytesIO(archive.read(archive.namelist()[1]))).pages
    words = " ".join(page.extract_text().split())
    assert words.startswith("Pilsētas serviss Rīgas iela 3, Jelgava help@city.example")
    assert CODE in words and "63007000" not in words


async def test_a_text_message_waits_for_a_gateway_and_is_given_up_where_it_is_refused(engine, told):
    await told(MessageRoad.SMS, address="+371 20 000 001")
    phone = Phone(ReceiptOutcome.UNREACHABLE, ReceiptOutcome.REFUSED)

    async def send(texts, now):
        return await send_messages(Messenger(engine=engine, server=None, texts=texts, key=KEY, now=now))

    assert await send(None, NOW) == {}
    assert await send(phone, NOW) == {"put_off": 1}
    assert await send(phone, NOW + timedelta(minutes=1)) == {"given_up": 1}
    assert await rows(engine, "select tries, sent_at, next_try_at from signin_message") == [(2, None, None)]


async def test_letters_are_in_one_file_that_is_kept_nowhere_and_can_be_made_again(engine, told, make):
    await told(MessageRoad.LETTER)

    made = await make()

    names, index = opened(made.content)
    assert (made.number, made.letters, names) == (1, 1, ["index.csv", "code-1.pdf"])
    assert index[1] == ["code-1.pdf", "C-1", "Lielā iela 1, Jelgava, LV-3001", "en", "Your code to register", "1"]
    assert await make(NOW + DAY, number=1) == made
    assert await rows(engine, "select sent_at, next_try_at, mailing from signin_message") == [(NOW, None, 1)]
    with pytest.raises(NoCodeLetters):
        await make()
    with pytest.raises(CodeMailingUnknown):
        await make(NOW + 14 * DAY, number=1)


async def test_a_letter_says_its_code_and_the_last_day_in_words(engine, told):
    await told(MessageRoad.LETTER)
    async with unit_of_work(engine) as session:
        (letter,) = await waiting_letters(session, now=NOW, most=5)

    printed = word(letter, key=KEY)

    assert f"\n\n{CODE}\n\n" in printed.body
    assert "good until 14 Mar 2023, that day included" in printed.body
    assert CODE not in repr(letter)


async def test_a_fourth_letter_in_two_weeks_a_late_one_and_one_to_nowhere_are_given_up(engine, told, make):
    for _ in range(4):
        await told(MessageRoad.LETTER)
    await told(MessageRoad.LETTER, lasts=5 * DAY - timedelta(seconds=1))

    made = await make()
    await told(MessageRoad.LETTER, at=NOW + 15 * DAY)
    again = await make(NOW + 15 * DAY)

    assert (made.letters, again.letters, again.number) == (3, 1, 2)
    assert await rows(engine, "select id from signin_message where next_try_at is not null") == []
    async with engine.begin() as connection:
        await connection.execute(text("update customer set address_line = ''"))
    await told(MessageRoad.LETTER, at=NOW + 40 * DAY)
    with pytest.raises(NoCodeLetters):
        await make(NOW + 40 * DAY)


async def test_the_command_writes_a_file_that_its_owner_alone_reads(database_url, engine, told, monkeypatch, tmp_path):
    await told(MessageRoad.LETTER, at=datetime.now(UTC) - timedelta(seconds=1))
    monkeypatch.setenv("MAINS_DATABASE_URL", database_url)
    out = tmp_path / "codes.zip"

    async def run(*words):
        return await asyncio.to_thread(CliRunner().invoke, app, ("delivery", "codes", str(out), *words))

    refused = await run()
    monkeypatch.setenv("MAINS_SECRET", "k" * 32)
    made, none, again = await run(), await run(), await run("--mailing", "1")

    assert (refused.exit_code, made.exit_code, none.exit_code, again.exit_code) == (1, 0, 1, 0)
    trail = await rows(engine, "select act, person_id, reason ~ '^system account ' from audit_entry order by id")
    assert trail == [("mains delivery codes", None, True)] * 2
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert opened(out.read_bytes())[0] == ["index.csv", "code-1.pdf"]


async def test_codes_have_short_texts_and_letters_in_three_languages():
    for told in (TEXTS, LETTERS):
        assert {kind: set(words) for kind, words in told.items()} == {MessageKind.REGISTRATION_CODE: {"lv", "en", "ru"}}
    for words in TEXTS[MessageKind.REGISTRATION_CODE].values():
        assert len(segments_of(words.format(code=CODE)).parts) == 1
    latvian = LETTERS[MessageKind.REGISTRATION_CODE]["lv"]
    assert words_of(MessageKind.REGISTRATION_CODE, language="de", road=MessageRoad.LETTER) == latvian


async def test_messages_are_forgotten_a_month_after_they_ended_but_for_the_last_file(engine, told, make):
    for _ in range(2):
        await told(MessageRoad.LETTER)
        await make()
    await told(MessageRoad.SMS, address="+371 20 000 001", lasts=DAY)
    await told(MessageRoad.LETTER, at=NOW + DAY)

    async with unit_of_work(engine) as session:
        await forget_messages(session, now=NOW + 31 * DAY + timedelta(seconds=1))

    assert await rows(engine, "select road, mailing from signin_message order by id") == [
        ("LETTER", 2),
        ("LETTER", None),
    ]
    async with unit_of_work(engine) as session:
        await forget_messages(session, now=NOW + 90 * DAY)
    assert await rows(engine, "select road, mailing from signin_message order by id") == [("LETTER", 2)]
