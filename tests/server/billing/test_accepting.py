"""A bill that is held for being unusual is accepted at its very total, and the next start of its run issues it."""

import asyncio
from datetime import date
from decimal import Decimal as D

import psycopg
import pytest
from mains_server.access.records import Refusal
from mains_server.billing import accepting
from mains_server.billing.corrections import CorrectionRequest
from mains_server.billing.crediting import take_back_invoice
from mains_server.billing.records import Bounds, CorrectionReason
from mains_server.books.queries import check_books
from mains_server.db.unit_of_work import read_session, unit_of_work
from mains_server.payments.operations import apply_credit
from mains_spi import Period

from tests.server.billing.test_settling import correct, february, house

__all__ = ["correct", "february", "house"]
pytestmark = pytest.mark.asyncio
FEBRUARY = Period(date(2023, 2, 1), date(2023, 3, 1))
HELD = "select code, total, currency, accepted_total, accepted_note, released_at is null from billing_hold order by id"
JOBS = "select args from procrastinate_jobs where task_name = 'bill' order by id"


@pytest.fixture
def below(town, connection, small, bill, guessing, unread):
    """Bill January on an estimate of 2095 + 93; the true 2138 of March leaves February at -5.20.

    50 kWh fewer are -7.50; 3.20 - 7.50 = -4.30 and 21 % of it, -0.90.
    """
    _, register = unread
    bill(plugin=guessing)
    town.read(register, (date(2023, 3, 1), "2138"))

    def again(**options):
        return bill(plugin=guessing, request=small.request(FEBRUARY), **options)

    again()
    return again


@pytest.fixture
def accept(engine, connection, small):
    async def run(total="-5.20", *, note="read by our own fitter", hold_id=None):
        found = connection.execute("select max(id) from billing_hold").fetchone()[0]
        acceptance = accepting.Acceptance(hold_id=hold_id or found, total=D(total), note=note, now=small.NOW)
        async with unit_of_work(engine) as session:
            return await accepting.accept_hold(session, acceptance=acceptance)

    return run


async def _findings(engine):
    async with read_session(engine) as session:
        return (await check_books(session)).findings


async def test_what_is_held_says_its_total(below, connection):
    assert connection.execute(HELD).fetchall() == [("negative_total", D("-5.20"), "EUR", None, None, True)]


async def test_an_accepted_bill_is_issued_by_the_next_start_and_gives_its_amount(
    below, accept, connection, engine, small
):
    held = await accept()

    assert (held.total, held.adapter) == (D("-5.20"), "small")
    assert connection.execute(JOBS).fetchall() == [
        ({"adapter": "small", "period": "2023-02", "issued_on": "2023-03-10"},)
    ]
    state = below()
    assert (state.invoiced, state.held) == (1, 0)
    assert connection.execute(HELD).fetchall() == [
        ("negative_total", D("-5.20"), "EUR", D("-5.20"), "read by our own fitter", False)
    ]
    async with unit_of_work(engine) as session:
        await apply_credit(session, customer_ids=[1], now=small.NOW)
    found = connection.execute("select total, status, open_amount from invoice_state order by id").fetchall()
    # 93 kWh at 0.15, 1.20 and 2.00 are 17.15 and 3.60 tax in January; 5.20 of the 20.75 are paid.
    assert found == [(D("20.75"), "PARTLY_PAID", D("15.55")), (D("-5.20"), "PAID", D("0.00"))]
    assert await _findings(engine) == ()


async def test_a_bill_that_comes_out_otherwise_is_held_again_and_no_longer_accepted(below, accept, connection):
    await accept()
    connection.execute("update reading set value = 2148 where counts_for = '2023-03-01' and quality = 'ACTUAL'")

    state = below()

    # 40 kWh fewer are -6.00; 3.20 - 6.00 = -2.80 and 21 % of it, -0.59.
    assert (state.invoiced, state.held) == (0, 1)
    assert connection.execute(HELD).fetchall() == [("negative_total", D("-3.39"), "EUR", None, None, True)]
    with pytest.raises(accepting.HoldChanged, match=r"would be -3\.39 EUR"):
        await accept()


async def test_an_acceptance_while_the_run_is_at_it_stands(below, connection, psycopg_dsn):
    def meanwhile(step):
        if step == "rated":
            with psycopg.connect(psycopg_dsn, autocommit=True) as other:
                other.execute("update billing_hold set accepted_total = total, accepted_note = 'right'")

    assert below(watch=meanwhile).held == 1

    assert connection.execute(HELD).fetchall() == [("negative_total", D("-5.20"), "EUR", D("-5.20"), "right", True)]
    assert below().invoiced == 1


async def test_what_was_accepted_once_is_looked_at_again_after_it_was_taken_back(
    below, accept, connection, engine, small
):
    await accept()
    below()
    (number,) = connection.execute("select document_number from invoice where total < 0").fetchone()
    request = CorrectionRequest(
        document_number=number,
        reason=CorrectionReason.MISTAKE,
        note="too early",
        issued_on=date(2023, 3, 11),
        now=small.NOW,
    )
    await take_back_invoice(engine, request=request)

    state = below()

    assert state.held == 1
    assert connection.execute(HELD).fetchall() == [("negative_total", D("-5.20"), "EUR", None, None, True)]
    await accept()
    assert below().invoiced == 2
    found = connection.execute("select kind, total, revision from invoice where period_from = '2023-02-01' order by id")
    assert found.fetchall() == [
        ("ESTIMATED", D("-5.20"), 0),
        ("CREDIT", D("5.20"), 0),
        ("ESTIMATED", D("-5.20"), 1),
    ]
    assert await _findings(engine) == ()


@pytest.mark.parametrize(
    ("total", "given", "code"),
    [
        ("-5.20", {"note": " "}, "HOLD_NOTE_WRONG"),
        ("-5.20", {"note": "x" * 1001}, "HOLD_NOTE_WRONG"),
        ("-5.20", {"hold_id": 99}, "HOLD_UNKNOWN"),
        ("5.20", {}, "HOLD_CHANGED"),
        ("-5.19", {}, "HOLD_CHANGED"),
        ("-5.2001", {}, "HOLD_CHANGED"),
        ("NaN", {}, "HOLD_CHANGED"),
    ],
)
async def test_refusals_are_typed_and_change_nothing(below, accept, connection, total, given, code):
    before = connection.execute("select * from billing_hold").fetchall()

    with pytest.raises(Refusal) as refused:
        await accept(total, **given)

    assert refused.value.code == code
    assert connection.execute("select * from billing_hold").fetchall() == before
    assert connection.execute(JOBS).fetchall() == []


async def test_what_lacks_something_is_to_be_mended_and_not_accepted(town, bill, accept, connection):
    point = town.point()
    town.contract(customer=town.customer(), points=(point,))
    town.read(town.meter(point), (date(2023, 1, 1), "1000"))
    bill()

    with pytest.raises(accepting.HoldNotAcceptable, match="mended first"):
        await accept("0.00")

    assert connection.execute("select accepted_at from billing_hold").fetchall() == [(None,)]


async def test_what_was_billed_meanwhile_and_what_was_held_before_totals_were_kept(below, accept, connection):
    connection.execute("update billing_hold set total = null, currency = null")
    with pytest.raises(accepting.HoldNotAcceptable, match="start its run again"):
        await accept()
    below()
    await accept()
    below()

    with pytest.raises(accepting.HoldReleased):
        await accept()


async def test_accepting_at_once_keeps_the_first_and_issues_one_bill(below, accept, connection):
    await asyncio.gather(*(accept(note=f"n{n}") for n in range(8)))

    assert len(connection.execute(JOBS).fetchall()) == 8
    (note,) = connection.execute("select accepted_note from billing_hold").fetchone()
    assert note.startswith("n")
    assert [below().invoiced for _ in range(2)] == [1, 1]
    assert connection.execute("select count(*) from invoice where total < 0").fetchone() == (1,)


async def test_a_long_bill_is_accepted_as_well(town, bill, accept, connection):
    town.household()
    bill(bounds=Bounds(lines_max=3))
    assert connection.execute(HELD).fetchall() == [("too_many_lines", D("22.02"), "EUR", None, None, True)]

    await accept("22.02")

    assert bill(bounds=Bounds(lines_max=3)).invoiced == 1


async def test_a_flat_below_nothing_is_billed_with_its_house_rated_whole(
    house, correct, february, accept, connection, engine, small
):
    """Flat 1 had 50 m2 billed and has 1 of 51: 808.00 / 51 = 15.84, so 388.16 come back.

    February's 400.00 / 51 are 7.84: -380.32, with 21 % -79.87: -460.19.
    """
    connection.execute("update supply_point set area_m2 = 1 where premise = '1'")
    await correct("S-000001")
    state = february()
    assert (state.invoiced, state.held) == (2, 1)

    await accept("-460.19")
    state = february()

    assert (state.invoiced, state.held) == (3, 0)
    found = connection.execute("select total from invoice where total < 0").fetchall()
    assert found == [(D("-460.19"),)]
    shares = connection.execute(
        "select sum(l.net) from invoice_line l where l.code = 'heating' and l.period_from = '2023-02-01'"
    ).fetchone()
    assert shares == (D("400.00"),)
    assert await _findings(engine) == ()
