"""What registers showed, bucket by bucket: exact, and never a zero where nothing is known."""

from datetime import UTC, datetime
from decimal import Decimal as D
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mains_server.consumption import rules
from mains_server.consumption.buckets import CounterBuckets, Stretch, bucket_of, part_of
from mains_server.consumption.records import ConsumptionQuality, Granularity

from tests.server.consumption.made import EVER, RIGA, counter, day, days, interval_day


def shown(granularity, period, *counters, seen=EVER):
    """Give each bucket as `value quality coverage`."""
    kind = Granularity[granularity]
    ready = [CounterBuckets(counter=c, days=seen, granularity=kind, time_zone=RIGA) for c in counters]
    slots = rules.slots_of(granularity=kind, period=days(period), time_zone=RIGA)
    found = [bucket_of(slot, counters=ready) for slot in slots]
    values = ["None" if b.value is None else f"{b.value.normalize():f}" for b in found]
    qualities = [b.quality.name if b.quality else "-" for b in found]
    return [f"{v} {q} {b.coverage.normalize():f}" for v, q, b in zip(values, qualities, found, strict=True)]


def test_readings_on_month_starts_give_months():
    read = counter("2023-01-01 100", "2023-02-01 131.5", "2023-03-01 140")

    assert shown("MONTH", "2023-01-01/2023-04-01", read) == ["31.5 ACTUAL 1", "8.5 ACTUAL 1", "None - 0"]


def test_a_register_starts_again_at_zero():
    assert shown("MONTH", "2023-01-01/2023-02-01", counter("2023-01-01 99998", "2023-02-01 3")) == ["5 ACTUAL 1"]


def test_a_multiplier_counts():
    assert shown("MONTH", "2023-01-01/2023-02-01", counter("2023-01-01 10", "2023-02-01 12", times="40")) == [
        "80 ACTUAL 1"
    ]


def test_nothing_used_is_zero_and_nothing_known_is_not():
    read = counter("2023-01-01 10", "2023-02-01 10")

    assert shown("MONTH", "2023-01-01/2023-03-01", read) == ["0 ACTUAL 1", "None - 0"]


def test_readings_off_the_month_are_spread_by_days():
    """31 kWh over 31 days from 17 January: 15 days in January, 16 in February; after that nothing is known."""
    read = counter("2023-01-01 0", "2023-01-17 8", "2023-02-17 39")

    assert shown("MONTH", "2023-01-01/2023-03-01", read) == [
        "23 APPORTIONED 1",
        "16 APPORTIONED 0.571428",
    ]


def test_a_stretch_over_62_days_says_nothing_of_a_month_and_is_the_years():
    read = counter("2023-01-01 0", "2023-05-01 120")

    assert shown("MONTH", "2023-01-01/2023-02-01", read) == ["None - 0"]
    assert shown("YEAR", "2023-01-01/2024-01-01", read) == ["120 ACTUAL 0.328767"]


def test_a_day_is_not_made_up_from_months():
    read = counter("2023-01-01 0", "2023-02-01 31")

    assert shown("DAY", "2023-01-01/2023-01-03", read) == ["None - 0", "None - 0"]


def test_a_day_read_at_both_ends_is_known():
    read = counter("2023-01-01 0", "2023-01-02 1.5", "2023-01-04 4")

    assert shown("DAY", "2023-01-01/2023-01-04", read) == ["1.5 ACTUAL 1", "None - 0", "None - 0"]


def test_an_estimate_is_told_and_so_is_a_mixture():
    read = counter("2023-01-01 0", "2023-02-01 10 E", "2023-03-01 30 E", "2023-03-11 40", "2023-04-01 50")

    assert shown("MONTH", "2023-01-01/2023-04-01", read) == ["10 ESTIMATED 1", "20 ESTIMATED 1", "20 MIXED 1"]


def test_a_replaced_meter_goes_on_in_the_new_one():
    old = counter("2023-01-01 500", "2023-01-15 520", installed="2020-01-01/2023-01-15")
    new = counter("2023-01-15 0", "2023-02-01 17", installed="2023-01-15/2099-01-01")

    assert shown("MONTH", "2023-01-01/2023-02-01", old, new) == ["37 ACTUAL 1"]


def test_two_zones_add_up_and_one_unread_halves_the_coverage():
    high = counter("2023-01-01 0", "2023-02-01 20", zone="T1")
    low = counter("2023-01-01 0", zone="T2")

    assert shown("MONTH", "2023-01-01/2023-02-01", high, low) == ["20 ACTUAL 0.5"]


def test_days_without_a_meter_are_unknown():
    late = counter("2023-01-21 0", "2023-02-01 11", installed="2023-01-21/2099-01-01")

    assert shown("MONTH", "2023-01-01/2023-02-01", late) == ["11 ACTUAL 0.354838"]


def test_who_moves_in_sees_nothing_of_before():
    read = counter("2023-01-01 0", "2023-01-16 5", "2023-02-01 37", "2023-03-01 60")

    assert shown("MONTH", "2023-01-01/2023-03-01", read, seen=(days("2023-01-16/2024-01-01"),)) == [
        "32 ACTUAL 0.516129",
        "23 ACTUAL 1",
    ]
    assert shown("MONTH", "2023-01-01/2023-02-01", read, seen=()) == ["None - 0"]


def test_a_stretch_over_the_edge_of_what_is_seen_is_unknown():
    read = counter("2023-01-01 0", "2023-03-01 59")
    halves = days("2022-01-01/2023-02-01"), days("2023-02-01/2024-01-01")

    assert shown("YEAR", "2023-01-01/2024-01-01", read, seen=halves) == ["None - 0"]


def test_readings_that_contradict_each_other_tell_nothing():
    read = counter("2023-01-01 50", "2023-02-01 40", "2023-03-01 60", digits=None)

    assert shown("MONTH", "2023-01-01/2023-03-01", read) == ["None - 0", "20 ACTUAL 1"]


def test_hours_come_from_intervals_with_their_gaps():
    smart = counter(interval_days=[interval_day("2023-03-26", ["0.5", None, "0", *["1"] * 20])])

    found = shown("HOUR", "2023-03-26/2023-03-27", smart)

    assert len(found) == 23
    assert found[:4] == ["0.5 ACTUAL 1", "None - 0", "0 ACTUAL 1", "1 ACTUAL 1"]


def test_quarters_make_hours_of_which_a_part_may_be_missing():
    quarters = ["0.25", "0.25", "0.25", None, *["1"] * 92]
    smart = counter(interval_days=[interval_day("2023-01-01", quarters, step_seconds=900, statuses="D" + "." * 95)])

    found = shown("HOUR", "2023-01-01/2023-01-02", smart)

    assert found[:2] == ["0.75 MIXED 0.75", "4 ACTUAL 1"]


def test_the_repeated_hour_has_its_own_bucket():
    smart = counter(interval_days=[interval_day("2023-10-29", [str(n) for n in range(25)])])

    found = shown("HOUR", "2023-10-29/2023-10-30", smart)

    assert found[3:5] == ["3 ACTUAL 1", "4 ACTUAL 1"]
    assert len(found) == 25


def test_days_by_intervals_say_how_much_of_them_is_known():
    smart = counter(
        is_by_intervals=True,
        interval_days=[interval_day("2023-01-01", ["1"] * 24), interval_day("2023-01-02", ["1"] * 18 + [None] * 6)],
    )

    assert shown("DAY", "2023-01-01/2023-01-04", smart) == ["24 ACTUAL 1", "18 ACTUAL 0.75", "None - 0"]
    assert shown("MONTH", "2023-01-01/2023-02-01", smart) == ["42 ACTUAL 0.056451"]


def instant(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_freshness_is_the_last_instant_known():
    read = CounterBuckets(
        counter=counter("2023-01-01 0", "2023-02-01 9", "2023-03-20 20"),
        days=EVER, granularity=Granularity.MONTH, time_zone=RIGA,
    )  # fmt: skip

    assert read.known_until(period=days("2023-01-01/2023-02-15"), time_zone=RIGA) == instant("2023-02-14T22:00")
    assert read.known_until(period=days("2023-01-01/2024-01-01"), time_zone=RIGA) == instant("2023-03-19T22:00")
    assert read.known_until(period=days("2021-01-01/2022-01-01"), time_zone=RIGA) is None


@pytest.mark.parametrize("granularity", [Granularity.DAY, Granularity.HOUR])
def test_what_ends_before_the_period_to_compare_it_with_makes_it_no_fresher(granularity):
    smart = counter(
        is_by_intervals=True,
        interval_days=[interval_day("2022-12-31", ["1"] * 24), interval_day("2023-01-02", ["1"] * 6 + [None] * 18)],
    )
    read = CounterBuckets(counter=smart, days=EVER, granularity=granularity, time_zone=RIGA)

    assert read.known_until(period=days("2023-01-01/2023-01-02"), time_zone=RIGA) is None
    assert read.known_until(period=days("2022-12-31/2023-01-01"), time_zone=RIGA) == instant("2022-12-31T22:00")


@given(value=st.decimals("0", "99999", places=6), cut=st.integers(1, 39))
def test_shares_of_a_stretch_add_up_to_it(value, cut):
    whole = days("2023-01-10/2023-02-19")
    stretch = Stretch(whole, value, frozenset({ConsumptionQuality.ACTUAL}))
    middle = day("2023-01-10").toordinal() + cut
    edges = ("2023-01-01", day("2023-01-10").fromordinal(middle).isoformat(), "2023-03-01")

    parts = [part_of(stretch, within=days(f"{a}/{b}"), spread_days_max=62) for a, b in pairwise(edges)]

    assert sum((part.value for part in parts), D(0)) == value
    assert sum(part.days for part in parts) == 40
