"""From when until when readings are asked for."""

from datetime import date

import pytest
from mains_server.metering.records import ReadingCollection
from mains_server.metering.windows import WindowDays, closes_on, is_asked, window_of, window_on
from mains_spi import ReadingRules

POWER = ReadingRules(from_day=25, upto_day=3)
HEAT = ReadingRules(from_day=28, upto_day=1)
MARCH = WindowDays(counts_for=date(2023, 3, 1), opens_on=date(2023, 2, 25), closes_on=date(2023, 3, 3))
APRIL = WindowDays(counts_for=date(2023, 4, 1), opens_on=date(2023, 3, 25), closes_on=date(2023, 4, 3))


@pytest.mark.parametrize(
    ("day", "window", "is_open"),
    [
        (date(2023, 2, 4), MARCH, False),
        (date(2023, 2, 24), MARCH, False),
        (date(2023, 2, 25), MARCH, True),
        (date(2023, 3, 1), MARCH, True),
        (date(2023, 3, 3), MARCH, True),
        (date(2023, 3, 4), APRIL, False),
        (date(2023, 3, 31), APRIL, True),
    ],
)
def test_the_window_that_is_open_else_the_next(day, window, is_open):
    found = window_on(day, rules=POWER)

    assert (found, found.is_open(on=day)) == (window, is_open)


def test_heat_closes_on_the_first():
    assert window_on(date(2024, 2, 29), rules=HEAT) == WindowDays(
        counts_for=date(2024, 3, 1), opens_on=date(2024, 2, 28), closes_on=date(2024, 3, 1)
    )


def test_the_window_of_january_opens_in_the_year_before():
    assert window_of(date(2023, 1, 1), rules=POWER).opens_on == date(2022, 12, 25)


def test_other_days_are_waited_for_as_long():
    assert closes_on(date(2023, 1, 15), rules=POWER) == date(2023, 1, 17)


def test_nobody_is_asked_for_what_tells_itself():
    assert [kind for kind in ReadingCollection if is_asked(kind)] == [ReadingCollection.MANUAL]


def test_the_last_day_there_is_closes_its_own_window():
    assert closes_on(date.max, rules=POWER) == date.max
