from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mains_schema.declaring.scalars import (
    NotOfTheGrammar,
    read_date,
    read_decimal,
    read_instant,
    write_date,
    write_decimal,
    write_instant,
)


@pytest.mark.parametrize("text", ["0", "-0", "0.00", "12.50", "-0.004", "1" * 38, "0." + "1" * 37])
def test_decimals_of_the_grammar_are_read(text: str) -> None:
    assert read_decimal(text) == Decimal(text)


@pytest.mark.parametrize(
    "value",
    [
        "",
        " ",
        "+1",
        "1.",
        ".5",
        "01",
        "1e5",
        "1E5",
        "1e5000",
        "NaN",
        "sNaN",
        "Infinity",
        "-Infinity",
        "0x1",
        "1_000",
        "١٢٣",
        "१२",
        "1,5",
        " 1",
        "1\n",
        "--1",
        "1" * 39,
        "0." + "1" * 38,
        "9" * 5000,
        1,
        1.5,
        True,
        None,
        [],
        {},
    ],
)
def test_anything_else_is_no_decimal(value: object) -> None:
    with pytest.raises(NotOfTheGrammar):
        read_decimal(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("12.50"), "12.50"),
        (Decimal("0E-6"), "0.000000"),
        (Decimal("-0.00"), "0.00"),
        (Decimal("1E+3"), "1000"),
        (Decimal("-1E-8"), "-0.00000001"),
    ],
)
def test_decimals_are_written_without_exponent(value: Decimal, text: str) -> None:
    assert write_decimal(value) == text


@pytest.mark.parametrize("value", [Decimal("NaN"), Decimal("Infinity"), 1, 1.5, "1"])
def test_what_is_not_a_finite_decimal_is_not_written(value: object) -> None:
    with pytest.raises(TypeError):
        write_decimal(value)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**12), max_value=10**12))
def test_a_decimal_comes_back_as_it_went(value: Decimal) -> None:
    assert read_decimal(write_decimal(value)) == value


@pytest.mark.parametrize(
    "value", ["2023-2-1", "2023-02-30", "20230201", "2023-02-01T00:00", "٢٠٢٣-٠١-٠١", "0000-01-01", 1, None]
)
def test_what_is_not_a_day_is_refused(value: object) -> None:
    with pytest.raises(NotOfTheGrammar):
        read_date(value)


def test_days_are_read_and_written() -> None:
    assert read_date("2024-02-29") == date(2024, 2, 29)
    assert write_date(date(2024, 2, 29)) == "2024-02-29"


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2023-01-31T21:59:00Z", datetime(2023, 1, 31, 21, 59, tzinfo=UTC)),
        ("2023-01-31T23:59:00+02:00", datetime(2023, 1, 31, 21, 59, tzinfo=UTC)),
        ("2023-01-31T21:59:00.123456Z", datetime(2023, 1, 31, 21, 59, 0, 123456, tzinfo=UTC)),
        ("2023-01-31T21:59:00.5Z", datetime(2023, 1, 31, 21, 59, 0, 500000, tzinfo=UTC)),
    ],
)
def test_instants_are_read_in_utc(text: str, instant: datetime) -> None:
    assert read_instant(text) == instant


@pytest.mark.parametrize(
    "value",
    [
        "2023-01-31T21:59:00",
        "2023-01-31 21:59:00Z",
        "2023-01-31T24:00:00Z",
        "2023-01-31T21:59Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-12:00",
        "1899-12-31T23:59:59Z",
        "2200-01-01T00:00:00Z",
        "2023-01-31T21:59:00.1234567Z",
        0,
        None,
    ],
)
def test_what_is_not_an_instant_is_refused(value: object) -> None:
    with pytest.raises(NotOfTheGrammar):
        read_instant(value)


@pytest.mark.parametrize(
    ("instant", "text"),
    [
        (datetime(2023, 1, 31, 21, 59, tzinfo=UTC), "2023-01-31T21:59:00.000Z"),
        (datetime(2023, 1, 31, 21, 59, 0, 999_999, tzinfo=UTC), "2023-01-31T21:59:00.999Z"),
        (datetime(2023, 3, 26, 3, 30, tzinfo=timezone(timedelta(hours=3))), "2023-03-26T00:30:00.000Z"),
    ],
)
def test_instants_are_written_in_utc_with_milliseconds(instant: datetime, text: str) -> None:
    assert write_instant(instant) == text


def test_an_instant_without_a_zone_is_not_written() -> None:
    with pytest.raises(TypeError):
        write_instant(datetime(2023, 1, 1))  # noqa: DTZ001
