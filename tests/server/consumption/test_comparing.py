"""Comparisons, normal years, billed cost, and what drove a change: worked by hand."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mains_server.consumption import comparing
from mains_server.consumption.records import Cost, Difference, Driver, Heat

from tests.server.consumption.made import bill, bucket, charge, days

JANUARY, FEBRUARY = "2023-01-01/2023-02-01", "2023-02-01/2023-03-01"
TWO = days("2023-01-01/2023-03-01")


def by_day(text, value):
    period = days(text)
    return {period.start + timedelta(days=place): D(value) for place in range(period.days)}


def billed(period, total, *charges, degree_days=None):
    cost = comparing.cost_of(days(period), bills=[bill(period, total)])
    known = {c.code: c for c in charges}
    return comparing.BilledPeriod(cost=cost, charges=known, days=days(period).days, degree_days=degree_days)


def drivers(base, now):
    change = comparing.explain_change(base=base, now=now)
    return {share.driver.name: share.amount for share in change.drivers}


def test_only_buckets_known_in_both_are_compared():
    now = [bucket(JANUARY, "12"), bucket(JANUARY, "5"), bucket(JANUARY, "7"), bucket(JANUARY, None, "0")]
    then = [bucket(JANUARY, "10"), bucket(JANUARY, "9", "0.9"), None, bucket(JANUARY, "1")]

    found = comparing.compare(buckets=now, base=then)

    assert [part.difference for part in found.buckets] == [Difference(absolute=D(2), share=D("0.2000")), *[None] * 3]
    assert (found.difference, found.compared) == (Difference(absolute=D(2), share=D("0.2000")), 1)


def test_nothing_to_compare_is_no_difference():
    found = comparing.compare(buckets=[bucket(JANUARY, "12")], base=[None])

    assert (found.difference, found.compared) == (None, 0)


@pytest.mark.parametrize(
    ("value", "base", "absolute", "share"),
    [("1", "0", "1", None), ("0", "3", "-3", "-1.0000"), ("10", "3", "7", "2.3333"), ("2.5", "2.5", "0", "0.0000")],
)
def test_a_share_needs_something_to_divide_by(value, base, absolute, share):
    found = comparing.difference(D(value), base=D(base))

    assert found == Difference(absolute=D(absolute), share=None if share is None else D(share))


def test_a_cold_january_is_lowered_to_a_normal_one():
    """50 MWh at 31 x 20 = 620 K.d, normally 31 x 17 = 527: 50 / 620 x 527 = 42.5."""
    [found] = comparing.normalise(
        [bucket(JANUARY, "50")], degree_days=by_day(JANUARY, "20"), normal=by_day(JANUARY, "17")
    )

    assert (found.degree_days, found.normal_degree_days, found.value) == (D(620), D(527), D("42.500"))


@pytest.mark.parametrize(
    ("given_bucket", "actual", "normal"),
    [
        (bucket(JANUARY, "50"), by_day(FEBRUARY, "20"), by_day(JANUARY, "17")),
        (bucket(JANUARY, "50"), by_day(JANUARY, "20"), {}),
        (bucket(JANUARY, "50"), by_day(JANUARY, "0"), by_day(JANUARY, "17")),
        (bucket(JANUARY, "50", "0.9"), by_day(JANUARY, "20"), by_day(JANUARY, "17")),
        (bucket(JANUARY, None, "0"), by_day(JANUARY, "20"), by_day(JANUARY, "17")),
    ],
)
def test_without_facts_there_is_no_normal_year(given_bucket, actual, normal):
    [found] = comparing.normalise([given_bucket], degree_days=actual, normal=normal)

    assert found.value is None


def test_weather_of_a_day_nobody_told_makes_the_sum_unknown():
    known = by_day(JANUARY, "20")
    del known[date(2023, 1, 13)]

    assert comparing.total_of(days(JANUARY), by_day=known) is None


def test_cost_is_the_sum_of_bills_that_lie_within():
    bills = [bill(JANUARY, "10.00"), bill(FEBRUARY, "20.00"), bill("2023-02-01/2023-04-01", "7.00")]

    found = comparing.cost_of(TWO, bills=bills)

    assert found == Cost(net=D("28.00"), tax=D("2"), support=D(0), total=D("30.00"), currency="EUR", days=59)


def test_a_bill_taken_back_and_made_again_counts_once():
    bills = [
        bill(JANUARY, "10.00", is_taken_back=True),
        bill(JANUARY, "-10.00", is_credit=True),
        bill(JANUARY, "9.00"),
    ]

    found = comparing.cost_of(TWO, bills=bills)

    assert (found.total, found.days) == (D("9.00"), 31)


def test_what_was_not_billed_costs_nothing_known():
    taken_back = [bill(JANUARY, "10.00", is_taken_back=True), bill(JANUARY, "-10.00", is_credit=True)]

    assert comparing.cost_of(TWO, bills=[]) is None
    assert comparing.cost_of(TWO, bills=taken_back) is None
    assert comparing.cost_of(TWO, bills=[bill(JANUARY, "1"), bill(FEBRUARY, "1", currency="USD")]) is None


def test_a_period_billed_in_part_has_no_drivers():
    assert comparing.billed_period(TWO, bills=[bill(JANUARY, "10.00")], by_day={}) is None
    assert comparing.billed_period(days(JANUARY), bills=[bill(JANUARY, "10.00")], by_day={}).days == 31


def test_four_drivers_worked_by_hand():
    """January: 10 MWh for 100.00 and a fee of 5.00. February: 9 MWh for 99.00 and the fee: 104.00 after 105.00.

    Days: 100 x (28/31 - 1) = -9.677; weather: 100 x 504/620 = 81.290, so -9.03 more (levels 95.32 and 86.29);
    volume: 100 x 9/10 = 90, level 95.00; price: 104.00 - 95.00 = 9.00.
    """
    base = billed(JANUARY, "105.00", charge("heat", "10", "100"), _fee("1", "5"), degree_days=D(620))
    now = billed(FEBRUARY, "104.00", charge("heat", "9", "99"), _fee("1", "5"), degree_days=D(504))

    assert drivers(base, now) == {
        "DAYS": D("-9.68"), "WEATHER": D("-9.03"), "VOLUME": D("8.71"), "PRICE": D("9.00"),
    }  # fmt: skip


def test_a_flats_heating_moves_with_the_heat_of_the_house():
    """January: 50 m2 for 100.00, of the house's 10 MWh. February: 50 m2 for 99.00, of its 9 MWh; support in both.

    Days, weather, volume and price of the heating are those of the example above; the support, a fee, is price.
    """
    base = billed(JANUARY, "90.00", _shared("50", "100", "10"), _support("-10", "10"), degree_days=D(620))
    now = billed(FEBRUARY, "90.00", _shared("50", "99", "9"), _support("-9", "9"), degree_days=D(504))

    assert drivers(base, now) == {
        "DAYS": D("-9.68"), "WEATHER": D("-9.03"), "VOLUME": D("8.71"), "PRICE": D("10.00"),
    }  # fmt: skip


def test_circulation_that_is_shared_equally_moves_with_the_heat_of_the_house():
    base = billed("2022-07-01/2022-08-01", "20.00", _shared("1", "20", "2", code="circulation", unit="1"))
    now = billed("2022-08-01/2022-09-01", "24.00", _shared("1", "24", "2.2", code="circulation", unit="1"))

    assert drivers(base, now) == {"DAYS": D("0.00"), "WEATHER": D("0.00"), "VOLUME": D("2.00"), "PRICE": D("2.00")}


def test_heating_of_a_flat_that_begins_is_volume():
    base = billed("2022-09-01/2022-10-01", "10.00", charge("water", "5", "10", unit="m3"))
    now = billed(
        "2022-11-01/2022-12-01", "40.00", charge("water", "5", "10", unit="m3"), _shared("50", "30", "9")
    )  # fmt: skip

    assert drivers(base, now)["VOLUME"] == D("30.00")


@pytest.mark.parametrize(("before", "after"), [("10", None), (None, "9"), (None, None), ("0", "9")])
def test_heating_without_the_heat_of_the_house_is_a_fee(before, after):
    base = billed(JANUARY, "100.00", _shared("50", "100", before), degree_days=D(620))
    now = billed(FEBRUARY, "99.00", _shared("50", "99", after), degree_days=D(504))

    assert drivers(base, now) == {"DAYS": D("0.00"), "WEATHER": D("0.00"), "VOLUME": D("0.00"), "PRICE": D("-1.00")}


def test_heat_in_two_units_is_not_added_up():
    two = [charge("heating", "50", "1", unit="m2", is_metered=False, house=value) for value in ("5", "4")]
    other = replace(two[1], house_heat=Heat(value=D(4), unit="kWh"))

    def heat(*charges):
        bills = [bill(JANUARY, "1", charges[0]), bill(FEBRUARY, "1", charges[1])]
        return comparing.billed_period(TWO, bills=bills, by_day={}).charges["heating"].house_heat

    assert heat(*two) == Heat(value=D(9), unit="MWh")
    assert heat(two[0], other) is None


def test_without_weather_volume_takes_its_part():
    base = billed(JANUARY, "100.00", charge("energy", "10", "100", unit="m3"), degree_days=D(620))
    now = billed(FEBRUARY, "90.00", charge("energy", "9", "90", unit="m3"), degree_days=D(504))

    assert drivers(base, now) == {
        "DAYS": D("-9.68"), "WEATHER": D("0.00"), "VOLUME": D("-0.32"), "PRICE": D("0.00"),
    }  # fmt: skip


def test_a_fee_moves_with_how_often_it_is_billed_and_its_price():
    base = billed("2022-01-01/2022-03-01", "10.00", _fee("2", "10"))
    now = billed("2023-01-01/2023-04-01", "18.00", _fee("3", "18"))

    assert drivers(base, now) == {"DAYS": D("5.00"), "WEATHER": D("0.00"), "VOLUME": D("0.00"), "PRICE": D("3.00")}


def test_heating_that_begins_is_volume_and_a_new_fee_is_price():
    base = billed(JANUARY, "10.00", charge("water", "5", "10", unit="m3"))
    now = billed("2023-03-01/2023-04-01", "42.00", charge("water", "5", "10", unit="m3"), charge("heat", "3", "30"),
                 _fee("1", "2"))  # fmt: skip

    assert drivers(base, now) == {"DAYS": D("0.00"), "WEATHER": D("0.00"), "VOLUME": D("30.00"), "PRICE": D("2.00")}


MONEY = st.decimals("-500", "5000", places=2)
AMOUNTS = st.decimals("0", "500", places=3)
HEAT = st.none() | st.decimals("0", "90", places=3)
KINDS = st.sampled_from([("MWh", True), ("m3", True), ("m2", False), ("1", False), ("month", False)])
CHARGES = st.dictionaries(st.sampled_from("abcd"), st.tuples(AMOUNTS, MONEY, KINDS, HEAT), max_size=4)


@given(CHARGES, CHARGES, MONEY, MONEY, st.sampled_from([None, "0", "1", "620"]), st.sampled_from([None, "0", "504"]))
def test_drivers_add_up_to_the_cent(earlier, later, total_before, total_now, weather_before, weather_now):
    before, now = (
        billed(
            period,
            total,
            *(charge(c, q, g, unit=u, is_metered=m, house=h) for c, (q, g, (u, m), h) in charges.items()),
            degree_days=None if weather is None else D(weather),
        )
        for period, total, charges, weather in (
            (JANUARY, total_before, earlier, weather_before),
            (FEBRUARY, total_now, later, weather_now),
        )
    )

    change = comparing.explain_change(base=before, now=now)

    assert [share.driver for share in change.drivers] == list(Driver)
    assert sum(share.amount for share in change.drivers) == total_now - total_before
    assert all(share.amount.as_tuple().exponent == -2 for share in change.drivers)


def _shared(quantity, gross, house, *, code="heating", unit="m2"):
    return charge(code, quantity, gross, unit=unit, is_metered=False, house=house)


def _support(gross, house):
    return charge("support", "-1", gross, unit="1", is_metered=False, house=house)


def _fee(quantity, gross):
    return charge("fee", quantity, gross, unit="month", is_metered=False)
