"""A true reading for a day billed on an estimate leaves corrections due, and later bills start from the truth."""

from datetime import UTC, date, datetime
from decimal import Decimal as D

import pytest
import pytest_asyncio
from mains_server.billing.operations import note_correction
from mains_server.books.queries import check_books
from mains_server.db.unit_of_work import read_session, unit_of_work
from mains_spi import Period

FEBRUARY = Period(date(2023, 2, 1), date(2023, 3, 1))
LATER = datetime(2023, 3, 10, 8, tzinfo=UTC)


@pytest.fixture
def estimated(town, bill, guessing):
    """Bill January on an estimate of 93 kWh, and give contract and register."""
    point = town.point()
    contract = town.contract(customer=town.customer(), points=(point,))
    register = town.meter(point)
    town.read(register, (date(2022, 1, 1), "1000"), (date(2022, 2, 1), "1093"), (date(2023, 1, 1), "2095"))
    bill(plugin=guessing)
    return contract, register


@pytest_asyncio.fixture
async def corrected(estimated, connection, engine):
    """Hear that 80 kWh were used in January; give contract, register and reading."""
    contract, register = estimated
    reading = await _told(connection, engine, contract=contract, register=register, day=date(2023, 2, 1), value="2175")
    return contract, register, reading


async def _told(connection, engine, *, contract, register, day, value):
    """Have a true reading take the estimate's place as the metering room does."""
    connection.execute(
        "update reading set status = 'SUPERSEDED' where source = 'ESTIMATION' and counts_for = %s", [day]
    )
    (reading,) = connection.execute(
        "insert into reading (register_id, supply_point_id, taken_at, counts_for, value, source, quality, status,"
        " received_at) select id, supply_point_id, %s, %s, %s, 'PORTAL', 'ACTUAL', 'ACCEPTED', %s from register"
        " where id = %s returning id",
        [LATER, day, value, LATER, register],
    ).fetchone()
    for _ in range(2):
        async with unit_of_work(engine) as session:
            await note_correction(session, contracts={contract}, day=day, reading_id=reading, now=LATER)
    return reading


def _due(connection):
    return connection.execute(
        "select d.contract_id, i.period_from, d.reading_id, d.day, d.noted_at, d.settled_at"
        " from correction_due d join invoice i on i.id = d.invoice_id order by d.id"
    ).fetchall()


@pytest.mark.asyncio
async def test_the_bill_on_the_estimate_is_due_for_correction_once(corrected, connection, engine):
    contract, _, reading = corrected

    assert _due(connection) == [(contract, date(2023, 1, 1), reading, date(2023, 2, 1), LATER, None)]
    async with read_session(engine) as session:
        report = await check_books(session)
    assert report.corrections_due == 1
    assert not [finding for finding in report.findings if finding.check == "corrections-have-invoice"]


@pytest.mark.asyncio
async def test_the_next_bill_starts_from_the_true_value(corrected, town, connection, small, bill, guessing):
    contract, register, _ = corrected
    town.read(register, (date(2023, 3, 1), "2245"))

    bill(plugin=guessing, request=small.request(FEBRUARY))

    # 93 were billed for January and 70 for February; 150 were used. The correction owes 13 kWh, 1.95 before tax.
    energy = [(line[1], line[5]) for line in small.lines(connection, contract) if line[0] == "energy"]
    assert energy == [(D(93), D("13.95")), (D(70), D("10.50"))]
    assert len(_due(connection)) == 1


@pytest.mark.asyncio
async def test_the_bill_before_and_the_bill_after_the_day_are_due(connection, small, bill, guessing, engine, estimated):
    contract, register = estimated
    bill(plugin=guessing, request=small.request(FEBRUARY))

    reading = await _told(connection, engine, contract=contract, register=register, day=date(2023, 2, 1), value="2175")

    assert [(row[1], row[2]) for row in _due(connection)] == [
        (date(2023, 1, 1), reading),
        (date(2023, 2, 1), reading),
    ]


@pytest.mark.asyncio
async def test_bills_of_other_days_and_contracts_are_not(corrected, connection, engine):
    contract, _, reading = corrected

    async with unit_of_work(engine) as session:
        for contracts, day in (
            ({contract}, date(2023, 2, 2)),
            ({contract + 1}, date(2023, 2, 1)),
            (set(), LATER.date()),
        ):
            await note_correction(session, contracts=contracts, day=day, reading_id=reading, now=LATER)

    assert len(_due(connection)) == 1
