"""A bill that went on from a figure of an earlier month is corrected when that figure comes out otherwise."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal as D
from threading import Thread

import psycopg
import pytest
from mains_server.billing.corrections import CorrectionRequest, correct_invoice, correct_within, work_off
from mains_server.billing.records import CorrectionReason
from mains_server.billing.run import Shift, run_billing
from mains_server.books.queries import check_books
from mains_server.db.engine import make_engine
from mains_server.db.unit_of_work import read_session, unit_of_work
from mains_spi import Fact, Figure, OrElse, Period, Qty, hookimpl

pytestmark = pytest.mark.asyncio
FEBRUARY, MARCH = Period(date(2023, 2, 1), date(2023, 3, 1)), Period(date(2023, 3, 1), date(2023, 4, 1))
LATER = datetime(2023, 4, 20, 8, tzinfo=UTC)
MOMENT = datetime(2023, 3, 10, 8, tzinfo=UTC)
DUE = "select i.period_from from correction_due d join invoice i on i.id = d.invoice_id where d.settled_at is null"
CARRIED = """
select distinct on (starts_at) value from fact_figure where name = 'used_before' order by starts_at, known_at desc
"""
WAITERS = """
select count(*) from pg_locks l join pg_stat_activity a on a.pid = l.pid
where not l.granted and a.datname = current_database()
"""
LOOKS_MAX = 6000
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


@pytest.fixture
def carrying(small):
    """Give an adapter whose households' bills keep the first month's usage for all later ones."""
    used = Qty("energy", "kWh")
    carried = Figure("used_before", OrElse(Fact("used_before", "kWh", back=1), used))

    class Carrying(small.SmallUtility):  # type: ignore[name-defined]
        @hookimpl
        def tariff(self, request):
            tariff = small.SmallUtility.tariff(self, request)
            return replace(tariff, components=(*tariff.components, carried)) if request.product == "fixed" else tariff

    return Carrying()


@pytest.fixture
def misread(town, bill, connection, carrying):
    """Have a household whose January was billed at 100 kWh, though it used 90; February can be billed."""
    point = town.point()
    town.contract(customer=town.customer(), points=(point,))
    register = town.meter(point)
    town.read(register, (date(2023, 1, 1), "1000"), (FEBRUARY.start, "1100"), (FEBRUARY.end, "1150"))
    bill(plugin=carrying)
    connection.execute("update reading set value = 1010 where counts_for = '2023-01-01'")


@pytest.fixture
def anew(small, carrying):
    """Give what corrects January's bill on the day on which February's run is issued, and who is asked."""
    request = CorrectionRequest(
        document_number="S-000001",
        reason=CorrectionReason.READING,
        note="read anew",
        issued_on=MOMENT.date(),
        now=MOMENT,
    )
    return {"host": small.host_of(carrying), "request": request}


async def test_a_bill_of_a_run_that_was_issued_long_ago_goes_on_from_what_is_known_now(
    misread, anew, engine, connection, small, carrying
):
    """It was held, say, when its run was done in March; January was corrected in April, and now it can be billed."""
    later = replace(anew["request"], issued_on=LATER.date(), now=LATER)
    await correct_invoice(engine, host=anew["host"], request=later)

    adapter = anew["host"].adapter("small")
    await asyncio.to_thread(
        run_billing, connection, request=small.request(FEBRUARY), shift=Shift(adapter=adapter, now=LATER)
    )

    assert connection.execute(CARRIED).fetchall() == [(D("90"),), (D("90"),)]


async def test_a_run_waits_for_the_correction_of_what_its_bills_go_on_from(
    misread, anew, engine, connection, psycopg_dsn, bill, small, carrying
):
    def run_february():
        with psycopg.connect(psycopg_dsn, autocommit=True) as own:
            bill(plugin=carrying, request=small.request(FEBRUARY), on=own)

    running = Thread(target=run_february)

    async with unit_of_work(engine) as session:
        await correct_within(session, engine=engine, **anew)
        running.start()
        await asyncio.to_thread(_wait_for_a_waiter, psycopg_dsn)
    await asyncio.to_thread(running.join, 60)

    assert connection.execute(CARRIED).fetchall() == [(D("90"),), (D("90"),)]
    assert connection.execute(DUE).fetchall() == []


async def test_a_correction_waits_for_the_run_whose_bills_go_on_from_what_it_corrects(
    misread, anew, database_url, connection, psycopg_dsn, bill, small, carrying
):
    async def correct_january():
        engine = make_engine(address=database_url)
        await correct_invoice(engine, **anew)
        await engine.dispose()

    correcting = Thread(target=lambda: asyncio.run(correct_january()))

    def correct_meanwhile(step):
        if step == "rated":
            correcting.start()
            _wait_for_a_waiter(psycopg_dsn)

    await asyncio.to_thread(bill, plugin=carrying, request=small.request(FEBRUARY), watch=correct_meanwhile)
    await asyncio.to_thread(correcting.join, 60)

    assert connection.execute(CARRIED).fetchall() == [(D("90"),), (D("100"),)]
    assert connection.execute(DUE).fetchall() == [(FEBRUARY.start,)]


def _wait_for_a_waiter(dsn):
    """Look until somebody waits for a lock in this database."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        for _ in range(LOOKS_MAX):
            if connection.execute(WAITERS).fetchone() != (0,):
                return
            connection.execute("select pg_sleep(0.01)")
    raise AssertionError("nobody waits")
