"""What a bill's corrections put on other bills is taken off with it, to the cent and once."""

import asyncio
from decimal import Decimal as D
from threading import Thread

import psycopg
import pytest
from mains_server.billing.crediting import take_back_invoice
from mains_server.billing.explain import explain_invoices
from mains_server.billing.records import CorrectionOutcome
from mains_server.db.engine import make_engine
from mains_server.db.unit_of_work import read_session
from mains_spi import replay

from tests.server.billing.settled_home import FEBRUARY, MARCH, SettledHome, asked_for

BILLS = "select document_number, kind, net, tax, total from invoice order by id"
WAITERS = "select count(*) from pg_locks where not granted"


@pytest.fixture
def home(connection, engine):
    return SettledHome(connection=connection, engine=engine)


@pytest.mark.asyncio
async def test_what_is_right_again_after_it_was_settled_is_settled_back(home):
    """January had 120 kWh, 3.00 more, which February's bill has; then it is 100 kWh again: 3.00 come back in March."""
    home.began(980)
    first = await home.correct()
    home.month(FEBRUARY)
    home.began(1000)

    again = await home.correct()
    home.month(MARCH)

    assert (first.outcome, first.difference) == (CorrectionOutcome.NEXT_BILL, D("3.00"))
    assert (again.outcome, again.difference) == (CorrectionOutcome.NEXT_BILL, D("-3.00"))
    nets = home.connection.execute("select document_number, net from invoice order by id").fetchall()
    assert nets == [("S-000001", D("18.20")), ("S-000002", D("21.20")), ("S-000003", D("15.20"))]
    assert await home.findings() == ()


@pytest.mark.asyncio
async def test_what_stands_on_another_bill_comes_off_the_next_one(home):
    """January had 120 kWh: 18.00 and 3.20 are 21.20, 3.00 more than billed, which February's bill has.

    Taken back and billed again, January is 21.20 - 3.00 = 18.20, with 3.82 tax 22.02. With February's 21.20 and 4.45
    that makes 47.67: 21.20 and 18.20 are 39.40, with 8.27 tax 47.67.
    """
    home.began(980)
    await home.correct()
    home.month(FEBRUARY)

    found = await home.credit()
    home.month()

    assert (found.outcome, found.difference) == (CorrectionOutcome.CREDITED, D("-22.02"))
    assert home.connection.execute(BILLS).fetchall() == [
        ("S-000001", "REGULAR", D("18.20"), D("3.82"), D("22.02")),
        ("S-000002", "REGULAR", D("21.20"), D("4.45"), D("25.65")),
        ("S-000003", "CREDIT", D("-18.20"), D("-3.82"), D("-22.02")),
        ("S-000004", "REGULAR", D("18.20"), D("3.82"), D("22.02")),
    ]
    assert home.rows() == [
        (D("3.00"), "S-000002", ""),
        (D("-3.00"), "S-000004", "taken off"),
    ]
    assert await home.owed() == D("47.67")
    assert await home.findings() == ()


@pytest.mark.asyncio
async def test_what_takes_it_off_explains_itself(home):
    home.began(980)
    await home.correct()
    home.month(FEBRUARY)
    await home.credit()
    home.month()

    async with read_session(home.engine) as session:
        explained = await explain_invoices(session, host=home.host, invoice_ids=[4])

    last = explained[4][-1]
    days = "2023-01-01 to 2023-02-01"
    assert last.text == f"0.00 EUR - 3.00 EUR billed by S-000002 for {days}, since S-000001 was taken back"
    assert replay(last.why) == last.net == D("-3.00")


@pytest.mark.asyncio
async def test_what_waits_is_withdrawn_and_reaches_no_bill(home):
    """January is billed again with 120 kWh, 21.20 and 4.45; February has nothing of it: 18.20 and 3.82."""
    home.began(980)
    await home.correct()

    await home.credit()
    home.month()
    home.month(FEBRUARY)

    assert home.standing() == [
        ("S-000003", D("21.20"), D("4.45")),
        ("S-000004", D("18.20"), D("3.82")),
    ]
    assert home.rows() == [(D("3.00"), None, "withdrawn")]
    assert await home.owed() == D("47.67")
    assert await home.findings() == ()


@pytest.mark.asyncio
async def test_what_came_back_on_another_bill_is_charged_again(home):
    """January had 80 kWh, 15.20: 3.00 less, so that February is 15.20 with 3.19; January again is 15.20 + 3.00."""
    home.began(1020)
    await home.correct()
    home.month(FEBRUARY)

    await home.credit()
    home.month()

    assert home.standing() == [
        ("S-000004", D("18.20"), D("3.82")),
        ("S-000002", D("15.20"), D("3.19")),
    ]
    assert await home.owed() == D("40.41")
    assert await home.findings() == ()


@pytest.mark.asyncio
async def test_tax_is_taken_once_of_what_is_due_and_what_comes_off(home):
    """Two kWh more are 0.30: 18.50 have 3.89 tax (3.885), 0.30 have 0.06, and 18.20 have 3.82, not 3.83."""
    home.began(998)
    await home.correct()
    home.month(FEBRUARY)

    await home.credit()
    home.month()

    assert home.standing() == [
        ("S-000004", D("18.20"), D("3.82")),
        ("S-000002", D("18.50"), D("3.89")),
    ]
    assert await home.findings() == ()


@pytest.mark.asyncio
async def test_the_bill_that_settled_it_is_taken_back_as_well(home):
    """Both lines wait then, 3.00 and -3.00, and stand on the bill that comes first: 21.20 and 18.20 are due."""
    home.began(980)
    await home.correct()
    home.month(FEBRUARY)
    await home.credit("S-000001")

    await home.credit("S-000002")
    home.month()
    home.month(FEBRUARY)

    assert [row[1] for row in home.standing()] == [D("21.20"), D("18.20")]
    assert home.rows() == [
        (D("3.00"), "S-000005", ""),
        (D("-3.00"), "S-000005", "taken off"),
    ]
    assert await home.findings() == ()


@pytest.mark.asyncio
async def test_two_at_once_take_it_back_once(home):
    home.began(980)
    await home.correct()
    home.month(FEBRUARY)

    results = await asyncio.gather(*(home.credit() for _ in range(4)), return_exceptions=True)

    assert sorted(type(one).__name__ for one in results) == ["Corrected", *["InvoiceCredited"] * 3]
    assert len(home.rows()) == 2
    assert await home.findings() == ()


@pytest.mark.asyncio
async def test_a_run_that_had_rated_a_difference_bills_again_without_it(home, database_url):
    """February's bill was worked out with January's 3.00 when January is taken back, and is booked without them."""
    home.began(980)
    await home.correct()
    steps = []

    def take_back_meanwhile(step):
        steps.append(step)
        if steps.count("rated") == 1 and step == "rated":
            _in_a_thread(database_url).join(60)

    await asyncio.to_thread(home.month, FEBRUARY, watch=take_back_meanwhile)

    assert steps.count("rated") == 2
    assert home.standing() == [("S-000003", D("18.20"), D("3.82"))]
    assert home.rows() == [(D("3.00"), None, "withdrawn")]
    assert await home.findings() == ()


@pytest.mark.asyncio
async def test_who_takes_back_waits_for_a_run_that_is_booking_the_difference(home, database_url, psycopg_dsn):
    """February's bill has January's 3.00 before January is taken back, so that a line takes them off again."""
    home.began(980)
    await home.correct()
    crediting = []

    def take_back_meanwhile(step):
        if step == "booked":
            crediting.append(_in_a_thread(database_url))
            _wait_for_a_waiter(psycopg_dsn)

    await asyncio.to_thread(home.month, FEBRUARY, watch=take_back_meanwhile)
    await asyncio.to_thread(crediting[0].join, 60)
    home.month()

    assert home.standing() == [
        ("S-000004", D("18.20"), D("3.82")),
        ("S-000002", D("21.20"), D("4.45")),
    ]
    assert await home.owed() == D("47.67")
    assert await home.findings() == ()


def _in_a_thread(address):
    """Take January's bill back by a connection of its own."""

    async def run():
        own = make_engine(address=address)
        await take_back_invoice(own, request=asked_for("S-000001"))
        await own.dispose()

    thread = Thread(target=lambda: asyncio.run(run()))
    thread.start()
    return thread


def _wait_for_a_waiter(dsn):
    """Look until somebody waits for a lock in this database."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        for _ in range(1000):
            if connection.execute(WAITERS).fetchone() != (0,):
                return
            connection.execute("select pg_sleep(0.01)")
    raise AssertionError("nobody waits")
