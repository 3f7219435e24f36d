"""The usage between readings, over restarts and replacements."""

from datetime import date, timedelta
from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mains_server.metering import rules
from mains_spi.hooks import ReadingPoint, RegisterReadings
from mains_spi.record import Period
from mains_spi.requests import Quality, Usage

MARCH, APRIL = date(2023, 3, 1), date(2023, 4, 1)


def register(*points, **changes):
    words = {
        "quantity": "kwh",
        "unit": "kWh",
        "readings": tuple(points),
        "installed": Period.since(date(2022, 1, 1)),
        "digits": 5,
        "serial": "A-1",
        "place": "3",
    }
    return RegisterReadings(**words | changes)


def point(day, value, quality=Quality.ACTUAL):
    return ReadingPoint(day, D(value), quality)


MONTH = Period(MARCH, APRIL)


def test_usage_is_the_difference_of_two_readings_times_the_multiplier():
    told = rules.usage_between(
        register=register(point(MARCH, "100"), point(APRIL, "150.5"), multiplier=D(40)), period=MONTH
    )

    assert told == Usage(
        name="kwh", period=MONTH, value=D(2020), unit="kWh", source="meter A-1: 100 to 150.5", place="3"
    )


@pytest.mark.parametrize(
    ("first", "last", "usage"),
    [("99998", "3", "5"), ("50000", "0", "50000"), ("99999.999", "0.001", "0.002"), ("0", "99999", "99999")],
)
def test_usage_goes_on_over_zero(first, last, usage):
    told = rules.usage_between(register=register(point(MARCH, first), point(APRIL, last)), period=MONTH)

    assert told.value == D(usage)


def test_true_readings_that_contradict_each_other_are_named():
    with pytest.raises(rules.ReadingsContradict, match="register kwh of meter A-1 at 3 for 2023-04-01"):
        rules.usage_between(register=register(point(MARCH, "100"), point(APRIL, "99")), period=MONTH)


def test_an_estimate_that_was_too_high_gives_usage_back():
    told = rules.usage_between(
        register=register(point(MARCH, "100", Quality.ESTIMATED), point(APRIL, "90")), period=MONTH
    )

    assert told.value == D(-10)
    assert told.quality is Quality.ESTIMATED


def test_an_estimate_that_went_over_zero_too_early_gives_usage_back():
    told = rules.usage_between(
        register=register(point(MARCH, "490", Quality.ESTIMATED), point(APRIL, "99995")), period=MONTH
    )

    assert told.value == D(-495)


@pytest.mark.parametrize(
    ("points", "day"), [((APRIL,), MARCH), ((MARCH,), APRIL), ((date(2023, 3, 15),), MARCH), ((), MARCH)]
)
def test_a_missing_reading_is_named_with_its_day(points, day):
    with pytest.raises(rules.MissingReading) as missing:
        rules.usage_between(register=register(*(point(one, "5") for one in points), zone="T2"), period=MONTH)

    assert (missing.value.register, missing.value.day) == ("register kwh T2 of meter A-1 at 3", day)
    assert missing.value.code == "MISSING_READING"


def test_a_replaced_meter_gives_two_stretches_that_follow_each_other():
    day = date(2023, 3, 12)
    old = register(point(MARCH, "99990"), point(day, "20"), installed=Period(date(2022, 1, 1), day))
    new = register(point(day, "7"), point(APRIL, "57"), installed=Period.since(day), serial="B-2")

    told = rules.measure(registers=[new, old], period=MONTH)

    assert [(usage.period, usage.value, usage.source) for usage in told] == [
        (Period(MARCH, day), D(30), "meter A-1: 99990 to 20"),
        (Period(day, APRIL), D(50), "meter B-2: 7 to 57"),
    ]


def test_a_meter_that_was_not_there_measured_nothing():
    gone = register(installed=Period(date(2022, 1, 1), MARCH))
    to_come = register(installed=Period.since(APRIL))

    assert rules.measure(registers=[gone, to_come], period=MONTH) == ()


def test_usage_of_several_registers_is_told_apart():
    day, night = (
        register(point(MARCH, "0"), point(APRIL, value), zone=zone) for zone, value in (("T1", "9"), ("T2", "4"))
    )

    told = rules.measure(registers=[night, day], period=MONTH)

    assert [(usage.zone, usage.value) for usage in told] == [("T1", D(9)), ("T2", D(4))]


@st.composite
def walks(draw):
    """A register's true way: what it counted, step by step, and what it showed on its dial."""
    digits = draw(st.integers(1, 6))
    steps = draw(st.lists(st.integers(0, 10**digits * 1000 // 2), min_size=1, max_size=12))
    start = draw(st.integers(0, 10**digits * 1000 - 1))
    return digits, start, steps


@given(walks(), st.sampled_from(["1", "40", "0.001"]))
def test_usage_is_what_was_counted_however_often_the_register_restarts(walk, multiplier):
    digits, start, steps = walk
    days = [MARCH + timedelta(days=position) for position in range(len(steps) + 1)]
    counted = [start + sum(steps[:position]) for position in range(len(days))]
    dial = [D(value % (10**digits * 1000)).scaleb(-3) for value in counted]
    points = [point(day, value) for day, value in zip(days, dial, strict=True)]

    told = rules.usage_between(
        register=register(*reversed(points), digits=digits, multiplier=D(multiplier)), period=Period(days[0], days[-1])
    )

    assert told.value == D(sum(steps)).scaleb(-3) * D(multiplier)


@given(walks(), st.data())
def test_usage_of_parts_adds_up_to_the_whole(walk, data):
    digits, start, steps = walk
    days = [MARCH + timedelta(days=position) for position in range(len(steps) + 2)]
    counted = [start + sum([*steps, 0][:position]) for position in range(len(days))]
    points = [point(day, D(v % (10**digits * 1000)).scaleb(-3)) for day, v in zip(days, counted, strict=True)]
    whole = register(*points, digits=digits)
    cut = data.draw(st.sampled_from(days[1:-1]))

    parts = [rules.usage_between(register=whole, period=part) for part in (Period(days[0], cut), Period(cut, days[-1]))]

    assert (
        sum(part.value for part in parts) == rules.usage_between(register=whole, period=Period(days[0], days[-1])).value
    )


@given(walks(), st.data())
def test_a_meter_replaced_anywhere_changes_no_usage(walk, data):
    digits, start, steps = walk
    days = [MARCH + timedelta(days=position) for position in range(len(steps) + 2)]
    counted = [start + sum([*steps, 0][:position]) for position in range(len(days))]
    at = data.draw(st.integers(1, len(days) - 2))
    first = [point(d, D(v % (10**digits * 1000)).scaleb(-3)) for d, v in zip(days[: at + 1], counted, strict=False)]
    second = [point(d, D(v - counted[at]).scaleb(-3)) for d, v in zip(days[at:], counted[at:], strict=True)]
    old = register(*first, digits=digits, installed=Period(days[0], days[at]))
    new = register(*second, digits=12, installed=Period.since(days[at]))

    told = rules.measure(registers=[old, new], period=Period(days[0], days[-1]))

    assert sum(usage.value for usage in told) == D(sum(steps)).scaleb(-3)
