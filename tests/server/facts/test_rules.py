"""What facts must be like, and how the stretches of a series join."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal as D

import pytest
from mains_server.facts import rules
from mains_server.facts.records import NewFigure, Stretch
from mains_spi import Series

START = datetime(2023, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
SPOT = Stretch(
    name="nordpool.lv",
    unit="EUR/MWh",
    starts_at=START,
    step_seconds=3600,
    values=(D("101.55"), None, D("-8.09")),
    known_at=START - HOUR,
    source="demo",
)
NEXT = replace(SPOT, starts_at=START + 3 * HOUR)
FIGURE = NewFigure(
    name="circulation",
    subject="building:7",
    unit="MWh",
    value=D("3.61200000"),
    starts_at=START,
    ends_at=START + HOUR,
    known_at=START,
    source="demo",
)


def test_a_stretch_ends_with_its_last_value():
    assert SPOT.ends_at == START + 3 * HOUR


def test_facts_as_told_are_taken():
    rules.check_stretch(SPOT)
    rules.check_figure(FIGURE)
    rules.check_figure(replace(FIGURE, unit="1"))


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"values": ()}, rules.FactPeriodEmpty),
        ({"step_seconds": 0}, rules.FactPeriodEmpty),
        ({"unit": ""}, rules.FactUnitMissing),
        ({"unit": None}, rules.FactUnitMissing),
        ({"values": (101.55,)}, rules.FactInexact),
        ({"values": (D("NaN"),)}, rules.FactInexact),
        ({"values": (D("0.123456789"),)}, rules.FactInexact),
        ({"values": (D("1e10"),)}, rules.FactInexact),
        ({"values": (1,)}, rules.FactInexact),
    ],
)
def test_a_stretch_that_cannot_be_kept_is_refused(change, refusal):
    with pytest.raises(refusal, match=r"series nordpool\.lv from 2023-03-01"):
        rules.check_stretch(replace(SPOT, **change))


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"value": 3.612}, rules.FactInexact),
        ({"unit": "M Wh"}, rules.FactUnitMissing),
        ({"ends_at": START}, rules.FactPeriodEmpty),
    ],
)
def test_a_figure_that_cannot_be_kept_is_refused(change, refusal):
    with pytest.raises(refusal, match="circulation of building:7"):
        rules.check_figure(replace(FIGURE, **change))


def test_stretches_that_follow_each_other_join():
    rules.check_joins(known=[rules.days_of(SPOT)], new=[NEXT, replace(SPOT, known_at=START)])


@pytest.mark.parametrize(
    ("stretch", "refusal"),
    [
        (replace(NEXT, unit="EUR/kWh"), rules.SeriesChanges),
        (replace(NEXT, step_seconds=900), rules.SeriesChanges),
        (replace(NEXT, starts_at=START + 3 * HOUR + HOUR / 2), rules.SeriesChanges),
        (replace(SPOT, starts_at=START + HOUR), rules.StretchesOverlap),
        (replace(SPOT, values=SPOT.values[:2], known_at=START), rules.StretchesOverlap),
        (SPOT, rules.FactExists),
    ],
)
def test_stretches_that_do_not_join_are_refused(stretch, refusal):
    with pytest.raises(refusal):
        rules.check_joins(known=[rules.days_of(SPOT)], new=[stretch])
    with pytest.raises(refusal):
        rules.check_joins(known=[], new=[SPOT, stretch])


def test_what_no_stretch_covers_is_unknown():
    later = replace(SPOT, starts_at=START + 5 * HOUR, values=(D(7),), source="exchange")
    weights = replace(SPOT, name="profile.lv", unit="1", values=(D(1),))

    assert rules.joined([SPOT, later, weights]) == (
        Series(
            "nordpool.lv",
            "EUR/MWh",
            START,
            HOUR,
            (D("101.55"), None, D("-8.09"), None, None, D(7)),
            "demo; exchange",
        ),
        Series("profile.lv", "1", START, HOUR, (D(1),), "demo"),
    )
