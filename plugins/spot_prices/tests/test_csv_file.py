"""CSV files are read row by row, exactly, across both clock changes."""

from datetime import UTC, datetime
from decimal import Decimal as D

import pytest
from mains_spi import FactFile
from mains_spot_prices import csv_file


def read(text, series="nordpool.lv", **kwargs):
    content = text if isinstance(text, bytes) else text.encode()
    return csv_file.read_facts(FactFile(content=content, name="prices.csv", series=series, **kwargs))


def told(reading):
    return [(problem.code, problem.path) for problem in reading.problems]


def utc(*parts):
    return datetime(*parts, tzinfo=UTC)


def test_instants_with_a_zone_are_read():
    reading = read("starts_at;price\n2024-03-31T00:00Z;101,55\n2024-03-31 04:00+03:00;-8.09\n")

    assert told(reading) == []
    (stretch,) = reading.stretches
    assert (stretch.series, stretch.starts_at, stretch.values) == (
        "nordpool.lv",
        utc(2024, 3, 31),
        (D("101.55"), D("-8.09")),
    )


def test_marks_line_ends_and_quotes_do_not_matter():
    reading = read('\ufeffStarts_At,"Price"\r\n"2024-01-01T00:00:00Z","1,5"\r\n\r\n2024-01-01T01:00Z,2.5\r\n'.encode())

    assert told(reading) == []
    assert reading.stretches[0].values == (D("1.5"), D("2.5"))


def test_the_repeated_hour_comes_twice():
    rows = [f"2024-10-27;{hour};{at}" for at, hour in enumerate([0, 1, 2, 3, 3, *range(4, 24)])]

    reading = read("\n".join(["date;hour;price", *rows]))

    assert told(reading) == []
    (stretch,) = reading.stretches
    assert stretch.starts_at == utc(2024, 10, 26, 21)
    assert stretch.values == tuple(D(at) for at in range(25))


def test_the_hour_that_was_skipped_does_not_exist():
    rows = [f"2024-03-31;{hour:02d}:00;{hour}" for hour in range(24)]

    reading = read("\n".join(["date;hour;value", *rows]))

    assert told(reading) == [("no_such_time", "row 5")]
    (stretch,) = reading.stretches
    assert (stretch.starts_at, len(stretch.values)) == (utc(2024, 3, 30, 22), 23)


def test_quarters_of_the_repeated_hour_are_told_apart():
    minutes = ["00", "15", "30", "45"] * 2
    rows = [f"2024-10-27 03:{minute};{at}" for at, minute in enumerate(minutes)]

    reading = read("\n".join(["starts_at;price", *rows]), series="nordpool.lv.quarters")

    assert [(s.starts_at, s.values) for s in reading.stretches] == [
        (utc(2024, 10, 27, 0), tuple(D(at) for at in range(8)))
    ]


def test_degree_days_begin_at_midnight_utc():
    reading = read("date;value\n2024-01-01;17,3\n2024-01-02;18.25\n2024-01-04;0\n", series="degree_days.jelgava")

    assert [(s.series, s.starts_at, s.values) for s in reading.stretches] == [
        ("degree_days.jelgava", utc(2024, 1, 1), (D("17.3"), D("18.25"))),
        ("degree_days.jelgava", utc(2024, 1, 4), (D(0),)),
    ]


def test_a_bad_row_leaves_the_others():
    reading = read(
        "starts_at;price;unit\n2024-01-01T00:00Z;1;EUR/MWh\n2024-01-01T01:00Z;x;EUR/MWh\n\n2024-01-01T02:00Z;3;EUR/MWh"
    )

    assert told(reading) == [("not_a_number", "row 3")]
    assert [stretch.values for stretch in reading.stretches] == [(D(1),), (D(3),)]


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("2024-01-01T00:00Z;=1+1", "not_a_number"),
        ("2024-01-01T00:00Z;NaN", "not_a_number"),
        ("2024-01-01T00:00Z;1e999", "not_a_number"),
        ("2024-01-01T00:00Z;1 000", "not_a_number"),
        ("2024-01-01T00:00Z;", "not_a_number"),
        ("2024-01-01T00:00Z;1.123456789", "not_a_number"),
        ("2024-01-01T00:00Z;٣", "not_a_number"),
        ("101,55;2024-01-01T00:00Z", "not_a_time"),
        ("2024-02-30T00:00Z;1", "not_a_time"),
        ("0001-01-01 00:00+14:00;1", "not_a_time"),
        ("01.02.2024 00:00;1", "not_a_time"),
        ("2024-01-01T00:30Z;1", "off_step"),
        ("2024-01-01T00:00Z", "row_long"),
        ("2024-01-01T00:00Z;1;2", "row_long"),
        ("2024-01-01T00:00Z;" + "1" * 2000, "row_long"),
        ("2023-12-31T22:00Z;2", "row_twice"),
        ("2024-01-01 00:00;2", "row_twice"),
    ],
)
def test_a_bad_row_is_numbered(row, code):
    reading = read(f"starts_at;price\n2023-12-31T22:00Z;1\n{row}\n")

    assert told(reading) == [(code, "row 3")]
    assert [stretch.values for stretch in reading.stretches] == [(D(1),)]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "bad_header"),
        (b"\n", "bad_header"),
        (b"price\n1\n", "bad_header"),
        (b"starts_at\n", "bad_header"),
        (b"starts_at;price;value\n", "bad_header"),
        (b"starts_at;date;hour;price\n", "bad_header"),
        (b"starts_at;price;price\n", "bad_header"),
        (b"starts_at;price\n", "no_rows"),
        (b"starts_at;price\n2024-01-01T00:00Z;\x00\n", "not_utf8"),
        ("starts_at;price\ncena;1\n".encode("utf-16"), "not_utf8"),
        ("starts_at;price;ž\n".encode("cp1257"), "not_utf8"),
        (b"x" * 9_999_999, "row_long"),
        (b"x" * 10_000_001, "too_big"),
        (b"\n" * 200_001, "too_big"),
    ],
)
def test_a_bad_file_gives_nothing(content, code):
    reading = read(content)

    assert ([problem.code for problem in reading.problems], reading.stretches) == ([code], ())


def test_a_unit_is_held_against_the_series():
    assert told(read("starts_at;price;unit\n2024-01-01T00:00Z;1;EUR/kWh\n")) == [("wrong_unit", "row 2")]


@pytest.mark.parametrize("series", [None, "", "nordpool.lt", "degree_days.", "degree_days"])
def test_an_unknown_series_is_refused(series):
    assert told(read("starts_at;price\n2024-01-01T00:00Z;1\n", series=series)) == [("series_unknown", "")]


def test_too_many_mistakes_end_the_reading_and_say_so():
    reading = read("starts_at;price\n" + "x;1\n" * 5000)

    assert len(reading.problems) == 1001
    assert told(reading)[-1] == ("too_many_problems", "row 1002")
