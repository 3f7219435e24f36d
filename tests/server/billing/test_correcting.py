"""A wrong bill is put right once: rated again at the prices then in force, replaced, and its money follows."""

import asyncio
from datetime import UTC, date, datetime
from decimal import Decimal as D

import pytest
import pytest_asyncio
from mains_server.access.records import Refusal
from mains_server.billing.corrections import CorrectionRequest, correct_invoice, correct_within, work_off
from mains_server.billing.operations import note_correction
from mains_server.billing.records import CorrectionOutcome, CorrectionReason
from mains_server.books.queries import check_books
from mains_server.db.unit_of_work import read_session, unit_of_work
from mains_server.invoices.records import CreditRequest
from mains_server.payments.operations import credit_invoice, receive_payment
from mains_server.payments.records import PaymentMethod, PaymentRequest
from mains_spi import Period

FEBRUARY = Period(date(2023, 2, 1), date(2023, 3, 1))
LATER = datetime(2023, 3, 10, 8, tzinfo=UTC)
DAY = LATER.date()


@pytest.fixture
def estimated(town, bill, guessing):
    """Bill January on an estimate of 93 kWh, and give contract and register."""
    point = town.point()
    contract = town.contract(customer=town.customer(), points=(point,))
    register = town.meter(point)
    town.read(register, (date(2022, 1, 1), "1000"), (date(2022, 2, 1), "1093"), (date(2023, 1, 1), "2095"))
    bill(plugin=guessing)
    return contract, register


@pytest.fixture
def told(connection, engine):
    """Have a true reading take an estimate's place, as the metering room does."""

    async def tell(*, contracts, register, day, value):
        connection.execute(
            "update reading set status = 'SUPERSEDED' where source = 'ESTIMATION' and counts_for = %s"
            " and register_id = %s",
            [day, register],
        )
        (reading,) = connection.execute(
            "insert into reading (register_id, supply_point_id, taken_at, counts_for, value, source, quality, status,"
            " received_at) select id, supply_point_id, %s, %s, %s, 'PORTAL', 'ACTUAL', 'ACCEPTED', %s from register"
            " where id = %s returning id",
            [LATER, day, value, LATER, register],
        ).fetchone()
        async with unit_of_work(engine) as session:
            await note_correction(session, contracts=contracts, day=day, reading_id=reading, now=LATER)

    return tell


@pytest.fixture
def correct(engine, small, guessing):
    """Give the correction of an invoice by its number."""

    async def run(number, *, reason=CorrectionReason.READING, note="looked at", plugin=guessing, now=LATER):
        request = CorrectionRequest(document_number=number, reason=reason, note=note, issued_on=now.date(), now=now)
        return await correct_invoice(engine, host=small.host_of(plugin), request=request)

    return run


@pytest_asyncio.fixture
async def wrong(estimated, told):
    """Hear that 80 kWh were used in January, of which 93 were billed as S-000001."""
    contract, register = estimated
    await told(contracts={contract}, register=register, day=FEBRUARY.start, value="2175")
    return contract, register


def _documents(connection):
    return connection.execute(
        "select i.document_number, i.kind, i.revision, i.total, i.status, o.document_number from invoice_state i"
        " left join invoice o on o.id = i.corrects_invoice_id order by i.id"
    ).fetchall()


async def _pay(engine, connection, amount, *, key="p"):
    (customer,) = connection.execute("select customer_id from invoice limit 1").fetchone()
    request = PaymentRequest(
        customer_id=customer,
        amount=D(amount),
        currency="EUR",
        method=PaymentMethod.CARD,
        received_on=date(2023, 2, 15),
        reference="",
        idempotency_key=key,
    )
    async with unit_of_work(engine) as session:
        await receive_payment(session, request=request, now=LATER)


async def _books(engine):
    async with read_session(engine) as session:
        report = await check_books(session)
    return report.findings, report.corrections_due


@pytest.mark.asyncio
async def test_an_estimate_is_replaced_by_the_truth_and_linked_both_ways(wrong, correct, connection, engine):
    found = await correct("S-000001")

    # 93 kWh were 13.95 + 3.20 = 17.15 and 3.60 tax: 20.75. 80 kWh are 12.00 + 3.20 = 15.20 and 3.19 tax: 18.39.
    assert (found.outcome, found.difference) == (CorrectionOutcome.REPLACED, D("-2.36"))
    assert (found.credit_note, found.replacement) == ("S-000002", "S-000003")
    assert _documents(connection) == [
        ("S-000001", "ESTIMATED", 0, D("20.75"), "CREDITED", None),
        ("S-000002", "CREDIT", 0, D("-20.75"), "CREDITED", "S-000001"),
        ("S-000003", "REGULAR", 1, D("18.39"), "OPEN", "S-000001"),
    ]
    links = connection.execute(
        "select s.document_number, n.document_number, r.document_number, o.document_number from invoice_state s"
        " left join invoice n on n.id = s.credit_note_id left join invoice r on r.id = s.replaced_by_id"
        " left join invoice o on o.id = s.replaces_id order by s.id"
    ).fetchall()
    assert links == [
        ("S-000001", "S-000002", "S-000003", None),
        ("S-000002", None, None, None),
        ("S-000003", None, None, "S-000001"),
    ]
    assert await _books(engine) == ((), 0)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("paid", "on_new", "open_", "credit"),
    [("20.75", "18.39", "0.00", "2.36"), ("5.00", "5.00", "13.39", "0.00"), ("18.39", "18.39", "0.00", "0.00")],
)
async def test_what_was_paid_follows_to_the_new_bill(wrong, correct, connection, engine, paid, on_new, open_, credit):
    await _pay(engine, connection, paid)

    await correct("S-000001")

    state = "select paid, open_amount from invoice_state where document_number = %s"
    assert connection.execute(state, ["S-000003"]).fetchall() == [(D(on_new), D(open_))]
    assert connection.execute(state, ["S-000001"]).fetchall() == [(D(0), D(0))]
    left = "select (select sum(amount) from payment) - coalesce(sum(amount), 0) from payment_allocation"
    assert connection.execute(left).fetchall() == [(D(credit),)]
    assert await _books(engine) == ((), 0)


@pytest.mark.asyncio
async def test_it_is_done_once_and_its_replacement_is_what_can_be_corrected(wrong, correct, counts, connection):
    await correct("S-000001")
    before = counts()

    with pytest.raises(Refusal) as refused:
        await correct("S-000001")
    assert (refused.value.code, "S-000003" in refused.value.message) == ("INVOICE_CREDITED", True)
    again = await correct("S-000003")

    assert again.outcome is CorrectionOutcome.UNCHANGED
    assert counts() == before


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("number", "note", "change", "code"),
    [
        ("S-000077", "why", "", "INVOICE_UNKNOWN"),
        ("X' or 1=1", "why", "", "INVOICE_UNKNOWN"),
        ("S-000001", "  ", "", "CORRECTION_NOTE_WRONG"),
        ("S-000001", "x" * 1001, "", "CORRECTION_NOTE_WRONG"),
        ("S-000001", "why", "update reading set status = 'REJECTED' where value = 2175", "CORRECTION_HELD"),
        ("S-000001", "why", "delete from price_row where name = 'energy'", "CORRECTION_HELD"),
        ("S-000001", "why", "update price_version set starts = '2023-01-02' where list = 'fixed'", "CORRECTION_HELD"),
        ("S-000001", "why", "update contract set ends = '2022-12-01'", "CORRECTION_HELD"),
        ("S-000001", "why", "update reading set value = 2000 where value = 2175", "CORRECTION_HELD"),
    ],
)
async def test_refusals_are_typed_and_leave_nothing(wrong, correct, connection, counts, number, note, change, code):
    if change:
        connection.execute(change)
    before = counts()

    with pytest.raises(Refusal) as refused:
        await correct(number, note=note)

    assert refused.value.code == code
    assert counts() == before
    assert connection.execute("select count(*) from correction").fetchall() == [(0,)]
    assert connection.execute("select count(*) from correction_due where settled_at is null").fetchall() == [(1,)]


@pytest.mark.asyncio
async def test_a_credit_note_and_one_without_a_question_stand(wrong, correct, connection, engine):
    await correct("S-000001")

    with pytest.raises(Refusal) as refused:
        await correct("S-000002")
    assert refused.value.code == "CREDIT_NOTE_STANDS"

    connection.execute("set session_replication_role = replica")
    connection.execute("update invoice set inputs = null where document_number = 'S-000003'")
    with pytest.raises(Refusal) as refused:
        await correct("S-000003")
    assert refused.value.code == "INVOICE_NOT_RATED"


@pytest.mark.asyncio
async def test_prices_are_those_then_in_force_but_for_a_wrong_price(town, bill, small, correct, connection, engine):
    """A price list that becomes known later and says 0.10 for January changes nothing, unless it is what was wrong."""
    town.household(used="100")
    bill()
    version = town.price("fixed", starts=date(2023, 1, 1), energy=("0.10", "EUR/kWh"), fee=("1.20", "EUR/month"))
    known = datetime(2023, 3, 1, tzinfo=UTC)
    connection.execute("set session_replication_role = replica")
    connection.execute("update price_version set known_from = %s where id = %s", [known, version])
    connection.execute("update price_version set ends = '2023-01-01' where id <> %s and list = 'none'", [version])

    as_read = await correct("S-000001", plugin=None)
    as_priced = await correct("S-000001", plugin=None, reason=CorrectionReason.PRICE)

    # 100 kWh: 10.00 + 3.20 = 13.20 and 2.77 tax are 15.97; 22.02 were billed.
    assert as_read.outcome is CorrectionOutcome.UNCHANGED
    assert (as_priced.outcome, as_priced.difference) == (CorrectionOutcome.REPLACED, D("-6.05"))
    assert (await correct("S-000003", plugin=None)).outcome is CorrectionOutcome.UNCHANGED
    assert (await _books(engine))[0] == ()


@pytest.mark.asyncio
async def test_a_wrong_attribute_is_put_right(town, bill, correct, connection, engine):
    contract = town.household(used="100")
    bill()
    connection.execute("update supply_point set amperes = 25")

    found = await correct("S-000001", plugin=None, reason=CorrectionReason.ATTRIBUTE)

    # Up to 16 A cost 2.00, more 3.00: 19.20 and 4.03 tax are 23.23.
    assert (found.outcome, found.difference) == (CorrectionOutcome.REPLACED, D("1.21"))
    assert connection.execute("select count(*) from invoice where contract_id = %s", [contract]).fetchall() == [(3,)]
    assert (await _books(engine))[0] == ()


@pytest.mark.asyncio
async def test_what_is_due_is_worked_off_once(estimated, told, small, bill, guessing, connection, engine):
    """January and February were billed on estimates; the truth of 1 February corrects both with opposite signs."""
    contract, register = estimated
    bill(plugin=guessing, request=small.request(FEBRUARY))
    await told(contracts={contract}, register=register, day=FEBRUARY.start, value="2175")
    assert (await _books(engine))[1] == 2
    asked = {"host": small.host_of(guessing), "issued_on": DAY, "now": LATER, "at_most": 100}

    first = await work_off(engine, **asked)
    again = await work_off(engine, **asked)

    assert [found.outcome for found in first.corrected] == [CorrectionOutcome.REPLACED] * 2
    assert (first.refused, again.corrected, again.refused) == ((), (), ())
    energy = connection.execute(
        "select l.quantity from invoice_line l join invoice_state i on i.id = l.invoice_id"
        " where l.code = 'energy' and i.status <> 'CREDITED' order by l.period_from"
    ).fetchall()
    billed = connection.execute("select max(value) - 2095 from reading where counts_for = '2023-03-01'").fetchone()
    assert energy[0] == (D(80),)
    assert sum(row[0] for row in energy) == billed[0]
    assert await _books(engine) == ((), 0)


@pytest.mark.asyncio
async def test_what_was_credited_by_hand_is_billed_again_by_the_run(wrong, small, bill, guessing, connection, engine):
    async with unit_of_work(engine) as session:
        await credit_invoice(session, request=CreditRequest(document_number="S-000001", issued_on=DAY), now=LATER)

    report = await work_off(engine, host=small.host_of(guessing), issued_on=DAY, now=LATER, at_most=100)
    bill(plugin=guessing)

    assert (report.corrected, report.refused) == ((), ())
    assert _documents(connection)[-1] == ("S-000003", "REGULAR", 1, D("18.39"), "OPEN", "S-000001")
    assert await _books(engine) == ((), 0)


@pytest.mark.asyncio
async def test_two_at_once_correct_once(wrong, correct):
    results = await asyncio.gather(correct("S-000001"), correct("S-000001"), return_exceptions=True)

    assert sorted(type(result).__name__ for result in results) == ["Corrected", "InvoiceCredited"]


@pytest.mark.asyncio
async def test_a_reading_that_comes_during_a_correction_is_due_for_the_replacement(
    wrong, small, guessing, connection, engine
):
    """The correction is rated without the reading, so that what it issues is wrong again."""
    contract, _ = wrong
    (reading,) = connection.execute("select max(id) from reading").fetchone()
    request = CorrectionRequest(
        document_number="S-000001", reason=CorrectionReason.READING, note="looked at", issued_on=DAY, now=LATER
    )

    async def hear() -> None:
        async with unit_of_work(engine) as session:
            await note_correction(session, contracts={contract}, day=FEBRUARY.start, reading_id=reading, now=LATER)

    async with unit_of_work(engine) as session:
        await correct_within(session, engine=engine, host=small.host_of(guessing), request=request)
        heard = asyncio.create_task(hear())
        await asyncio.wait({heard}, timeout=0.3)
        is_waiting = not heard.done()
    await heard

    due = connection.execute(
        "select i.document_number from correction_due d join invoice i on i.id = d.invoice_id"
        " where d.settled_at is null"
    ).fetchall()
    assert (is_waiting, due) == (True, [("S-000003",)])
