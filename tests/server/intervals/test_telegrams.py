"""Totals of radio meters become readings, once a day, and never against the readings around them."""

from datetime import UTC, date, datetime
from decimal import Decimal as D

import pytest
from mains_server.intervals.records import IntervalFormat

from tests.server.intervals.conftest import written
from tests.server.intervals.test_wmbusmeters import HEAT

pytestmark = pytest.mark.asyncio
MONTH = {**HEAT, "last_year_kwh": None}


async def take(smart, *documents, **changes):
    content = b"\n".join(written(document) for document in documents)
    return await smart.take(content, format=IntervalFormat.WMBUS, **changes)


async def readings(smart):
    return await smart.rows(
        "select counts_for, value, quality from reading where source = 'SMART_METER' order by counts_for"
    )


async def test_the_total_counts_for_its_day_and_the_month_that_ended_for_its_first(smart):
    report = await take(smart, MONTH)

    assert await readings(smart) == [
        (date(2024, 2, 1), D("4.165800"), "ACTUAL"),
        (date(2024, 2, 4), D("4.981400"), "ACTUAL"),
    ]
    assert (report.days_new, report.rows_refused) == (2, 0)


async def test_the_same_telegrams_twice_change_nothing(smart):
    await take(smart, MONTH)

    report = await take(smart, MONTH)

    assert (report.days_new, report.days_unchanged) == (0, 2)
    assert len(await readings(smart)) == 2


async def test_the_first_total_of_a_day_is_the_one_that_counts(smart):
    plain = {"id": "44503169", "total_kwh": 4000}
    stamps = ("2024-02-04T10:00:00Z", "2024-02-03T22:00:00Z", "2024-02-04T21:00:00Z")

    await take(
        smart, *({**plain, "timestamp": stamp, "total_kwh": 4000 + int(stamp[8:10] + stamp[11:13])} for stamp in stamps)
    )

    assert await readings(smart) == [(date(2024, 2, 4), D("4.322000"), "ACTUAL")]
    ((taken_at,),) = await smart.rows("select taken_at from reading where source = 'SMART_METER'")
    assert taken_at == datetime(2024, 2, 3, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"id": "1"}, "unknown_meter"),
        ({"total_kwh": 1000}, "runs_backwards"),
        ({"timestamp": "2030-02-03T22:05:00Z"}, "future"),
        ({"timestamp": "2023-02-03T22:05:00Z"}, "not_installed"),
        ({"total_kwh": D("4981.4005")}, "too_fine"),
    ],
)
async def test_what_cannot_be_true_is_refused(smart, changes, code):
    plain = {"id": "44503169", "timestamp": "2024-02-03T22:05:00Z", "total_kwh": D("4981.4"), **changes}

    report = await take(smart, plain)

    assert [row.code for row in report.refused] == [code]
    assert await readings(smart) == []


async def test_a_month_told_in_two_ways_is_refused(smart):
    await take(smart, MONTH)

    report = await take(smart, {**MONTH, "target_kwh": D("4165.9")})

    assert [row.code for row in report.refused] == ["differs"]
