"""What is told newly is laid over what is known, and nothing else changes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal as D

import pytest
from mains_server.facts.overlaying import (
    FactKnownLater,
    FactOffStep,
    FactToldTwice,
    days_touched,
    overlay,
    told_series,
)
from mains_server.facts.records import Stretch, TakenIn, ToldSeries
from mains_spi import FactReading, FactSource, FactStretch, Labels, SeriesKind

START = datetime(2024, 1, 1, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WORDS = Labels("lv", "en", "ru")
KIND = SeriesKind(name="s", unit="EUR/MWh", step=HOUR, labels=WORDS)
CARD = FactSource(code="tap", spi_major=1, labels=WORDS, series=(KIND,), media_types=("a/b",))


def told(*hours, **values):
    """Tell the hours 1, 2 … as their own values."""
    return ToldSeries(
        name="s", unit="EUR/MWh", step_seconds=3600, values={START + HOUR * at: D(at) for at in hours} | values
    )


def laid(told, *known, known_at=START + DAY):
    return overlay(told=told, known=known, known_at=known_at, source="new")


def stretch(starts_at, *values, known_at=START):
    return Stretch(
        name="s", unit="EUR/MWh", starts_at=starts_at, step_seconds=3600,
        values=tuple(None if value is None else D(value) for value in values), known_at=known_at, source="old",
    )  # fmt: skip


def test_values_of_a_new_series_come_in_whole_utc_days():
    found = laid(told(22, 23, 24, 49))

    assert found.taken == TakenIn(name="s", added=4, corrected=0, unchanged=0)
    assert [(s.starts_at, len(s.values)) for s in found.stretches] == [(START + DAY * at, 24) for at in range(3)]
    assert found.stretches[0].values == (None,) * 22 + (D(22), D(23))
    assert (found.stretches[0].known_at, found.stretches[0].source) == (START + DAY, "new")


def test_late_hours_fill_their_stretch():
    first = laid(told(0, 1)).stretches[0]

    found = laid(told(5), first, known_at=START + 2 * DAY)

    (corrected,) = found.stretches
    assert corrected.values[:6] == (D(0), D(1), None, None, None, D(5))
    assert (corrected.starts_at, corrected.ends_at, corrected.known_at) == (START, START + DAY, START + 2 * DAY)
    assert found.taken == TakenIn(name="s", added=1, corrected=0, unchanged=0)


def test_what_is_known_already_changes_nothing():
    first = laid(told(0, 1)).stretches[0]

    found = laid(told(0, 1), first)

    assert (found.stretches, found.taken) == ((), TakenIn(name="s", added=0, corrected=0, unchanged=2))


def test_a_correction_keeps_the_stretch_and_names_both_sources():
    known = stretch(START - 2 * HOUR, 7, 8, 9, None)

    found = laid(told(0), known)

    assert found.stretches == (
        replace(known, values=(D(7), D(8), D(0), None), known_at=START + DAY, source="old; new"),
    )
    assert found.taken.corrected == 1


def test_new_values_fill_what_lies_between_known_stretches():
    before, after = stretch(START - 2 * HOUR, 7, 8, 9, 10), stretch(START + 20 * HOUR, 1)

    found = laid(told(2, 19, 21), before, after)

    assert [(s.starts_at, s.ends_at) for s in found.stretches] == [
        (START + 2 * HOUR, START + 20 * HOUR),
        (START + 21 * HOUR, START + DAY),
    ]


def test_no_source_is_named_without_end():
    known = replace(stretch(START, 1), source="a; b; c; d; e; f")

    assert laid(told(0), known).stretches[0].source == "c; d; e; f; new"


@pytest.mark.parametrize("known_at", [START, START - HOUR])
def test_a_correction_that_would_not_count_is_refused(known_at):
    with pytest.raises(FactKnownLater, match=r"was told as of 2024-01-01"):
        laid(told(0), stretch(START, 7), known_at=known_at)

    assert laid(told(0), stretch(START, 0), known_at=known_at).stretches == ()


@pytest.mark.parametrize(
    "odd",
    [
        replace(told(), values={START + HOUR / 2: D(1)}),
        replace(told(1), step_seconds=0),
        replace(told(1), step_seconds=7 * 3600),
        replace(told(1), step_seconds=7 * 86400),
    ],
)
def test_values_off_their_steps_are_refused(odd):
    with pytest.raises(FactOffStep):
        laid(odd)


def test_the_days_touched_are_utc_days():
    assert days_touched(told(23, 24)) == (START, START + 2 * DAY)


def test_a_reading_is_gathered_by_series_without_what_it_does_not_know():
    parts = (
        FactStretch(series="s", starts_at=START, values=(D(1), None)),
        FactStretch(series="s", starts_at=START, values=(D(1), D(2))),
    )

    (found,) = told_series(card=CARD, reading=FactReading(stretches=parts))

    assert found == ToldSeries(name="s", unit="EUR/MWh", step_seconds=3600, values={START: D(1), START + HOUR: D(2)})


def test_two_values_at_one_time_are_refused():
    parts = tuple(FactStretch(series="s", starts_at=START, values=(D(value),)) for value in (1, 2))

    with pytest.raises(FactToldTwice, match="two values at 2024-01-01"):
        told_series(card=CARD, reading=FactReading(stretches=parts))
