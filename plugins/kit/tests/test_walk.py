"""Records are looked into, and the first difference is named by its place."""

from datetime import date
from decimal import Decimal

import pytest
from mains_kit.walk import all_of, first_difference, values_in
from mains_spi import Const, Period, PerUnit, Price, Qty, Usage

PART = PerUnit("water", Qty("m3", "m3"), Const(2) * Price("list.row", "EUR/m3"))
DAYS = Period(date(2024, 1, 1), date(2024, 2, 1))
USED = Usage("m3", DAYS, Decimal(7), "m3")


def test_values_have_their_place():
    places = dict(values_in(value={"a": (PART,)}, place="answer"))

    assert places["answer['a'][0].qty.name"] == "m3"
    assert places["answer['a'][0].price.left.value"] == 2


def test_records_of_one_kind_are_found():
    assert all_of(kind=Price, value=(PART, PART)) == (Price("list.row", "EUR/m3"),) * 2


@pytest.mark.parametrize(
    ("other", "difference"),
    [
        (USED, None),
        (Usage("m3", DAYS, Decimal("7.00"), "m3"), None),
        (Usage("m3", DAYS, Decimal(8), "m3"), "usage.value: Decimal('7'), then Decimal('8')"),
        (
            Usage("m3", Period(date(2024, 1, 1), date(2024, 3, 1)), Decimal(7), "m3"),
            "usage.period.end: datetime.date(2024, 2, 1), then datetime.date(2024, 3, 1)",
        ),
    ],
)
def test_first_difference_is_named(other, difference):
    assert first_difference(one=USED, other=other, place="usage") == difference


def test_tuples_differ_in_length_or_in_an_item():
    assert first_difference(one=(1,), other=(1, 2), place="x") == "x: (1,), then (1, 2)"
    assert first_difference(one=(1, 2), other=(1, 3), place="x") == "x[1]: 2, then 3"
    assert first_difference(one=1, other=Decimal(1), place="x") == "x: 1, then Decimal('1')"
