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
