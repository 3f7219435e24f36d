"""Statuses, values, civil days and gaps, by exact figures."""

from datetime import UTC, date, datetime
from decimal import Decimal as D

import pytest
from mains_server.intervals import rules
from mains_server.intervals.records import Interval, IntervalQuality, MeterIntervals, PackedDay
from mains_server.intervals.rules import AVERAGED, INCOMPLETE, UNREACHED, UNUSABLE, ValueRefused

RIGA = "Europe/Riga"
DAY = date(2024, 5, 5)
START = int(datetime(2024, 5, 4, 21, tzinfo=UTC).timestamp())


def test_every_combination_of_statuses_has_a_letter_of_its_own():
    assert len(set(rules.LETTERS)) == 64
    assert [rules.LETTERS[rules.mask_of(word)] for word in ("", "C", "D", "M", "E", "N", "U")] == list(".CDMENU")
    assert rules.statuses_of("".join(rules.LETTERS[rules.mask_of(words)] for words in ("CD", "D", "", "NU"))) == [
        "CD",
        "D",
        "",
        "NU",
    ]


@pytest.mark.parametrize(
    ("first", "billed", "mask", "value"),
    [
        (D("1.51"), D("1.48"), AVERAGED, D("1.48")),
        (D("1.5"), None, 0, D("1.5")),
        (D("1.5"), None, INCOMPLETE, None),
        (D(0), D(0), UNREACHED, None),
        (D(0), D(0), 0, D(0)),
        (D(0), D("0.7"), UNREACHED, D("0.7")),
        (D("1.5"), D("1.5"), UNUSABLE, None),
        (None, None, 0, None),
    ],
)
def test_the_operator_bills_by_its_own_value_and_a_failure_is_no_zero(first, billed, mask, value):
    assert rules.billed_value(first=first, billed=billed, mask=mask) == value


@pytest.mark.parametrize(
    ("unit", "wanted", "value", "found"),
    [("kWh", "kWh", "1.5", D("1.5")), ("kWh", "MWh", "1.5", D("0.0015")), ("MWh", "kWh", "0.0015", D("1.5"))],
)
def test_units_are_converted_exactly(unit, wanted, value, found):
    assert rules.converted(D(value), unit=unit, wanted=wanted) == found


@pytest.mark.parametrize(("wanted", "value", "code"), [("m3", "1", "unit"), ("MWh", "0.0001", "too_fine")])
def test_what_cannot_be_converted_is_refused(wanted, value, code):
    with pytest.raises(ValueRefused) as refused:
        rules.converted(D(value), unit="kWh", wanted=wanted)

    assert refused.value.code == code


@pytest.mark.parametrize(("day", "hours"), [(date(2024, 3, 31), 23), (date(2024, 10, 27), 25), (date(2024, 5, 5), 24)])
def test_a_day_is_as_long_as_its_clock_says(day, hours):
    assert rules.day_seconds(day, RIGA)[1] == hours * 3600


def meter(*stamps, are_starts=False):
    values = [Interval(START + at, D(1), 0, row) for row, at in enumerate(stamps, 1)]
    return MeterIntervals("P", None, are_starts, values, 1)


def test_midnight_ends_one_day_and_starts_the_next():
    (ends, _), (starts, _) = (rules.pack_days(meter(0, are_starts=how), time_zone=RIGA) for how in (False, True))

    assert [(day.day, day.values.index(D(1))) for day in ends] == [(date(2024, 5, 4), 23)]
    assert [(day.day, day.values.index(D(1))) for day in starts] == [(DAY, 0)]


def test_a_whole_hourly_day_in_a_file_of_quarters_is_hourly_and_a_few_hours_are_quarters_with_gaps():
    hourly = [3600 * at for at in range(1, 25)]
    few = [86400 + 3600, 86400 + 7200]
    quarters = [2 * 86400 + 900]

    days, _ = rules.pack_days(meter(*hourly, *few, *quarters), time_zone=RIGA)

    assert [(day.step_seconds, len(day.values), day.known) for day in days] == [
        (3600, 24, 24),
        (900, 96, 2),
        (900, 96, 1),
    ]


def packed(*values, statuses=None):
    told = [None if value is None else D(value) for value in values]
    return PackedDay(DAY, 3600, told, statuses or "." * len(values))


def test_what_a_later_file_does_not_tell_stays():
    known, told = packed(1, 2, None), packed(None, 5, 6, statuses="..E")

    assert rules.overlaid(known, told) == packed(1, 5, 6, statuses="..E")


def test_what_a_later_file_calls_not_usable_goes():
    assert rules.overlaid(packed(1, 2), packed(None, None, statuses="U.")) == packed(None, 2, statuses="U.")


@pytest.mark.parametrize(
    ("day", "quality"),
    [
        (packed(1, 2), IntervalQuality.ACTUAL),
        (packed(1, 2, statuses=".D"), IntervalQuality.ESTIMATED),
        (packed(1, 2, statuses="ME"), IntervalQuality.ACTUAL),
        (packed(1, None, statuses="D."), IntervalQuality.INCOMPLETE),
    ],
)
def test_a_days_quality_is_that_of_its_worst_value(day, quality):
    assert rules.quality_of(day) is quality


def test_gaps_next_to_each_other_are_one_stretch_and_a_day_that_never_came_is_missing_whole():
    values = [D(1)] * 22 + [None, None]
    days = [PackedDay(DAY, 3600, values, "." * 24)]

    found = list(rules.missing_stretches(days, register_id=7, starts=DAY, ends=date(2024, 5, 7), time_zone=RIGA))

    assert found == [(7, datetime(2024, 5, 5, 19, tzinfo=UTC), datetime(2024, 5, 6, 21, tzinfo=UTC), 26)]


def test_the_day_of_the_clock_change_that_never_came_lacks_25_hours():
    (gap,) = rules.missing_stretches(
        [], register_id=7, starts=date(2024, 10, 27), ends=date(2024, 10, 28), time_zone=RIGA
    )

    assert gap.values == 25


def test_nothing_is_missing_of_whole_days():
    days = [PackedDay(DAY, 3600, [D(0)] * 24, "." * 24)]

    assert list(rules.missing_stretches(days, register_id=7, starts=DAY, ends=date(2024, 5, 6), time_zone=RIGA)) == []
