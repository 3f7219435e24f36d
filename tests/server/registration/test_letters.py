"""A code that cannot be delivered goes by letter, and what ended is forgotten."""

import pytest
from mains_server.db.unit_of_work import unit_of_work
from mains_server.delivery.records import ReceiptOutcome
from mains_server.notifications.records import Handed
from mains_server.registration import operations
from mains_server.registration.records import RegistrationRefused
from mains_server.signin.code_letters import take_letters
from mains_server.signin.records import NewSession
from mains_server.signin.telling import Messenger, send_messages

from tests.server.registration.conftest import DAY, HOUR, KEY, MINUTE, NOW

pytestmark = pytest.mark.asyncio


async def test_a_text_message_that_is_refused_goes_by_letter_whose_code_is_good_for_longer(
    engine, begin, confirm, codes, rows
):
    begun = await begin(number="C-2", identifier="32867300679")
    both = await codes()

    sent = await send_messages(Messenger(engine=engine, server=None, texts=Refusing(), key=KEY, now=NOW))
    async with unit_of_work(engine) as session:
        (letter,) = await take_letters(session, mailing=1, now=NOW + DAY)

    assert sent == {"by_letter": 1}
    assert (letter.name, letter.address_line, letter.expires_at) == ("Bruno", "Lielā iela 1", NOW + 14 * DAY)
    assert await confirm(begun, ("22222-22222", both[1]), now=NOW + 5 * DAY) == RegistrationRefused()
    assert isinstance(await confirm(begun, both, now=NOW + 5 * DAY), NewSession)


async def test_a_code_that_no_gateway_took_in_its_hour_goes_by_letter_and_begins_nothing_anew(engine, begin, rows):
    for _ in range(4):
        await begin(number="C-2", identifier="32867300679")
        await send_messages(Messenger(engine=engine, server=None, key=KEY, now=NOW))
    assert await rows("select distinct road from signin_message where kind = 'REGISTRATION_CODE'") == [("SMS",)]

    for now in (NOW + HOUR, NOW + 2 * HOUR):
        await send_messages(Messenger(engine=engine, server=None, key=KEY, now=now))
    async with unit_of_work(engine) as session:
        letters = await take_letters(session, mailing=1, now=NOW + DAY)

    assert len(letters) == 3, "a customer is sent three letters in two weeks at most"
    assert await rows("select distinct road, letter_until from signin_message where kind = 'REGISTRATION_CODE'") == [
        ("LETTER", None)
    ]


async def test_what_goes_to_nobody_is_written_down_as_what_may_go_by_letter(begin, rows):
    await begin(number="C-2", identifier="32867300679")
    await begin(number="C-9")

    assert await rows("select letter_until from signin_message where kind = 'REGISTRATION_CODE'") == [
        (NOW + 14 * DAY,),
        (NOW + 14 * DAY,),
    ]


async def test_a_code_that_came_is_not_good_for_longer(begin, confirm, codes, rows):
    begun = await begin()
    both = await codes()
    await rows("update signin_message set sent_at = now(), next_try_at = null returning id")

    assert await confirm(begun, both, now=NOW + HOUR) == RegistrationRefused()


async def test_what_ended_a_month_ago_is_forgotten(engine, begin, rows):
    await begin()
    for now in (NOW + 44 * DAY, NOW + 44 * DAY + MINUTE):
        async with unit_of_work(engine) as session:
            await operations.forget_registrations(session, now=now)
        left = await rows("select count(*) from registration")
        assert left == [(1 if now == NOW + 44 * DAY else 0,)]


class Refusing:
    """A gateway that takes no number."""

    async def carry(self, notice, *, subject, body, now):
        """Refuse a message."""
        return Handed(outcome=ReceiptOutcome.REFUSED, detail="no such number")
