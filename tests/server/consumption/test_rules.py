"""Which buckets there are, by the clock of the place, and what each is compared with."""

from datetime import UTC, date, datetime
from itertools import pairwise

import pytest
from mains_server.consumption import rules
from mains_server.consumption.records import CompareWith, Granularity, Question

from tests.server.consumption.made import RIGA, days

LAST_YEAR, PREVIOUS = CompareWith.SAME_PERIOD_LAST_YEAR, CompareWith.PREVIOUS_PERIOD


def slots(granularity, period):
    return rules.slots_of(granularity=Granularity[granularity], period=days(period), time_zone=RIGA)


def asked(granularity, period, compare_with):
    return Question(granularity=Granularity[granularity], period=days(period), compare_with=compare_with)


def beside(granularity, period, compare_with):
    question = asked(granularity, period, compare_with)
    found = rules.counterparts(question=question, slots=slots(granularity, period), time_zone=RIGA)
    return [None if slot is None else f"{slot.period.start}/{slot.period.end}" for slot in found]


@pytest.mark.parametrize(("on", "hours"), [("2023-03-26/2023-03-27", 23), ("2023-10-29/2023-10-30", 25)])
def test_days_on_which_clocks_change_have_23_and_25_hours(on, hours):
    found = slots("HOUR", on)

    assert len(found) == hours
    assert all(later.starts_at == earlier.ends_at for earlier, later in pairwise(found))


def test_an_hour_lies_between_instants_of_utc():
    assert slots("HOUR", "2023-03-26/2023-03-27")[0].starts_at == datetime(2023, 3, 25, 22, tzinfo=UTC)
    assert slots("HOUR", "2023-03-26/2023-03-27")[-1].ends_at == datetime(2023, 3, 26, 21, tzinfo=UTC)


def test_months_are_cut_off_at_the_ends_of_the_period():
    found = [f"{slot.period.start}/{slot.period.end}" for slot in slots("MONTH", "2023-01-15/2023-03-10")]

    assert found == ["2023-01-15/2023-02-01", "2023-02-01/2023-03-01", "2023-03-01/2023-03-10"]


def test_years_begin_in_january():
    found = [f"{slot.period.start}/{slot.period.end}" for slot in slots("YEAR", "2022-03-01/2023-03-01")]

    assert found == ["2022-03-01/2023-01-01", "2023-01-01/2023-03-01"]


@pytest.mark.parametrize(
    ("granularity", "period", "compare_with", "expected"),
    [
        ("MONTH", "2023-03-01/2023-05-01", PREVIOUS, ["2023-01-01/2023-02-01", "2023-02-01/2023-03-01"]),
        ("MONTH", "2024-02-01/2024-03-01", LAST_YEAR, ["2023-02-01/2023-03-01"]),
        ("YEAR", "2022-01-01/2023-01-01", PREVIOUS, ["2021-01-01/2022-01-01"]),
        ("MONTH", "2023-01-11/2023-01-21", PREVIOUS, ["2023-01-01/2023-01-11"]),
        ("DAY", "2023-03-01/2023-03-03", PREVIOUS, ["2023-02-27/2023-02-28", "2023-02-28/2023-03-01"]),
        ("DAY", "2024-02-28/2024-03-02", LAST_YEAR, ["2023-02-28/2023-03-01", None, "2023-03-01/2023-03-02"]),
        ("DAY", "2024-02-29/2024-03-01", LAST_YEAR, [None]),
    ],
)
def test_a_bucket_has_its_counterpart(granularity, period, compare_with, expected):
    assert beside(granularity, period, compare_with) == expected


def test_the_skipped_hour_has_no_counterpart():
    found = beside("HOUR", "2023-03-25/2023-03-26", PREVIOUS)
    clock_day = rules.counterparts(
        question=asked("HOUR", "2023-03-27/2023-03-28", PREVIOUS),
        slots=slots("HOUR", "2023-03-27/2023-03-28"),
        time_zone=RIGA,
    )

    assert None not in found
    assert [place for place, slot in enumerate(clock_day) if slot is None] == [3]


def test_the_repeated_hour_has_no_counterpart_either():
    found = beside("HOUR", "2023-10-29/2023-10-30", PREVIOUS)

    assert [place for place, slot in enumerate(found) if slot is None] == [4]


def test_the_earlier_period_is_told():
    assert rules.base_of(asked("MONTH", "2023-03-01/2023-05-01", PREVIOUS)) == days("2023-01-01/2023-03-01")
    assert rules.base_of(asked("DAY", "2023-01-01/2023-02-01", LAST_YEAR)) == days("2022-01-01/2022-02-01")
    assert rules.base_of(asked("DAY", "2024-02-29/2024-03-01", LAST_YEAR)) is None
    assert rules.base_of(asked("DAY", "2024-02-29/2024-03-01", None)) is None


@pytest.mark.parametrize(
    ("granularity", "period", "code"),
    [
        ("DAY", ("2023-02-01", "2023-02-01"), "PERIOD_REVERSED"),
        ("DAY", ("2023-02-01", "2023-01-01"), "PERIOD_REVERSED"),
        ("DAY", ("2023-03-02", "2023-03-09"), "PERIOD_IN_FUTURE"),
        ("HOUR", ("2022-01-01", "2022-02-02"), "PERIOD_TOO_LONG"),
        ("DAY", ("2022-01-01", "2023-01-03"), "PERIOD_TOO_LONG"),
        ("MONTH", ("2000-01-01", "2011-01-01"), "PERIOD_TOO_LONG"),
        ("YEAR", ("1990-01-01", "2190-01-01"), "PERIOD_TOO_LONG"),
        ("DAY", ("1989-12-31", "1990-01-02"), "PERIOD_OUT_OF_RANGE"),
        ("DAY", ("0001-01-01", "0001-01-02"), "PERIOD_OUT_OF_RANGE"),
        ("YEAR", ("2020-01-01", "9999-12-31"), "PERIOD_OUT_OF_RANGE"),
    ],
)
def test_what_cannot_be_shown_is_refused(granularity, period, code):
    starts, ends = (date.fromisoformat(text) for text in period)

    with pytest.raises(rules.ConsumptionRefused) as refused:
        rules.question_of(
            granularity=Granularity[granularity], starts=starts, ends=ends, compare_with=None, today=date(2023, 3, 1)
        )

    assert refused.value.code == code


def test_a_period_may_reach_into_the_future():
    found = rules.question_of(
        granularity=Granularity.MONTH,
        starts=date(2023, 1, 1),
        ends=date(2024, 1, 1),
        compare_with=None,
        today=date(2023, 3, 1),
    )

    assert found.period == days("2023-01-01/2024-01-01")
