"""The usage that the database works out is what the rule of the metering room gives."""

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mains_server.billing import queries
from mains_server.billing.due import Measured
from mains_server.billing.usage import as_usage, by_register, measured, micro_text
from mains_server.metering.rules import MissingReading, ReadingsContradict, usage_between
from mains_spi import Period, Quality, ReadingPoint, RegisterReadings

START, END = date(2023, 1, 1), date(2023, 2, 1)
DAYS = st.integers(0, 31).map(lambda day: START + timedelta(days=day))
VALUES = st.decimals(0, 999999, places=3)
READINGS = st.dictionaries(st.one_of(st.just(START), st.just(END), DAYS), st.tuples(VALUES, st.booleans()), max_size=5)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(readings=READINGS, multiplier=st.sampled_from(["1", "40", "0.001", "0.000123"]), is_sorted=st.booleans())
def test_database_and_rule_agree(town, connection, readings, multiplier, is_sorted):
    if is_sorted:
        values = sorted(value for value, _ in readings.values())
        readings = {day: (value, readings[day][1]) for day, value in zip(sorted(readings), values, strict=True)}
    with connection.transaction(force_rollback=True):
        contract, register = _planted(town, readings=readings, multiplier=multiplier)

        (row,) = queries.usage(connection, asked=_asked(contract), quantities=["energy"])
        rows = queries.readings(connection, asked=_asked(contract), registers=[register])
        found = measured(row, readings=by_register(rows).get(register, ()), place="")

    assert _told(found) == _ruled(readings, multiplier=multiplier, serial=row.serial)


def _planted(town, *, readings, multiplier):
    point = town.point()
    contract = town.contract(customer=town.customer(), points=(point,))
    register = town.meter(point, multiplier=Decimal(multiplier))
    for day, (value, is_estimated) in readings.items():
        town.read(register, (day, str(value)), quality="ESTIMATED" if is_estimated else "ACTUAL")
    return contract, register


def _asked(contract):
    return queries.Asked(adapter="small", period=Period(START, END), contracts=(contract,))


def _told(found):
    return as_usage(found) if isinstance(found, Measured) else found.code


def _ruled(readings, *, multiplier, serial):
    points = tuple(
        ReadingPoint(day, value, Quality.ESTIMATED if is_estimated else Quality.ACTUAL)
        for day, (value, is_estimated) in readings.items()
    )
    register = RegisterReadings(
        quantity="energy",
        unit="kWh",
        readings=points,
        installed=Period(date(2022, 1, 1), date.max),
        digits=6,
        multiplier=Decimal(multiplier),
        serial=serial,
    )
    try:
        return usage_between(register=register, period=Period(START, END))
    except (MissingReading, ReadingsContradict) as refusal:
        return refusal.code.lower()


def test_millionths_are_written_without_empty_decimals():
    assert [micro_text(micro) for micro in (0, 1, 1_500_000, 100_000_000)] == ["0", "0.000001", "1.5", "100"]
