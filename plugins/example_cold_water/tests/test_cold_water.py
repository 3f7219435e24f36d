"""The example adapter keeps what an adapter promises, and asks again about unusual readings."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import mains_example_cold_water
from mains_example_cold_water import TOO_MUCH, check_reading
from mains_kit import AdapterContract
from mains_spi import Period, ReadingCheck, ReadingPoint, RegisterReadings


class TestColdWater(AdapterContract):
    adapter = mains_example_cold_water
    golden = Path(__file__).parent.parent / "golden"


def reading_of(value: str) -> ReadingCheck:
    register = RegisterReadings(
        quantity="cold_water",
        unit="m3",
        readings=(ReadingPoint(date(2024, 1, 1), Decimal("100")),),
        installed=Period.since(date(2020, 1, 1)),
    )
    return ReadingCheck(register=register, reading=ReadingPoint(date(2024, 2, 1), Decimal(value)), on=date(2024, 2, 1))


def test_reading_of_a_home_is_accepted():
    assert check_reading(reading_of("1100")) == ()


def test_reading_of_a_thousand_cubic_metres_is_asked_about():
    assert check_reading(reading_of("1100.001")) == (TOO_MUCH,)
