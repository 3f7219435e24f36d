"""Exchange prices: one weighted price, by intervals or by a profile."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from mains_spi import CannotRate, Const, PerUnit, Qty, Series, Spot, Tariff, evaluate, replay

D = Decimal
kwh = Qty("kwh", "kWh")
START = datetime(2022, 12, 31, 22, tzinfo=UTC)
HOUR = timedelta(hours=1)


def hours(name, unit, *values, step=HOUR, days=1, start=START):
    count = timedelta(days=days) // step
    return Series(name, unit, start, step, tuple(None if v is None else D(v) for v in (values * count)[:count]))


def bill_for(make, component, *series, days=("2023-01-01", "2023-01-02"), **more):
    return evaluate(Tariff("T", "EUR", (component,)), make.request(days=make.period(*days), series=series, **more))


SPOT = Spot("energy", kwh, "nordpool", "EUR/kWh", places=5)


def test_the_rounded_weighted_price_bills(make):
    """12 hours of 1 kWh at 0.10 and 12 of 2 kWh at 0.20: 6.00 / 36 = 0.16667."""
    (line,) = bill_for(make, SPOT, hours("kwh", "kWh", "1", "2"), hours("nordpool", "EUR/kWh", "0.1", "0.2")).lines

    assert (line.quantity, line.price, line.net) == (D(36), D("0.16667"), D("6.00"))
    assert replay(line.why) == line.net


def test_without_places_every_hour_counts_exactly(make):
    exact = Spot("energy", kwh, "nordpool", "EUR/kWh")

    (line,) = bill_for(
        make, exact, hours("kwh", "kWh", "1000", "2"), hours("nordpool", "EUR/kWh", "4", "-0.00809")
    ).lines

    assert line.net == D("47999.81")  # 12 x (4000 - 0.01618)


def test_price_per_mwh_is_scaled(make):
    scaled = Spot("energy", kwh, "nordpool", "EUR/MWh", scale=Const(D("0.001"), "MWh/kWh"))

    (line,) = bill_for(make, scaled, hours("kwh", "kWh", "1"), hours("nordpool", "EUR/MWh", "80")).lines

    assert (line.price, line.net, line.text) == (D("0.08"), D("1.92"), "24 kWh x 0.08 EUR/kWh")


def test_monthly_usage_is_weighed_by_a_profile(make):
    profiled = Spot("energy", kwh, "nordpool", "EUR/kWh", places=5, weights="profile")
    series = hours("profile", "1", "1", "3"), hours("nordpool", "EUR/kWh", "0.1", "0.2")
    day = make.period("2023-01-01", "2023-01-02")

    (line,) = bill_for(make, profiled, *series, usage=(make.usage("kwh", "100", "kWh", day),)).lines

    assert (line.price, line.net) == (D("0.175"), D("17.50"))


def test_hourly_prices_bill_quarter_hour_usage(make):
    quarters = hours("kwh", "kWh", "1", "0", "0", "0", step=timedelta(minutes=15))

    (line,) = bill_for(make, SPOT, quarters, hours("nordpool", "EUR/kWh", "0.1", "0.3")).lines

    assert (line.quantity, line.price) == (D(24), D("0.2"))


@pytest.mark.parametrize(
    ("day", "next_day", "count"), [("2025-03-30", "2025-03-31", 23), ("2025-10-26", "2025-10-27", 25)]
)
def test_clock_changes_follow_the_series(make, day, next_day, count):
    start = datetime.fromisoformat(day).replace(tzinfo=UTC) - timedelta(hours=24)
    series = [hours(n, u, "1", days=3, start=start) for n, u in (("kwh", "kWh"), ("nordpool", "EUR/kWh"))]

    (line,) = bill_for(make, SPOT, *series, days=(day, next_day)).lines

    assert (line.quantity, line.net) == (D(count), D(f"{count}.00"))


def test_nothing_used_bills_nothing_at_the_mean_price(make):
    (line,) = bill_for(make, SPOT, hours("kwh", "kWh", "0"), hours("nordpool", "EUR/kWh", "0.1", "0.2")).lines

    assert (line.price, line.net) == (D("0.15"), D("0.00"))


@pytest.mark.parametrize(
    ("series", "code"),
    [
        ((), "missing_series"),
        ((hours("kwh", "kWh", "1"),), "missing_series"),
        ((hours("kwh", "kWh", "1"), hours("nordpool", "EUR/kWh", "0.1", None)), "missing_interval"),
        ((hours("kwh", "kWh", None), hours("nordpool", "EUR/kWh", "0.1")), "missing_interval"),
        ((hours("kwh", "kWh", "1"), hours("nordpool", "EUR/MWh", "0.1")), "unit_mismatch"),
        ((hours("kwh", "kWh", "1", "-1"), hours("nordpool", "EUR/kWh", "0.1")), "no_weighted_price"),
        (
            (hours("kwh", "kWh", "1", step=timedelta(minutes=40)), hours("nordpool", "EUR/kWh", "0.1")),
            "series_not_aligned",
        ),
    ],
)
def test_what_is_missing_holds(make, series, code):
    with pytest.raises(CannotRate) as held:
        bill_for(make, SPOT, *series)

    assert (held.value.code, held.value.component) == (code, "energy")


def test_series_stands_once_in_an_explanation(make):
    (line,) = bill_for(make, SPOT, hours("kwh", "kWh", "1"), hours("nordpool", "EUR/kWh", "0.1")).lines

    names = [i["name"] for i in line.why["inputs"]]
    assert names == ["kwh", "nordpool"] or sorted(names) == ["kwh", "nordpool"]
    assert all(len(i["sha256"]) == 64 for i in line.why["inputs"])


def test_series_quantity_may_be_billed_beside(make):
    fee = PerUnit("trading_fee", kwh, Const(D("0.01"), "EUR/kWh"))
    tariff = Tariff("T", "EUR", (SPOT, fee))
    series = hours("kwh", "kWh", "1.5"), hours("nordpool", "EUR/kWh", "0.1")

    bill = evaluate(tariff, make.request(days=make.period("2023-01-01", "2023-01-02"), series=series))

    assert [line.net for line in bill.lines] == [D("3.60"), D("0.36")]
