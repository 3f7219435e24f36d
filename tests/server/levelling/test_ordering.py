"""A recalculation is ordered once, is done by a worker, and goes on with the year it was begun for."""

from dataclasses import replace
from datetime import date

import pytest
from mains_server.access.operations import IdempotencyKeyMalformed, IdempotencyKeyReused
from mains_server.db.unit_of_work import unit_of_work
from mains_server.levelling import changes, ordering
from mains_server.levelling.changes import LevellingNotOffered
from mains_server.levelling.mass import recalculate
from mains_server.levelling.ordering import RecalculationOrder, order_recalculation
from mains_server.levelling.records import RecalculationRequest

from tests.server.levelling.conftest import by_forecast, household, noon

pytestmark = pytest.mark.asyncio
ON, STARTS = date(2024, 1, 20), date(2024, 2, 1)
JOBS = "select task_name, args from procrastinate_jobs where task_name = 'recalculate_levelled'"


@pytest.fixture
def order(levelled):
    """Give what orders a recalculation by default of 2024 from February on."""

    async def ordered(host=None, **change):
        own = RecalculationOrder(
            adapter="small", year=2024, starts=STARTS, person_id=levelled.person_id, key="k", now=noon(ON), today=ON
        )
        async with unit_of_work(levelled.engine) as session:
            return await order_recalculation(session, host=host or levelled.host, order=replace(own, **change))

    return ordered


async def test_an_order_is_a_run_and_a_job(levelled, order):
    run = await order()

    asked = "select id, adapter, year, starts, known_on, status, finished_at from levelled_run"
    assert levelled.ask(asked) == [(run, "small", 2024, STARTS, ON, "RUNNING", None)]
    arguments = {"adapter": "small", "year": 2024, "starts": "2024-02-01", "known_on": "2024-01-20"}
    assert levelled.ask(JOBS) == [("recalculate_levelled", arguments)]


async def test_the_same_order_again_does_nothing(levelled, order):
    runs = [await order(), await order()]

    assert runs[0] == runs[1]
    assert levelled.ask("select count(*) from levelled_run") == [(1,)]
    assert len(levelled.ask(JOBS)) == 1


async def test_a_second_order_goes_on_with_the_run_that_the_worker_found(levelled, order, connection):
    contract = household(levelled)
    await changes.start_plan(levelled.asker(date(2023, 1, 10)), change=by_forecast(contract, "1200"), key="s")
    run = await order()
    job = RecalculationRequest(adapter="small", year=2024, starts=STARTS, known_on=ON, now=noon(ON))
    done = recalculate(connection, adapter=levelled.host.adapter("small"), request=job)

    again = await order(key="k2", starts=date(2024, 3, 1))

    assert run == done == again
    assert levelled.ask("select starts, status from levelled_run") == [(STARTS, "DONE")]
    assert levelled.ask("select sum(recalculated) from levelled_chunk") == [(1,)]
    assert len(levelled.ask(JOBS)) == 2


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"adapter": "nobody"}, ordering.UtilityUnknown),
        ({"adapter": ""}, ordering.UtilityUnknown),
        ({"starts": date(2024, 2, 2)}, ordering.StartsInsideMonth),
        ({"starts": date(2024, 1, 1)}, ordering.StartsTooEarly),
        ({"starts": date(1, 1, 1)}, ordering.StartsTooEarly),
        ({"year": 2022}, ordering.YearNotPossible),
        ({"year": 2025}, ordering.YearNotPossible),
        ({"year": -(2**31)}, ordering.YearNotPossible),
        ({"key": ""}, IdempotencyKeyMalformed),
    ],
)
async def test_what_cannot_be_ordered_leaves_nothing(levelled, order, change, refusal):
    with pytest.raises(refusal):
        await order(**change)

    assert levelled.ask("select count(*) from levelled_run") == [(0,)]
    assert levelled.ask(JOBS) == []


async def test_a_utility_that_does_not_level_is_refused(levelled, order, small):
    with pytest.raises(LevellingNotOffered):
        await order(host=small.host_of())

    assert levelled.ask(JOBS) == []


async def test_a_key_stands_for_one_order(levelled, order):
    await order()

    with pytest.raises(IdempotencyKeyReused):
        await order(year=2023)

    assert len(levelled.ask(JOBS)) == 1
