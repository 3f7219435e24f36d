"""Outages planned, moved and cancelled: who is owed which notice, once, and that refusals leave nothing behind."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from mains_server.access.records import Refusal
from mains_server.db.unit_of_work import unit_of_work
from mains_server.outages import operations
from mains_server.outages.queries import is_notice_wanted
from mains_server.outages.records import Author, Places, Translated, Window
from sqlalchemy import text

from tests.server.outages.conftest import LATER, NOW, OFFICE, WINDOW, Street, area

pytestmark = pytest.mark.asyncio
SOON = Window(starts=NOW + timedelta(days=5) - timedelta(seconds=1), ends=NOW + timedelta(days=6))
IN_TIME = Window(starts=NOW + timedelta(days=5), ends=NOW + timedelta(days=6))


async def test_everybody_in_a_house_is_owed_one_notice_of_each_revision(street: Street):
    outage = await street.plan()
    assert await street.take() == [(0, 1, "PLANNED"), (1, 1, "PLANNED"), (2, 1, "PLANNED")]

    await street.move(outage)
    moved = await street.take()
    await street.cancel(outage)

    assert moved == [(0, 2, "MOVED"), (1, 2, "MOVED"), (2, 2, "MOVED")]
    assert await street.take() == [(0, 3, "CANCELLED"), (1, 3, "CANCELLED"), (2, 3, "CANCELLED")]
    assert await street.take() == []
    told = await street.rows("select number, change, note, is_late, notices from outage_revision order by number")
    assert [tuple(one) for one in told] == [
        (1, "PLANNED", None, False, 3),
        (2, "MOVED", "rain", False, 3),
        (3, "CANCELLED", "no staff", False, 3),
    ]


async def test_what_was_superseded_before_it_was_taken_is_never_sent(street: Street):
    outage = await street.plan()
    await street.take(most=1)

    await street.move(outage)

    assert [state for _, revision, state in await street.notices() if revision == 1] == [
        "TAKEN",
        "SUPERSEDED",
        "SUPERSEDED",
    ]
    assert await street.take() == [(0, 2, "MOVED"), (1, 2, "MOVED"), (2, 2, "MOVED")]
    async with unit_of_work(street.engine) as session:
        assert not await is_notice_wanted(session, outage_id=outage, revision=1)
        assert await is_notice_wanted(session, outage_id=outage, revision=2)


async def test_less_than_five_full_days_is_late(street: Street):
    late = await street.plan(window=SOON)
    in_time = await street.plan(window=IN_TIME, reference="W-2")

    for table in ("outage_notice", "outage_revision"):
        found = await street.rows(f"select distinct outage_id, is_late from {table}")
        assert {tuple(row) for row in found} == {(late, True), (in_time, False)}


async def test_a_cancellation_is_never_posted(street: Street):
    outage = await street.plan()
    async with unit_of_work(street.engine) as session:
        planned = await operations.take_notices(session, author=OFFICE)
    await street.cancel(outage)

    async with unit_of_work(street.engine) as session:
        cancelled = await operations.take_notices(session, author=OFFICE)

    assert {one.may_be_post for one in planned} == {True}
    assert {(one.may_be_post, one.note, one.is_late) for one in cancelled} == {(False, "no staff", False)}
    assert cancelled[0].addresses == ("Lielā iela 1, Jelgava",)


async def test_places_are_found_by_what_they_are_called(street: Street):
    found = [
        (Places(point_ids=(street.points[1],)), {1}),
        (Places(point_ids=(street.points[0],)), {0, 1, 2}),  # a house's own point is the house
        (Places(identifiers=("H-10-1",)), {3}),
        (area(), {0, 1, 2, 3}),
        (area(street="Lielā iela 1"), {0, 1, 2}),  # not house 10
        (area(postcode="LV-3001", street="lielā"), {0, 1, 2, 3}),
    ]
    for turn, (named, places) in enumerate(found):
        await street.plan(places=named, reference=f"P-{turn}")

        assert {place for place, _, _ in await street.take()} == places


async def test_who_has_moved_out_by_then_is_not_told(street: Street):
    async with unit_of_work(street.engine) as session:
        await session.execute(text("update contract set ends = '2023-04-10' where number = 'K-1'"))

    await street.plan()

    assert {place for place, _, _ in await street.take()} == {0, 2}


async def test_who_moves_in_before_the_later_day_is_told_and_who_knew_too(street: Street):
    async with unit_of_work(street.engine) as session:
        await session.execute(
            text("update contract_supply_point set starts = '2023-04-12' where customer_id = :c"),
            {"c": street.customers[1]},
        )
        await session.execute(text("update contract set ends = '2023-04-11' where number = 'K-2'"))
    outage = await street.plan()
    assert {place for place, _, _ in await street.take()} == {0, 2}

    await street.move(outage)

    assert {place for place, _, _ in await street.take()} == {0, 1, 2}


async def test_supply_that_is_back_ends_the_outage_and_its_notices(street: Street):
    outage = await street.plan()
    author = Author(now=WINDOW.starts + timedelta(hours=2))
    async with unit_of_work(street.engine) as session:
        await operations.restore_outage(session, outage_id=outage, author=author)

    stands = await street.rows("select state, ends, revision from outage")

    assert [tuple(one) for one in stands] == [("RESTORED", author.now, 2)]
    assert await street.take() == []


HOUR = timedelta(hours=1)
BAD_PLANS = [
    ("WINDOW_WRONG", {"window": Window(starts=WINDOW.ends, ends=WINDOW.starts)}),
    ("WINDOW_WRONG", {"window": Window(starts=WINDOW.starts, ends=WINDOW.starts)}),
    ("WINDOW_WRONG", {"window": Window(starts=NOW - 2 * HOUR, ends=NOW)}),
    ("WINDOW_WRONG", {"window": Window(starts=NOW, ends=NOW + timedelta(days=31))}),
    ("WINDOW_WRONG", {"window": Window(starts=NOW + timedelta(days=800), ends=NOW + timedelta(days=801))}),
    ("REASON_WRONG", {"cause": "   "}),
    ("REASON_WRONG", {"cause": "x" * 501}),
    ("REASON_WRONG", {"cause": "a\x00b"}),
    ("REASON_WRONG", {"cause_in": Translated(lv="caurules", ru=" ")}),
    ("REASON_WRONG", {"cause_in": Translated(en="x" * 501)}),
    ("REFERENCE_WRONG", {"reference": ""}),
    ("REFERENCE_WRONG", {"reference": "x" * 61}),
    ("REFERENCE_WRONG", {"reference": "a\nb"}),
    ("PLACES_WRONG", {"places": Places()}),
    ("PLACES_WRONG", {"places": Places(point_ids=(999,))}),
    ("PLACES_WRONG", {"places": Places(building_ids=(999,))}),
    ("PLACES_WRONG", {"places": Places(identifiers=("H-1-1", "nowhere"))}),
    ("PLACES_WRONG", {"places": Places(point_ids=tuple(range(10_001)))}),
    ("PLACES_WRONG", {"places": area(city="Rīga")}),
    ("PLACES_WRONG", {"places": area(city=" ")}),
    ("PLACES_WRONG", {"places": area(street="%")}),
    ("PLACES_WRONG", {"commodity": "electricity"}),
]


async def test_what_cannot_be_planned_leaves_nothing(street: Street):
    for code, changes in BAD_PLANS:
        with pytest.raises(Refusal) as refused:
            await street.plan(**changes)
        assert refused.value.code == code, changes

    assert [row[0] for row in await street.written()] == [0, 0, 0, 0, 0]


async def test_a_reason_is_kept_in_each_language_it_was_written_in(street: Street):
    outage = await street.plan(cause_in=Translated(lv=" caurules ", ru="трубы"))
    async with unit_of_work(street.engine) as session:
        why = {"reason": "rain", "reason_in": Translated(lv="lietus")}
        await operations.move_outage(session, outage_id=outage, window=LATER, author=OFFICE, **why)
    async with unit_of_work(street.engine) as session:
        (notice, *_) = await operations.take_notices(session, author=OFFICE)
    await street.cancel(outage)

    revisions = await street.rows("select note, note_lv, note_en, note_ru from outage_revision order by number")
    assert (notice.cause, notice.cause_in) == ("pipes", Translated(lv="caurules", ru="трубы"))
    assert (notice.note, notice.note_in) == ("rain", Translated(lv="lietus"))
    # The words of an earlier change do not stay for the next.
    assert [tuple(one) for one in revisions] == [
        (None, None, None, None),
        ("rain", "lietus", None, None),
        ("no staff", None, None, None),
    ]


async def test_changes_that_cannot_be_change_nothing(street: Street):
    outage = await street.plan()
    gone = await street.plan(reference="W-2")
    await street.cancel(gone)
    before = await street.written()
    tries = {
        "OUTAGE_UNKNOWN": street.move(999),
        "OUTAGE_CLOSED": street.move(gone),
        "OUTAGE_UNCHANGED": street.move(outage, WINDOW),
        "WINDOW_WRONG": street.move(outage, replace(WINDOW, ends=WINDOW.starts)),
        "REFERENCE_TAKEN": street.plan(),
    }

    for code, attempt in tries.items():
        with pytest.raises(Refusal) as refused:
            await attempt
        assert refused.value.code == code
    with pytest.raises(Refusal, match="over"):
        await street.move(outage, LATER, days=30)
    with pytest.raises(Refusal, match="not begun"):
        async with unit_of_work(street.engine) as session:
            await operations.restore_outage(session, outage_id=outage, author=OFFICE)

    assert await street.written() == before


async def test_two_who_take_at_once_take_different_notices(street: Street):
    await street.plan(places=area())

    both = await asyncio.gather(street.take(most=3), street.take(most=3))

    assert sorted([*both[0], *both[1]]) == [(place, 1, "PLANNED") for place in range(4)]


async def test_what_was_taken_in_a_transaction_that_failed_is_owed_again(street: Street):
    await street.plan()

    with pytest.raises(RuntimeError):
        async with unit_of_work(street.engine) as session:
            assert len(await operations.take_notices(session, author=OFFICE)) == 3
            raise RuntimeError("crash")

    assert len(await street.take()) == 3


async def test_two_who_change_an_outage_make_two_revisions(street: Street):
    outage = await street.plan()

    await asyncio.gather(street.move(outage), street.cancel(outage), return_exceptions=True)

    numbers = [row[0] for row in await street.rows("select number from outage_revision order by number")]
    assert numbers == list(range(1, len(numbers) + 1))
    assert [tuple(row) for row in await street.rows("select state, revision from outage")] in (
        [("CANCELLED", 3)],
        [("CANCELLED", 2)],
    )


async def test_times_are_instants_whatever_their_zone(street: Street):
    local = Window(
        starts=datetime.fromisoformat("2023-04-10T09:00+03:00"), ends=datetime.fromisoformat("2023-04-10T15:00+03:00")
    )

    await street.plan(window=local)

    assert [tuple(row) for row in await street.rows("select starts from outage")] == [
        (datetime(2023, 4, 10, 6, tzinfo=UTC),)
    ]
