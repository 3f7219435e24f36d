"""A house is corrected whole: each difference goes on the next bill, explains itself, and is booked once."""

from datetime import UTC, date, datetime
from decimal import Decimal as D

import pytest
from mains_server.access.records import Refusal
from mains_server.billing.corrections import CorrectionRequest, correct_invoice, work_off
from mains_server.billing.explain import explain_invoices
from mains_server.billing.preview import preview_with_usage
from mains_server.billing.records import CorrectionOutcome, CorrectionReason, PreviewRequest
from mains_server.books.queries import check_books
from mains_server.db.unit_of_work import read_session, unit_of_work
from mains_server.invoices.records import CreditRequest
from mains_server.payments.operations import credit_invoice
from mains_spi import Period, replay

FEBRUARY = Period(date(2023, 2, 1), date(2023, 3, 1))
LATER = datetime(2023, 3, 10, 8, tzinfo=UTC)
DAY = LATER.date()


@pytest.fixture
def house(town, bill, connection):
    """Bill January of a house: 10.1 MWh x 80.00 = 808.00 by 50, 30.5 and 19.5 of 100 m2."""
    building, flats = town.house()
    bill()
    return building, flats


@pytest.fixture
def correct(engine, small):
    async def run(number, *, reason=CorrectionReason.ATTRIBUTE):
        request = CorrectionRequest(
            document_number=number, reason=reason, note="measured anew", issued_on=LATER.date(), now=LATER
        )
        return await correct_invoice(engine, host=small.host_of(), request=request)

    return run


@pytest.fixture
def february(connection, town, bill, small):
    """Read the house's heat of February, 5 MWh: 400.00, and bill it."""

    def run():
        (register,) = connection.execute("select id from register where quantity = 'heat'").fetchone()
        if not connection.execute("select 1 from reading where counts_for = %s", [FEBRUARY.end]).fetchall():
            town.read(register, (FEBRUARY.end, "115.1"))
        return bill(request=small.request(FEBRUARY))

    return run


def _nets(connection, flats, *, period):
    rows = connection.execute(
        "select l.contract_id, l.period_from, l.quantity, l.unit, l.unit_price, l.net from invoice_line l"
        " join invoice i on i.id = l.invoice_id where i.period_from = %s and i.kind <> 'CREDIT'"
        " order by l.contract_id, l.position",
        [period.start],
    ).fetchall()
    return {flat: [row[1:] for row in rows if row[0] == flat] for flat in flats}


async def _findings(engine):
    async with read_session(engine) as session:
        return (await check_books(session)).findings


@pytest.mark.asyncio
async def test_a_wrong_area_moves_every_flat_and_the_house_adds_up(house, correct, february, connection, engine, small):
    """The last flat has 29.5 m2, not 19.5: of 110 m2 the shares of 808.00 are 367.27, 224.04 and 216.69."""
    _, flats = house
    connection.execute("update supply_point set area_m2 = 29.5 where premise = '3'")
    billed = {flat: lines[0][-1] for flat, lines in _nets(connection, flats, period=small.JANUARY).items()}

    found = await correct("S-000003")
    february()

    assert billed == dict(zip(flats, (D("404.00"), D("246.44"), D("157.56")), strict=True))
    assert (found.outcome, found.difference) == (CorrectionOutcome.NEXT_BILL, D("59.13"))
    lines = _nets(connection, flats, period=FEBRUARY)
    settled = {flat: rows[1:] for flat, rows in lines.items()}
    january, one = small.JANUARY.start, D(1)
    assert settled == {
        flats[0]: [(january, -one, "1", D("36.73"), D("-36.73"))],
        flats[1]: [(january, -one, "1", D("22.40"), D("-22.40"))],
        flats[2]: [(january, one, "1", D("59.13"), D("59.13"))],
    }
    assert sum(billed.values()) + sum(rows[0][-1] for rows in settled.values()) == D("808.00")
    assert sum(rows[0][-1] for rows in lines.values()) == D("400.00")
    assert await _findings(engine) == ()


@pytest.mark.asyncio
async def test_what_the_house_keeps_for_later_bills_is_what_is_true(house, correct, february, connection):
    """The meter showed 10 less in January: its figure of 10.1 MWh is 0.1 MWh, and February keeps January's on."""
    connection.execute("update reading set value = value - 10 where counts_for = '2023-02-01' and value = 110.1")

    await correct("S-000003", reason=CorrectionReason.READING)
    february()

    kept = connection.execute("select value, source from fact_figure order by starts_at, known_at").fetchall()
    assert kept == [
        (D("10.1"), "billing run of 2023-01"),
        (D("0.1"), "correction of S-000003"),
        (D("0.1"), "billing run of 2023-02"),
    ]


@pytest.mark.asyncio
async def test_the_line_explains_itself(house, correct, february, connection, engine, small):
    connection.execute("update supply_point set area_m2 = 29.5 where premise = '3'")
    await correct("S-000003")
    february()
    invoices = [row[0] for row in connection.execute("select id from invoice where number > 3 order by id").fetchall()]

    async with read_session(engine) as session:
        explained = await explain_invoices(session, host=small.host_of(), invoice_ids=invoices)

    last = explained[invoices[-1]][-1]
    assert last.text == "216.69 EUR - 157.56 EUR billed by S-000003 for 2023-01-01 to 2023-02-01"
    assert [replay(line.why) for lines in explained.values() for line in lines] == [
        line.net for lines in explained.values() for line in lines
    ]


@pytest.mark.asyncio
async def test_a_preview_explains_what_the_next_bill_settles(house, correct, february, connection, small, town):
    connection.execute("update supply_point set area_m2 = 29.5 where premise = '3'")
    await correct("S-000003")
    (register,) = connection.execute("select id from register where quantity = 'heat'").fetchone()
    town.read(register, (FEBRUARY.end, "115.1"))
    (last,) = connection.execute("select max(contract_id) from invoice").fetchone()
    request = PreviewRequest(contract_id=last, period=FEBRUARY, issued_on=small.request(FEBRUARY).issued_on)

    found = preview_with_usage(connection, adapter=small.host_of().adapter("small"), request=request)

    assert [replay(reason.why) for reason in found.reasons] == [line.net for line in found.bill.lines]
    assert found.reasons[-1].text == "216.69 EUR - 157.56 EUR billed by S-000003 for 2023-01-01 to 2023-02-01"


@pytest.mark.asyncio
async def test_correcting_again_settles_only_what_is_new(house, correct, february, connection, engine, counts):
    connection.execute("update supply_point set area_m2 = 29.5 where premise = '3'")
    await correct("S-000003")
    before = counts()

    again = await correct("S-000001")

    assert again.outcome is CorrectionOutcome.UNCHANGED
    assert counts() == before
    connection.execute("update supply_point set area_m2 = 19.5 where premise = '3'")
    back = await correct("S-000003")
    assert (back.outcome, back.difference) == (CorrectionOutcome.NEXT_BILL, D("-59.13"))
    february()
    net = connection.execute("select sum(l.net) from invoice_line l where l.period_from = '2023-01-01'").fetchone()
    assert net == (D("808.00"),)
    assert await _findings(engine) == ()


@pytest.mark.asyncio
async def test_each_difference_is_booked_once(house, correct, february, connection, bill, small):
    connection.execute("update supply_point set area_m2 = 29.5 where premise = '3'")
    await correct("S-000003")

    february()
    february()

    assert connection.execute("select count(*) from invoice_line where unit = '1'").fetchall() == [(3,)]
    waiting = "select count(*) from settlement_line where booked_invoice_id is null and net <> 0"
    assert connection.execute(waiting).fetchall() == [(0,)]


@pytest.mark.asyncio
async def test_who_has_no_next_bill_gets_documents(house, correct, february, connection, engine):
    _, flats = house
    connection.execute("update supply_point set area_m2 = 29.5 where premise = '3'")
    connection.execute("update contract set ends = '2023-02-01' where id = %s", [flats[0]])

    found = await correct("S-000001")

    # 404.00 and 84.84 tax are 488.84; 367.27 and 77.13 are 444.40.
    assert (found.outcome, found.difference) == (CorrectionOutcome.REPLACED, D("-44.44"))
    documents = connection.execute(
        "select document_number, kind, revision, total from invoice where contract_id = %s order by id", [flats[0]]
    ).fetchall()
    assert [row[1:] for row in documents] == [
        ("REGULAR", 0, D("488.84")),
        ("CREDIT", 0, D("-488.84")),
        ("FINAL", 1, D("444.40")),
    ]
    assert await _findings(engine) == ()


@pytest.mark.asyncio
async def test_a_flat_that_moved_out_gets_documents_also_where_a_bill_settled_something(
    house, correct, february, connection, engine
):
    """The last flat's 59.13 stand on February's bill, its last one; then it has 19.5 m2 after all.

    Its new bill is 157.56 - 59.13 = 98.43 with 20.67 tax, 119.10; 190.65 had been billed. The others get their 36.73
    and 22.40 back by their next bill.
    """
    _, flats = house
    connection.execute("update supply_point set area_m2 = 29.5 where premise = '3'")
    await correct("S-000003")
    february()
    connection.execute("update supply_point set area_m2 = 19.5 where premise = '3'")
    connection.execute("update contract set ends = '2023-03-01' where id = %s", [flats[2]])

    found = await correct("S-000003")
    again = await correct(found.replacement)

    assert (found.outcome, found.difference) == (CorrectionOutcome.REPLACED, D("-71.55"))
    assert again.outcome is CorrectionOutcome.UNCHANGED
    lines = "select l.net from invoice_line l join invoice i on i.id = l.invoice_id where i.document_number = %s"
    assert connection.execute(f"{lines} order by l.position", [found.replacement]).fetchall() == [
        (D("157.56"),),
        (D("-59.13"),),
    ]
    waiting = "select contract_id, net from settlement_line where booked_invoice_id is null and net <> 0 order by 1"
    assert connection.execute(waiting).fetchall() == [(flats[0], D("36.73")), (flats[1], D("22.40"))]
    assert await _findings(engine) == ()


@pytest.mark.asyncio
async def test_a_flat_that_moved_out_with_a_difference_waiting_gets_documents(house, correct, connection, engine):
    """The last flat's 59.13 wait for February's bill, which never comes, since its contract ended with January."""
    _, flats = house
    connection.execute("update supply_point set area_m2 = 29.5 where premise = '3'")
    await correct("S-000003")
    connection.execute("update contract set ends = '2023-02-01' where id = %s", [flats[2]])

    found = await correct("S-000001")

    assert found.outcome is CorrectionOutcome.UNCHANGED
    last = "select contract_id, kind, net from invoice order by id desc limit 1"
    assert connection.execute(last).fetchone() == (flats[2], "FINAL", D("216.69"))
    left = "select contract_id, net from settlement_line where net <> 0 and withdrawn_by_id is null order by id"
    assert connection.execute(left).fetchall() == [(flats[0], D("-36.73")), (flats[1], D("-22.40"))]
    assert await _findings(engine) == ()


@pytest.mark.asyncio
async def test_one_flat_that_is_billed_anew_moves_the_others(house, bill, february, connection, engine, small):
    """The last flat has 29.5 m2; its bill is taken back and issued anew: of 110 m2 it has 216.69."""
    _, flats = house
    connection.execute("update supply_point set area_m2 = 29.5 where premise = '3'")
    async with unit_of_work(engine) as session:
        await credit_invoice(session, request=CreditRequest(document_number="S-000003", issued_on=DAY), now=LATER)
    bill()
    bill()
    due = "select contract_id, reading_id, day, settled_at from correction_due order by 1"
    noted = connection.execute(due).fetchall()

    report = await work_off(engine, host=small.host_of(), issued_on=DAY, now=LATER, at_most=10)
    february()

    assert noted == [(flat, None, small.JANUARY.start, None) for flat in flats[:2]]
    assert report.refused == ()
    lines = _nets(connection, flats, period=FEBRUARY)
    assert {flat: [row[-1] for row in rows[1:]] for flat, rows in lines.items()} == {
        flats[0]: [D("-36.73")],
        flats[1]: [D("-22.40")],
        flats[2]: [],
    }
    assert connection.execute("select count(*) from correction_due where settled_at is null").fetchone() == (0,)
    assert await _findings(engine) == ()


@pytest.mark.asyncio
async def test_one_flat_that_is_billed_anew_and_alike_moves_nobody(house, bill, connection, engine, small):
    async with unit_of_work(engine) as session:
        await credit_invoice(session, request=CreditRequest(document_number="S-000003", issued_on=DAY), now=LATER)
    bill()

    await work_off(engine, host=small.host_of(), issued_on=DAY, now=LATER, at_most=10)

    assert connection.execute("select count(*) from settlement_line").fetchone() == (0,)
    assert connection.execute("select count(*), count(settled_at) from correction_due").fetchone() == (2, 2)
    assert await _findings(engine) == ()


@pytest.mark.asyncio
async def test_a_house_that_is_billed_in_part_waits(town, house, correct, connection, counts):
    building, _ = house
    point = town.point(building_id=building, commodity="heat", amperes=None, premise="4", area_m2=D(10))
    town.contract(customer=town.customer(), points=(point,), product="flat")
    before = counts()

    with pytest.raises(Refusal) as refused:
        await correct("S-000001")

    assert refused.value.code == "HOUSE_BILLED_IN_PART"
    assert counts() == before


@pytest.mark.asyncio
async def test_a_difference_that_leaves_a_bill_below_nothing_holds_it(house, correct, february, connection, holds):
    """Flat 1 had 50 m2 billed and has 1: far more comes back than February costs it."""
    connection.execute("update supply_point set area_m2 = 1 where premise = '1'")
    await correct("S-000001")

    state = february()

    assert [hold.code for hold in holds(state)] == ["negative_total"]
