"""Codes and notices as a mail server gets them."""

from datetime import UTC, datetime, timedelta

import pytest
from mains_server.access.operations import create_person
from mains_server.access.records import NewPerson
from mains_server.db.unit_of_work import unit_of_work
from mains_server.delivery.records import MailServer
from mains_server.routes.inbox import Inbox
from mains_server.signin.codes import token_of
from mains_server.signin.passwords import request_reset
from mains_server.signin.records import MessageKind
from mains_server.signin.telling import Messenger, send_messages
from mains_server.signin.wording import WORDS, words_of
from sqlalchemy import text

NOW = datetime(2023, 3, 1, 12, tzinfo=UTC)
KEY = b"k" * 32


async def send(engine, port, now=NOW):
    server = MailServer(host="127.0.0.1", port=port, sender="us@example.lv", tls="none")
    return await send_messages(Messenger(engine=engine, server=server, key=KEY, now=now))


@pytest.mark.asyncio
async def test_a_code_comes_by_mail_once_and_nobody_is_sent_nothing(engine):
    async with unit_of_work(engine) as session:
        new = NewPerson(email="anna@example.lv", name="Anna", language="en")
        await create_person(session, person=new, now=NOW)
        for email in ("anna@example.lv", "nobody@example.lv"):
            await request_reset(session, email=email, key=KEY, now=NOW)
        row_id, nonce = (await session.execute(text("select row_id, nonce from signin_message order by id"))).all()[0]
    inbox = Inbox()
    port = await inbox.open()

    counts = [await send(engine, port), await send(engine, port)]
    inbox.close()

    (caught,) = inbox.caught
    code = token_of(key=KEY, purpose="PASSWORD_RESET", row_id=row_id, nonce=nonce)
    assert counts == [{"sent": 1}, {}]
    assert (caught.mail["to"], caught.mail["subject"]) == ("anna@example.lv", "Resetting your password")
    assert code in caught.mail.get_content()


@pytest.mark.asyncio
async def test_a_mail_waits_while_the_server_is_away_and_is_given_up_when_its_code_has_ended(engine):
    async with unit_of_work(engine) as session:
        await create_person(session, person=NewPerson(email="a@b.lv", name="A", language="lv"), now=NOW)
        await request_reset(session, email="a@b.lv", key=KEY, now=NOW)

    away = await send(engine, 1)
    at_once = await send(engine, 1)
    late = await send(engine, 1, now=NOW + timedelta(hours=1))

    assert (away, at_once, late) == ({"put_off": 1}, {}, {"given_up": 1})


def test_every_message_has_words_in_three_languages():
    assert {kind: set(words) for kind, words in WORDS.items()} == {kind: {"lv", "en", "ru"} for kind in MessageKind}
    assert words_of(MessageKind.PASSWORD_CHANGED, language="de") == WORDS[MessageKind.PASSWORD_CHANGED]["lv"]
