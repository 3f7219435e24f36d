"""Days of smart meters that are told otherwise after they were billed: their bills are due, and are put right."""

import io
from datetime import UTC, date, datetime
from decimal import Decimal as D

import pytest
import pytest_asyncio
from mains_server.billing.corrections import CorrectionRequest, correct_invoice
from mains_server.billing.operations import note_corrected
from mains_server.billing.records import CorrectionReason, SingleBill
from mains_server.billing.run import Shift, run_billing
from mains_server.billing.single import bill_one
from mains_server.db.engine import make_engine
from mains_server.db.migrate import server_role
from mains_server.db.unit_of_work import unit_of_work
from mains_server.intervals.operations import import_intervals
from mains_server.intervals.records import ImportRequest, IntervalFormat
from mains_server.invoices.records import InvoiceKind
from mains_spi import Period

pytestmark = pytest.mark.asyncio
JANUARY = date(2023, 1, 1)
KNOWN = datetime(2023, 2, 2, tzinfo=UTC)
LATER = datetime(2023, 3, 10, 8, tzinfo=UTC)
DUE = """
select c.contract_id, i.document_number, c.reading_id, c.day, c.noted_at, c.settled_at from correction_due c
join invoice i on i.id = c.invoice_id order by c.id
"""


@pytest.fixture
def smart(town, connection):
    """Give the contract and the supply point of a household with a smart meter."""
    point = town.point()
    contract = town.contract(customer=town.customer(), points=(point,))
    register = town.meter(point)
    connection.execute("update register set collection = 'INTERVALS' where id = %s", [register])
    return contract, point


@pytest.fixture
def told(connection, engine, smart):
    """Take in a file that tells the same value for each hour of some days of a month, as the command does."""

    async def tell(value, *, month=1, days=range(1, 32), now=LATER):
        ((identifier,),) = connection.execute("select identifier from supply_point where id = %s", [smart[1]])
        hours = [f"2023-{month:02}-{day:02} {hour:02}:00;{value}" for day in days for hour in range(24)]
        file = io.BytesIO("\n".join(["date;kWh", *hours]).encode())
        request = ImportRequest(format=IntervalFormat.CSV, name="test", now=now, point=identifier, are_starts=True)
        async with unit_of_work(engine) as session:
            return await import_intervals(session, request=request, file=file, note_corrected=note_corrected)

    return tell


@pytest_asyncio.fixture
async def billed(told, bill, smart):
    """Bill January on 744 hours of 0.1 kWh, and give the contract."""
    await told("0,1", now=KNOWN)
    bill()
    return smart[0]


def _energy(connection):
    return connection.execute(
        "select i.document_number, i.kind, l.quantity, l.net from invoice_line l join invoice i on i.id = l.invoice_id"
        " where l.code = 'energy' order by i.id"
    ).fetchall()


async def test_a_bill_over_a_corrected_day_is_due_once(billed, told, connection):
    for _ in range(2):
        await told("0,2", days=(16, 15))

    assert connection.execute(DUE).fetchall() == [(billed, "S-000001", None, date(2023, 1, 15), LATER, None)]


async def test_days_that_were_not_billed_or_are_the_same_leave_nothing_due(billed, told, connection):
    await told("0,1")
    await told("0,1", month=2, days=range(1, 5))
    report = await told("0,3", month=2, days=range(1, 5))

    assert report.days_corrected == 4
    assert connection.execute(DUE).fetchall() == []


@pytest_asyncio.fixture
async def served(database_url):
    """Give an engine under the role that a server works in, which may add to the books but not change them."""
    engine = make_engine(address=database_url, connections_max=2, role=server_role(address=database_url))
    yield engine
    await engine.dispose()


@pytest.mark.parametrize("now", [LATER, LATER.replace(hour=23)], ids=["by day", "after midnight in Riga"])
async def test_the_server_corrects_to_what_is_known_now(billed, told, connection, served, small, guessing, now):
    """Two days of 24 hours are 4.8 kWh more: 74.4 x 0.15 = 11.16 was billed, 79.2 x 0.15 = 11.88 is right."""
    await told("0,2", days=(15, 16), now=now)
    request = CorrectionRequest(
        document_number="S-000001", reason=CorrectionReason.READING, note="x", issued_on=now.date(), now=now
    )

    await correct_invoice(served, host=small.host_of(guessing), request=request)

    assert _energy(connection) == [
        ("S-000001", "REGULAR", D("74.400000"), D("11.16")),
        ("S-000002", "CREDIT", D("-74.400000"), D("-11.16")),
        ("S-000003", "REGULAR", D("79.200000"), D("11.88")),
    ]
    assert [row[5] for row in connection.execute(DUE)] == [now]


async def test_a_run_that_was_issued_before_counts_what_is_known_when_it_bills(told, connection, small, smart):
    """After the day of issue the last day came, and one of 4.8 kWh instead of 2.4: 74.4 + 2.4 = 76.8 x 0.15 = 11.52."""
    await told("0,1", days=range(1, 31), now=KNOWN)
    adapter = small.host_of().adapter("small")
    run_billing(connection, request=small.request(), shift=Shift(adapter=adapter, now=small.NOW))
    assert _energy(connection) == []

    await told("0,2", days=(30,), now=LATER)
    await told("0,1", days=(31,), now=LATER)
    run_billing(connection, request=small.request(), shift=Shift(adapter=adapter, now=LATER))

    assert _energy(connection) == [("S-000001", "REGULAR", D("76.8"), D("11.52"))]
    assert connection.execute("select issued_on from invoice").fetchall() == [(small.request().issued_on,)]
    assert connection.execute(DUE).fetchall() == []


async def test_a_bill_alone_counts_what_is_known_though_it_bears_an_earlier_day(told, connection, small, smart):
    """A day was told anew after the day that the bill bears: 72.0 + 4.8 = 76.8 x 0.15 = 11.52."""
    await told("0,1", now=KNOWN)
    await told("0,2", days=(30,), now=LATER)
    days = Period(JANUARY, date(2023, 2, 1))
    asked = SingleBill(
        contract_id=smart[0], period=days, kind=InvoiceKind.REGULAR, issued_on=date(2023, 2, 10), now=LATER
    )

    with connection.transaction():
        bill_one(connection, adapter=small.host_of().adapter("small"), request=asked)

    assert _energy(connection) == [("S-000001", "REGULAR", D("76.8"), D("11.52"))]
