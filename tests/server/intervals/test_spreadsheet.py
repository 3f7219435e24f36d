"""Spreadsheets as people save them."""

import io
from decimal import Decimal as D

import pytest
from mains_server.intervals.spreadsheet import read_rows


def rows(text, *, point="P", are_starts=False):
    return list(read_rows(io.BytesIO(text.encode()), time_zone="Europe/Riga", are_starts=are_starts, point=point))


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffdate;kWh\r\n2024-05-05 01:00;1,25\r\n",
        "Datums;Patēriņš (kWh)\n05.05.2024 01:00;1.25\n",
        '"date","kWh"\n"2024-05-05 01:00","1.25"\n',
        "kWh;date\n\n1,25;2024-05-05T01:00+03:00\n",
    ],
)
def test_separators_marks_and_columns_may_differ(text):
    (meter,) = rows(text)

    assert [(value.at, value.value) for value in meter.values] == [(1714860000, D("1.25"))]


def test_an_empty_cell_is_not_known():
    (meter,) = rows("date;kWh\n2024-05-05 01:00;\n2024-05-05 02:00;0\n")

    assert [value.value for value in meter.values] == [None, D(0)]


def test_statuses_have_a_column_of_their_own():
    (meter,) = rows("date;kWh;status\n2024-05-05 01:00;1;D\n")

    assert meter.values[0].mask == 2


def test_places_are_told_one_after_the_other():
    found = rows("eic;date;kWh\nA;2024-05-05 01:00;1\nB;2024-05-05 01:00;2\n", point=None)

    assert [(meter.point, meter.row, len(meter.values)) for meter in found] == [("A", 2, 1), ("B", 3, 1)]
