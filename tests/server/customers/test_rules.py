"""What the kind of a customer means, and when a status holds."""

from datetime import date

import pytest
from mains_server.customers.records import CustomerKind, Protection, ProtectionKind
from mains_server.customers.rules import meets, protections_on, tax_kind

MARCH, APRIL, MAY = date(2023, 3, 1), date(2023, 4, 1), date(2023, 5, 1)


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        (CustomerKind.PRIVATE, "private"),
        (CustomerKind.BUSINESS, "business"),
        (CustomerKind.BUILDING_MANAGER, "business"),
    ],
)
def test_a_building_manager_is_taxed_as_a_business(kind, word):
    assert tax_kind(kind) == word


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ((MARCH, APRIL), (APRIL, MAY), False),
        ((MARCH, MAY), (APRIL, None), True),
        ((MARCH, None), (APRIL, MAY), True),
        ((APRIL, None), (MARCH, APRIL), False),
        ((MARCH, None), (MARCH, None), True),
    ],
)
def test_stretches_that_touch_do_not_meet(first, second, expected):
    assert meets(starts=first[0], ends=first[1], other_starts=second[0], other_ends=second[1]) is expected
    assert meets(starts=second[0], ends=second[1], other_starts=first[0], other_ends=first[1]) is expected


def test_a_status_holds_from_its_start_until_before_its_end():
    poor = Protection(kind=ProtectionKind.LOW_INCOME, starts=MARCH, ends=APRIL, proof="decision 1")
    large = Protection(kind=ProtectionKind.LARGE_FAMILY, starts=MARCH, ends=None, proof="card 2")

    assert protections_on((poor, large), day=MARCH) == (poor, large)
    assert protections_on((poor, large), day=APRIL) == (large,)
    assert protections_on((poor, large), day=date(2023, 2, 28)) == ()
