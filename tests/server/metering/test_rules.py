"""What a reading counts for, whether it can be true, and the usage between readings."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mains_server.metering import rules
from mains_server.metering.records import (
    InstalledRegister,
    PlausibleRange,
    Reading,
    ReadingInContext,
    ReadingLimits,
    ReadingOutcome,
    ReadingQuality,
    ReadingSource,
    ReadingStatus,
    ReadingSubmission,
    ReadingWindow,
)
from mains_spi.hooks import ReadingPoint, RegisterReadings
from mains_spi.record import Period
from mains_spi.requests import Quality, Usage

NOW = datetime(2023, 3, 31, 12, tzinfo=UTC)
REGISTER = InstalledRegister(
    id=7,
    supply_point_id=3,
    code="T1",
    unit="kWh",
    serial="A-1",
    digits=5,
    installed_on=date(2022, 1, 10),
    removed_on=date(2023, 6, 20),
    time_zone="Europe/Riga",
)
FEBRUARY, MARCH, APRIL = (date(2023, month, 1) for month in (2, 3, 4))


def reading(day, value):
    return Reading(
        id=1,
        register_id=7,
        supply_point_id=3,
        taken_at=NOW,
        counts_for=day,
        value=D(value),
        source=ReadingSource.PORTAL,
        quality=ReadingQuality.ACTUAL,
        status=ReadingStatus.ACCEPTED,
    )


def in_context(value, *before, after=None, day=APRIL, digits=5):
    return ReadingInContext(
        register=replace(REGISTER, digits=digits),
        taken_at=NOW,
        day=day,
        value=D(value),
        limits=ReadingLimits(),
        before=before,
        after=after,
    )


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2023, 3, 24), date(2023, 3, 24)),
        (date(2023, 3, 25), date(2023, 4, 1)),
        (date(2023, 3, 31), date(2023, 4, 1)),
        (date(2023, 4, 1), date(2023, 4, 1)),
        (date(2023, 4, 3), date(2023, 4, 1)),
        (date(2023, 4, 4), date(2023, 4, 4)),
        (date(2022, 12, 28), date(2023, 1, 1)),
        (date(2024, 2, 29), date(2024, 3, 1)),
        (date(2023, 1, 31), date(2023, 2, 1)),
    ],
)
def test_a_reading_around_a_months_first_counts_for_it(day, expected):
    counted = rules.counts_for(day=day, window=ReadingWindow(), installed_on=date(2022, 1, 1), removed_on=None)

    assert counted == expected


def test_a_reading_never_counts_for_a_day_without_the_meter():
    words = {"window": ReadingWindow(), "installed_on": date(2023, 4, 2), "removed_on": date(2023, 5, 27)}

    assert rules.counts_for(day=date(2023, 4, 3), **words) == date(2023, 4, 2)
    assert rules.counts_for(day=date(2023, 5, 26), **words) == date(2023, 5, 27)


def test_a_utility_sets_its_own_window():
    window = ReadingWindow(from_day=28, upto_day=1)
    words = {"window": window, "installed_on": date(2022, 1, 1), "removed_on": None}

    assert rules.counts_for(day=date(2023, 3, 27), **words) == date(2023, 3, 27)
    assert rules.counts_for(day=date(2023, 4, 2), **words) == date(2023, 4, 2)


@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(0, 60))
def test_of_two_readings_the_later_one_counts_no_earlier(day, later):
    words = {"window": ReadingWindow(), "installed_on": date(2021, 1, 1), "removed_on": date(2029, 1, 1)}

    assert rules.counts_for(day=day, **words) <= rules.counts_for(day=day + timedelta(days=later), **words)


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        (datetime(2023, 3, 31, 20, 59, tzinfo=UTC), date(2023, 3, 31)),
        (datetime(2023, 3, 31, 21, 0, tzinfo=UTC), date(2023, 4, 1)),
        (datetime(2023, 1, 31, 21, 59, tzinfo=UTC), date(2023, 1, 31)),
        (datetime(2023, 1, 31, 22, 0, tzinfo=UTC), date(2023, 2, 1)),
        (datetime.max.replace(tzinfo=UTC), date.max),
    ],
)
def test_a_day_begins_by_the_clock_at_the_supply_point(instant, day):
    assert rules.civil_day(instant, time_zone="Europe/Riga") == day


def test_the_start_of_a_day_is_an_instant():
    assert rules.day_start(APRIL, time_zone="Europe/Riga") == datetime(2023, 3, 31, 21, tzinfo=UTC)
    assert rules.day_start(FEBRUARY, time_zone="Europe/Riga") == datetime(2023, 1, 31, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", "0"),
        ("00003", "3"),
        ("99999.999999", "99999.999999"),
        (D("12.5"), "12.5"),
        (D("1E+3"), "1000"),
        (D(0), "0"),
    ],
)
def test_a_value_is_read_exactly(text, value):
    assert rules.read_value(text, digits=5) == D(value)


@pytest.mark.parametrize(
    "text",
    [
        "", " 1", "1 ", "1\n", "+1", "-1", "-0", "1,5", ".5", "5.", "1e3", "1E5000", "NaN", "Infinity", "0x10", "1_000",
        "٣٤", "१२", "１２", "1.2345678", "1.0000000", "1" * 400, D("NaN"), D("sNaN"), D("Infinity"), D("1e5000"),
        D("1e-5000"), D("-1"), D("-0"), D("0.0000001"),
    ],
)  # fmt: skip
def test_a_value_that_is_not_plain_digits_is_refused(text):
    with pytest.raises(rules.ReadingMalformed) as refused:
        rules.read_value(text, digits=5)

    assert refused.value.code == "READING_MALFORMED"
    assert "in digits" in refused.value.message


@pytest.mark.parametrize("text", ["100000", "123456789012", D(100000)])
def test_a_value_with_more_digits_than_the_meter_is_refused(text):
    with pytest.raises(rules.ReadingTooLarge, match="this meter has 5 digits"):
        rules.read_value(text, digits=5)


@pytest.mark.parametrize(
    ("taken_at", "refusal"),
    [
        (NOW + timedelta(seconds=1), rules.ReadingInFuture),
        (datetime(9999, 12, 31, tzinfo=UTC), rules.ReadingInFuture),
        (datetime(2022, 1, 9, 21, 59, tzinfo=UTC), rules.ReadingBeforeInstallation),
        (datetime.min.replace(tzinfo=UTC), rules.ReadingBeforeInstallation),
    ],
)
def test_a_meter_is_read_while_it_is_there_and_not_tomorrow(taken_at, refusal):
    with pytest.raises(refusal):
        rules.check_day(taken_at=taken_at, now=NOW, register=REGISTER)


def test_a_removed_meter_is_read_until_the_day_it_was_removed():
    later = NOW + timedelta(days=365)

    rules.check_day(taken_at=datetime(2023, 6, 20, 12, tzinfo=UTC), now=later, register=REGISTER)
    with pytest.raises(rules.ReadingAfterRemoval, match="removed on 2023-06-20; read the meter that replaced it"):
        rules.check_day(taken_at=datetime(2023, 6, 20, 21, tzinfo=UTC), now=later, register=REGISTER)


def test_a_register_goes_on():
    rules.check_order(in_context("1500", reading(MARCH, "1400")))
    rules.check_order(in_context("1400", reading(MARCH, "1400")))
    rules.check_order(in_context("5"))


def test_a_register_that_runs_backwards_is_refused_with_the_plausible_range():
    with pytest.raises(rules.ReadingRunsBackwards, match=r"showed 1400\.5 before") as refused:
        rules.check_order(in_context("1399", reading(FEBRUARY, "1300"), reading(MARCH, "1400.500000")))

    assert refused.value.plausible == PlausibleRange(lowest=D("1400.5"), highest=D("2513.5"), unit="kWh")


@pytest.mark.parametrize(
    ("value", "before"),
    [
        ("3", [(MARCH, "99998")]),
        ("3", [(FEBRUARY, "99995"), (MARCH, "99998")]),
        ("9998", [(MARCH, "99998")]),
    ],
)
def test_a_register_may_restart_at_zero(value, before):
    rules.check_order(in_context(value, *(reading(*one) for one in before)))


@pytest.mark.parametrize(
    ("value", "before"),
    [
        ("9999", [(MARCH, "99998")]),
        ("40", [(FEBRUARY, "99995"), (MARCH, "99998")]),
        ("1399", [(MARCH, "1400")]),
    ],
)
def test_a_restart_that_would_be_too_much_runs_backwards(value, before):
    with pytest.raises(rules.ReadingRunsBackwards):
        rules.check_order(in_context(value, *(reading(*one) for one in before)))


def test_the_plausible_range_goes_over_zero():
    told = rules.plausible_range(in_context("3", reading(FEBRUARY, "99995"), reading(MARCH, "99998")))

    assert told == PlausibleRange(lowest=D(99998), highest=D(32), unit="kWh")


def test_a_register_showed_no_more_before_than_later():
    after = reading(date(2023, 5, 1), "1600")

    rules.check_order(in_context("1600", reading(MARCH, "1400"), after=after))
    with pytest.raises(rules.ReadingAboveLaterOne, match="showed 1600 later, for 2023-05-01") as refused:
        rules.check_order(in_context("1601", reading(MARCH, "1400"), after=after))
    with pytest.raises(rules.ReadingAboveLaterOne):
        rules.check_order(in_context("1601", after=after))

    assert refused.value.plausible == PlausibleRange(lowest=D(1400), highest=D(1600), unit="kWh")


def test_a_register_that_restarted_later_may_be_read_before_and_after_zero():
    last, after = reading(MARCH, "99990"), reading(date(2023, 5, 1), "10")

    rules.check_order(in_context("99999", last, after=after))
    rules.check_order(in_context("4", last, after=after))
    with pytest.raises(rules.ReadingAboveLaterOne):
        rules.check_order(in_context("11", last, after=after))


def test_ten_times_the_daily_average_is_not_yet_implausible():
    before = (reading(date(2023, 2, 1), "1000"), reading(date(2023, 3, 1), "1028"))

    assert rules.usage_allowed(in_context("0", *before)) == D(310)
    assert not rules.is_implausibly_high(in_context("1338", *before))
    assert rules.is_implausibly_high(in_context("1338.000001", *before))


def test_without_a_habit_nothing_is_implausible():
    assert not rules.is_implausibly_high(in_context("99999"))
    assert not rules.is_implausibly_high(in_context("99999", reading(MARCH, "1")))
    assert not rules.is_implausibly_high(in_context("99999", reading(FEBRUARY, "1"), reading(MARCH, "1")))


def test_an_outcome_is_read_as_it_was_written_down():
    outcome = ReadingOutcome(
        reading_id=5,
        register_id=7,
        status=ReadingStatus.FLAGGED,
        value=D("12.500000"),
        counts_for=APRIL,
        plausible=PlausibleRange(lowest=D(1), highest=None, unit="kWh"),
    )
    known = replace(outcome, plausible=PlausibleRange(lowest=D(1), highest=D(2), unit="kWh"))

    assert rules.outcome_of(rules.answer_of(outcome)) == outcome
    assert rules.outcome_of(rules.answer_of(known)) == known


def test_a_submission_is_told_from_another_one():
    one = ReadingSubmission(register_id=7, value="12.5", idempotency_key="k", taken_at=NOW)

    assert rules.body_of(one) == rules.body_of(replace(one, idempotency_key="j"))
    assert rules.body_of(one) != rules.body_of(replace(one, value="12.6"))
    assert rules.body_of(one) != rules.body_of(replace(one, taken_at=None))
    assert rules.body_of(one) != rules.body_of(replace(one, register_id=8))


# Usage


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
