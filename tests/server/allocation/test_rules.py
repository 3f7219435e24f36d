"""When the first free month begins, and what names a decision."""

from datetime import date

import pytest
from mains_server.allocation.rules import first_free_month, is_reference


@pytest.mark.parametrize(
    ("billed_until", "free"),
    [
        (date(2024, 2, 1), date(2024, 2, 1)),
        (date(2024, 2, 2), date(2024, 3, 1)),
        (date(2023, 12, 31), date(2024, 1, 1)),
        (date(2023, 12, 1), date(2023, 12, 1)),
    ],
)
def test_the_first_free_month_has_no_billed_day(billed_until: date, free: date) -> None:
    assert first_free_month(billed_until) == free


@pytest.mark.parametrize(
    ("words", "is_one"), [("Protokols Nr. 4, 2. punkts", True), ("", False), (" 4", False), ("4\t5", False)]
)
def test_a_decision_is_named_in_words_that_can_be_printed(words: str, is_one: bool) -> None:
    assert is_reference(words) is is_one
