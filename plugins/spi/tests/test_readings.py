"""How a utility takes readings."""

from decimal import Decimal

import pytest
from mains_spi import ReadingRules, reading_rules_mistakes


def test_a_utility_that_says_nothing_takes_readings_as_before():
    rules = ReadingRules()

    assert (rules.from_day, rules.upto_day, rules.estimates) == (25, 3, False)
    assert (rules.times_average_max, rules.rollover_share_max) == (Decimal(10), Decimal("0.1"))
    assert (rules.times_last_year_max, rules.low_share_min, rules.flags_zero) == (Decimal(0), Decimal(0), False)
    assert tuple(reading_rules_mistakes(rules)) == ()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"from_day": 29}, "reading_rules.from_day is 29: give a day of every month, 15 to 28"),
        ({"from_day": 14}, "reading_rules.from_day is 14: give a day of every month, 15 to 28"),
        ({"upto_day": 0}, "reading_rules.upto_day is 0: give a day from 1 to 14"),
        ({"upto_day": 15}, "reading_rules.upto_day is 15: give a day from 1 to 14"),
        ({"times_average_max": 1}, "reading_rules.times_average_max is 1: give more than 1, or 0 for no check"),
        ({"times_last_year_max": -2}, "reading_rules.times_last_year_max is -2: give more than 1, or 0 for no check"),
        ({"low_share_min": 1}, "reading_rules.low_share_min is 1: give a share from 0 up to but without 1"),
        (
            {"rollover_share_max": Decimal("-0.1")},
            "reading_rules.rollover_share_max is -0.1: give a share from 0 up to but without 1",
        ),
    ],
)
def test_rules_that_nobody_can_mean_are_named(change, words):
    assert tuple(reading_rules_mistakes(ReadingRules(**change))) == (words,)
