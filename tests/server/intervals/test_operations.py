"""Files of intervals are taken in once; corrected days keep their versions, and refused files leave nothing."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal as D

import pytest
from mains_server.db.unit_of_work import unit_of_work
from mains_server.intervals.operations import RowsRefused
from mains_server.intervals.records import IntervalFormat
from mains_server.intervals.rules import FileRefused
from mains_server.metering.installation import install_meter

from tests.server.intervals.conftest import EIC, NOW, answer, element, hours_of, new_meter, several_days, written

pytestmark = pytest.mark.asyncio
DAY = date(2024, 5, 5)
MIDNIGHT = int(datetime(2024, 5, 4, 21, tzinfo=UTC).timestamp())


async def test_both_clock_changes_make_days_of_23_and_25_hours(smart):
    await smart.take(answer([*several_days(date(2024, 3, 30), 3), *several_days(date(2024, 10, 26), 3)]))

    assert await smart.days() == [
        (date(2024, 3, 30), 3600, 24, 24, D(12), 1),
        (date(2024, 3, 31), 3600, 23, 23, D("11.5"), 1),
        (date(2024, 4, 1), 3600, 24, 24, D(12), 1),
        (date(2024, 10, 26), 3600, 24, 24, D(12), 1),
        (date(2024, 10, 27), 3600, 25, 25, D("12.5"), 1),
        (date(2024, 10, 28), 3600, 24, 24, D(12), 1),
    ]


async def test_quarter_hours_make_days_of_92_and_100(smart):
    content = answer([*hours_of(date(2024, 3, 31), step=900), *hours_of(date(2024, 10, 27), step=900)])

    report = await smart.take(content)

    assert [(day[1], day[2], day[4]) for day in await smart.days()] == [(900, 92, D(46)), (900, 100, D(50))]
    assert report.values == 192


async def test_the_same_file_twice_changes_nothing(smart):
    content = answer(several_days(DAY, 3))
    await smart.take(content)
    before = await smart.rows("select * from interval_day order by id")

    report = await smart.take(content, now=NOW + timedelta(days=1))

    assert (report.days_new, report.days_corrected, report.days_unchanged) == (0, 0, 3)
    assert await smart.rows("select * from interval_day order by id") == before


async def test_a_corrected_day_is_a_new_version_and_the_old_one_stays(smart):
    await smart.take(answer(several_days(DAY, 2)))
    corrected = [element(MIDNIGHT + 3600, "2.25", cVRSt="E")]

    report = await smart.take(answer(corrected), now=NOW + timedelta(days=1))

    versions = await smart.rows("select day, version, is_current, total from interval_day order by day, version")
    assert versions == [
        (DAY, 1, False, D(12)),
        (DAY, 2, True, D("13.75")),
        (DAY + timedelta(days=1), 1, True, D(12)),
    ]
    assert (report.days_new, report.days_corrected, report.days_unchanged) == (0, 1, 0)


async def test_a_gap_is_null_and_filled_by_a_late_value(smart):
    elements = hours_of(DAY)
    await smart.take(answer(elements[:5] + elements[6:]))
    (early,) = await smart.rows("select values[5:7], known, total from interval_day")

    await smart.take(answer([elements[5]]))

    assert early == ([D("0.5"), None, D("0.5")], 23, D("11.5"))
    assert (await smart.days())[0][3:] == (24, D(12), 2)


async def test_an_unusable_value_takes_a_known_one_back(smart):
    await smart.take(answer(hours_of(DAY)))

    await smart.take(answer([element(MIDNIGHT + 3600, "0.5", cVRSt="U")]))

    assert (await smart.days())[0][3:] == (23, D("11.5"), 2)


async def test_an_unknown_place_is_refused_and_the_others_go_on(smart):
    content = written(
        [
            {"mpNr": "1", "oEIC": "43Z-NOBODY", "mList": [{"mNr": "X", "cList": hours_of(DAY)}]},
            {"mpNr": "2", "oEIC": EIC, "mList": [{"mNr": "M-1", "cList": hours_of(DAY)}]},
        ]
    )

    report = await smart.take(content)

    assert report.days_new == 1
    assert [(row.row, row.code) for row in report.refused] == [(1, "unknown_point")]
    ((refused, told),) = await smart.rows("select rows_refused, refused from interval_import")
    assert (refused, told[0]["code"]) == (1, "unknown_point")


async def test_a_file_to_be_taken_whole_leaves_nothing_when_a_row_is_refused(smart):
    content = answer([*hours_of(DAY), element(MIDNIGHT + 1, "1")])

    with pytest.raises(RowsRefused) as refused:
        await smart.take(content, is_whole=True)

    assert [(row.row, row.code) for row in refused.value.report.refused] == [(25, "stamp")]
    assert await smart.counts() == (0, 0, 0)


async def test_two_values_of_one_hour_are_refused_by_line_and_the_hour_stays_unknown(smart):
    report = await smart.take(answer([*hours_of(DAY), element(MIDNIGHT + 3600, "9")]))

    assert [(row.row, row.code) for row in report.refused] == [(25, "conflict")]
    assert (await smart.days())[0][3:5] == (23, D("11.5"))


async def test_a_file_that_contradicts_itself_across_meters_is_refused_by_day(smart):
    meters = [{"mNr": "M-1", "cList": hours_of(DAY, value=value)} for value in ("0.5", "0.6")]

    report = await smart.take(written([{"mpNr": "1", "mList": meters}]))

    assert [(row.row, row.code) for row in report.refused] == [(25, "conflict")]
    assert (await smart.days())[0][4:] == (D(12), 1)


async def test_values_of_times_to_come_are_refused(smart):
    report = await smart.take(answer(hours_of(DAY)), now=datetime(2024, 5, 5, 9, tzinfo=UTC))

    assert [(row.row, row.code) for row in report.refused] == [(13, "future")]
    assert (await smart.days())[0][3] == 12


async def test_days_before_the_meter_was_there_are_refused(smart):
    report = await smart.take(answer(hours_of(date(2023, 12, 31))))

    assert [(row.row, row.code) for row in report.refused] == [(1, "not_installed")]
    assert await smart.days() == []


async def test_values_are_kept_in_the_registers_unit(smart):
    async with unit_of_work(smart.engine) as session:
        await install_meter(session, meter=new_meter(smart.point, "M-2", unit="MWh"), now=NOW)

    await smart.take(answer(hours_of(DAY), serial="M-2"))

    assert (await smart.days())[0][4] == D("0.012")


async def test_a_meter_is_found_by_the_operators_list_of_objects(smart):
    report = await smart.take(answer(hours_of(DAY)), points={"M-1": EIC})

    assert report.days_new == 1


async def test_a_spreadsheet_tells_the_hour_that_comes_twice_by_its_order(smart):
    lines = ["date;kWh", *(f"2024-10-27 {hour:02}:00;{hour},5" for hour in (0, 1, 2, 3, 3, *range(4, 24)))]
    content = b"\xef\xbb\xbf" + "\r\n".join(lines).encode()

    await smart.take(content, format=IntervalFormat.CSV, point=EIC, are_starts=True)

    assert await smart.days() == [(date(2024, 10, 27), 3600, 25, 25, D("291.5"), 1)]
    assert await smart.rows("select values[4:6] from interval_day") == [([D("3.5"), D("3.5"), D("4.5")],)]


async def test_a_spreadsheet_of_several_places_is_told_apart_by_its_column(smart):
    lines = ["eic;date;kWh", f"{EIC};05.05.2024 01:00;1", "43Z-X;05.05.2024 01:00;1", f"{EIC};05.05.2024 02:00;1"]

    report = await smart.take("\n".join(lines).encode(), format=IntervalFormat.CSV)

    assert [(row.row, row.code) for row in report.refused] == [(3, "unknown_point"), (4, "point")]
    assert (await smart.days())[0][3] == 1


TELEGRAM = b'{"id": "44503169", "timestamp": "2024-02-01T00:05:00Z", "total_kwh": 5}'
JSON, CSV, WMBUS = IntervalFormat.SADALES_TIKLS, IntervalFormat.CSV, IntervalFormat.WMBUS
WHOLE_REFUSED = [
    pytest.param(JSON, answer(hours_of(DAY))[:-1], id="truncated"),
    pytest.param(JSON, answer(hours_of(DAY)) + b"x", id="more behind"),
    pytest.param(JSON, b"", id="empty"),
    pytest.param(JSON, b'"text"', id="wrong type"),
    pytest.param(JSON, b'[{"mpNr": "1", "mList": 5}]', id="list is a number"),
    pytest.param(JSON, b'[{"mList": [{"mNr": "M-1", "cList": [{"cDt": NaN}]}]}]', id="NaN"),
    pytest.param(JSON, b'[{"mList": [{"mNr": "M-1", "cList": [{"cVV": Infinity}]}]}]', id="Infinity"),
    pytest.param(JSON, b'[{"mList": [{"mNr": {}, "cList": []}]}]', id="number of the meter is an object"),
    pytest.param(JSON, b"[" * 60_000, id="deep"),
    pytest.param(JSON, b'[{"x":' + b'{"x":' * 12_000, id="deep objects"),
    pytest.param(JSON, b'[{"mpNr": "' + b"1" * 10_000_000, id="10 MB line"),
    pytest.param(JSON, answer(hours_of(DAY)).decode().encode("utf-16"), id="UTF-16"),
    pytest.param(JSON, b'[{"mpNr": "\0"}]', id="NUL"),
    pytest.param(JSON, b'{"title": "M2M-ERR-003", "invalid-params": []}', id="the operator's refusal"),
    pytest.param(JSON, b"[,]", id="comma"),
    pytest.param(JSON, b'[{"mpNr": "1",}]', id="trailing comma"),
    pytest.param(CSV, b"", id="csv empty"),
    pytest.param(CSV, b"kWh\n1", id="csv without dates"),
    pytest.param(CSV, b"date;kWh;kWh\n", id="csv two values"),
    pytest.param(CSV, b"date;kWh\n" + b"9" * 10_000_000, id="csv 10 MB line"),
    pytest.param(CSV, b"date;kWh\n2024-05-05 01:00\0;1", id="csv NUL"),
    pytest.param(CSV, "date;kWh\nmaijā;1".encode("cp1257"), id="csv cp1257"),
    pytest.param(CSV, "date;kWh\n".encode("utf-16"), id="csv UTF-16"),
    pytest.param(WMBUS, b'{"id": "' + b"1" * 10_000_000, id="wmbus 10 MB line"),
    pytest.param(WMBUS, b'\xff\xfe{"id": "1"}', id="wmbus wrong encoding"),
]


@pytest.mark.parametrize(("format", "content"), WHOLE_REFUSED)
async def test_a_file_of_another_kind_is_refused_whole(smart, format, content):
    with pytest.raises(FileRefused) as refused:
        await smart.take(content, format=format, point=EIC)

    assert refused.value.message
    assert await smart.counts() == (0, 0, 0)


async def test_a_file_that_breaks_off_after_a_full_batch_leaves_nothing(smart, monkeypatch):
    monkeypatch.setattr("mains_server.intervals.operations.VALUES_AT_ONCE", 10)
    meters = [{"mNr": "M-1", "cList": hours_of(DAY + timedelta(days=at))} for at in range(3)]
    content = written([{"mpNr": "1", "mList": [meter]} for meter in meters])

    with pytest.raises(FileRefused):
        await smart.take(content[:-30])

    assert await smart.counts() == (0, 0, 0)


ROW_REFUSED = [
    pytest.param(JSON, answer([{**hours_of(DAY)[0], "cVV": D("-1")}]), "negative", id="negative"),
    pytest.param(JSON, answer([{**hours_of(DAY)[0], "cVV": "1"}]), "not_a_number", id="text for a number"),
    pytest.param(JSON, answer([{**hours_of(DAY)[0], "cVV": True}]), "not_a_number", id="true for a number"),
    pytest.param(JSON, answer([{**hours_of(DAY)[0], "cVV": D("1e400")}]), "too_large", id="huge"),
    pytest.param(JSON, answer([{**hours_of(DAY)[0], "cVV": D("1.2345678")}]), "too_fine", id="too fine"),
    pytest.param(JSON, answer([{**hours_of(DAY)[0], "cVRSt": "X"}]), "status", id="status"),
    pytest.param(JSON, answer([{**hours_of(DAY)[0], "cVRSt": 5}]), "status", id="status is a number"),
    pytest.param(JSON, answer([{**hours_of(DAY)[0], "cDt": 5}]), "stamp", id="stamp is a number"),
    pytest.param(JSON, answer([{**hours_of(DAY)[0], "cDt": "2024-13-01T00:00:00Z"}]), "stamp", id="month 13"),
    pytest.param(JSON, answer([{**hours_of(DAY)[0], "cDt": "2024-05-05T00:07:00Z"}]), "stamp", id="minute 7"),
    pytest.param(JSON, answer([{**hours_of(DAY)[0], "cDt": "0001-01-01T00:00:00+02:00"}]), "stamp", id="year 1"),
    pytest.param(JSON, answer(["text"]), "shape", id="text for an element"),
    pytest.param(CSV, b"date;kWh\n2024-05-05 01:00;=1+1", "not_a_number", id="csv formula"),
    pytest.param(CSV, b"date;kWh\n1,5;2024-05-05 01:00", "stamp", id="csv swapped"),
    pytest.param(CSV, b"date;kWh\n2024-05-05 01:00;1;5", "shape", id="csv columns"),
    pytest.param(CSV, b"date;kWh\n2024-05-05 01:00;-1", "negative", id="csv negative"),
    pytest.param(CSV, b"date;kWh\n2024-05-05 01:00;NaN", "not_a_number", id="csv NaN"),
    pytest.param(CSV, b"date;kWh\n2024-05-05 01:00;1e5", "not_a_number", id="csv exponent"),
    pytest.param(CSV, b"date;kWh\n2024-03-31 03:30;1", "no_such_time", id="csv hour that never was"),
    pytest.param(CSV, b"date;kWh\n2024-05-05 01:00;1\n2024-05-05 01:00;2", "conflict", id="csv doubled"),
    pytest.param(WMBUS, b"{", "shape", id="wmbus truncated"),
    pytest.param(WMBUS, b"[" * 9_000, "shape", id="wmbus deep"),
    pytest.param(WMBUS, b'{"id": "44503169", "timestamp": "x", "total_kwh": 1}', "stamp", id="wmbus stamp"),
    pytest.param(WMBUS, b'{"id": "44503169", "timestamp": "2024-02-01T00:05:00Z"}', "shape", id="wmbus no totals"),
    pytest.param(
        WMBUS,
        TELEGRAM.replace(b"5}", b"NaN}"),
        "not_a_number",
        id="wmbus NaN",
    ),
    pytest.param(
        WMBUS,
        TELEGRAM.replace(b"5}", b"-1}"),
        "negative",
        id="wmbus negative",
    ),
]


@pytest.mark.parametrize(("format", "content", "code"), ROW_REFUSED)
async def test_a_wrong_row_is_refused_by_its_name(smart, format, content, code):
    report = await smart.take(content, format=format, point=EIC)

    assert [row.code for row in report.refused] == [code]
    assert sum(day[3] for day in await smart.days()) == 0
    assert (await smart.counts())[2] == 0


async def test_the_refused_rows_that_are_told_are_bounded(smart):
    report = await smart.take(answer(["x"] * 5000))

    assert (report.rows_refused, len(report.refused)) == (5000, 100)


async def test_stamps_with_offsets_need_no_order(smart):
    await smart.take(answer(hours_of(DAY)[::-1]))

    assert (await smart.days())[0][2:5] == (24, 24, D(12))
