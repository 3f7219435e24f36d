"""Exactly one value for each day, or the bill is held."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mains_spi import (
    ALWAYS,
    Attribute,
    CannotRate,
    ChargeTax,
    Const,
    OrElse,
    Period,
    PerUnit,
    Price,
    PriceRow,
    PriceVersion,
    Qty,
    Quality,
    RatingRequest,
    Series,
    Tariff,
    TaxRate,
    Usage,
    evaluate,
)

D = Decimal
m3 = Qty("m3", "m3")
WATER = PerUnit("water", m3, Const(1, "EUR/m3"))


def bill_for(make, *usage, component=WATER, **more):
    return evaluate(Tariff("T", "EUR", (component,)), make.request(usage=usage, **more))


def held(make, *usage, **more):
    with pytest.raises(CannotRate) as refusal:
        bill_for(make, *usage, **more)
    return refusal.value.code, refusal.value.component, refusal.value.remedy


def test_missing_usage_holds_and_says_what_to_give(make):
    assert held(make) == ("missing_usage", "water", "give a value of `m3` for 2023-01-01..2023-02-01")


@pytest.mark.parametrize(
    ("periods", "hole"),
    [
        ([("2023-01-01", "2023-01-10")], "2023-01-10..2023-02-01"),
        ([("2023-01-05", "2023-02-01")], "2023-01-01..2023-02-01"),
        ([("2023-01-01", "2023-01-10"), ("2023-01-12", "2023-02-01")], "2023-01-10..2023-01-12"),
    ],
)
def test_a_hole_in_the_usage_holds(make, periods, hole):
    rows = [make.usage("m3", "1", "m3", make.period(*days)) for days in periods]

    code, component, remedy = held(make, *rows)

    assert (code, component) == ("missing_usage", "water")
    assert remedy.startswith("give usage `m3`")
    assert remedy.endswith(hole.split("..")[1])


def test_usage_given_twice_holds(make):
    one = make.usage("m3", "1", "m3", make.period("2023-01-01", "2023-01-20"))
    two = make.usage("m3", "1", "m3", make.period("2023-01-19", "2023-02-01"))

    assert held(make, one, two)[0] == "usage_twice"


def test_usage_given_as_total_and_by_zone_holds(make):
    assert held(make, make.usage("m3", "5", "m3"), make.usage("m3", "2", "m3", zone="day"))[0] == "usage_twice"


def test_usage_in_another_unit_holds(make):
    assert held(make, make.usage("m3", "5", "l")) == (
        "unit_mismatch",
        "water",
        "`m3` is given in l but the tariff counts it in m3: convert it before",
    )


def test_zones_and_places_add_up(make):
    rows = [
        make.usage("m3", "1", "m3", zone="day", place="home"),
        make.usage("m3", "2", "m3", zone="night", place="home"),
        make.usage("m3", "4", "m3", make.period("2023-01-10", "2023-02-01"), place="garage"),
    ]

    assert bill_for(make, *rows).lines[0].quantity == D(7)


def test_meter_replaced_in_the_month_counts_both(make):
    old = make.usage("m3", "3.5", "m3", make.period("2023-01-01", "2023-01-20"))
    new = make.usage("m3", "1.25", "m3", make.period("2023-01-20", "2023-02-01"))

    assert bill_for(make, old, new).lines[0].quantity == D("4.75")


def test_row_longer_than_the_bill_is_divided_by_days(make):
    quarter = make.usage("m3", "9", "m3", make.period("2023-01-01", "2023-04-01"))

    (line,) = bill_for(make, quarter).lines

    assert (line.quantity, line.apportioned) == (D("3.1"), True)  # 9 x 31/90


def test_estimated_usage_marks_the_line(make):
    (line,) = bill_for(make, make.usage("m3", "5", "m3", quality=Quality.ESTIMATED)).lines

    assert (line.estimated, line.apportioned) == (True, False)
    assert line.why["inputs"][0]["quality"] == "ESTIMATED"


def test_zero_is_a_value_and_missing_is_not(make):
    norm = PerUnit("water", OrElse(m3, Qty("residents", "m3")), Const(1, "EUR/m3"))

    assert bill_for(make, make.usage("m3", "0", "m3"), component=norm, attributes={"residents": "9"}).net == D("0.00")
    assert bill_for(make, component=norm, attributes={"residents": "9"}).net == D("9.00")


def test_a_level_is_never_divided(make):
    area = PerUnit("area", Qty("area", "m2"), Price("p.area", "EUR/m2"))
    prices = [
        make.version("p", make.row("area", "1", "EUR/m2"), days=make.period("2023-01-01", "2023-01-11")),
        make.version("p", make.row("area", "2", "EUR/m2"), days=make.period("2023-01-11", "2023-02-01")),
    ]

    bill = bill_for(make, component=area, attributes={"area": "44.6"}, prices=prices)

    assert [line.quantity for line in bill.lines] == [D("44.6"), D("44.6")]


@pytest.mark.parametrize("word", ["", "many", "NaN", "1e5", "٤٤", "1,5"])
def test_attribute_that_is_no_number_holds(make, word):
    area = PerUnit("area", Qty("area", "m2"), Const(1, "EUR/m2"))

    assert held(make, component=area, attributes={"area": word})[0] == "attribute_not_a_number"


def test_attribute_given_twice_holds(make):
    request = make.request()
    object.__setattr__(request, "attributes", (Attribute("area", "1"), Attribute("area", "2")))

    with pytest.raises(CannotRate, match="attribute_twice"):
        evaluate(Tariff("T", "EUR", (PerUnit("area", Qty("area", "m2"), Const(1, "EUR/m2")),)), request)


@pytest.mark.parametrize(("day", "quarters"), [("2025-03-30", 92), ("2025-06-01", 96), ("2025-10-26", 100)])
def test_days_of_23_24_and_25_hours(make, day, quarters):
    """Latvia's clocks change on these Sundays; a day of the series is a civil day, whatever its length."""
    start = datetime.fromisoformat(day).replace(tzinfo=UTC) - timedelta(days=1)
    values = (D(1),) * (96 * 3)
    series = Series("m3", "m3", start, timedelta(minutes=15), values)
    one_day = Period(datetime.fromisoformat(day).date(), (datetime.fromisoformat(day) + timedelta(days=1)).date())

    assert bill_for(make, days=one_day, series=(series,)).lines[0].quantity == D(quarters)


def test_gap_in_a_series_holds(make):
    start = datetime(2022, 12, 31, 22, tzinfo=UTC)
    series = Series("m3", "m3", start, timedelta(hours=1), (*((D(1),) * 30), None, *((D(1),) * 800)))

    assert held(make, series=(series,)) == (
        "missing_interval",
        "water",
        "series `m3` has no value for 2023-01-02 04:00 UTC",
    )


def test_series_that_ends_early_or_begins_late_holds(make):
    early = Series("m3", "m3", datetime(2022, 12, 31, 22, tzinfo=UTC), timedelta(hours=1), (D(1),) * 100)
    late = Series("m3", "m3", datetime(2023, 1, 31, 22, tzinfo=UTC), timedelta(hours=1), (D(1),) * 1000)

    assert held(make, series=(early,))[0] == "missing_interval"
    assert held(make, series=(late,))[0] == "missing_interval"


def test_series_not_aligned_with_the_day_holds(make):
    series = Series("m3", "m3", datetime(2022, 12, 31, 21, 30, tzinfo=UTC), timedelta(hours=1), (D(1),) * 1000)

    assert held(make, series=(series,))[0] == "series_not_aligned"


@settings(max_examples=80, deadline=None)
@given(
    used=st.decimals(min_value=-100, max_value=9999, places=3),
    days=st.sets(st.integers(1, 30), min_size=1, max_size=6),
    places=st.integers(0, 3),
)
def test_parts_of_divided_usage_add_up_to_the_whole(used, days, places):
    january = Period(date(2023, 1, 1), date(2023, 2, 1))
    starts = [january.start, *(date(2023, 1, 1 + day) for day in sorted(days))]
    versions = tuple(
        PriceVersion(id=str(i), list="p", period=Period(start, end), rows=(PriceRow("water", D(i + 1), "EUR/m3"),))
        for i, (start, end) in enumerate(zip(starts, [*starts[1:], january.end], strict=True))
    )
    request = RatingRequest(
        contract="C",
        period=january,
        prices=versions,
        usage=(Usage("m3", january, used, "m3"),),
        taxes=(TaxRate("s", ALWAYS, D(0)),),
        tax_codes=(ChargeTax("*", "s"),),
    )

    component = PerUnit("water", m3, Price("p.water", "EUR/m3"))
    bill = evaluate(Tariff("T", "EUR", (component,), places=(("m3", places),)), request)

    assert len(bill.lines) == len(days) + 1
    assert sum(line.quantity for line in bill.lines) == used
