"""The demo's degree days: the same on every machine, by tenths, and none in summer."""

from datetime import date
from decimal import Decimal as D

from mains_server.demo.house import month_starts
from mains_server.demo.weather import degree_days

MONTHS = month_starts(first=date(2022, 3, 1), count=13)


def test_each_month_has_its_days_and_a_normal_year_beside():
    found = list(degree_days(MONTHS))

    assert [stretch.name for stretch in found[:2]] == ["degree_days.jelgava", "degree_days_normal.jelgava"]
    assert len(found) == 24
    assert {len(stretch.values) for stretch in found} == {28, 30, 31}
    assert {(stretch.unit, stretch.source, stretch.step_seconds) for stretch in found} == {("K.d", "demo", 86_400)}


def test_nobody_heats_in_july():
    [july] = [s for s in degree_days(MONTHS) if s.name == "degree_days.jelgava" and s.starts_at.month == 7]

    assert set(july.values) == {D(0)}


def test_they_are_always_the_same():
    assert list(degree_days(MONTHS)) == list(degree_days(MONTHS))
    first = next(degree_days(MONTHS))
    assert all(value.as_tuple().exponent == -1 and D("13.9") <= value <= D("18.9") for value in first.values)
