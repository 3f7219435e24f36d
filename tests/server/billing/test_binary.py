"""What is written in the binary format is what the database reads."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mains_server.billing import binary


def _read_back(connection, kind, fields):
    with connection.transaction(force_rollback=True):
        connection.execute(f"create temporary table written (value {kind})")
        rows = (binary.fields_head(1) + field for field in fields)
        with connection.cursor() as cursor, cursor.copy("copy written from stdin (format binary)") as copy:
            copy.write(binary.table_of(rows))
        return [row[0] for row in connection.execute("select value from written")]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(units=st.lists(st.integers(-(10**13), 10**13), min_size=1, max_size=40), places=st.sampled_from([2, 4, 6, 8]))
def test_numbers(connection, units, places):
    found = _read_back(connection, "numeric", [binary.numeric(number, places) for number in units])

    assert [f"{number:f}" for number in found] == [f"{Decimal(number).scaleb(-places):f}" for number in units]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(amounts=st.lists(st.integers(-(10**12), 10**12) | st.integers(-(10**10), 10**10), min_size=1, max_size=40))
def test_cents(connection, amounts):
    fixed = [*amounts, 0, 1, -1, 99, 100, 10**6, -(10**10), 10**10 - 1, 10**10]

    found = _read_back(connection, "numeric", [binary.cents(amount) for amount in fixed])

    assert [f"{number:f}" for number in found] == [f"{Decimal(amount).scaleb(-2):f}" for amount in fixed]


@pytest.mark.parametrize("units", [0, 1, 99, 100, 10_000, 1_000_000, 99_999_999, -1, -100_000_000])
def test_edges_of_the_groups_of_digits(connection, units):
    assert _read_back(connection, "numeric", [binary.numeric(units, 2)]) == [Decimal(units).scaleb(-2)]


def test_words_and_none(connection):
    assert _read_back(connection, "text", [binary.text("Ūdens"), binary.text("")]) == ["Ūdens", ""]
    ids = [None, -5, 2**62]
    assert _read_back(connection, "bigint", [binary.bigint(value) for value in ids]) == ids
    assert _read_back(connection, "int", [binary.integer(7)]) == [7]
    assert _read_back(connection, "boolean", [binary.boolean(True), binary.boolean(False)]) == [True, False]


def test_times(connection):
    days = [date(2000, 1, 1), date(1999, 12, 31), date(2023, 2, 28)]
    assert _read_back(connection, "date", [binary.day(day) for day in days]) == days
    instants = [datetime(1999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC), datetime(2023, 2, 10, 8, tzinfo=UTC)]
    assert _read_back(connection, "timestamptz", [binary.instant(instant) for instant in instants]) == instants


def test_documents(connection):
    assert _read_back(connection, "jsonb", [binary.jsonb(b'{"a": [1, "2.50"]}')]) == [{"a": [1, "2.50"]}]
