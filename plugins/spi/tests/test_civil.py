"""Months, windows, and the zones of a calendar."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from mains_spi import Calendar, CannotRate, Const, Period, Qty, Series, Tariff, TimeOfUse, Zone, ZoneRule, evaluate
from mains_spi.civil import instant_of, month_of, months_in, shift_months, window_of, zone_at

D = Decimal
DAY = ZoneRule("day", days=(1, 2, 3, 4, 5), hours=((7, 23),))
TWO_ZONES = Calendar("two", (DAY, ZoneRule("night")))


@pytest.mark.parametrize(
    ("instant", "zone"),
    [
        ("2023-01-02T04:59", "night"),  # Monday 06:59 in Riga
        ("2023-01-02T05:00", "day"),
        ("2023-01-02T20:59", "day"),
        ("2023-01-02T21:00", "night"),
        ("2023-01-07T10:00", "night"),  # Saturday
        ("2023-07-03T04:00", "day"),  # 07:00 summer time
    ],
)
def test_zone_of_an_instant(instant, zone):
    assert zone_at(TWO_ZONES, datetime.fromisoformat(instant).replace(tzinfo=UTC)) == zone


def test_standard_clock_ignores_summer_time():
    standard = Calendar("two", TWO_ZONES.rules, clock="standard")
    summer_seven = datetime(2023, 7, 3, 4, tzinfo=UTC)

    assert zone_at(standard, summer_seven) == "night"
    assert zone_at(standard, summer_seven + timedelta(hours=1)) == "day"


def test_holiday_counts_as_the_weekday_declared():
    new_year_monday = date(2024, 1, 1)
    sunday = Calendar("two", TWO_ZONES.rules, holidays=(new_year_monday,))
    noon = datetime(2024, 1, 1, 10, tzinfo=UTC)

    assert (zone_at(TWO_ZONES, noon), zone_at(sunday, noon)) == ("day", "night")


def test_hours_may_pass_midnight_and_months_may_matter():
    rules = (ZoneRule("winter_night", hours=((23, 7),), months=(12, 1, 2)), ZoneRule("other"))
    calendar = Calendar("w", rules, tz="UTC")
    found = [zone_at(calendar, datetime(2023, m, 5, h, tzinfo=UTC)) for m, h in ((1, 23), (1, 6), (1, 7), (6, 23))]

    assert found == ["winter_night", "winter_night", "other", "other"]


def test_no_rule_gives_no_zone():
    assert zone_at(Calendar("x", (DAY,)), datetime(2023, 1, 7, 10, tzinfo=UTC)) is None


def test_months_and_windows():
    bill = Period(date(2023, 1, 20), date(2023, 3, 2))

    assert [m.start.month for m in months_in(bill)] == [1, 2, 3]
    assert month_of(date(2024, 2, 29)) == Period(date(2024, 2, 1), date(2024, 3, 1))
    assert shift_months(date(2023, 1, 1), -1) == date(2022, 12, 1)
    assert window_of(date(2023, 2, 5), "bill", bill) == bill
    assert window_of(date(2023, 2, 5), "year", bill) == Period(date(2023, 1, 1), date(2024, 1, 1))


def test_a_day_begins_by_its_own_clock():
    assert instant_of(date(2023, 7, 1), "Europe/Riga") == datetime(2023, 6, 30, 21, tzinfo=UTC)


kwh = Qty("kwh", "kWh")
ZONES = (Zone("day", "t1", Const(D("0.2"), "EUR/kWh")), Zone("night", "t2", Const(D("0.1"), "EUR/kWh")))


def bill_for(make, days, *, calendar=TWO_ZONES, zones=ZONES, **more):
    tariff = Tariff("T", "EUR", (TimeOfUse(kwh, "two", zones),), calendars=(calendar,))
    return evaluate(tariff, make.request(days=days, **more))


def test_registers_give_their_zone(make):
    rows = (make.usage("kwh", "60", "kWh", zone="day"), make.usage("kwh", "40", "kWh", zone="night"))

    bill = bill_for(make, make.january, usage=rows)

    assert [(line.code, line.quantity, line.net) for line in bill.lines] == [
        ("t1", D(60), D("12.00")),
        ("t2", D(40), D("4.00")),
    ]


def test_a_total_without_zones_is_not_split(make):
    with pytest.raises(CannotRate, match="give usage `kwh` in zone `day`"):
        bill_for(make, make.january, usage=(make.usage("kwh", "100", "kWh"),))


@pytest.mark.parametrize(
    ("day", "next_day", "quarters"),
    [
        ("2023-01-02", "2023-01-03", (64, 32)),
        ("2023-03-26", "2023-03-27", (0, 92)),
        ("2023-10-29", "2023-10-30", (0, 100)),
    ],
)
def test_series_is_folded_by_the_calendar(make, day, next_day, quarters):
    start = datetime.fromisoformat(day).replace(tzinfo=UTC) - timedelta(days=1)
    series = Series("kwh", "kWh", start, timedelta(minutes=15), (D(1),) * 288)

    bill = bill_for(make, make.period(day, next_day), series=(series,))

    assert tuple(line.quantity for line in bill.lines) == quarters


def test_zone_without_a_price_holds(make):
    series = Series("kwh", "kWh", datetime(2023, 1, 1, 22, tzinfo=UTC), timedelta(hours=1), (D(1),) * 24)

    with pytest.raises(CannotRate, match="zone_without_price"):
        bill_for(make, make.period("2023-01-02", "2023-01-03"), series=(series,), zones=ZONES[:1])


def test_calendar_that_is_not_there_holds(make):
    series = Series("kwh", "kWh", datetime(2023, 1, 1, 22, tzinfo=UTC), timedelta(hours=1), (D(1),) * 24)
    other = Calendar("other", TWO_ZONES.rules)

    with pytest.raises(CannotRate, match="no_calendar"):
        bill_for(make, make.period("2023-01-02", "2023-01-03"), series=(series,), calendar=other)
