"""Notices in a utility's own words: they take the place of the server's, on every road, and the receipt says which."""

from dataclasses import asdict, replace
from datetime import date

import pytest
from babel import Locale
from mains_server.adapters.loading import load_adapters
from mains_server.cli import app
from mains_server.db.unit_of_work import unit_of_work
from mains_server.delivery.records import ReceiptOutcome
from mains_server.notifications.operations import tell_all
from mains_server.notifications.records import Channel, Message, Recipient, Topic
from mains_server.notifications.reminding import remind_of_day
from mains_server.notifications.sending import send_notices
from mains_server.notifications.templates import LANGUAGES, PLACE, SAMPLES, catalogue, fingerprint, sample, version_of
from mains_server.notifications.wordings import THE_SERVERS, Wordings, wordings_of
from mains_spi import COUNTED_PLACES, NOTICE_LANGUAGES, NOTICE_PLACES, PLURAL_FORMS, NoticeWords
from typer.testing import CliRunner

from tests.server.notifications.conftest import NOON, SEAL, Hand
from tests.server.notifications.test_reminding import day

HEAT, OPENS = "district_heating", "reading_window_opens"


@pytest.fixture(scope="module")
def wordings():
    return wordings_of(load_adapters(on=date(2024, 2, 10)))


def test_places_that_utilities_may_use_are_those_that_the_server_fills():
    assert set(NOTICE_PLACES) <= set(catalogue("lv"))
    for template, places in NOTICE_PLACES.items():
        used = {name for text in catalogue("lv")[template].values() for name, _ in PLACE.findall(text)}
        assert used <= places, template
    assert NOTICE_LANGUAGES == LANGUAGES
    assert all(isinstance(SAMPLES[name], int) for name in COUNTED_PLACES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_plural_forms_are_those_of_cldr(language):
    assert set(PLURAL_FORMS[language]) == set(Locale.parse(language).plural_form.tags) | {"other"}


def test_a_utility_has_its_own_words_and_the_others_stay_the_servers(wordings):
    own = wordings.of(OPENS, adapter=HEAT)

    assert "karstā ūdens un siltuma skaitītāju" in own["lv"]["text"]
    assert wordings.of("due_soon", adapter=HEAT) is None
    assert wordings.of(OPENS, adapter="electricity_retail") is None
    assert wordings.of(OPENS, adapter=None) is None
    assert THE_SERVERS.of(OPENS, adapter=HEAT) is None


@pytest.mark.asyncio
@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_notice_is_in_the_utilitys_words_and_its_receipt_has_their_version(desk, wordings, language):
    customer = await desk.customer(language=language)
    await _told(desk, customer, wordings=wordings)

    rows = await desk.rows("select subject, template, template_version, adapter from notice")

    words = wordings.of(OPENS, adapter=HEAT)[language]
    closes = {"lv": "01.03.2024.", "en": "1 March 2024", "ru": "1 марта 2024 г."}[language]
    assert rows == [(words["subject"].replace("{closes}", closes), OPENS, fingerprint(words), HEAT)]
    assert rows[0][2] != version_of(OPENS, language=language)


@pytest.mark.asyncio
async def test_the_next_channel_has_the_utilitys_words_too(desk, wordings):
    customer = await desk.customer(phone="+37120000001")
    await _told(desk, customer, wordings=wordings)

    refusing = Hand(answers=[ReceiptOutcome.REFUSED])
    await send_notices(replace(desk.office(refusing), wordings=wordings))

    assert await desk.rows("select number, channel, body from notice where number = 2") == [
        (2, "SMS", "Please send the readings of hot water and heat at Lielā iela 1 by 1 March 2024.")
    ]


@pytest.mark.asyncio
async def test_what_the_calendar_brings_is_in_the_words_of_the_contracts_utility(desk):
    text = NoticeWords(subject="Pay {amount}", text="Pay {amount} until {due}.", sms="Pay {amount}.")
    customer = await desk.customer()
    contract = await desk.utility.contract(customer)
    await desk.utility.invoice(customer, contract)
    adapter = (await desk.rows("select adapter from contract"))[0][0]
    worded = Wordings({(adapter, "due_soon"): {language: asdict(text) for language in LANGUAGES}})
    await remind_of_day(replace(day(desk, date(2024, 2, 20)), wordings=worded))

    assert await desk.rows("select subject, body, adapter from notice") == [
        ("Pay €121.00", "Pay €121.00 until 21 February 2024.", adapter)
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_installed_wording_can_be_written(wordings, language):
    assert wordings.by_adapter
    for (_, template), wording in wordings.by_adapter.items():
        for channel in (Channel.EMAIL, Channel.SMS):
            made = sample(template, channel=channel, language=language, wording=wording)
            assert made.subject and made.body and "[" not in made.subject, template


def test_words_are_previewed():
    shown = CliRunner().invoke(app, ["notices", "preview", OPENS, "--adapter", HEAT, "--language", "en"])
    listed = CliRunner().invoke(app, ["notices", "preview", "--adapter", HEAT])
    unknown = CliRunner().invoke(app, ["notices", "preview", OPENS, "--adapter", "gas"])

    assert "the words of district_heating\n\nReadings of hot water and heat by 10 February 2024\n" in shown.output
    assert listed.output.split() == ["reading_window_closes", OPENS]
    assert (unknown.exit_code, unknown.output) == (1, "Refused: no adapter is installed for gas.\n")


async def _told(desk, customer, *, wordings):
    message = Message(
        occasion="window",
        topic=Topic.READING_WINDOW,
        template=OPENS,
        to=Recipient(customer_id=customer),
        values={"address": "Lielā iela 1", "opens": date(2024, 2, 25), "closes": date(2024, 3, 1), "days": 5},
        channels=(Channel.EMAIL, Channel.SMS),
        adapter=HEAT,
    )
    async with unit_of_work(desk.engine) as session:
        assert await tell_all(session, messages=[message], seal=SEAL, now=NOON, wordings=wordings) == 1
