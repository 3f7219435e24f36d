"""Links to charts hold for a quarter of an hour, and only those that we signed."""

from datetime import UTC, datetime, timedelta

import pytest
from mains_server.consumption.links import LIFETIME, ChartAsked, ChartLinks, links_of_this_process
from mains_server.consumption.records import CompareWith, Granularity, Question

from tests.server.consumption.made import days

NOW = datetime(2023, 3, 1, 12, tzinfo=UTC)
LINKS = ChartLinks(b"secret")
ASKED = ChartAsked(
    is_building=True,
    number=7,
    question=Question(
        granularity=Granularity.MONTH,
        period=days("2022-03-01/2023-03-01"),
        compare_with=CompareWith.SAME_PERIOD_LAST_YEAR,
    ),
    session_id=3,
    language="lv",
)


def test_a_link_is_read_as_it_was_made():
    assert LINKS.read(LINKS.sign(ASKED, now=NOW), now=NOW) == ASKED


def test_a_link_ends_after_a_quarter_of_an_hour():
    token = LINKS.sign(ASKED, now=NOW)

    assert LINKS.read(token, now=NOW + LIFETIME - timedelta(seconds=1)) == ASKED
    assert LINKS.read(token, now=NOW + LIFETIME) is None


def test_another_secret_reads_nothing():
    assert ChartLinks(b"other").read(LINKS.sign(ASKED, now=NOW), now=NOW) is None
    assert links_of_this_process().secret != links_of_this_process().secret


@pytest.mark.parametrize("place", [0, 10, 50, -1])
def test_a_changed_link_is_none(place):
    token = list(LINKS.sign(ASKED, now=NOW))
    token[place] = "A" if token[place] != "A" else "E"

    assert LINKS.read("".join(token), now=NOW) is None


@pytest.mark.parametrize("token", ["", ".", "a.b", "ā.b", "x" * 5000, "." + "A" * 43])
def test_nonsense_is_none(token):
    assert LINKS.read(token, now=NOW) is None
