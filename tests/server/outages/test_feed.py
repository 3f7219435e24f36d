"""Feeds of outages: what their rows say, what becomes of it, and that a bad row leaves nothing behind."""

from __future__ import annotations

import orjson
import pytest
from mains_server.access.records import Refusal
from mains_server.db.unit_of_work import unit_of_work
from mains_server.outages.feed import read_feed
from mains_server.outages.importing import FeedNotTaken, take_feed
from mains_server.outages.records import BadRow, FeedReport

from tests.server.outages.conftest import OFFICE, Street

HEAD = "reference;kind;commodity;starts;ends;cause;state;reason;points;city;street"
ROW = "A-1;REPAIR;heat;2023-04-10T09:00+03:00;2023-04-10T15:00+03:00;pipes;;;H-1-1 H-1-2;;"
TOWN = "A-2;;heat;2023-04-11T09:00+03:00;2023-04-11T15:00+03:00;pumps;;;;Jelgava;Lielā iela 10"


def csv(*rows: str, head: str = HEAD) -> bytes:
    return "\n".join((head, *rows)).encode()


async def take(street: Street, content: bytes) -> FeedReport:
    async with unit_of_work(street.engine) as session:
        return await take_feed(session, rows=read_feed(content), author=OFFICE)


@pytest.mark.asyncio
async def test_a_feed_says_how_outages_stand_and_twice_is_once(street: Street):
    first = await take(street, csv(ROW, TOWN))
    again = await take(street, csv(TOWN, ROW))
    moved = ROW.replace("04-10", "04-12").replace("pipes;;;", "pipes;;rain;")
    second = await take(street, csv(moved, TOWN.replace("pumps;;;", "pumps;CANCELLED;no staff;")))

    outcomes = [[row.outcome.name for row in report.rows] for report in (first, again, second)]
    assert outcomes == [["PLANNED", "PLANNED"], ["UNCHANGED", "UNCHANGED"], ["MOVED", "CANCELLED"]]
    assert await street.take() == [(1, 2, "MOVED"), (2, 2, "MOVED"), (3, 2, "CANCELLED")]


@pytest.mark.asyncio
async def test_json_says_the_same(street: Street):
    row = {
        "reference": "A-1",
        "commodity": "heat",
        "starts": "2023-04-10T06:00Z",
        "ends": "2023-04-10T12:00Z",
        "cause": "pipes",
        "points": ["H-1-1", "H-1-2"],
    }
    await take(street, csv(ROW))

    report = await take(street, orjson.dumps({"outages": [row]}))

    assert [one.outcome.name for one in report.rows] == ["UNCHANGED"]


@pytest.mark.asyncio
async def test_a_feed_says_why_in_several_languages(street: Street):
    head, more = f"{HEAD};cause_lv;cause_ru;reason_en", ";caurules;трубы;"
    await take(street, csv(ROW + more, head=head))
    moved = ROW.replace("04-10", "04-12").replace("pipes;;;", "pipes;;lietus;")
    await take(street, csv(f"{moved}{more}rain", head=head))

    told = "select cause, cause_lv, cause_en, cause_ru, note, note_lv, note_en from outage"
    assert [tuple(one) for one in await street.rows(told)] == [
        ("pipes", "caurules", None, "трубы", "lietus", None, "rain")
    ]


@pytest.mark.asyncio
async def test_a_bad_row_refuses_the_feed_and_names_itself(street: Street):
    before = await street.written()

    with pytest.raises(FeedNotTaken) as refused:
        await take(street, csv(ROW, TOWN.replace("Jelgava", "Rīga"), ROW))

    rows = refused.value.report.rows
    assert [(row.line, row.outcome.name, row.code) for row in rows] == [
        (2, "PLANNED", None),
        (3, "REFUSED", "PLACES_WRONG"),
        (4, "REFUSED", "ROW_TWICE"),
    ]
    assert await street.written() == before


BAD_CHANGES = [
    ("REASON_WRONG", ROW.replace("04-10", "04-12")),  # moved without a reason
    ("REASON_WRONG", ROW.replace("pipes;;", "pipes;CANCELLED;")),
    ("OUTAGE_NOT_STARTED", ROW.replace("pipes;;", "pipes;RESTORED;")),
    ("WINDOW_WRONG", ROW.replace("2023-04-10T15", "2023-06-10T15").replace("pipes;;;", "pipes;;rain;")),
]


@pytest.mark.asyncio
async def test_changes_that_cannot_be_are_refused(street: Street):
    await take(street, csv(ROW))
    before = await street.written()

    for code, row in BAD_CHANGES:
        with pytest.raises(FeedNotTaken) as refused:
            await take(street, csv(row))
        assert [one.code for one in refused.value.report.rows] == [code]

    assert await street.written() == before


BAD_ROWS = [
    ("`reference` is missing", ROW.replace("A-1", " ")),
    ("`cause` is missing", ROW.replace("pipes", "")),
    ("`kind` is one of", ROW.replace("REPAIR", "PARTY")),
    ("`state` is one of", ROW.replace("pipes;", "pipes;GONE")),
    ("`starts` is not a time", ROW.replace("2023-04-10T09:00", "10.04.2023")),
    ("`starts` does not say its zone", ROW.replace("T09:00+03:00", "T09:00")),
    ("`ends` is not a time", ROW.replace("2023-04-10T15:00+03:00", "tomorrow")),
    ("need a `city`", ROW + "Lielā iela"),
    ("there is no column", ROW + ";more"),
]


@pytest.mark.parametrize(("words", "row"), BAD_ROWS)
def test_rows_that_cannot_be_read_say_why(words: str, row: str):
    (read,) = read_feed(csv(row))

    assert isinstance(read, BadRow)
    assert words in read.message


@pytest.mark.parametrize(
    ("words", "content"),
    [
        ("lacks", b""),
        ("no rows", csv()),
        ("UTF-8", csv(ROW).decode().encode("utf-16")),
        ("lacks", csv(ROW, head="reference;kind")),
        ("twice", csv(ROW, head=HEAD + ";city")),
        ("not JSON", b"[{"),
        ("list of outages", b'{"outages": 3}'),
        ("list of outages", b"[1]"),
        ("zero", b"reference\0"),
        ("at most 10000 rows", csv(*[ROW] * 10_001)),
        ("at most 8388608 bytes", b"x" * 8_388_609),
        ("not CSV", csv(ROW + '"a"b')),
    ],
)
def test_files_that_are_no_feed_are_refused(words: str, content: bytes):
    with pytest.raises(Refusal, match=words) as refused:
        read_feed(content)

    assert refused.value.code == "FILE_WRONG"
