"""Whether a reading can be true, and whether somebody should look at it."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mains_server.metering import judging, rules
from mains_server.metering.records import (
    InstalledRegister,
    PlausibleRange,
    Reading,
    ReadingInContext,
    ReadingQuality,
    ReadingSource,
    ReadingStatus,
)
from mains_spi import Labels, ReadingRules

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


def in_context(value, *before, after=None, day=APRIL, digits=5, year_ago=(), multiplier=1, **limits):
    return ReadingInContext(
        register=replace(REGISTER, digits=digits, multiplier=D(multiplier)),
        taken_at=NOW,
        day=day,
        value=D(value),
        limits=ReadingRules(**limits),
        before=before,
        after=after,
        year_ago=year_ago,
    )


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
    assert judging.read_value(text, digits=5) == D(value)


@pytest.mark.parametrize(
    "text",
    [
        "", " 1", "1 ", "1\n", "+1", "--1", "1,5", ".5", "5.", "1e3", "1E5000", "NaN", "Infinity", "0x10", "1_000",
        "٣٤", "१२", "１２", "1.2345678", "1.0000000", "1" * 400, D("NaN"), D("sNaN"), D("Infinity"), D("1e5000"),
        D("1e-5000"), D("0.0000001"),
    ],
)  # fmt: skip
def test_a_value_that_is_not_plain_digits_is_refused(text):
    with pytest.raises(judging.ReadingMalformed) as refused:
        judging.read_value(text, digits=5)

    assert refused.value.code == "READING_MALFORMED"
    assert "in digits" in refused.value.message


@pytest.mark.parametrize("text", ["100000", "123456789012", D(100000)])
def test_a_value_with_more_digits_than_the_meter_is_refused(text):
    with pytest.raises(judging.ReadingTooLarge, match="this meter has 5 digits"):
        judging.read_value(text, digits=5)


@pytest.mark.parametrize(
    ("taken_at", "refusal"),
    [
        (NOW + timedelta(seconds=1), judging.ReadingInFuture),
        (datetime(9999, 12, 31, tzinfo=UTC), judging.ReadingInFuture),
        (datetime(2022, 1, 9, 21, 59, tzinfo=UTC), judging.ReadingBeforeInstallation),
        (datetime.min.replace(tzinfo=UTC), judging.ReadingBeforeInstallation),
    ],
)
def test_a_meter_is_read_while_it_is_there_and_not_tomorrow(taken_at, refusal):
    with pytest.raises(refusal):
        judging.check_day(taken_at=taken_at, now=NOW, register=REGISTER)


def test_a_removed_meter_is_read_until_the_day_it_was_removed():
    later = NOW + timedelta(days=365)

    judging.check_day(taken_at=datetime(2023, 6, 20, 12, tzinfo=UTC), now=later, register=REGISTER)
    with pytest.raises(judging.ReadingAfterRemoval, match="removed on 2023-06-20; read the meter that replaced it"):
        judging.check_day(taken_at=datetime(2023, 6, 20, 21, tzinfo=UTC), now=later, register=REGISTER)


def test_a_register_goes_on():
    judging.check_order(in_context("1500", reading(MARCH, "1400")))
    judging.check_order(in_context("1400", reading(MARCH, "1400")))
    judging.check_order(in_context("5"))


def test_a_register_that_runs_backwards_is_refused_with_the_plausible_range():
    with pytest.raises(judging.ReadingRunsBackwards, match=r"showed 1400\.5 before") as refused:
        judging.check_order(in_context("1399", reading(FEBRUARY, "1300"), reading(MARCH, "1400.500000")))

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
    judging.check_order(in_context(value, *(reading(*one) for one in before)))


@pytest.mark.parametrize(
    ("value", "before"),
    [
        ("9999", [(MARCH, "99998")]),
        ("40", [(FEBRUARY, "99995"), (MARCH, "99998")]),
        ("1399", [(MARCH, "1400")]),
    ],
)
def test_a_restart_that_would_be_too_much_runs_backwards(value, before):
    with pytest.raises(judging.ReadingRunsBackwards):
        judging.check_order(in_context(value, *(reading(*one) for one in before)))


def test_the_plausible_range_goes_over_zero():
    told = judging.plausible_range(in_context("3", reading(FEBRUARY, "99995"), reading(MARCH, "99998")))

    assert told == PlausibleRange(lowest=D(99998), highest=D(32), unit="kWh")


def test_a_register_showed_no_more_before_than_later():
    after = reading(date(2023, 5, 1), "1600")

    judging.check_order(in_context("1600", reading(MARCH, "1400"), after=after))
    with pytest.raises(judging.ReadingAboveLaterOne, match="showed 1600 later, for 2023-05-01") as refused:
        judging.check_order(in_context("1601", reading(MARCH, "1400"), after=after))
    with pytest.raises(judging.ReadingAboveLaterOne):
        judging.check_order(in_context("1601", after=after))

    assert refused.value.plausible == PlausibleRange(lowest=D(1400), highest=D(1600), unit="kWh")


def test_a_register_that_restarted_later_may_be_read_before_and_after_zero():
    last, after = reading(MARCH, "99990"), reading(date(2023, 5, 1), "10")

    judging.check_order(in_context("99999", last, after=after))
    judging.check_order(in_context("4", last, after=after))
    with pytest.raises(judging.ReadingAboveLaterOne):
        judging.check_order(in_context("11", last, after=after))


def test_ten_times_the_daily_average_is_not_yet_implausible():
    before = (reading(date(2023, 2, 1), "1000"), reading(date(2023, 3, 1), "1028"))

    assert judging.usage_allowed(in_context("0", *before)) == D(310)
    assert not judging.is_implausibly_high(in_context("1338", *before))
    assert judging.is_implausibly_high(in_context("1338.000001", *before))


def test_without_a_habit_nothing_is_implausible():
    assert not judging.is_implausibly_high(in_context("99999"))
    assert not judging.is_implausibly_high(in_context("99999", reading(MARCH, "1")))
    assert not judging.is_implausibly_high(in_context("99999", reading(FEBRUARY, "1"), reading(MARCH, "1")))


@pytest.mark.parametrize("text", ["-1", "-0", "-12.5", D("-1"), D("-0")])
def test_a_value_below_zero_is_refused_as_such(text):
    with pytest.raises(judging.ReadingNegative, match="nothing below zero"):
        judging.read_value(text, digits=5)


@pytest.mark.parametrize(("unit", "counts_in"), [(None, "kWh"), (" KWH ", "kWh"), ("m³", "m3"), ("m3", "m3")])
def test_a_value_in_the_registers_own_unit_is_taken(unit, counts_in):
    judging.check_unit(unit, register=replace(REGISTER, unit=counts_in))


@pytest.mark.parametrize("unit", ["MWh", "Wh", "m3", ""])
def test_a_value_in_another_unit_is_refused_with_the_one_wanted(unit):
    with pytest.raises(judging.ReadingUnitWrong, match="this register counts in kWh"):
        judging.check_unit(unit, register=REGISTER)


WINTER = (reading(FEBRUARY, "1000"), reading(MARCH, "1028"))
LAST_YEAR = (reading(date(2022, 3, 1), "100"), reading(date(2022, 4, 1), "120"))


@pytest.mark.parametrize(
    ("value", "words", "flags"),
    [
        ("1059", {}, []),
        ("1338", {}, []),
        ("1338.000001", {}, ["HIGH"]),
        ("1338.000001", {"times_average_max": 0}, []),
        ("1090.000001", {"times_average_max": 2}, ["HIGH"]),
        ("1028", {}, []),
        ("1028", {"flags_zero": True}, ["ZERO"]),
        ("1028", {"low_share_min": D("0.5")}, []),
        ("1028", {"low_share_min": D("0.5"), "flags_zero": True}, ["ZERO"]),
        ("1042.999999", {"low_share_min": D("0.5")}, ["LOW"]),
        ("1043", {"low_share_min": D("0.5")}, []),
        ("1088", {"times_last_year_max": 3, "year_ago": LAST_YEAR}, []),
        ("1088.5", {"times_last_year_max": 3, "year_ago": LAST_YEAR}, ["HIGH_FOR_SEASON"]),
        ("1088.5", {"times_last_year_max": 3, "year_ago": LAST_YEAR[:1]}, []),
        ("1088.5", {"times_last_year_max": 0, "year_ago": LAST_YEAR}, []),
        ("1400", {"times_last_year_max": 3, "year_ago": LAST_YEAR}, ["HIGH", "HIGH_FOR_SEASON"]),
        ("10590", {}, ["HIGH", "LOOKS_MULTIPLIED"]),
        ("42360", {"multiplier": 40}, ["HIGH", "LOOKS_MULTIPLIED"]),
        ("42360", {}, ["HIGH"]),
    ],
)
def test_what_is_odd_is_flagged_by_name(value, words, flags):
    assert list(judging.flags_of(in_context(value, *WINTER, **words))) == flags


@pytest.mark.parametrize("before", [(), (reading(MARCH, "1"),), (reading(FEBRUARY, "1"), reading(MARCH, "1"))])
def test_without_a_habit_nothing_is_odd(before):
    words = {"flags_zero": True, "low_share_min": D("0.5"), "times_last_year_max": 3}

    assert list(judging.flags_of(in_context("99999", *before, **words))) == []


def test_what_a_register_used_a_year_before_bounds_the_plausible_range():
    seasonal = in_context("1059", *WINTER, times_last_year_max=3, year_ago=LAST_YEAR)

    assert judging.plausible_range(seasonal) == PlausibleRange(lowest=D(1028), highest=D(1088), unit="kWh")


@pytest.mark.parametrize(
    ("day", "before"),
    [
        (date(2024, 2, 29), date(2023, 2, 28)),
        (date(2025, 2, 28), date(2024, 2, 28)),
        (date(2024, 3, 1), date(2023, 3, 1)),
    ],
)
def test_a_year_before_is_the_same_day(day, before):
    assert rules.a_year_before(day) == before


@pytest.mark.parametrize(("mine", "is_swapped"), [("5210", True), ("1059", False), ("9000", False)])
def test_values_of_two_registers_told_the_wrong_way_round(mine, is_swapped):
    sibling = in_context(mine, reading(FEBRUARY, "5000"), reading(MARCH, "5100"))

    assert judging.looks_swapped(in_context(mine, *WINTER), siblings=[sibling]) is is_swapped


def test_an_adapters_refusal_is_said_in_the_language_of_who_asks():
    words = Labels("par daudz", "too much", "слишком много")

    assert judging.AdapterRefusesReading(words).message == "too much"
    assert str(judging.AdapterRefusesReading(words).said_in("lv")) == "par daudz"
    assert judging.AdapterRefusesReading(words).said_in("ru").message == "слишком много"
    assert judging.AdapterRefusesReading(words).said_in("de").message == "par daudz"


@given(st.integers(0, 99_999), st.integers(0, 99_999), st.integers(0, 99_999))
def test_what_is_not_refused_goes_on_or_restarts(first, second, value):
    """A smaller value passes only where going on over zero is within the habit, or within a tenth of the range."""
    beside = in_context(str(value), reading(FEBRUARY, str(first)), reading(MARCH, str(second)))
    try:
        judging.check_order(beside)
    except judging.ReadingRunsBackwards as refused:
        assert value < second
        assert refused.plausible == judging.plausible_range(beside)
        return
    allowed = judging.usage_allowed(beside)
    assert value >= second or (value - second + 100_000) <= (10_000 if allowed is None else allowed)
