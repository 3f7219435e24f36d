"""When a right counts."""

from datetime import UTC, datetime, timedelta

import pytest
from mains_server.access.rules import is_active, plain_email

NOON = datetime(2023, 3, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("starts_at", "ends_at", "expected"),
    [
        (NOON, None, True),
        (NOON + SECOND, None, False),
        (NOON - SECOND, NOON, False),
        (NOON - SECOND, NOON + SECOND, True),
    ],
)
def test_a_right_holds_from_its_start_until_before_its_end(starts_at, ends_at, expected):
    assert is_active(starts_at=starts_at, ends_at=ends_at, now=NOON) is expected


def test_an_address_is_compared_without_capitals_and_spaces():
    assert plain_email("  Anna.Ozoliņa@Example.LV ") == "anna.ozoliņa@example.lv"
