"""Outages told: planned, moved and cancelled, to four customers, and never what was superseded."""

from __future__ import annotations

from datetime import timedelta

import pytest
from mains_server.db.unit_of_work import unit_of_work
from mains_server.notifications.operations import prefer
from mains_server.notifications.outages import tell_outages
from mains_server.notifications.posting import set_aside_unprintable
from mains_server.notifications.records import Channel, Choice, Topic
from mains_server.notifications.sealing import Seal
from mains_server.notifications.sending import Office, send_notices
from mains_server.outages.records import Translated
from sqlalchemy import text

from tests.server.notifications.conftest import Hand
from tests.server.outages.conftest import NOW, Street, area, street

pytestmark = pytest.mark.asyncio
__all__ = ["street"]
SEAL = Seal(b"a secret of the server, long enough")


async def told(street: Street) -> list[tuple[int, str, str, str]]:
    """Tell, and give every notice's place, template, channel and state."""
    await tell_outages(street.engine, seal=SEAL, now=NOW)
    found = await street.rows("select customer_id, template, channel, state from notice order by id")
    return sorted((street.customers.index(row[0]), *row[1:]) for row in found)


async def reach(street: Street) -> None:
    """Place 0 has a phone and mail, 1 the same and prefers mail, 2 mail alone, 3 nothing but an address."""
    async with unit_of_work(street.engine) as session:
        for place in (0, 1, 2):
            phone = None if place == 2 else f"+3712000000{place}"
            values = {"id": street.customers[place], "email": f"c{place}@example.lv", "phone": phone}
            await session.execute(text("update customer set email = :email, phone = :phone where id = :id"), values)
        only = (Channel.EMAIL,)
        choice = Choice(customer_id=street.customers[1], topic=Topic.OUTAGE, channels=only)
        await prefer(session, choice=choice, now=NOW)


async def test_four_customers_hear_of_an_outage_planned_moved_and_cancelled(street: Street):
    await reach(street)
    outage = await street.plan(places=area())
    planned = await told(street)
    await street.move(outage)
    moved = await told(street)
    await street.cancel(outage)
    cancelled = await told(street)

    roads = ["SMS", "EMAIL", "EMAIL", "POST"]
    assert planned == [(place, "outage_planned", road, "WAITING") for place, road in enumerate(roads)]
    assert [one for one in moved if one[1] == "outage_planned"] == [
        (place, "outage_planned", road, "SUPERSEDED") for place, road in enumerate(roads)
    ]
    assert [one for one in moved if one[1] == "outage_moved"] == [
        (place, "outage_moved", road, "WAITING") for place, road in enumerate(roads)
    ]
    assert {one[3] for one in cancelled if one[1] == "outage_moved"} == {"SUPERSEDED"}
    last = [(place, road, state) for place, template, road, state in cancelled if template == "outage_cancelled"]
    assert last == [(0, "SMS", "WAITING"), (1, "EMAIL", "WAITING"), (2, "EMAIL", "WAITING"), (3, "SMS", "FAILED")]
    words = await street.rows("select subject, body from notice where template = 'outage_cancelled' order by id")
    assert all("no staff" in row[1] for row in words)
    others = await street.rows("select others from notice where template = 'outage_cancelled'")
    assert all("POST" not in row[0] for row in others)


async def test_what_was_told_before_names_the_last_word_also_where_it_had_left(street: Street):
    """Place 0 heard of the plan by text message; the change after it was not sent before the outage was called off."""
    await reach(street)
    outage = await street.plan(places=area())
    await told(street)
    hand = Hand()
    carriers = dict.fromkeys((Channel.SMS, Channel.EMAIL), hand)
    await send_notices(Office(engine=street.engine, carriers=carriers, seal=SEAL, now=NOW + timedelta(hours=12)))
    await street.move(outage)
    await told(street)
    moved = await chain(street)
    await street.cancel(outage)
    await told(street)

    assert moved == [("outage_planned", "SENT", "outage_moved"), ("outage_moved", "WAITING", None)]
    assert await chain(street) == [
        ("outage_planned", "SENT", "outage_cancelled"),
        ("outage_moved", "SUPERSEDED", "outage_cancelled"),
        ("outage_cancelled", "WAITING", None),
    ]
    wrong = "select 1 from notice n join notice l on l.id = n.superseded_by_id where l.customer_id <> n.customer_id"
    assert await street.rows(wrong) == []


async def chain(street: Street) -> list[tuple[str, str, str | None]]:
    """Give what the customer at place 0 was told, how it stands, and what has the last word instead."""
    found = await street.rows("""select n.customer_id, n.template, n.state, l.template from notice n
        left join notice l on l.id = n.superseded_by_id order by n.id""")
    return [row[1:] for row in found if row[0] == street.customers[0]]


async def test_a_reason_is_read_in_ones_own_language_where_it_was_written_so(street: Street):
    for place, language in enumerate(("lv", "en", "ru")):
        async with unit_of_work(street.engine) as session:
            values = {"id": street.customers[place], "language": language}
            await session.execute(text("update customer set language = :language where id = :id"), values)
    await street.plan(places=area(), cause="cauruļu maiņa", cause_in=Translated(en="new pipes"))
    await told(street)

    found = dict(await street.rows("select language, body from notice where template = 'outage_planned'"))
    assert "tīkla remonts (cauruļu maiņa)" in found["lv"]
    assert "repair of the network (new pipes)" in found["en"]
    assert "ремонт сети (cauruļu maiņa)" in found["ru"]


async def test_telling_again_tells_nothing(street: Street):
    await street.plan()

    assert await tell_outages(street.engine, seal=SEAL, now=NOW) == 3
    assert await tell_outages(street.engine, seal=SEAL, now=NOW + timedelta(hours=1)) == 0


async def test_what_was_changed_since_is_neither_sent_nor_printed(street: Street):
    """The outage was moved, and nobody has told of that yet: what waits asks whether it is still true."""
    await reach(street)
    outage = await street.plan(places=area())
    await told(street)
    await street.move(outage)
    hand = Hand()
    carriers = dict.fromkeys((Channel.SMS, Channel.EMAIL), hand)
    morning = NOW + timedelta(hours=12)

    sent = await send_notices(Office(engine=street.engine, carriers=carriers, seal=SEAL, now=morning))
    async with unit_of_work(street.engine) as session:
        assert await set_aside_unprintable(session, now=morning) == 1

    assert (dict(sent), hand.taken) == ({"superseded": 3}, [])
    assert await street.rows("select distinct state, detail from notice") == [
        ("SUPERSEDED", "the outage was changed since")
    ]
