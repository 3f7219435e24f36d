"""What sources tell is taken into the real database, as often as they tell it."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal as D

import pytest
from mains_server.db.unit_of_work import unit_of_work
from mains_server.facts import operations, queries, rules
from mains_server.facts.records import SeriesGap, SeriesSpan, Stretch, TakenIn, ToldSeries
from sqlalchemy import text

pytestmark = pytest.mark.asyncio
START = datetime(2024, 1, 1, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def told(values, *, name="nordpool.lv", unit="EUR/MWh", step=HOUR):
    found = {START + step * at: value for at, value in values.items()}
    return ToldSeries(name=name, unit=unit, step_seconds=step // timedelta(seconds=1), values=found)


async def take(engine, *series, known_at=START):
    async with unit_of_work(engine) as session:
        return await operations.take_in(session, told=series, known_at=known_at, source="test")


async def known(engine, *, known_at=START + 9 * DAY):
    async with unit_of_work(engine) as session:
        (series,) = await queries.series_known(
            session, names=["nordpool.lv"], starts_at=START, ends_at=START + 9 * DAY, known_at=known_at
        )
        return series.values


async def count(engine):
    async with unit_of_work(engine) as session:
        return await session.scalar(text("select count(*) from fact_series"))


async def test_the_same_again_changes_nothing(engine):
    values = told({at: D(at) / 100 for at in range(48)})
    first = await take(engine, values)

    again = await take(engine, values, known_at=START + DAY)

    assert first == (TakenIn(name="nordpool.lv", added=48, corrected=0, unchanged=0),)
    assert again == (TakenIn(name="nordpool.lv", added=0, corrected=0, unchanged=48),)
    assert await count(engine) == 2


async def test_a_late_hour_and_a_correction_count_from_when_they_were_known(engine):
    await take(engine, told({0: D("1.5"), 2: D("-8.09")}))

    taken = await take(engine, told({0: D("1.6"), 1: D("2.5")}), known_at=START + DAY)

    assert taken == (TakenIn(name="nordpool.lv", added=1, corrected=1, unchanged=0),)
    assert (await known(engine))[:3] == (D("1.6"), D("2.5"), D("-8.09"))
    assert (await known(engine, known_at=START))[:3] == (D("1.5"), None, D("-8.09"))
    assert await count(engine) == 2


async def test_values_go_into_stretches_somebody_else_loaded(engine):
    month = Stretch(
        name="nordpool.lv", unit="EUR/MWh", starts_at=START - 2 * HOUR, step_seconds=3600,
        values=(D(1),) * 30, known_at=START, source="demo",
    )  # fmt: skip
    async with unit_of_work(engine) as session:
        await operations.load_series(session, stretches=[month])

    await take(engine, told({27: D(7), 28: D(8), 47: D(9)}), known_at=START + DAY)

    async with unit_of_work(engine) as session:
        lies = [(s.starts_at, s.ends_at, s.known_at) for s in await queries.stretches_of(session, name="nordpool.lv")]
    assert lies == [
        (START - 2 * HOUR, START + 28 * HOUR, START),
        (START - 2 * HOUR, START + 28 * HOUR, START + DAY),
        (START + 28 * HOUR, START + 48 * HOUR, START + DAY),
    ]


@pytest.mark.parametrize(
    ("odd", "refusal"),
    [
        (told({1: D(1)}, unit="EUR/kWh"), rules.SeriesChanges),
        (told({1: D(1)}, step=HOUR / 4), rules.SeriesChanges),
        (told({1: D("0.123456789")}), rules.FactInexact),
        (told({1: D("1e10")}), rules.FactInexact),
    ],
)
async def test_what_does_not_fit_the_series_is_refused_and_nothing_is_taken(engine, odd, refusal):
    await take(engine, told({0: D(1)}))

    with pytest.raises(refusal):
        await take(engine, told({0: D(1)}, name="profile.lv"), odd, known_at=START + DAY)

    assert await count(engine) == 1


async def test_two_at_once_are_as_if_one_came_after_the_other(engine):
    values = told({at: D(at) for at in range(24)})

    answers = await asyncio.gather(take(engine, values), take(engine, values))

    assert sorted(answer[0].added for answer in answers) == [0, 24]
    assert await count(engine) == 1


async def test_gaps_are_told_before_between_and_after(engine):
    await take(engine, told({2: D(1), 3: D(1), 6: D(1)}))

    async with unit_of_work(engine) as session:
        spans = await queries.list_series(session)
        found = await queries.list_gaps(
            session, name="nordpool.lv", starts_at=START - HOUR, ends_at=START + 26 * HOUR, known_at=START
        )
        none = await queries.list_gaps(
            session, name="nordpool.lv", starts_at=START + 2 * HOUR, ends_at=START + 4 * HOUR, known_at=START
        )

    assert spans == (
        SeriesSpan(
            name="nordpool.lv", unit="EUR/MWh", step_seconds=3600, starts_at=START, ends_at=START + DAY, known_at=START
        ),
    )
    assert found == tuple(
        SeriesGap(name="nordpool.lv", starts_at=START + HOUR * first, ends_at=START + HOUR * last, missing=last - first)
        for first, last in ((-1, 2), (4, 6), (7, 26))
    )
    assert none == ()
