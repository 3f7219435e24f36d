"""A meter that is fitted on somebody's word is described as a meter can be."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal as D

import pytest
from mains_server.metering import fitting
from mains_server.metering.installation import MeterDatesWrong
from mains_server.metering.records import NewRegister

from tests.server.metering.conftest import new_meter

T1 = NewRegister(code="T1", quantity="energy", unit="kWh", zone="T1", first_value=D(1))
T2 = replace(T1, code="T2", zone="T2")


@pytest.mark.parametrize("registers", [(T1,), (T1, T2), (replace(T1, zone=None),)])
def test_a_meter_with_a_few_registers_that_tell_apart_is_taken(registers):
    fitting.check_description(new_meter(1, registers=registers))


@pytest.mark.parametrize(
    "changes",
    [
        {"digits": 0},
        {"digits": 13},
        {"multiplier": D(0)},
        {"multiplier": D(-1)},
        {"multiplier": D("NaN")},
        {"multiplier": D(1_000_001)},
        {"serial": ""},
        {"serial": " A-1"},
        {"serial": "A\n1"},
        {"serial": "A" * 101},
        {"registers": ()},
        {"registers": (T1, T1)},
        {"registers": (T1, replace(T1, code="T2"))},
        {"registers": (replace(T1, unit=""),)},
        {"registers": (replace(T1, quantity="\x00"),)},
        {"registers": tuple(replace(T1, code=f"T{n}", zone=f"T{n}") for n in range(5))},
    ],
)
def test_a_meter_that_none_can_be_like_is_refused(changes):
    with pytest.raises(fitting.MeterMalformed):
        fitting.check_description(new_meter(1, **changes))


@pytest.mark.parametrize(
    ("day", "is_possible"),
    [(date(2023, 4, 2), True), (date(2023, 4, 3), False), (date(1900, 1, 1), True), (date(1899, 12, 31), False)],
)
def test_a_meter_is_fitted_by_today_as_its_place_counts_days(day, is_possible):
    words = {"now": datetime(2023, 4, 1, 21, tzinfo=UTC), "time_zone": "Europe/Riga"}

    if is_possible:
        fitting.check_day(day, **words)
    else:
        with pytest.raises(MeterDatesWrong):
            fitting.check_day(day, **words)
