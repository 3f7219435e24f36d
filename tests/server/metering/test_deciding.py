"""Submissions and decisions in any order leave one true story: what counts goes on, and nothing is ever lost."""

from itertools import pairwise

import pytest
from mains_server.access.records import Refusal
from mains_server.db.unit_of_work import unit_of_work
from mains_server.metering import deciding, judging, queries
from mains_server.metering.records import ReadingStatus

from tests.server.metering.conftest import NOW, never_billed, submit

pytestmark = pytest.mark.asyncio


async def decide(engine, home, reading_id, *, accept, viewer=None, note="seen"):
    async with unit_of_work(engine) as session:
        words = {"viewer": viewer or home.staff, "reading_id": reading_id, "now": NOW, "note": note}
        if accept:
            await deciding.accept_flagged_reading(session, is_billed=never_billed, **words)
        else:
            await deciding.reject_flagged_reading(session, **words)


async def statuses(engine, home):
    async with unit_of_work(engine) as session:
        return {held.id: held for held in await queries.readings_of_register(session, register_id=home.register)}


@pytest.mark.parametrize("accept", [True, False])
async def test_only_those_who_read_may_decide(engine, home, accept):
    flagged = await submit(engine, home, "2000")

    for viewer in (home.owner, home.stranger):
        with pytest.raises(deciding.ReadingUnknown):
            await decide(engine, home, flagged.reading_id, accept=accept, viewer=viewer)

    assert (await statuses(engine, home))[flagged.reading_id].status is ReadingStatus.FLAGGED


async def test_a_flag_that_has_become_impossible_is_not_accepted(engine, home):
    flagged = await submit(engine, home, "2000", taken_at=NOW.replace(month=3, day=10))
    await submit(engine, home, "1190", key="later")

    with pytest.raises(judging.ReadingAboveLaterOne):
        await decide(engine, home, flagged.reading_id, accept=True)


STEPS = [
    [("submit", "1190"), ("submit", "2000"), ("accept", -1), ("submit", "1185"), ("reject", -1)],
    [("submit", "2000"), ("submit", "1190"), ("accept", 0), ("accept", 0), ("submit", "2001")],
    [("submit", "2000"), ("reject", 0), ("reject", 0), ("accept", 0), ("submit", "2000"), ("accept", 1)],
    [("submit", "1190"), ("submit", "1180"), ("submit", "1190"), ("accept", 0)],
    [("submit", "3000"), ("submit", "4000"), ("accept", 1), ("accept", 0), ("reject", 1)],
]


@pytest.mark.parametrize("steps", STEPS)
async def test_whatever_is_done_one_value_a_day_counts_and_nothing_is_lost(engine, home, steps):
    made, seen = [], await statuses(engine, home)
    for turn, (what, which) in enumerate(steps):
        try:
            if what == "submit":
                made.append((await submit(engine, home, which, key=f"k{turn}")).reading_id)
            else:
                await decide(engine, home, made[which], accept=what == "accept")
        except Refusal:
            pass
        now = await statuses(engine, home)
        assert seen.keys() <= now.keys()
        for held in seen.values():
            assert (now[held.id].value, now[held.id].counts_for) == (held.value, held.counts_for)
            assert (held.status, now[held.id].status) in ALLOWED
        counting = [held for held in now.values() if held.status is ReadingStatus.ACCEPTED]
        assert len({held.counts_for for held in counting}) == len(counting)
        assert all(a.value <= b.value for a, b in pairwise(sorted(counting, key=lambda held: held.counts_for)))
        seen = now


ALLOWED = {(status, status) for status in ReadingStatus} | {
    (ReadingStatus.FLAGGED, ReadingStatus.ACCEPTED),
    (ReadingStatus.FLAGGED, ReadingStatus.REJECTED),
    (ReadingStatus.ACCEPTED, ReadingStatus.SUPERSEDED),
}
