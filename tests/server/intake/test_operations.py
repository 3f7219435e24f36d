"""Files and groups of readings: who may send them, what becomes of each row, and that nothing is done twice."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal as D

import pytest
from mains_server.access.operations import IdempotencyKeyReused, transfer_ownership
from mains_server.access.records import Refusal
from mains_server.db.unit_of_work import unit_of_work
from mains_server.intake.operations import (
    READINGS_MAX,
    BuildingUnknown,
    TooManyReadings,
    UploadExpired,
    UploadNotAllowed,
    UploadUnknown,
    UploadUsed,
    create_upload,
    submit_many,
    take_upload,
)
from mains_server.intake.records import ManyReading, ManyReadings, UploadMode, UploadRequest, UploadStatus
from mains_server.metering.records import ReadingSource
from sqlalchemy import text

from tests.server.intake.conftest import NOW, csv, shown_in

pytestmark = pytest.mark.asyncio
GOOD = ("KU-1;hot_water;31.03.2023;105,5", "KU-2;hot_water;31.03.2023;106")
BAD = "KU-3;hot_water;31.03.2023;99"


async def announced(engine, house, *, viewer=None, **changes):
    request = UploadRequest(building_id=house.building, source=ReadingSource.MANAGER, mode=UploadMode.PER_ROW)
    async with unit_of_work(engine) as session:
        return await create_upload(
            session, viewer=viewer or house.manager, request=replace(request, **changes), now=NOW
        )


async def sent(engine, token, *lines, sha256="a", now=NOW, **changes):
    async with unit_of_work(engine) as session:
        return await take_upload(session, token=token, file=csv(*lines, **changes), sha256=sha256, now=now)


def told(rows):
    return [(row.line, row.outcome.name, row.code) for row in rows]


async def test_each_row_of_a_managers_file_is_taken_or_refused(engine, house):
    upload = await announced(engine, house)

    report = await sent(engine, upload.token, *GOOD, BAD, "KU-9;;31.03.2023;7", "KU-1;;31.03.2023;=1")

    assert report.status is UploadStatus.TAKEN
    assert told(report.rows) == [
        (2, "ACCEPTED", None),
        (3, "ACCEPTED", None),
        (4, "REFUSED", "READING_RUNS_BACKWARDS"),
        (5, "REFUSED", "METER_UNKNOWN"),
        (6, "REFUSED", "CELL_IS_FORMULA"),
    ]
    assert await shown_in(engine, house, 1) == [(D("105.500000"), "MANAGER", "ACCEPTED")]
    assert await shown_in(engine, house, 3) == []


async def test_all_or_nothing_takes_nothing_and_still_reports_every_row(engine, house):
    upload = await announced(engine, house, mode=UploadMode.ALL_OR_NOTHING)

    report = await sent(engine, upload.token, *GOOD, BAD)

    assert (report.status, report.code) == (UploadStatus.REFUSED, "ROWS_REFUSED")
    assert told(report.rows) == [
        (2, "LEFT_OUT", None),
        (3, "LEFT_OUT", None),
        (4, "REFUSED", "READING_RUNS_BACKWARDS"),
    ]
    assert await shown_in(engine, house, 1) == []


async def test_all_or_nothing_takes_all_that_is_right(engine, house):
    upload = await announced(engine, house, mode=UploadMode.ALL_OR_NOTHING)

    report = await sent(engine, upload.token, *GOOD, GOOD[0])

    assert report.status is UploadStatus.TAKEN
    assert told(report.rows) == [(2, "ACCEPTED", None), (3, "ACCEPTED", None), (4, "UNCHANGED", "ROW_REPEATED")]


async def test_the_same_bytes_get_the_same_report_and_others_none(engine, house):
    upload = await announced(engine, house)
    first = await sent(engine, upload.token, *GOOD, BAD)

    again = await sent(engine, upload.token, *GOOD, BAD, now=NOW + timedelta(hours=1))

    assert again == first
    with pytest.raises(UploadUsed):
        await sent(engine, upload.token, GOOD[0], sha256="b")
    assert len(await shown_in(engine, house, 1)) == 1


async def test_what_was_known_before_is_unchanged(engine, house):
    await sent(engine, (await announced(engine, house)).token, *GOOD)

    report = await sent(engine, (await announced(engine, house)).token, *GOOD)

    assert told(report.rows) == [(2, "UNCHANGED", None), (3, "UNCHANGED", None)]


async def test_an_address_expires_and_a_made_up_one_is_unknown(engine, house):
    upload = await announced(engine, house)

    with pytest.raises(UploadExpired):
        await sent(engine, upload.token, *GOOD, now=NOW + timedelta(minutes=15))
    with pytest.raises(UploadUnknown):
        await sent(engine, "made-up", *GOOD)
    assert await shown_in(engine, house, 1) == []


async def test_a_file_that_cannot_be_read_is_refused_whole(engine, house):
    upload = await announced(engine, house)

    report = await sent(engine, upload.token, "x", header="Tariff;Price")

    assert (report.status, report.code, report.rows) == (UploadStatus.REFUSED, "FILE_COLUMNS", ())


async def test_columns_that_nobody_reads_are_named(engine, house):
    upload = await announced(engine, house)

    report = await sent(engine, upload.token, "hi;L10-1;31.03.2023;105", header="Note;EIC;Date;Value")

    assert report.message == "columns that were not read: Note"
    assert told(report.rows) == [(2, "ACCEPTED", None)]


async def test_a_manager_who_has_lost_the_house_is_refused_when_the_file_comes(engine, house):
    upload = await announced(engine, house)
    async with unit_of_work(engine) as session:
        await transfer_ownership(session, customer_id=house.customers[0], person_id=house.stranger.person_id, now=NOW)

    with pytest.raises(BuildingUnknown):
        await sent(engine, upload.token, *GOOD, now=NOW + timedelta(minutes=1))

    assert await shown_in(engine, house, 1) == []


@pytest.mark.parametrize(
    ("who", "changes", "refusal"),
    [
        ("family", {}, BuildingUnknown),
        ("stranger", {}, BuildingUnknown),
        ("manager", {"building_id": None}, BuildingUnknown),
        ("manager", {"building_id": 999}, BuildingUnknown),
        ("manager", {"source": ReadingSource.INSTALLER}, UploadNotAllowed),
        ("clerk", {"source": ReadingSource.CONTROL_ROUND}, UploadNotAllowed),
        ("staff", {"source": ReadingSource.MANAGER}, UploadNotAllowed),
        ("staff", {"source": ReadingSource.SMART_METER}, UploadNotAllowed),
        ("staff", {"source": ReadingSource.STAFF, "building_id": 999}, BuildingUnknown),
    ],
)
async def test_only_managers_and_operators_get_an_address(engine, house, who, changes, refusal):
    with pytest.raises(refusal):
        await announced(engine, house, viewer=getattr(house, who), **changes)


async def test_an_installer_files_readings_of_any_meter(engine, house):
    upload = await announced(engine, house, viewer=house.staff, building_id=None, source=ReadingSource.INSTALLER)

    report = await sent(engine, upload.token, "ku-1;L10-1;2023-03-31;105;m³", header="meter;eic;date;value;unit")

    assert told(report.rows) == [(2, "ACCEPTED", None)]
    assert await shown_in(engine, house, 1) == [(D("105.000000"), "INSTALLER", "ACCEPTED")]


def many(house, *values, key="k", mode=UploadMode.PER_ROW):
    readings = tuple(ManyReading(register_id=house.register(place), value=D(value)) for place, value in values)
    return ManyReadings(idempotency_key=key, mode=mode, readings=readings)


async def submitted(engine, viewer, request):
    async with unit_of_work(engine) as session:
        return await submit_many(session, viewer=viewer, request=request, now=NOW)


async def test_a_manager_sends_in_a_whole_house_at_once(engine, house):
    reports = await submitted(engine, house.manager, many(house, (3, "103"), (1, "99"), (2, "102"), (0, "101")))

    assert told(reports) == [
        (1, "ACCEPTED", None),
        (2, "REFUSED", "READING_RUNS_BACKWARDS"),
        (3, "ACCEPTED", None),
        (4, "ACCEPTED", None),
    ]
    assert await shown_in(engine, house, 3) == [(D("103.000000"), "MANAGER", "ACCEPTED")]


async def test_each_reading_of_a_file_and_of_many_is_news_of_its_own(engine, house):
    """Who looks on is told of rows, and rows are readings: the flat's customer and the house's, each by itself."""
    upload = await announced(engine, house)
    await sent(engine, upload.token, *GOOD, BAD)
    await submitted(engine, house.manager, many(house, (3, "103"), (1, "99")))

    async with engine.connect() as connection:
        news = "select customer_id from outbox_event where kind = 'reading.accepted' order by id"
        heard = list(await connection.scalars(text(news)))
    assert heard == [house.customers[place] for place in (0, 1, 0, 2, 0, 3)]


async def test_many_all_or_nothing_leaves_nothing(engine, house):
    reports = await submitted(engine, house.manager, many(house, (1, "101"), (2, "99"), mode=UploadMode.ALL_OR_NOTHING))

    assert told(reports) == [(1, "LEFT_OUT", None), (2, "REFUSED", "READING_RUNS_BACKWARDS")]
    assert await shown_in(engine, house, 1) == []


async def test_many_are_taken_once_for_each_key(engine, house):
    first = await submitted(engine, house.manager, many(house, (1, "101"), (2, "102")))

    assert await submitted(engine, house.manager, many(house, (1, "101"), (2, "102"))) == first
    with pytest.raises(IdempotencyKeyReused):
        await submitted(engine, house.manager, many(house, (1, "101")))
    assert len(await shown_in(engine, house, 1)) == 1


async def test_everybody_may_send_several_of_their_own(engine, house):
    reports = await submitted(engine, house.family, many(house, (1, "101"), (2, "102")))

    assert told(reports) == [(1, "ACCEPTED", None), (2, "REFUSED", "REGISTER_UNKNOWN")]
    assert await shown_in(engine, house, 1) == [(D("101.000000"), "PORTAL", "ACCEPTED")]


@pytest.mark.parametrize("count", [0, READINGS_MAX + 1])
async def test_the_number_at_once_is_bounded(engine, house, count):
    with pytest.raises(TooManyReadings):
        await submitted(engine, house.manager, many(house, *[(1, "101")] * count))


async def test_every_refusal_of_the_room_has_a_code(engine):
    codes = [refusal.code for refusal in Refusal.__subclasses__() if refusal.__module__.endswith("intake.operations")]

    assert len(codes) == len(set(codes)) == 6
