"""A bill that went on from a figure of an earlier month is corrected when that figure comes out otherwise."""

from datetime import UTC, date, datetime
from decimal import Decimal as D

import pytest
from mains_server.billing.corrections import CorrectionRequest, correct_invoice, work_off
from mains_server.billing.records import CorrectionReason
from mains_server.books.queries import check_books
from mains_server.db.unit_of_work import read_session
from mains_spi import Period

pytestmark = pytest.mark.asyncio
FEBRUARY, MARCH = Period(date(2023, 2, 1), date(2023, 3, 1)), Period(date(2023, 3, 1), date(2023, 4, 1))
LATER = datetime(2023, 4, 20, 8, tzinfo=UTC)
DUE = "select i.period_from from correction_due d join invoice i on i.id = d.invoice_id where d.settled_at is null"
KEPT = """
select distinct on (starts_at) value, source from fact_figure where name = 'heat_before'
order by starts_at, known_at desc
"""


@pytest.fixture
def quarter(town, bill, connection, small):
    """Bill January to March of a house: each month keeps January's heat of 10.1 MWh for the next."""
    town.house()
    bill()
    (register,) = connection.execute("select id from register where quantity = 'heat'").fetchone()
    for month, shown in ((FEBRUARY, "115.1"), (MARCH, "119.1")):
        town.read(register, (month.end, shown))
        bill(request=small.request(month))


@pytest.fixture
def correct(engine, small):
    async def run(number, *, reason=CorrectionReason.READING):
        request = CorrectionRequest(
            document_number=number, reason=reason, note="read anew", issued_on=LATER.date(), now=LATER
        )
        return await correct_invoice(engine, host=small.host_of(), request=request)

    return run


async def test_the_months_after_a_corrected_one_are_corrected_in_their_order(
    quarter, correct, connection, engine, small
):
    """The meter had shown 9 more on the first day: January used 1.1 MWh, and February and March went on from 10.1."""
    connection.execute("update reading set value = value + 9 where counts_for = '2023-01-01' and value = 100")

    await correct("S-000001")
    noted = connection.execute(DUE).fetchall()
    done = await work_off(engine, host=small.host_of(), issued_on=LATER.date(), now=LATER, at_most=10)

    assert noted == [(FEBRUARY.start,)]
    assert (len(done.corrected), done.refused) == (2, ())
    assert connection.execute(DUE).fetchall() == []
    assert [row[0] for row in connection.execute(KEPT).fetchall()] == [D("1.1")] * 3
    async with read_session(engine) as session:
        assert (await check_books(session)).findings == ()


async def test_a_month_that_comes_out_the_same_notes_nothing(quarter, correct, connection):
    await correct("S-000001")

    assert connection.execute(DUE).fetchall() == []
    assert [row[1] for row in connection.execute(KEPT).fetchall()] == [
        f"billing run of 2023-0{month}" for month in (1, 2, 3)
    ]


async def test_a_correction_at_the_prices_then_in_force_knows_what_earlier_months_came_to(quarter, correct, connection):
    """February is looked at with January's figure as it is known now, though its prices are those of its day."""
    connection.execute("update reading set value = value + 9 where counts_for = '2023-01-01' and value = 100")
    await correct("S-000001")

    await correct("S-000004", reason=CorrectionReason.ATTRIBUTE)

    (kept, *_) = connection.execute(f"select value from ({KEPT}) k offset 1").fetchall()
    assert kept == (D("1.1"),)
    assert connection.execute(DUE).fetchall() == [(MARCH.start,)]
