"""Stamps with an offset mean what they say; the others are told by the clock on the wall and their order."""

from datetime import UTC, datetime

import pytest
from mains_server.intervals.rules import ValueRefused
from mains_server.intervals.stamps import Clock


def told(*texts):
    clock = Clock(time_zone="Europe/Riga")
    return [datetime.fromtimestamp(clock.read(text), UTC).strftime("%m-%d %H:%M") for text in texts]


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2024-05-05T01:00:00.000+03:00", "05-04 22:00"),
        ("2024-05-05T01:00:00Z", "05-05 01:00"),
        ("2024-05-05 01:00", "05-04 22:00"),
        ("05.05.2024 01:00", "05-04 22:00"),
        ("5.5.2024. 1:00:00", "05-04 22:00"),
        ("2024-05-05 24:00", "05-05 21:00"),
        ("2024-01-05 01:15", "01-04 23:15"),
    ],
)
def test_stamps_are_read_as_people_and_machines_write_them(text, instant):
    assert told(text) == [instant]


def test_of_the_hour_that_comes_twice_the_first_comes_first():
    texts = [f"2024-10-27 {time}" for time in ("02:00", "03:00", "03:30", "03:00", "03:30", "04:00")]

    assert told(*texts) == ["10-26 23:00", "10-27 00:00", "10-27 00:30", "10-27 01:00", "10-27 01:30", "10-27 02:00"]


@pytest.mark.parametrize("text", ["2024-03-31 03:00", "2024-03-31 03:45", "31.03.2024 03:15"])
def test_the_hour_that_never_was_is_refused(text):
    with pytest.raises(ValueRefused) as refused:
        told(text)

    assert refused.value.code == "no_such_time"


@pytest.mark.parametrize(
    "text", ["", "now", "2024-05-05", "2024-05-05 01:00:30", "1999-05-05 01:00", "2024-02-30 01:00", "٢٠٢٤-05-05 01:00"]
)
def test_what_is_no_stamp_is_refused(text):
    with pytest.raises(ValueRefused) as refused:
        told(text)

    assert refused.value.code == "stamp"
