"""Totals of radio meters become readings, once a day, and never against the readings around them."""

from datetime import UTC, date, datetime
from decimal import Decimal as D
from types import SimpleNamespace
from typing import Any

import pytest
import pytest_asyncio
from mains_server.adapters.host import AdapterHost
from mains_server.contracts.operations import conclude_contract
from mains_server.contracts.records import Coverage, NewContract
from mains_server.customers.operations import create_customer
from mains_server.customers.records import CustomerKind, NewCustomer
from mains_server.db.unit_of_work import unit_of_work
from mains_server.intervals.records import IntervalFormat
from mains_server.metering.loading import Books
from mains_spi import Labels, Problem
from mains_spi.readings import USUAL_READING_RULES

from tests.server.intervals.conftest import NOW, PLACE, written
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
        ({"total_kwh": 1_000_000_000}, "too_large"),
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


def on(day, kwh):
    return {"id": "44503169", "timestamp": f"2024-02-{day:02}T00:05:00Z", "total_kwh": kwh}


async def statuses(smart):
    return await smart.rows(
        "select counts_for, status, reasons from reading where source = 'SMART_METER' order by counts_for, id"
    )


async def test_what_is_far_above_the_habit_waits_for_somebody_and_does_not_count(smart):
    """Ten times the habit of a day is far below 1 MWh, and rounded up to that: 1.2 a day is odd, 0.9 in two is not."""
    habit = [on(1, 1600), on(2, 1700), on(3, 1800)]

    report = await take(smart, *habit, on(4, 3000), on(5, 2700))

    assert (report.days_new, report.days_flagged, report.rows_refused) == (5, 1, 0)
    assert await statuses(smart) == [
        (date(2024, 2, 1), "ACCEPTED", None),
        (date(2024, 2, 2), "ACCEPTED", None),
        (date(2024, 2, 3), "ACCEPTED", None),
        (date(2024, 2, 4), "FLAGGED", ["HIGH"]),
        (date(2024, 2, 5), "ACCEPTED", None),
    ]


@pytest.mark.parametrize("status", ["FLAGGED", "REJECTED"])
async def test_what_waits_or_was_rejected_is_not_told_anew(smart, status):
    told = (on(1, 1600), on(2, 1700), on(3, 1800), on(4, 3000))
    await take(smart, *told)
    await smart.rows("update reading set status = :status where status = 'FLAGGED' returning id", status=status)

    report = await take(smart, *told)

    assert (report.days_new, report.days_unchanged, report.days_flagged) == (0, 4, 0)
    assert len(await readings(smart)) == 4


async def test_a_register_that_restarts_at_zero_goes_on(smart):
    await smart.rows("update meter set digits = 1 where serial = '44503169' returning id")
    await smart.rows("update reading set value = 9.5 where register_id = :heat returning id", heat=smart.heat)

    report = await take(smart, on(1, 200))

    assert (report.days_new, report.rows_refused) == (1, 0)
    assert (await readings(smart))[0][1] == D("0.2")


def judged_by_adapter(request):
    """Find every second reading impossible, and the others odd."""
    severity = "refuse" if request.reading.value > D("1.6") else "warn"
    return (Problem("odd", Labels("dīvaini", "odd", "странно"), severity=severity),)


@pytest_asyncio.fixture
async def heat_contract(smart):
    """Have a contract on the heat meter's place, and give the host of its adapter, which has an opinion."""
    ((point,),) = await smart.rows("select id from supply_point where identifier = 'H-1'")
    async with unit_of_work(smart.engine) as session:
        new = NewCustomer(number="K-1", kind=CustomerKind.PRIVATE, name="Anna", language="lv", address=PLACE)
        customer = await create_customer(session, customer=new, now=NOW)
        contract = NewContract(
            customer_id=customer, number="L-1", adapter="heat", product="p", starts=date(2023, 12, 1),
            covers=(Coverage(supply_point_id=point),),
        )  # fmt: skip
        await conclude_contract(session, contract=contract)
    adapter: Any = SimpleNamespace(
        utility=SimpleNamespace(reading_rules=USUAL_READING_RULES),
        hooks=frozenset({"check_reading"}),
        check_reading=judged_by_adapter,
    )
    return AdapterHost(adapters=(), live={"heat": adapter})


async def test_the_adapter_of_the_place_is_asked(smart, heat_contract):
    report = await take(smart, on(1, 1600), on(2, 1700), host=heat_contract)

    assert [(row.row, row.code) for row in report.refused] == [(2, "adapter_refused")]
    assert await statuses(smart) == [(date(2024, 2, 1), "FLAGGED", ["ADAPTER_ODD"])]


async def estimate(smart, *, counts_for, value):
    """Have the day of a month that nobody read billed on an estimate."""
    await smart.rows(
        "insert into reading (register_id, supply_point_id, taken_at, counts_for, value, source, quality, status,"
        " received_at) select id, supply_point_id, :now, :day, :value, 'ESTIMATION', 'ESTIMATED', 'ACCEPTED', :now"
        " from register where id = :register returning id",
        register=smart.heat, day=counts_for, value=value, now=NOW,
    )  # fmt: skip


async def told_for(smart, day):
    return await smart.rows("select value, status, quality from reading where counts_for = :day order by id", day=day)


class Ledgers:
    """Stands in for the rooms that know bills: it says what was billed, and hears what is to be corrected."""

    def __init__(self, *, billed):
        self.noted = []
        self.books = Books(is_billed=self._is_billed, note_correction=self._note)
        self._billed = billed

    async def _is_billed(self, session, contracts, day):
        return self._billed

    async def _note(self, session, *, contracts, day, reading_id, now):
        self.noted.append(day)


@pytest.mark.parametrize("billed", [False, True])
async def test_a_late_total_takes_the_place_of_an_estimate(smart, heat_contract, billed):
    await estimate(smart, counts_for=date(2024, 2, 1), value=D(4))
    ledgers = Ledgers(billed=billed)

    report = await take(smart, MONTH, books=ledgers.books)
    again = await take(smart, MONTH, books=ledgers.books)

    assert (report.days_new, report.rows_refused, again.days_new) == (2, 0, 0)
    assert ledgers.noted == [date(2024, 2, 1)] * billed
    assert await told_for(smart, date(2024, 2, 1)) == [
        (D("4.000000"), "SUPERSEDED", "ESTIMATED"), (D("4.165800"), "ACCEPTED", "ACTUAL"),
    ]  # fmt: skip


async def test_an_odd_total_waits_beside_the_estimate(smart, heat_contract):
    await take(smart, on(1, 1600), on(2, 1700), on(3, 1800))
    await estimate(smart, counts_for=date(2024, 2, 4), value=D("1.9"))
    ledgers = Ledgers(billed=True)

    report = await take(smart, on(4, 3000), books=ledgers.books)

    assert (report.days_new, report.days_flagged, ledgers.noted) == (1, 1, [])
    assert await told_for(smart, date(2024, 2, 4)) == [
        (D("1.900000"), "ACCEPTED", "ESTIMATED"), (D("3.000000"), "FLAGGED", "ACTUAL"),
    ]  # fmt: skip


async def test_without_the_books_an_estimate_stays_and_the_others_are_taken(smart):
    await estimate(smart, counts_for=date(2024, 2, 1), value=D(4))

    report = await take(smart, MONTH)

    assert [(row.row, row.code) for row in report.refused] == [(1, "estimated")]
    assert await readings(smart) == [(date(2024, 2, 4), D("4.981400"), "ACTUAL")]
