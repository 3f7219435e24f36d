"""What is unusual grows with the months of a bill, and is a month's for every whole month there is."""

from datetime import date

import pytest
from mains_server.billing.records import Bounds
from mains_server.billing.rules import bounds_over
from mains_spi import Period


@pytest.mark.parametrize(
    ("start", "end", "months"),
    [
        (date(2023, 1, 1), date(2023, 1, 2), 1),
        (date(2023, 1, 1), date(2023, 2, 1), 1),
        (date(2023, 2, 1), date(2023, 3, 1), 1),
        (date(2023, 1, 1), date(2023, 2, 2), 2),
        (date(2023, 1, 1), date(2024, 1, 1), 12),
        (date(2024, 1, 1), date(2025, 1, 1), 12),
    ],
)
def test_bounds_are_a_months_for_each_month(start, end, months):
    assert bounds_over(Period(start, end)) == Bounds(times_mean_max=10 * months, lines_max=60 * months)
