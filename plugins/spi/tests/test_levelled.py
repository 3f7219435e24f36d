"""How a utility levels what its customers pay."""

from decimal import Decimal

import pytest
from mains_spi import LevelledRules, levelled_rules_mistakes


def test_a_utility_that_says_nothing_never_works_a_plan_out_anew_for_a_reading():
    rules = LevelledRules()

    assert (rules.due_day, rules.significant_share) == (20, Decimal(0))
    assert tuple(levelled_rules_mistakes(rules)) == ()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"due_day": 0}, "levelled_rules.due_day is 0: give a day of every month, 1 to 28"),
        ({"due_day": 29}, "levelled_rules.due_day is 29: give a day of every month, 1 to 28"),
        ({"significant_share": 1}, "levelled_rules.significant_share is 1: give a share from 0 up to but without 1"),
    ],
)
def test_rules_that_nobody_can_mean_are_named(change, words):
    assert tuple(levelled_rules_mistakes(LevelledRules(**change))) == (words,)
