"""Calendars by RFC 5545."""

from datetime import UTC, datetime

from mains_server.outages.links import LIFETIME, FeedLinks
from mains_server.outages.records import Outage, OutageKind, OutageState, Window
from mains_server.outages.rules import calendar_of

NOW = datetime(2023, 4, 1, 9, tzinfo=UTC)
OUTAGE = Outage(
    id=7,
    reference="W-1",
    kind=OutageKind.REPAIR,
    commodity="heat",
    state=OutageState.CANCELLED,
    revision=3,
    window=Window(starts=datetime(2023, 4, 10, 6, tzinfo=UTC), ends=datetime(2023, 4, 10, 12, tzinfo=UTC)),
    cause="Pipes; valves, pumps",
    note="Lietus un vējš, tāpēc darbi nenotiks — sīkāk pa tālruni vai mājaslapā\\portālā",
    announced_at=NOW,
    changed_at=datetime(2023, 4, 3, 9, tzinfo=UTC),
)


def test_an_outage_is_an_event_whose_sequence_grows_and_which_stays_when_it_is_cancelled():
    lines = calendar_of([(OUTAGE, "Lielā iela 1, Jelgava")], name="Outages").split("\r\n")

    assert lines[:2] == ["BEGIN:VCALENDAR", "VERSION:2.0"]
    assert lines[-2:] == ["END:VCALENDAR", ""]
    for line in (
        "UID:outage-7@mains",
        "SEQUENCE:2",
        "DTSTAMP:20230403T090000Z",
        "DTSTART:20230410T060000Z",
        "DTEND:20230410T120000Z",
        "SUMMARY:heat: Pipes\\; valves\\, pumps",
        "LOCATION:Lielā iela 1\\, Jelgava",
        "STATUS:CANCELLED",
    ):
        assert line in lines


def test_long_lines_are_folded_between_letters():
    words = calendar_of([(OUTAGE, "Jelgava")], name="Outages")

    assert all(len(line.encode()) <= 75 for line in words.split("\r\n"))
    assert "DESCRIPTION:Pipes\\; valves\\, pumps\\nLietus un vējš\\, tāpēc" in words.replace("\r\n ", "")
    assert "mājaslapā\\\\portālā" in words.replace("\r\n ", "")


def test_a_link_tells_its_person_and_end_and_no_other_is_believed():
    links = FeedLinks(b"secret")
    token = links.sign(4, now=NOW)

    assert links.read(token) == (4, NOW + LIFETIME)
    for other in ("", "x", token[:-1], token.replace("4-", "5-"), f"{token}x", "ā" * 10, "x" * 999):
        assert links.read(other) is None
    assert FeedLinks(b"other").read(token) is None
