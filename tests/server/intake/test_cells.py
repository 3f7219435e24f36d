"""Cells as people write them: numbers, days, times, and what a report may show of them."""

from datetime import UTC, date, datetime

import pytest
from mains_server.intake.cells import CellRefused, placed, read_moment, read_number, shown


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("2969,03", "2969.03"),
        ("2 969,03", "2969.03"),
        ("2\u00a0969,03", "2969.03"),
        ("1\u202f234\u202f567", "1234567"),
        ("2969.030", "2969.030"),
        (" 7 ", "7"),
        ("0012,5", "12.5"),
    ],
)
def test_numbers_are_read_as_people_write_them(written, value):
    assert read_number(written) == value


@pytest.mark.parametrize(
    ("written", "code", "told"),
    [
        ("", "VALUE_MALFORMED", "there is no value"),
        ("2,969.03", "VALUE_MALFORMED", "both a point and a comma"),
        ("29 69,03", "VALUE_MALFORMED", "is no number"),
        ("1e5", "VALUE_MALFORMED", "is no number"),
        ("NaN", "VALUE_MALFORMED", "is no number"),
        ("٣", "VALUE_MALFORMED", "is no number"),
        ("31.03.2023", "VALUE_MALFORMED", "looks like a date"),
        ("-5", "VALUE_NEGATIVE", "without a sign"),
        ("9" * 16, "VALUE_MALFORMED", "is no number"),
    ],
)
def test_what_is_no_number_is_told(written, code, told):
    with pytest.raises(CellRefused, match=told) as refused:
        read_number(written)

    assert refused.value.code == code


@pytest.mark.parametrize(
    ("day", "clock", "moment"),
    [
        ("2023-03-31", "", date(2023, 3, 31)),
        ("31.03.2023", "", date(2023, 3, 31)),
        ("31.3.2023.", "", date(2023, 3, 31)),
        ("31.03.2023", "14:05", datetime.fromisoformat("2023-03-31T14:05")),
        ("2023-03-31T14:05:09", "", datetime.fromisoformat("2023-03-31T14:05:09")),
        ("2023-03-31T14:05Z", "", datetime(2023, 3, 31, 14, 5, tzinfo=UTC)),
        ("2023-03-31 14:05+03:00", "", datetime(2023, 3, 31, 11, 5, tzinfo=UTC)),
    ],
)
def test_days_and_times_are_read(day, clock, moment):
    assert read_moment(day, clock) == moment


@pytest.mark.parametrize(
    ("day", "clock", "told"),
    [
        ("", "", "there is no date"),
        ("31/03/2023", "", "two ways"),
        ("2969,03", "", "are two columns swapped"),
        ("31.02.2023", "", "there is no day"),
        ("0001-01-01", "", "outside the years"),
        ("31.03.2023", "25:00", "there is no 31.03.2023 25:00"),
        ("31.03.2023", "noon", "is no time of day"),
        ("yesterday", "", "is no date"),
    ],
)
def test_what_is_no_day_is_told(day, clock, told):
    with pytest.raises(CellRefused, match=told) as refused:
        read_moment(day, clock)

    assert refused.value.code == "DATE_MALFORMED"


def test_a_day_begins_by_the_clock_of_the_place():
    assert placed(date(2023, 3, 31), time_zone="Europe/Riga") == datetime(2023, 3, 30, 21, tzinfo=UTC)
    assert placed(datetime.fromisoformat("2023-03-31T14:00"), time_zone="Europe/Riga") == datetime(
        2023, 3, 31, 11, tzinfo=UTC
    )


def test_a_time_that_the_clocks_skipped_is_refused():
    with pytest.raises(CellRefused, match="the clocks went forward"):
        placed(datetime.fromisoformat("2023-03-26T03:30"), time_zone="Europe/Riga")


@pytest.mark.parametrize(
    ("cell", "safe"),
    [
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("+371", "'+371"),
        ("-5", "'-5"),
        ("a\0b", "a\N{REPLACEMENT CHARACTER}b"),
        ("x" * 90, "x" * 80 + "…"),
        ("2 969,03", "2 969,03"),
    ],
)
def test_a_report_shows_nothing_dangerous(cell, safe):
    assert shown(cell) == safe
