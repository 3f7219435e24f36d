"""When a right counts."""

from datetime import UTC, datetime, timedelta

import pytest
from mains_server.access.rules import address_hash, is_active, plain_email

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


@pytest.mark.parametrize(
    ("one", "other", "are_same"),
    [
        ("192.0.2.7", "192.0.2.7", True),
        ("192.0.2.7", "192.0.2.8", False),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("testclient", "testclient", True),
    ],
)
def test_a_household_has_one_address(one, other, are_same):
    assert (address_hash(one) == address_hash(other)) is are_same
