"""Telegrams as wmbusmeters prints them."""

import io
from datetime import UTC, date, datetime
from decimal import Decimal as D

from mains_server.intervals.records import RefusedRow
from mains_server.intervals.wmbusmeters import Telegram, counted_for, read_telegrams

from tests.server.intervals.conftest import written

HEARD = datetime(2024, 2, 3, 22, 5, tzinfo=UTC)
HEAT = {
    "_": "telegram", "media": "heat", "meter": "istaheat", "name": "Flat", "id": "44503169", "status": "OK",
    "total_kwh": D("4981.4"), "target_kwh": D("4165.8"), "target_date": "2024-01-31", "target_m3": D("281.4"),
    "last_year_kwh": 2612, "last_year_date": "2023-12-31", "timestamp": "2024-02-03T22:05:00Z",
}  # fmt: skip


def read(*documents):
    return list(read_telegrams(io.BytesIO(b"\n".join(written(document) for document in documents))))


def test_a_heat_meter_tells_its_total_and_those_of_the_last_month_and_year():
    assert read(HEAT) == [
        Telegram("44503169", "kWh", D("4981.4"), HEARD, None, 1),
        Telegram("44503169", "kWh", D("4165.8"), HEARD, date(2024, 1, 31), 1),
        Telegram("44503169", "m3", D("281.4"), HEARD, date(2024, 1, 31), 1),
        Telegram("44503169", "kWh", D(2612), HEARD, date(2023, 12, 31), 1),
    ]


def test_a_month_that_ended_counts_for_the_day_after():
    total, target, *_ = read(HEAT)

    assert counted_for(total, on=date(2024, 2, 4)) == date(2024, 2, 4)
    assert counted_for(target, on=date(2024, 2, 4)) == date(2024, 2, 1)


def test_a_new_meter_has_no_month_yet():
    found = read({**HEAT, "target_kwh": 0, "target_m3": 0, "target_date": "2000-00-00", "last_year_kwh": 0})

    assert [telegram.value for telegram in found] == [D("4981.4")]


def test_a_line_that_is_no_telegram_is_told_and_the_next_is_read():
    found = read([], {**HEAT, "target_kwh": None, "target_m3": None, "last_year_kwh": None})

    assert isinstance(found[0], RefusedRow)
    assert (found[1].value, found[1].row) == (D("4981.4"), 2)
