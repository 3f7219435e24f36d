"""A chart can be seen and heard: every bar has its words, gaps are hatched, and nothing breaks out of the XML."""

from datetime import UTC, datetime
from decimal import Decimal as D
from xml.etree import ElementTree

import pytest
from mains_server.consumption.drawing import draw
from mains_server.consumption.records import CompareWith, Granularity, Place, Question, Sight
from mains_server.consumption.showing import Known, show

from tests.server.consumption.made import EVER, RIGA, counter, days, interval_day

SVG = "{http://www.w3.org/2000/svg}"
YEAR = counter(
    "2022-01-01 0", "2022-02-01 10", "2022-03-01 30.5", "2022-03-16 40", "2022-04-16 71", "2022-07-01 200 E",
    "2022-08-01 210 E", "2022-09-01 1234.5",
)  # fmt: skip


def picture(*counters, period="2022-01-01/2022-11-01", granularity="MONTH", language="en", compare_with=None):
    known = Known(
        place=Place(supply_point_id=1, time_zone=RIGA, commodity="electricity", city="riga"),
        sight=Sight(supply_point_id=1, days=EVER, contract_ids=frozenset()),
        counters=counters,
    )
    question = Question(granularity=Granularity[granularity], period=days(period), compare_with=compare_with)
    return draw(show(question=question, known=[known]), language=language, time_zone=RIGA)


def labels(drawn):
    return [bar.find(f"{SVG}title").text for bar in bars(drawn)]


def bars(drawn):
    return ElementTree.fromstring(drawn).findall(f".//{SVG}g[@class='bar']")


def test_a_chart_says_what_it_is():
    root = ElementTree.fromstring(picture(YEAR))

    assert (root.get("role"), root.get("aria-labelledby"), root.get("lang")) == ("img", "title desc", "en")
    assert root.find(f"{SVG}title").text == "Consumption 1 January 2022 – 31 October 2022"
    assert root.find(f"{SVG}desc").text.startswith(
        "Electricity (kWh): January 2022: 10, read; February 2022: 20.5, read;"
    )


def test_a_chart_of_one_day_names_it_once():
    root = ElementTree.fromstring(picture(YEAR, period="2022-01-15/2022-01-16", granularity="HOUR"))

    assert root.find(f"{SVG}title").text == "Consumption 15 January 2022"


def test_every_bar_says_its_value_unit_and_quality():
    assert labels(picture(YEAR)) == [
        "January 2022: 10 kWh, read",
        "February 2022: 20.5 kWh, read",
        "March 2022: 25.5 kWh, spread by days",
        "April 2022: 15 kWh, spread by days, 50 % known",
        "May 2022: no data",
        "June 2022: no data",
        "July 2022: 10 kWh, estimated",
        "August 2022: 1,024.5 kWh, estimated",
        "September 2022: no data",
        "October 2022: no data",
    ]


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("lv", "2022. g. augusts: 1 024,5 kWh, novērtēts"),
        ("ru", "август 2022 г.: 1 024,5 kWh, оценено"),
        ("xx", "2022. g. augusts: 1 024,5 kWh, novērtēts"),
    ],
)
def test_a_chart_speaks_the_viewers_language(language, expected):
    assert labels(picture(YEAR, language=language))[7].replace("\xa0", " ").replace("\u202f", " ") == expected


def legend(drawn):
    root = ElementTree.fromstring(drawn)
    parts = root.findall(f".//{SVG}g[@class='legend']")
    return [(part.find(f"{SVG}text").text, part[0].get("fill") or part[0].get("stroke")) for part in parts]


def test_a_legend_says_what_occurs_and_nothing_else():
    drawn = picture(YEAR)

    assert legend(drawn) == [
        ("read", "#1f5f8b"),
        ("spread by days", "#8fb8d4"),
        ("estimated", "url(#dots)"),
        ("no data", "url(#hatch)"),
    ]
    described = ElementTree.fromstring(drawn).find(f"{SVG}desc").text
    assert described.endswith("Legend: read, spread by days, estimated, no data.")
    assert legend(picture(counter("2022-01-01 5", "2022-02-01 6"), period="2022-01-01/2022-02-01")) == [
        ("read", "#1f5f8b")
    ]
    assert legend(picture()) == []


def test_the_earlier_period_is_in_the_legend():
    drawn = picture(YEAR, period="2022-02-01/2022-03-01", compare_with=CompareWith.PREVIOUS_PERIOD)

    assert legend(drawn) == [("read", "#1f5f8b"), ("the earlier period", "#b3541e")]


@pytest.mark.parametrize(("language", "word"), [("lv", "Apzīmējumi"), ("ru", "Обозначения")])
def test_the_legend_speaks_the_viewers_language(language, word):
    assert word in ElementTree.fromstring(picture(YEAR, language=language)).find(f"{SVG}desc").text


def test_a_gap_is_hatched_and_a_zero_is_not():
    drawn = bars(picture(counter("2022-01-01 5", "2022-02-01 5"), period="2022-01-01/2022-03-01"))

    zero, gap = (bar.find(f"{SVG}rect") for bar in drawn)
    assert (zero.get("fill"), zero.get("height")) == ("#1f5f8b", "0.00")
    assert (gap.get("fill"), gap.get("height")) == ("url(#hatch)", "150.00")


def test_what_is_estimated_differs_by_more_than_colour():
    estimated = bars(picture(YEAR))[6].find(f"{SVG}rect")

    assert (estimated.get("fill"), estimated.get("stroke-dasharray")) == ("url(#dots)", "4 2")


def test_a_bar_known_in_part_has_a_hatched_rest():
    rects = bars(picture(YEAR))[3].findall(f"{SVG}rect")

    assert [rect.get("fill") for rect in rects] == ["#8fb8d4", "url(#hatch)"]


def test_the_earlier_value_is_told_too():
    drawn = picture(YEAR, period="2022-02-01/2022-03-01", compare_with=CompareWith.PREVIOUS_PERIOD)

    assert labels(drawn) == ["February 2022: 20.5 kWh, read; before 10 kWh"]


def test_hours_are_told_by_the_clock_of_the_place():
    smart = counter(interval_days=[interval_day("2023-03-26", ["1"] * 23)])

    drawn = picture(smart, period="2023-03-26/2023-03-27", granularity="HOUR", language="lv")

    assert len(labels(drawn)) == 23
    assert labels(drawn)[2:4] == [
        "2023. gada 26. marts 02:00–04:00: 1 kWh, nolasīts",
        "2023. gada 26. marts 04:00–05:00: 1 kWh, nolasīts",
    ]


@pytest.mark.parametrize("words", ["<script>alert(1)</script>", "]]>&\"'", "a\x00\x1b\u202eb"])
def test_names_cannot_break_out(words):
    drawn = picture(counter("2022-01-01 0", "2022-02-01 1", quantity=words, zone=words))

    assert "<script" not in drawn
    assert len(bars(drawn)) == 20


def test_without_a_meter_there_is_a_sentence():
    assert "There is no meter here." in picture()


def test_negative_use_is_drawn_without_height():
    drawn = bars(picture(counter("2022-01-01 50", "2022-02-01 40 E"), period="2022-01-01/2022-02-01"))

    assert drawn[0].find(f"{SVG}rect").get("height") == "0.00"
    assert drawn[0].find(f"{SVG}title").text == "January 2022: -10 kWh, estimated"
    assert D(drawn[0].find(f"{SVG}rect").get("y")) == 150


def test_the_same_figures_give_the_same_picture():
    assert picture(YEAR) == picture(YEAR)
    assert datetime.now(UTC).isoformat()[:13] not in picture(YEAR)
