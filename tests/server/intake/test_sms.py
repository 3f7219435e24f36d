"""Text messages with readings: whose phone, whose meter, and the same answer for the same message."""

from dataclasses import replace
from decimal import Decimal as D

import pytest
from mains_server.db.unit_of_work import unit_of_work
from mains_server.intake.records import InboundMessage
from mains_server.intake.sms import ANSWERS, phone_digits, take_message
from sqlalchemy import text as sql

from tests.server.intake.conftest import NOW, shown_in

MESSAGE = InboundMessage(gateway="g", message_id="m-1", sender="+37126123456", text="KU-1 105,5", received_at=NOW)


async def texted(engine, **changes):
    async with unit_of_work(engine) as session:
        answer = await take_message(session, message=replace(MESSAGE, **changes), now=NOW)
    return answer.code.name, answer.answer


@pytest.mark.asyncio
async def test_a_reading_is_taken_from_the_phone_of_a_person(engine, house):
    code, answer = await texted(engine)

    assert (code, answer) == ("ACCEPTED", "Paldies! Skaitītāja KU-1 rādījums 105,5 pieņemts.")
    assert await shown_in(engine, house, 1) == [(D("105.500000"), "SMS", "ACCEPTED")]


@pytest.mark.asyncio
async def test_a_customers_phone_is_answered_in_the_customers_language(engine, house):
    code, answer = await texted(engine, sender="29000002", text="107")

    assert (code, answer) == ("ACCEPTED", "Спасибо! Показание 107 счётчика KU-2 принято.")


@pytest.mark.asyncio
async def test_a_message_is_taken_once(engine, house):
    first = await texted(engine)

    assert await texted(engine, text="KU-1 999") == first
    assert len(await shown_in(engine, house, 1)) == 1


@pytest.mark.asyncio
async def test_a_phone_corrects_itself_however_the_gateway_writes_it(engine, house):
    await texted(engine)

    code, _ = await texted(engine, message_id="m-2", sender="26123456", text="KU-1 104")

    assert code == "ACCEPTED"
    assert await shown_in(engine, house, 1) == [
        (D("105.500000"), "SMS", "SUPERSEDED"),
        (D("104.000000"), "SMS", "ACCEPTED"),
    ]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"text": "KU-1 99"}, "REFUSED"),
        ({"text": "what is this"}, "UNREADABLE"),
        ({"text": "105"}, "ACCEPTED"),
        ({"text": "KU-2 105"}, "NOT_KNOWN"),
        ({"text": "XX-9 105"}, "NOT_KNOWN"),
        ({"sender": "+37120000000"}, "NOT_KNOWN"),
        ({"sender": "+37120000000", "text": "what is this"}, "NOT_KNOWN"),
        ({"sender": "no number"}, "NOT_KNOWN"),
        ({"text": "KU-1 105\0"}, "ACCEPTED"),
    ],
)
async def test_every_message_has_an_answer(engine, house, changes, code):
    assert (await texted(engine, **changes))[0] == code

    assert len(await shown_in(engine, house, 1)) == (code == "ACCEPTED")
    assert await shown_in(engine, house, 2) == []


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        ("KU-0 101", "ACCEPTED", 0),
        ("KU-3 107", "ACCEPTED", 3),
        ("107", "UNREADABLE", None),
        ("KU-9 1", "NOT_KNOWN", None),
    ],
)
async def test_who_manages_a_house_texts_for_every_meter_in_it(engine, house, text, code, place):
    async with unit_of_work(engine) as session:
        mine = sql("update customer set phone = '29000000' where id = :id")
        await session.execute(mine, {"id": house.customers[0]})

    assert (await texted(engine, sender="29000000", text=text))[0] == code

    told = [number for number in range(4) if await shown_in(engine, house, number)]
    assert told == ([] if place is None else [place])


@pytest.mark.asyncio
async def test_a_stranger_learns_nothing_about_meters(engine, house):
    stranger = await texted(engine, message_id="a", sender="+37120000000", text="KU-1 105")
    neighbour = await texted(engine, message_id="b", text="KU-2 105")

    assert stranger == neighbour


@pytest.mark.parametrize(
    ("phone", "digits"),
    [
        ("+371 2612-3456", ("26123456", "37126123456", "0037126123456")),
        ("26123456", ("26123456", "37126123456", "0037126123456")),
        ("+44 20 7946 0000", ("442079460000", "00442079460000")),
        ("", ()),
    ],
)
def test_a_phone_is_known_however_it_is_written(phone, digits):
    assert phone_digits(phone) == digits


def test_every_outcome_has_an_answer_in_three_languages_that_fits_two_messages():
    assert all(all(len(text) <= 134 for text in words) for words in ANSWERS.values())
