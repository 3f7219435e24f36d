from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from mains_spi import (
    ALWAYS,
    Attribute,
    BadRecord,
    Const,
    InexactNumber,
    Least,
    Period,
    Price,
    PriceRow,
    Qty,
    Series,
    Tariff,
    Usage,
    When,
    bind_product,
)

JANUARY = Period(date(2023, 1, 1), date(2023, 2, 1))


def test_periods_are_half_open():
    february = Period(date(2023, 2, 1), date(2023, 3, 1))

    assert JANUARY.days == 31
    assert (JANUARY.has(date(2023, 1, 31)), JANUARY.has(date(2023, 2, 1))) == (True, False)
    assert (JANUARY.meets(february), JANUARY.common(february)) == (False, None)
    assert JANUARY.common(Period.since(date(2023, 1, 30))) == Period(date(2023, 1, 30), date(2023, 2, 1))
    assert ALWAYS.covers(JANUARY)
    assert JANUARY.last_day() == date(2023, 1, 31)


def test_an_empty_period_is_refused():
    with pytest.raises(BadRecord, match="not after its start"):
        Period(date(2023, 1, 1), date(2023, 1, 1))


def test_whole_numbers_become_decimals():
    assert type(Usage("kwh", JANUARY, 5, "kWh").value) is Decimal
    assert Attribute("area", Decimal("44.60")).value == "44.60"


@pytest.mark.parametrize(
    "build",
    [
        lambda: When("kind", "private"),
        lambda: Price("energy", "EUR/kWh"),
        lambda: Price("p.energy", "EUR/kWh", "phases"),
        lambda: Series("s", "kWh", datetime.fromisoformat("2023-01-01"), timedelta(hours=1), ()),
        lambda: Series("s", "kWh", datetime.fromisoformat("2023-01-01T00:00+00:00"), timedelta(0), ()),
        lambda: Attribute("kind", None),
        lambda: Tariff("T", "EUR", []),
        lambda: Least([Qty("a", "1")]),
    ],
)
def test_records_that_contradict_themselves_are_refused(build):
    with pytest.raises(BadRecord):
        build()


@pytest.mark.parametrize("build", [lambda: Const(True), lambda: PriceRow("a", "1", "1"), lambda: Qty("a", "1") * True])
def test_words_and_truths_are_no_numbers(build):
    with pytest.raises(InexactNumber):
        build()


def test_a_product_is_bound_for_its_days(make):
    dynamic = make.version("dynamic", make.row("energy", "1", "EUR/kWh"))
    fixed = make.version("fixed", make.row("energy", "2", "EUR/kWh"))
    first, second = make.period("2023-01-01", "2023-01-16"), make.period("2023-01-16", "2023-02-01")

    bound = (
        *bind_product(versions=(dynamic, fixed), price_list="fixed", period=first),
        *bind_product(versions=(dynamic, fixed), price_list="dynamic", period=second),
    )

    assert [(v.list, v.period, v.rows[0].value) for v in bound] == [
        ("product", first, Decimal(2)),
        ("product", second, Decimal(1)),
    ]
    assert bind_product(versions=(), price_list="fixed", period=first) == ()
