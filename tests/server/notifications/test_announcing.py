"""Announcements: each customer of the target is told once, by the channels chosen for the utility's own topic."""

import asyncio
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from mains_schema.served import schema
from mains_server.access.records import OPERATORS, Viewer
from mains_server.adapters.host import AdapterHost
from mains_server.db.unit_of_work import unit_of_work
from mains_server.notifications import announcing, operations
from mains_server.notifications.announcing import (
    AnnouncementContractUnknown,
    AnnouncementTargetWrong,
    AnnouncementWordsWrong,
    NewAnnouncement,
    NobodyToTell,
    Target,
    count_announced,
    send_announcement,
    tell_announcements,
)
from mains_server.notifications.operations import TopicNotRefusable, TopicUnknown, choose_channels, prefer
from mains_server.notifications.records import Channel, Choice, Topic, WaitingNotice
from mains_server.notifications.refusing import RefusalLinks, refuse_topic
from mains_server.notifications.topics import own_channels
from mains_spi import Labels, NoticeChannel, NoticeTopic
from sqlalchemy import text

from tests.schema.asking import NO_ADAPTERS, Asker, owner
from tests.server.notifications.conftest import SEAL
from tests.server.outages.conftest import NOW, Street, street

pytestmark = pytest.mark.asyncio
__all__ = ["street"]
HEAT = "district_heating"
NEWS = NoticeTopic(
    code="news",
    labels=Labels(lv="Jaunumi", en="News", ru="Новости"),
    about=Labels(lv="Kas jauns.", en="What is new.", ru="Что нового."),
    is_refusable=True,
    channels=(NoticeChannel.EMAIL, NoticeChannel.SMS),
)
LAW = replace(NEWS, code="law", is_refusable=False)
CARD = SimpleNamespace(notice_topics=(NEWS, LAW), text_reminder_fee=None)
UTILITIES = {HEAT: SimpleNamespace(utility=CARD), "water": SimpleNamespace(utility=CARD)}
WORDS = {
    "lv": {"subject": "Jauns birojs", "text": "Pārceļamies.", "sms": "Pārceļamies!"},
    "en": {"subject": "A new office", "text": "We move.\n\nCome and see.", "sms": "We move!"},
    "ru": {"subject": "Новый офис", "text": "Переезжаем.", "sms": "Переезжаем!"},
}
PERSON = "insert into person (email, name, language, created_at) values ('a@b.lv', 'A', 'en', now()) returning id"
ALL = Target()


def announced(to=ALL, **changes):
    return NewAnnouncement(**{"adapter": HEAT, "own_topic": "news", "words": WORDS, "to": to, **changes})


async def sent(street, announcement=None):
    """Send an announcement, and give its number."""
    async with unit_of_work(street.engine) as session:
        given = {"announcement": announcement or announced(), "utilities": UTILITIES}
        return await send_announcement(session, **given, person_id=1, now=NOW)


async def told(street):
    """Tell what is owed, and give each notice's place, channel and state."""
    await tell_announcements(street.engine, seal=SEAL, now=NOW)
    found = await street.rows("select customer_id, channel, state from notice")
    return sorted((street.customers.index(row[0]), *row[1:]) for row in found)


async def changed(street, statement, **values):
    async with unit_of_work(street.engine) as session:
        done: Any = await session.execute(text(statement), values)
        return done.rowcount


async def choose(street, place, channels, own_topic="news"):
    choice = Choice(
        customer_id=street.customers[place], topic=Topic.UTILITY, channels=channels, adapter=HEAT, own_topic=own_topic
    )
    async with unit_of_work(street.engine) as session:
        await prefer(session, choice=choice, now=NOW)


async def test_everybody_with_a_contract_is_told_once_as_they_prefer_in_their_language(street: Street):
    await changed(street, "update customer set email = 'a@b.lv', language = 'en'")
    await changed(street, "update customer set phone = '+37120000001' where id = :id", id=street.customers[1])
    await changed(street, "update contract set ends = '2023-01-01' where number = 'K-0'")
    await choose(street, 1, (Channel.SMS,))
    await choose(street, 2, ())

    number = await sent(street)

    assert await told(street) == [(1, "SMS", "WAITING"), (2, "PORTAL", "DELIVERED"), (3, "EMAIL", "WAITING")]
    assert await told(street) == await told(street)
    ((occasion, subject, body, own_topic),) = await street.rows(
        "select occasion, subject, body, own_topic from notice where channel = 'EMAIL'"
    )
    assert occasion == f"announcement {number} customer {street.customers[3]}"
    assert (subject, own_topic) == ("A new office", "news")
    assert body == "Good day, Customer 3!\n\nWe move.\n\nCome and see.\n"
    assert await street.rows("select body from notice where channel = 'SMS'") == [("We move!",)]


async def test_two_announcements_are_told_both_and_what_must_be_told_ends_in_a_letter(street: Street):
    await choose(street, 3, (), own_topic="law")

    await sent(street, announced(to=Target(city="Jelgava", street="lielā iela 10")))
    await sent(street, announced(to=Target(city="jelgava", street="Lielā iela 10"), own_topic="law"))

    assert await told(street) == [(3, "PORTAL", "DELIVERED"), (3, "POST", "WAITING")]


async def test_contracts_and_areas_are_counted_before(street: Street):
    await changed(street, "update customer set language = 'ru' where id = :id", id=street.customers[3])
    ids = dict(await street.rows("select number, id from contract"))
    targets = {
        "all": ALL,
        "street": Target(city="JELGAVA", street="Lielā iela 1"),
        "postcode": Target(city="Jelgava", postcode="LV-1000"),
        "contracts": Target(contract_ids=(ids["K-1"], ids["K-3"])),
    }

    async with unit_of_work(street.engine) as session:
        found = {name: await count_announced(session, adapter=HEAT, to=to, now=NOW) for name, to in targets.items()}

    assert found == {"all": {"lv": 3, "ru": 1}, "street": {"lv": 3}, "postcode": {}, "contracts": {"lv": 1, "ru": 1}}


async def test_who_dies_with_it_half_told_leaves_nobody_out_and_tells_nobody_twice(street: Street, monkeypatch):
    await sent(street)
    monkeypatch.setattr(announcing, "TOLD_AT_ONCE", 1)
    calls = []

    async def tell_all(session, **given):
        count = await operations.tell_all(session, **given)
        calls.append(count)
        if len(calls) == 3:
            raise ZeroDivisionError
        return count

    monkeypatch.setattr(announcing, "tell_all", tell_all)
    with pytest.raises(ZeroDivisionError):
        await told(street)
    assert await street.rows("select count(*) from notice") == [(2,)]

    assert [place for place, *_ in await told(street)] == [0, 1, 2, 3]
    assert await street.rows("select count(*) from announcement_recipient where told_at is null") == [(0,)]


async def test_two_who_tell_at_once_tell_nobody_twice(street: Street, monkeypatch):
    await sent(street)
    monkeypatch.setattr(announcing, "TOLD_AT_ONCE", 1)

    counts = await asyncio.gather(*(tell_announcements(street.engine, seal=SEAL, now=NOW) for _ in range(3)))

    assert sum(counts) == 4
    assert await street.rows("select count(*), count(distinct customer_id) from notice") == [(4, 4)]


LONG = "x" * 601


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"own_topic": "weather"}, TopicUnknown),
        ({"adapter": "gas"}, TopicUnknown),
        ({"words": {**WORDS, "ru": {**WORDS["ru"], "sms": " "}}}, AnnouncementWordsWrong),
        ({"words": {**WORDS, "ru": {**WORDS["ru"], "sms": LONG}}}, AnnouncementWordsWrong),
        ({"words": {**WORDS, "en": {**WORDS["en"], "subject": "a\nb"}}}, AnnouncementWordsWrong),
        ({"words": {**WORDS, "en": {**WORDS["en"], "text": "⟦code⟧"}}}, AnnouncementWordsWrong),
        ({"words": {**WORDS, "en": {**WORDS["en"], "text": "a\0b"}}}, AnnouncementWordsWrong),
        ({"to": Target(street="Lielā iela")}, AnnouncementTargetWrong),
        ({"to": Target(city="")}, AnnouncementTargetWrong),
        ({"to": Target(city="x" * 101)}, AnnouncementTargetWrong),
        ({"to": Target(contract_ids=())}, AnnouncementTargetWrong),
        ({"to": Target(contract_ids=(1, 1))}, AnnouncementTargetWrong),
        ({"to": Target(city="Jelgava", contract_ids=(1,))}, AnnouncementTargetWrong),
        ({"to": Target(contract_ids=(987654,))}, AnnouncementContractUnknown),
        ({"to": Target(city="Rīga")}, NobodyToTell),
        ({"adapter": "water"}, NobodyToTell),
    ],
)
async def test_what_cannot_be_announced_leaves_nothing(street: Street, changes, refusal):
    with pytest.raises(refusal):
        await sent(street, announced(**changes))

    assert await street.rows("select count(*) from announcement") == [(0,)]
    assert await street.rows("select count(*) from announcement_recipient") == [(0,)]
    assert await told(street) == []


async def test_one_click_refuses_the_one_topic_and_what_waits_of_it(street: Street):
    links = RefusalLinks(b"a secret of the server, long enough", "https://api.example")
    await changed(street, "update customer set email = 'a@b.lv'")
    await sent(street)
    await sent(street, announced(own_topic="law"))
    await told(street)
    fields = "id, customer_id, adapter, own_topic, may_refuse"
    rows = await street.rows(f"select {fields} from notice where customer_id = {street.customers[2]} order by id")
    (news, law) = (_notice(row) for row in rows)

    assert links.link(law) is None
    choice = links.read(links.link(news).rpartition("/")[2])
    assert choice == Choice(
        customer_id=street.customers[2], topic=Topic.UTILITY, channels=(), adapter=HEAT, own_topic="news"
    )
    async with unit_of_work(street.engine) as session:
        assert await refuse_topic(session, choice=choice, now=NOW) == 1

    states = "select own_topic, state from notice where customer_id = {} order by id"
    assert await street.rows(states.format(street.customers[2])) == [("news", "SUPERSEDED"), ("law", "WAITING")]
    assert await street.rows(states.format(street.customers[1])) == [("news", "WAITING"), ("law", "WAITING")]


def _notice(row):
    rest = dict.fromkeys(
        ("person_id", "occasion", "number", "template", "language", "channel", "others", "address", "subject", "body")
    )
    rest |= dict.fromkeys(("values", "sealed", "tries", "holds_until"))
    return WaitingNotice(**{**rest, **row._mapping, "topic": Topic.UTILITY})


@pytest.mark.parametrize(
    ("topic", "own", "channels", "refusal"),
    [
        (Topic.UTILITY, (HEAT, "law"), (), TopicNotRefusable),
        (Topic.UTILITY, (HEAT, "weather"), (Channel.SMS,), TopicUnknown),
        (Topic.UTILITY, (None, None), (Channel.SMS,), TopicUnknown),
        (Topic.OFFERS, (HEAT, "news"), (), TopicUnknown),
        (Topic.OFFERS, (HEAT, None), (), TopicUnknown),
    ],
)
async def test_what_cannot_be_chosen_changes_nothing(street: Street, topic, own, channels, refusal):
    customer = street.customers[0]
    choice = Choice(customer_id=customer, topic=topic, channels=channels, adapter=own[0], own_topic=own[1])

    with pytest.raises(refusal):
        async with unit_of_work(street.engine) as session:
            await choose_channels(session, viewer=owner(customer), choice=choice, utilities=UTILITIES, now=NOW)

    assert await street.rows("select count(*) from notice_preference") == [(0,)]


@pytest.mark.parametrize(
    ("chosen", "is_refusable", "found"),
    [
        (None, True, "EMAIL PORTAL"),
        (None, False, "EMAIL POST"),
        ((), True, "PORTAL"),
        ((), False, "POST"),
        ((Channel.POST, Channel.SMS), False, "POST SMS"),
        ((Channel.SMS,), True, "SMS PORTAL"),
    ],
)
async def test_a_topic_ends_in_the_portal_or_in_a_letter(chosen, is_refusable, found):
    channels = own_channels(chosen=chosen, usual=(Channel.EMAIL,), is_refusable=is_refusable)

    assert " ".join(one.name for one in channels) == found


async def asking(street: Street) -> tuple[Asker, int]:
    asker = Asker(schema(), street.engine, replace(NO_ADAPTERS, host=AdapterHost(adapters=(), live=UTILITIES)))
    async with unit_of_work(street.engine) as session:
        return asker, int((await session.execute(text(PERSON))).scalar_one())


async def test_a_customer_chooses_over_graphql(street: Street):
    asker, person = await asking(street)
    customer = owner(street.customers[1], person=person)
    shown = "topic adapter ownTopic label about channels isRefusable isChosen"
    query = f"{{ viewer {{ customers {{ nodes {{ id noticePreferences {{ {shown} }} }} }} }} }}"
    (mine,) = (await asker.ask(query, viewer=customer)).data["viewer"]["customers"]["nodes"]

    own = [one for one in mine["noticePreferences"] if one["topic"] == "UTILITY"]
    assert len(mine["noticePreferences"]) == 10
    assert own[0] == {
        "topic": "UTILITY",
        "adapter": HEAT,
        "ownTopic": "news",
        "label": "Jaunumi",
        "about": "Kas jauns.",
        "channels": ["EMAIL", "SMS"],
        "isRefusable": True,
        "isChosen": False,
    }
    choosing = f"""mutation ($input: NoticePreferenceSetInput!) {{ noticePreferenceSet(input: $input) {{
        preferences {{ {shown} }} userErrors {{ code path }} }} }}"""
    wanted = {"customerId": mine["id"], "topic": "UTILITY", "adapter": HEAT, "ownTopic": "news", "channels": []}
    chosen = await asker.resolve(choosing, viewer=customer, input={**wanted, "idempotencyKey": "1"})
    kept = [one for one in chosen.data["noticePreferenceSet"]["preferences"] if one["isChosen"]]
    assert kept == [{**own[0], "channels": [], "isChosen": True}]


async def test_an_operator_counts_and_announces_over_graphql(street: Street):
    asker, person = await asking(street)
    operator = Viewer(person_id=person, staff=OPERATORS)
    area = {"area": {"city": "Jelgava", "street": "Lielā iela 1"}}
    counting = """query ($to: AnnouncementTargetInput!) { staff { announcementPreview(adapter: "district_heating",
        to: $to) { customers byLanguage { language customers } } } }"""
    counted = (await asker.ask(counting, viewer=operator, to=area)).data["staff"]["announcementPreview"]
    assert counted == {"customers": 3, "byLanguage": [{"language": "lv", "customers": 3}]}
    assert (await asker.ask(counting, viewer=operator, to={"area": {"city": ""}})).codes == ["BAD_INPUT"]
    sending = """mutation ($input: AnnouncementSendInput!) { announcementSend(input: $input) {
        announcement { id ownTopic subject customers told city street } userErrors { code path } } }"""
    given = {"adapter": HEAT, "ownTopic": "news", "words": WORDS, "to": area, "idempotencyKey": "move"}
    answers = [(await asker.resolve(sending, viewer=operator, input=given)).data["announcementSend"] for _ in range(2)]
    other = {**given, "to": {}, "idempotencyKey": "move"}
    reused = (await asker.resolve(sending, viewer=operator, input=other)).data["announcementSend"]

    assert answers[0] == answers[1]
    assert answers[0]["announcement"] | {"id": ""} == {
        "id": "",
        "ownTopic": "news",
        "subject": "Jauns birojs",
        "customers": 3,
        "told": 0,
        "city": "Jelgava",
        "street": "Lielā iela 1",
    }
    assert [error["code"] for error in reused["userErrors"]] == ["IDEMPOTENCY_KEY_REUSED"]
    assert await told(street) == [(0, "PORTAL", "DELIVERED"), (1, "PORTAL", "DELIVERED"), (2, "PORTAL", "DELIVERED")]
    listed = "{ staff { announcements { id customers told } } }"
    (one,) = (await asker.ask(listed, viewer=operator)).data["staff"]["announcements"]
    assert one == {"id": answers[0]["announcement"]["id"], "customers": 3, "told": 3}
