"""ENTSO-E documents are read to the last digit, or refused."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal as D

import pytest
from mains_spi import FactFile, FetchRequest, Period
from mains_spot_prices import entsoe

from plugins.spot_prices.tests.documents import acknowledgement, document, period, series

NIGHT = "2024-01-01T23:00Z"
THREE = "2024-01-02T02:00Z"
START = datetime(2024, 1, 1, 23, tzinfo=UTC)


def read(content):
    return entsoe.read_facts(FactFile(content=content, name="prices.xml"))


def values(reading, name="nordpool.lv"):
    return [stretch.values for stretch in reading.stretches if stretch.series == name]


def refusal(content):
    reading = read(content)
    assert reading.stretches == ()
    (problem,) = reading.problems
    return problem.code, problem.path


def test_hours_are_read_exactly_and_hold_for_their_quarters():
    reading = read(document(series(period(NIGHT, THREE, ["101.55", "0", "-8.09"]), curve="A01")))

    assert reading.problems == ()
    assert [(s.series, s.starts_at) for s in reading.stretches] == [
        ("nordpool.lv", START),
        ("nordpool.lv.quarters", START),
    ]
    assert values(reading) == [(D("101.55"), D(0), D("-8.09"))]
    assert values(reading, "nordpool.lv.quarters") == [(D("101.55"),) * 4 + (D(0),) * 4 + (D("-8.09"),) * 4]


def test_an_hour_is_the_exact_mean_of_its_quarters():
    quarters = ["196.99", "184.40", "175.79", "170.59"]

    reading = read(document(series(period(NIGHT, "2024-01-02T00:00Z", quarters, resolution="PT15M"))))

    assert values(reading) == [(D("181.9425"),)]
    assert values(reading, "nordpool.lv.quarters") == [tuple(map(D, quarters))]


def test_variable_blocks_repeat_what_came_before():
    reading = read(document(series(period(NIGHT, THREE, [(1, "5"), (3, "-1")]), curve="A03")))

    assert values(reading) == [(D(5), D(5), D(-1))]


def test_blocks_repeat_to_the_end_of_the_period_but_not_before_the_first():
    reading = read(document(series(period(NIGHT, THREE, [(2, "5")]), curve="A03")))

    assert values(reading) == [(None, D(5), D(5))]


def test_a_position_missing_from_a_plain_curve_is_unknown():
    reading = read(document(series(period(NIGHT, THREE, [(1, "5"), (3, "-1")]), curve="A01")))

    assert values(reading) == [(D(5), None, D(-1))]


def test_an_hour_with_an_unknown_quarter_is_unknown():
    points = [(1, "5"), (2, "5"), (4, "5")]

    reading = read(document(series(period(NIGHT, "2024-01-02T00:00Z", points, resolution="PT15M"), curve="A01")))

    assert values(reading) == [(None,)]


def test_the_finest_resolution_wins_whatever_the_order():
    hour = series(period(NIGHT, THREE, ["1", "2", "3"]), sequence=1)
    quarters = series(period(NIGHT, "2024-01-02T00:00Z", [(1, "40")], resolution="PT15M"), sequence=2)

    assert values(read(document(hour, quarters))) == values(read(document(quarters, hour))) == [(D(40), D(2), D(3))]


def test_the_lowest_sequence_wins_whatever_the_order():
    second = series(period(NIGHT, THREE, ["1", "2", "3"]), sequence=2)
    first = series(period(NIGHT, "2024-01-02T01:00Z", ["7", "8"]), sequence=1)

    assert values(read(document(second, first))) == values(read(document(first, second))) == [(D(7), D(8), D(3))]


def test_half_hours_count_for_two_quarters():
    reading = read(document(series(period(NIGHT, "2024-01-02T00:00Z", ["1", "2"], resolution="PT30M"))))

    assert values(reading) == [(D("1.5"),)]


def test_days_that_follow_join_and_a_missing_day_parts_them():
    days = [period(f"2024-01-0{day}T23:00Z", f"2024-01-0{day + 1}T23:00Z", [(1, day)]) for day in (1, 2, 4)]

    reading = read(document(series(days[0], days[1]), series(days[2])))

    hourly = [stretch for stretch in reading.stretches if stretch.series == "nordpool.lv"]
    assert [(stretch.starts_at.day, len(stretch.values)) for stretch in hourly] == [(1, 48), (4, 24)]


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [
        ("2024-03-30T23:00Z", "2024-03-31T22:00Z", 23),
        ("2024-04-01T22:00Z", "2024-04-02T22:00Z", 24),
        ("2024-10-26T22:00Z", "2024-10-27T23:00Z", 25),
    ],
)
@pytest.mark.parametrize(("resolution", "per_hour"), [("PT60M", 1), ("PT15M", 4)])
def test_long_and_short_days_have_their_hours(start, end, hours, resolution, per_hour):
    points = [f"{at}.01" for at in range(hours * per_hour)]

    reading = read(document(series(period(start, end, points, resolution=resolution), curve="A01")))

    assert len(values(reading)[0]) == hours
    assert len(values(reading, "nordpool.lv.quarters")[0]) == hours * 4
    assert None not in values(reading)[0]


def test_other_markets_are_left_out():
    intraday = series(period(NIGHT, THREE, ["9", "9", "9"]), contract="A07")

    assert values(read(document(intraday, series(period(NIGHT, THREE, [(1, "1")]))))) == [(D(1),) * 3]
    assert refusal(document(intraday)) == ("no_periods", "")


def test_equal_prices_told_twice_are_one():
    once = series(period(NIGHT, THREE, ["1", "2", "3"]))

    assert values(read(document(once, once))) == [(D(1), D(2), D(3))]


def test_no_data_is_told_as_such():
    assert refusal(acknowledgement("999", "No matching data found")) == ("no_prices", "")
    assert refusal(acknowledgement("401", " Wrong \n token ")) == ("refused", "Wrong token")


FINE = period(NIGHT, THREE, ["1", "2", "3"])
AT = "TimeSeries 1, Period 1"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (document(series(FINE, domain="10YLT-1001A0008Q")), ("wrong_domain", "TimeSeries 1")),
        (document(series(FINE, currency="PLN")), ("wrong_unit", "TimeSeries 1")),
        (document(series(FINE, unit="KWH")), ("wrong_unit", "TimeSeries 1")),
        (document(series(FINE, curve="A02")), ("wrong_curve", "TimeSeries 1")),
        (document(series(FINE), kind="A65"), ("wrong_document", "")),
        (document(series(FINE), namespace="urn:other"), ("wrong_document", "")),
        (b"<a/>", ("wrong_document", "")),
        (document(), ("no_periods", "")),
        (document(series()), ("no_periods", "")),
        (document(series(FINE), series(period(NIGHT, THREE, ["1", "2", "4"]))),
         ("prices_differ", "TimeSeries 2, Period 1, 2024-01-02 01:00 UTC")),
        (document(series(period(NIGHT, THREE, [(0, "1")]))), ("wrong_position", f"{AT}, Point 1")),
        (document(series(period(NIGHT, THREE, [(4, "1")]))), ("wrong_position", f"{AT}, Point 1")),
        (document(series(period(NIGHT, THREE, [("-1", "1")]))), ("wrong_position", f"{AT}, Point 1")),
        (document(series(period(NIGHT, THREE, [("", "1")]))), ("wrong_position", f"{AT}, Point 1")),
        (document(series(period(NIGHT, THREE, [("9" * 500, "1")]))), ("wrong_position", f"{AT}, Point 1")),
        (document(series(period(NIGHT, THREE, [(1, "1"), (1, "1")]))), ("position_twice", f"{AT}, Point 2")),
        (document(series(FINE, sequence="0")), ("wrong_sequence", None)),
        (document(series(period(NIGHT, THREE, ["1"], resolution="P1D"))), ("wrong_resolution", AT)),
        (document(series(period(THREE, NIGHT, ["1"]))), ("wrong_interval", AT)),
        (document(series(period(NIGHT, NIGHT, ["1"]))), ("wrong_interval", AT)),
        (document(series(period(NIGHT, "2024-01-02T00:15Z", ["1"]))), ("wrong_interval", AT)),
        (document(series(period("2024-01-01T23:15Z", "2024-01-02T00:15Z", ["1"]))), ("wrong_interval", AT)),
        (document(series(period("2024-01-01T23:07Z", "2024-01-02T00:07Z", ["1"], resolution="PT15M"))),
         ("wrong_interval", AT)),
        (document(series(period("2024-02-30T23:00Z", THREE, ["1"]))), ("wrong_interval", AT)),
        (document(series(period("2024-01-01T23:00", THREE, ["1"]))), ("wrong_interval", AT)),
        (document(series(period(NIGHT, "2034-01-01T23:00Z", ["1"]))), ("too_long", AT)),
    ],
)  # fmt: skip
def test_bad_documents_are_refused_and_give_nothing(content, told):
    code, path = refusal(content)

    assert code == told[0]
    assert told[1] in (None, path)


@pytest.mark.parametrize("amount", ["NaN", "1e999", "Infinity", "1,5", "", "+1", "٣", "1.1234567", "12345678", "0x1"])
def test_an_amount_that_is_no_plain_number_is_refused(amount):
    assert refusal(document(series(period(NIGHT, THREE, [amount])))) == ("wrong_price", f"{AT}, Point 1")


def test_few_bytes_cannot_ask_for_many_prices():
    whole = series(period("2021-01-01T00:00Z", "2022-12-31T00:00Z", ["1"], resolution="PT15M"))

    assert refusal(document(*[whole] * 3000)) == ("too_long", "TimeSeries 3, Period 1")


def test_a_request_a_year_is_planned_in_utc():
    plans = entsoe.plan_fetches(FetchRequest(period=Period(date(2023, 1, 1), date(2024, 7, 1))))

    stamps = [dict(plan.query) for plan in plans]
    assert [(q["periodStart"], q["periodEnd"]) for q in stamps] == [
        ("202212312200", "202312312200"),
        ("202312312200", "202406302100"),
    ]
    assert stamps[0]["documentType"] == "A44"
    assert stamps[0]["in_Domain"] == stamps[0]["out_Domain"] == "10YLV-1001A00074"
    assert plans[0].secrets == (("securityToken", "token"),)
    assert plans[0].url.startswith("https://")


def test_the_series_are_as_the_card_says():
    kinds = {kind.name: (kind.unit, kind.step) for kind in entsoe.describe_source().series}

    assert kinds == {
        "nordpool.lv": ("EUR/MWh", timedelta(hours=1)),
        "nordpool.lv.quarters": ("EUR/MWh", timedelta(minutes=15)),
    }
