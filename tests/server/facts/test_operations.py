"""Series and figures taken in by the real database, and asked for as of an instant."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal as D

import pytest
from mains_server.db.unit_of_work import unit_of_work
from mains_server.facts import operations, queries, rules
from mains_server.facts.records import NewFigure, Stretch
from mains_spi import FactValue, Period, Series
from sqlalchemy import text

pytestmark = pytest.mark.asyncio
START = datetime(2023, 3, 1, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SPOT = Stretch(
    name="nordpool.lv",
    unit="EUR/MWh",
    starts_at=START,
    step_seconds=3600,
    values=(D("101.55"), None, D("-8.09000001")),
    known_at=START,
    source="exchange",
)
JUNE = NewFigure(
    name="circulation",
    subject="building:7",
    unit="MWh",
    value=D("3.612"),
    starts_at=datetime(2022, 5, 31, 21, tzinfo=UTC),
    ends_at=datetime(2022, 6, 30, 21, tzinfo=UTC),
    known_at=START,
    source="run 2022-06",
)


async def load(engine, *stretches):
    async with unit_of_work(engine) as session:
        await operations.load_series(session, stretches=stretches)


async def series(engine, *, starts_at=START, ends_at=START + DAY, known_at=START + DAY, names=("nordpool.lv",)):
    async with unit_of_work(engine) as session:
        return await queries.series_known(session, names=names, starts_at=starts_at, ends_at=ends_at, known_at=known_at)


async def load_figures(engine, *figures):
    async with unit_of_work(engine) as session:
        await operations.load_figures(session, figures=figures)


async def figures(engine, *, subject="building:7", known_at=START + DAY, ends_at=START):
    async with unit_of_work(engine) as session:
        return await queries.figures_known(
            session,
            subject=subject,
            names=["circulation"],
            starts_at=JUNE.starts_at,
            ends_at=ends_at,
            known_at=known_at,
            time_zone="Europe/Riga",
        )


async def count(engine, table):
    async with unit_of_work(engine) as session:
        return await session.scalar(text(f"select count(*) from {table}"))


async def test_a_series_comes_back_exactly_with_its_gaps(engine):
    later = replace(SPOT, starts_at=START + 4 * HOUR, values=(D(7),))
    await load(engine, later, SPOT)

    assert await series(engine) == (
        Series(
            "nordpool.lv",
            "EUR/MWh",
            START,
            HOUR,
            (D("101.55"), None, D("-8.09000001"), None, D(7)),
            "exchange",
        ),
    )


async def test_only_stretches_that_share_time_are_given(engine):
    await load(engine, SPOT, replace(SPOT, starts_at=START + DAY, values=(D(7),)))

    (first,) = await series(engine)
    (second,) = await series(engine, starts_at=START + 3 * HOUR, ends_at=START + 2 * DAY)

    assert len(first.values) == 3
    assert second.start == START + DAY
    assert await series(engine, starts_at=START + 3 * HOUR) == ()
    assert await series(engine, names=("profile.lv",)) == ()


async def test_a_correction_counts_from_when_it_was_known(engine):
    await load(engine, SPOT)
    await load(engine, replace(SPOT, values=(D(1), D(2), D(3)), known_at=START + HOUR))

    assert (await series(engine))[0].values == (D(1), D(2), D(3))
    assert (await series(engine, known_at=START))[0].values == SPOT.values
    assert await series(engine, known_at=START - HOUR) == ()


@pytest.mark.parametrize(
    ("stretch", "refusal"),
    [
        (SPOT, rules.FactExists),
        (replace(SPOT, starts_at=START + HOUR), rules.StretchesOverlap),
        (replace(SPOT, starts_at=START + DAY, unit="EUR/kWh"), rules.SeriesChanges),
        (replace(SPOT, name="x", values=(1.5,)), rules.FactInexact),
    ],
)
async def test_a_load_with_one_bad_stretch_leaves_nothing(engine, stretch, refusal):
    await load(engine, SPOT)

    with pytest.raises(refusal):
        await load(engine, replace(SPOT, name="profile.lv"), stretch)

    assert await count(engine, "fact_series") == 1


async def test_of_two_loads_at_once_of_one_stretch_one_is_refused(engine):
    answers = await asyncio.gather(load(engine, SPOT), load(engine, SPOT), return_exceptions=True)

    assert sorted(type(answer).__name__ for answer in answers) == ["FactExists", "NoneType"]
    assert await count(engine, "fact_series") == 1


async def test_a_figure_comes_back_with_its_civil_days(engine):
    other = replace(JUNE, subject="building:8", value=D(9))
    await load_figures(engine, JUNE, other)

    assert await figures(engine) == (
        FactValue("circulation", Period(date(2022, 6, 1), date(2022, 7, 1)), D("3.612"), "MWh", "run 2022-06"),
    )
    assert (await figures(engine, subject="building:8"))[0].value == D(9)
    assert await figures(engine, ends_at=JUNE.starts_at) == ()


async def test_a_corrected_figure_counts_from_when_it_was_known(engine):
    await load_figures(engine, JUNE, replace(JUNE, value=D(4), known_at=START + HOUR))

    assert [figure.value for figure in await figures(engine)] == [D(4)]
    assert [figure.value for figure in await figures(engine, known_at=START)] == [D("3.612")]


async def test_a_figure_is_told_once_as_of_an_instant(engine):
    await load_figures(engine, JUNE)

    with pytest.raises(rules.FactExists):
        await load_figures(engine, replace(JUNE, subject="building:9"), replace(JUNE, value=D(4)))
    with pytest.raises(rules.FactInexact):
        await load_figures(engine, replace(JUNE, subject="building:9", value=3.5))

    assert await count(engine, "fact_figure") == 1
