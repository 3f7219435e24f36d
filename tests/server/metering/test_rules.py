"""What a reading counts for, and how a submission and its outcome are written down."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mains_server.metering import rules
from mains_server.metering.records import (
    PlausibleRange,
    ReadingOutcome,
    ReadingStatus,
    ReadingSubmission,
)
from mains_spi import ReadingRules

NOW = datetime(2023, 3, 31, 12, tzinfo=UTC)
FEBRUARY, MARCH, APRIL = (date(2023, month, 1) for month in (2, 3, 4))


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2023, 3, 24), date(2023, 3, 24)),
        (date(2023, 3, 25), date(2023, 4, 1)),
        (date(2023, 3, 31), date(2023, 4, 1)),
        (date(2023, 4, 1), date(2023, 4, 1)),
        (date(2023, 4, 3), date(2023, 4, 1)),
        (date(2023, 4, 4), date(2023, 4, 4)),
        (date(2022, 12, 28), date(2023, 1, 1)),
        (date(2024, 2, 29), date(2024, 3, 1)),
        (date(2023, 1, 31), date(2023, 2, 1)),
    ],
)
def test_a_reading_around_a_months_first_counts_for_it(day, expected):
    counted = rules.counts_for(day=day, window=ReadingRules(), installed_on=date(2022, 1, 1), removed_on=None)

    assert counted == expected


def test_a_reading_never_counts_for_a_day_without_the_meter():
    words = {"window": ReadingRules(), "installed_on": date(2023, 4, 2), "removed_on": date(2023, 5, 27)}

    assert rules.counts_for(day=date(2023, 4, 3), **words) == date(2023, 4, 2)
    assert rules.counts_for(day=date(2023, 5, 26), **words) == date(2023, 5, 27)


def test_a_utility_sets_its_own_window():
    window = ReadingRules(from_day=28, upto_day=1)
    words = {"window": window, "installed_on": date(2022, 1, 1), "removed_on": None}

    assert rules.counts_for(day=date(2023, 3, 27), **words) == date(2023, 3, 27)
    assert rules.counts_for(day=date(2023, 4, 2), **words) == date(2023, 4, 2)


@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(0, 60))
def test_of_two_readings_the_later_one_counts_no_earlier(day, later):
    words = {"window": ReadingRules(), "installed_on": date(2021, 1, 1), "removed_on": date(2029, 1, 1)}

    assert rules.counts_for(day=day, **words) <= rules.counts_for(day=day + timedelta(days=later), **words)


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        (datetime(2023, 3, 31, 20, 59, tzinfo=UTC), date(2023, 3, 31)),
        (datetime(2023, 3, 31, 21, 0, tzinfo=UTC), date(2023, 4, 1)),
        (datetime(2023, 1, 31, 21, 59, tzinfo=UTC), date(2023, 1, 31)),
        (datetime(2023, 1, 31, 22, 0, tzinfo=UTC), date(2023, 2, 1)),
        (datetime.max.replace(tzinfo=UTC), date.max),
    ],
)
def test_a_day_begins_by_the_clock_at_the_supply_point(instant, day):
    assert rules.civil_day(instant, time_zone="Europe/Riga") == day


def test_the_start_of_a_day_is_an_instant():
    assert rules.day_start(APRIL, time_zone="Europe/Riga") == datetime(2023, 3, 31, 21, tzinfo=UTC)
    assert rules.day_start(FEBRUARY, time_zone="Europe/Riga") == datetime(2023, 1, 31, 22, tzinfo=UTC)


def test_an_outcome_is_read_as_it_was_written_down():
    outcome = ReadingOutcome(
        reading_id=5,
        register_id=7,
        status=ReadingStatus.FLAGGED,
        value=D("12.500000"),
        counts_for=APRIL,
        plausible=PlausibleRange(lowest=D(1), highest=None, unit="kWh"),
        reasons=("HIGH", "ADAPTER_TOO_MUCH"),
        estimate_replaced=True,
    )
    known = replace(outcome, plausible=PlausibleRange(lowest=D(1), highest=D(2), unit="kWh"))

    assert rules.outcome_of(rules.answer_of(outcome)) == outcome
    assert rules.outcome_of(rules.answer_of(known)) == known


def test_an_outcome_written_down_before_there_were_reasons_is_still_read():
    plausible = PlausibleRange(lowest=D(1), highest=None, unit="kWh")
    outcome = ReadingOutcome(
        reading_id=5, register_id=7, status=ReadingStatus.ACCEPTED, value=D(2), counts_for=APRIL, plausible=plausible
    )
    answer = {k: v for k, v in rules.answer_of(outcome).items() if k not in ("reasons", "estimate_replaced")}

    assert rules.outcome_of(answer) == outcome


def test_a_submission_is_told_from_another_one():
    one = ReadingSubmission(register_id=7, value="12.5", idempotency_key="k", taken_at=NOW)

    assert rules.body_of(one) == rules.body_of(replace(one, idempotency_key="j"))
    assert rules.body_of(one) != rules.body_of(replace(one, value="12.6"))
    assert rules.body_of(one) != rules.body_of(replace(one, taken_at=None))
    assert rules.body_of(one) != rules.body_of(replace(one, register_id=8))
    assert rules.body_of(one) != rules.body_of(replace(one, unit="MWh"))
