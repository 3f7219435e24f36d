"""Staff look at flagged readings, and fit and replace meters."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
import pytest_asyncio
from mains_schema.declaring.node import encode_id
from mains_schema.served import schema
from mains_server.access.records import StaffRole, Viewer
from mains_server.metering.records import ReadingStatus
from mains_server.metering.tables import Reading
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.schema.asking import NOW, Asker, clerk, owner
from tests.schema.metering_documents import FLAGGED, STAFF_MUTATIONS
from tests.schema.town import reading, settle

pytestmark = pytest.mark.asyncio
HIGH, LATER_HIGH, ODD = 900_001, 900_002, 900_003


def flagged(id_: int, n: int, *, value: str, reasons: list[str], minutes: int = 0) -> dict[str, Any]:
    row = reading(n, 14) | {"id": id_, "value": Decimal(value), "status": ReadingStatus.FLAGGED, "reasons": reasons}
    return row | {"counts_for": date(2023, 3, 15), "received_at": NOW - timedelta(minutes=minutes)}


@pytest_asyncio.fixture
async def asker(engine: AsyncEngine) -> Asker:
    async with engine.begin() as connection:
        await settle(connection, customers=4)
        rows = [
            flagged(HIGH, 1, value="1500", reasons=["HIGH", "LOOKS_SWAPPED"], minutes=3),
            flagged(LATER_HIGH, 2, value="2500", reasons=["HIGH"], minutes=2),
            flagged(ODD, 4, value="4014", reasons=["ZERO"], minutes=1),
        ]
        await connection.execute(insert(Reading), rows)
        for table in ("reading", "meter", "register"):
            await connection.exec_driver_sql(f"select setval('{table}_id_seq', 1000000)")
    return Asker(schema(), engine)


async def do(asker: Asker, name: str, viewer: Viewer | None = None, **given: Any) -> Any:
    answer = await asker.resolve(STAFF_MUTATIONS[name], viewer=viewer or clerk(), input=given)
    return answer.data[name] if answer.data and not answer.errors else answer.codes


def id_of(number: int, type_name: str = "Reading") -> str:
    return encode_id(type_name=type_name, number=number)


@pytest.mark.parametrize(
    ("order", "filter_", "expected"),
    [
        ("OLDEST", None, [HIGH, LATER_HIGH, ODD]),
        ("NEWEST", None, [ODD, LATER_HIGH, HIGH]),
        ("OLDEST", {"reasons": ["HIGH"]}, [HIGH, LATER_HIGH]),
        ("OLDEST", {"reasons": ["ZERO", "LOOKS_SWAPPED"]}, [HIGH, ODD]),
        ("OLDEST", {"reasons": []}, []),
        ("OLDEST", {"adapter": "heat_co"}, [HIGH, LATER_HIGH, ODD]),
        ("OLDEST", {"adapter": "other"}, []),
        ("OLDEST", {"adapter": "heat_co", "reasons": ["ZERO"]}, [ODD]),
    ],
)
async def test_the_queue_is_read_in_order_and_by_reason(asker: Asker, order: str, filter_: Any, expected: Any) -> None:
    answer = await asker.ask(FLAGGED, viewer=clerk(), order=order, filter=filter_)

    assert answer.errors == []
    page = answer.data["staff"]["flaggedReadings"]
    assert [node["id"] for node in page["nodes"]] == [id_of(number) for number in expected]
    assert page["totalCount"] == len(expected)


async def test_the_queue_shows_why(asker: Asker) -> None:
    answer = await asker.ask(FLAGGED, viewer=clerk(), order="OLDEST", filter={"reasons": ["LOOKS_SWAPPED"]})

    assert answer.data["staff"]["flaggedReadings"]["nodes"] == [
        {
            "id": id_of(HIGH),
            "status": "FLAGGED",
            "reasons": ["HIGH", "LOOKS_SWAPPED"],
            "value": {"value": "1500.000000", "unit": "MWh"},
            "receivedAt": "2023-03-20T09:57:00.000Z",
            "register": {"code": "heat", "meter": {"serial": "M-1"}},
        }
    ]


async def test_the_queue_is_for_employees(asker: Asker) -> None:
    assert (await asker.resolve(FLAGGED, viewer=owner(1))).codes == ["FORBIDDEN"]


async def test_a_flagged_reading_is_accepted_once(asker: Asker) -> None:
    first = await do(asker, "readingAccept", readingId=id_of(HIGH), note="Called; a new sauna")
    again = await do(asker, "readingAccept", readingId=id_of(HIGH))

    assert first == again
    assert first["userErrors"] == []
    assert first["reading"] | {"value": None} == {
        "id": id_of(HIGH),
        "status": "ACCEPTED",
        "reasons": ["HIGH", "LOOKS_SWAPPED"],
        "decidedAt": "2023-03-20T10:00:00.000Z",
        "decisionNote": "Called; a new sauna",
        "value": None,
        "supersededBy": None,
    }
    refused = await do(asker, "readingReject", readingId=id_of(HIGH), note="No")
    assert refused["userErrors"] == [{"code": "READING_DECIDED", "path": None, "retryable": False}]


async def test_a_flagged_reading_is_rejected_once_with_a_reason(asker: Asker) -> None:
    silent = await do(asker, "readingReject", readingId=id_of(ODD), note=" ")
    endless = await do(asker, "readingReject", readingId=id_of(ODD), note="x" * 1001)
    first = await do(asker, "readingReject", readingId=id_of(ODD), note="Nobody was there")
    again = await do(asker, "readingReject", readingId=id_of(ODD), note="Nobody was there")
    refused = await do(asker, "readingAccept", readingId=id_of(ODD))

    wrong = [{"code": "DECISION_NOTE_WRONG", "path": "note", "retryable": False}]
    assert silent["userErrors"] == endless["userErrors"] == wrong
    assert first == again
    assert (first["reading"]["status"], first["reading"]["decisionNote"]) == ("REJECTED", "Nobody was there")
    assert refused["userErrors"] == [{"code": "READING_DECIDED", "path": None, "retryable": False}]


async def test_a_flag_that_a_later_reading_contradicts_is_not_accepted(asker: Asker) -> None:
    async with asker.engine.begin() as connection:
        later = reading(1, 14) | {"id": 900_010, "counts_for": date(2023, 3, 18), "value": Decimal(1100)}
        await connection.execute(insert(Reading), [later])

    refused = await do(asker, "readingAccept", readingId=id_of(HIGH))

    assert refused["userErrors"] == [{"code": "READING_ABOVE_LATER_ONE", "path": "value", "retryable": False}]
    assert refused["reading"] is None


@pytest.mark.parametrize("number", [100, 999_999])
async def test_what_does_not_wait_is_not_decided(asker: Asker, number: int) -> None:
    for name, note in (("readingAccept", None), ("readingReject", "no")):
        refused = await do(asker, name, readingId=id_of(number), note=note or "n")
        assert refused["userErrors"] == [{"code": "READING_UNKNOWN", "path": "readingId", "retryable": False}]


INSTALL = {
    "supplyPointId": id_of(3, "SupplyPoint"),
    "installedOn": "2023-03-10",
    "meter": {
        "serial": "N-1",
        "digits": 6,
        "registers": [
            {"code": "T1", "quantity": "kwh", "unit": "kWh", "zone": "day", "firstValue": "10.5"},
            {"code": "T2", "quantity": "kwh", "unit": "kWh", "zone": "night", "firstValue": "0"},
        ],
    },
    "idempotencyKey": "fit",
}
REPLACE = {
    "meterId": id_of(1, "Meter"),
    "replacedOn": "2023-03-16",
    "finalValues": [{"code": "heat", "value": "1020.5"}],
    "meter": {
        "serial": "N-2",
        "digits": 5,
        "registers": [{"code": "heat", "quantity": "heat", "unit": "MWh", "firstValue": "3"}],
    },
    "idempotencyKey": "swap",
}


def meter(**changes: Any) -> dict[str, Any]:
    return {"meter": INSTALL["meter"] | changes}  # type: ignore[operator]


async def test_a_two_zone_meter_is_fitted_once(asker: Asker) -> None:
    first = await do(asker, "meterInstall", **INSTALL)
    again = await do(asker, "meterInstall", **INSTALL)

    assert first == again
    shown = [{"countsFor": "2023-03-10", "value": {"value": value}, "source": "INSTALLER"} for value in ("10.500000",)]
    assert first["userErrors"] == []
    assert first["meter"]["installed"] == {"from": "2023-03-10", "to": None}
    assert [(register["code"], register["zone"]) for register in first["meter"]["registers"]] == [
        ("T1", "day"), ("T2", "night"),
    ]  # fmt: skip
    assert first["meter"]["registers"][0]["readings"]["nodes"] == shown
    reused = await do(asker, "meterInstall", **INSTALL | {"installedOn": "2023-03-11"})
    assert reused["userErrors"][0]["code"] == "IDEMPOTENCY_KEY_REUSED"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"supplyPointId": id_of(404, "SupplyPoint")}, "SUPPLY_POINT_UNKNOWN"),
        ({"installedOn": "2023-03-21"}, "METER_DATES_WRONG"),
        ({"installedOn": "1899-12-31"}, "METER_DATES_WRONG"),
        (meter(digits=0), "METER_MALFORMED"),
        (meter(digits=13), "METER_MALFORMED"),
        (meter(serial=" "), "METER_MALFORMED"),
        (meter(multiplier="0"), "METER_MALFORMED"),
        (meter(registers=[]), "METER_MALFORMED"),
        (meter(registers=[INSTALL["meter"]["registers"][0]] * 2), "METER_MALFORMED"),  # type: ignore[index]
        (meter(digits=1), "READING_TOO_LARGE"),
        ({"idempotencyKey": ""}, "IDEMPOTENCY_KEY_MALFORMED"),
        (
            {
                "supplyPointId": id_of(1, "SupplyPoint"),
                **meter(registers=[{"code": "h", "quantity": "heat", "unit": "MWh", "firstValue": "0"}]),
            },
            "METER_IN_PLACE",
        ),
    ],
)
async def test_a_meter_that_cannot_be_is_refused(asker: Asker, changes: dict[str, Any], code: str) -> None:
    refused = await do(asker, "meterInstall", **INSTALL | changes)

    assert [error["code"] for error in refused["userErrors"]] == [code]
    assert refused["meter"] is None


async def test_a_smart_meter_is_fitted_without_a_first_value(asker: Asker) -> None:
    register = {"code": "T1", "quantity": "kwh", "unit": "kWh", "collection": "INTERVALS"}

    fitted = await do(asker, "meterInstall", **INSTALL | meter(registers=[register]))

    assert fitted["userErrors"] == []
    (shown,) = fitted["meter"]["registers"]
    assert (shown["collection"], shown["readings"]["nodes"]) == ("INTERVALS", [])


async def test_a_meter_that_people_read_shows_something_when_it_is_fitted(asker: Asker) -> None:
    register = {"code": "T1", "quantity": "kwh", "unit": "kWh"}

    for collection in ("MANUAL", "REMOTE"):
        refused = await do(asker, "meterInstall", **INSTALL | meter(registers=[register | {"collection": collection}]))
        assert [error["code"] for error in refused["userErrors"]] == ["METER_MALFORMED"]


async def test_a_meter_is_replaced_once_inside_a_month(asker: Asker) -> None:
    first = await do(asker, "meterReplace", **REPLACE)
    again = await do(asker, "meterReplace", **REPLACE)

    assert first == again
    assert first["userErrors"] == []
    assert (first["meter"]["serial"], first["meter"]["installed"]["from"]) == ("N-2", "2023-03-16")
    other = await do(asker, "meterReplace", **REPLACE | {"idempotencyKey": "other"})
    assert other["userErrors"][0]["code"] == "METER_UNKNOWN"


@pytest.mark.parametrize(
    ("name", "given", "path"),
    [
        ("meterInstall", {**INSTALL, "installedOn": "2023-03-21"}, "installedOn"),
        ("meterReplace", {**REPLACE, "replacedOn": "2023-03-21"}, "replacedOn"),
        ("meterReplace", {**REPLACE, "meterId": id_of(404, "Meter")}, "meterId"),
        ("meterReplace", {**REPLACE, "finalValues": [{"code": "heat", "value": "1000"}]}, "finalValues"),
    ],
)
async def test_a_refusal_names_the_field_it_is_about(asker: Asker, name: str, given: dict[str, Any], path: str) -> None:
    refused = await do(asker, name, **given)

    assert [error["path"] for error in refused["userErrors"]] == [path]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"meterId": id_of(404, "Meter")}, "METER_UNKNOWN"),
        ({"replacedOn": "2023-03-21"}, "METER_DATES_WRONG"),
        ({"replacedOn": "2021-01-01"}, "METER_DATES_WRONG"),
        ({"finalValues": []}, "FINAL_VALUES_INCOMPLETE"),
        ({"finalValues": [{"code": "heat", "value": "1020.5"}] * 2}, "FINAL_VALUES_INCOMPLETE"),
        ({"finalValues": [{"code": "heat", "value": "1000"}]}, "READING_RUNS_BACKWARDS"),
        ({"finalValues": [{"code": "heat", "value": "-1"}]}, "READING_NEGATIVE"),
        ({"finalValues": [{"code": "heat", "value": "10000000"}]}, "READING_TOO_LARGE"),
        ({"attributes": [{"name": "zones", "value": "2"}]}, "ATTRIBUTES_REFUSED"),
        ({"attributes": [{"name": "zones", "value": "2"}] * 2}, "ATTRIBUTE_VALUE_WRONG"),
    ],
)
async def test_a_replacement_that_cannot_be_is_refused(asker: Asker, changes: dict[str, Any], code: str) -> None:
    refused = await do(asker, "meterReplace", **REPLACE | changes)

    assert [error["code"] for error in refused["userErrors"]] == [code]
    async with asker.engine.begin() as connection:
        assert (await connection.exec_driver_sql("select count(*) from meter where serial = 'N-2'")).scalar() == 0


@pytest.mark.parametrize(
    ("viewer", "code"),
    [
        (Viewer(), "UNAUTHENTICATED"),
        (owner(1), "FORBIDDEN"),
        (Viewer(person_id=1, staff=frozenset({StaffRole.BILLING_CLERK})), "FORBIDDEN"),
    ],
)
async def test_only_operators_and_administrators_do_this(asker: Asker, viewer: Viewer, code: str) -> None:
    given = {
        "readingAccept": {"readingId": id_of(HIGH)},
        "readingReject": {"readingId": id_of(HIGH), "note": "n"},
        "meterInstall": INSTALL,
        "meterReplace": REPLACE,
    }
    for name, input_ in given.items():
        assert await do(asker, name, viewer, **input_) == [code]


async def test_a_decision_is_read_alike_by_both_executors(asker: Asker) -> None:
    document, input_ = STAFF_MUTATIONS["readingAccept"], {"readingId": id_of(HIGH)}
    answers = []
    for plans in (asker.schema.plans, None):
        context = replace(asker.context(clerk()), plans=plans)
        result = await asker.schema.execute(document, variable_values={"input": input_}, context_value=context)
        answers.append((result.data, result.errors))

    assert answers[0] == answers[1]
    assert answers[0][1] is None
