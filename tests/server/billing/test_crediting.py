"""A bill is taken back without another: once, to the cent, with its money as credit and its days open again."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal as D

import pytest
from mains_server.access.records import Refusal
from mains_server.billing.corrections import CorrectionRequest, correct_invoice, work_off
from mains_server.billing.crediting import take_back_invoice
from mains_server.billing.records import CorrectionOutcome, CorrectionReason
from mains_server.books.queries import check_books
from mains_server.db.unit_of_work import read_session, unit_of_work
from mains_server.payments.operations import apply_credit, receive_payment
from mains_server.payments.records import PaymentMethod, PaymentRequest, Settle

LATER = datetime(2023, 3, 10, 8, tzinfo=UTC)
DAY = LATER.date()
LEDGER = "select account, sum(amount) from ledger_entry where customer_id > 0 group by account having sum(amount) <> 0"
NOTES = "select count(*) from invoice where kind = 'CREDIT'"
EVENTS = "select payload ->> 'invoice_id' from outbox_event where kind = 'invoice.issued' order by id"


@pytest.fixture
def billed(town, bill):
    """Bill a household's January: 100 kWh x 0.15 = 15.00, 1.20 and 2.00 are 18.20, with 3.82 tax 22.02."""
    contract = town.household(used="100")
    bill()
    return contract


@pytest.fixture
def credit(engine):
    async def run(number="S-000001", *, note="billed by mistake", on=DAY):
        request = CorrectionRequest(
            document_number=number, reason=CorrectionReason.MISTAKE, note=note, issued_on=on, now=LATER
        )
        return await take_back_invoice(engine, request=request)

    return run


@pytest.fixture
def pay(engine, connection):
    async def run(amount, *, names=None, key="p"):
        (customer,) = connection.execute("select customer_id from invoice limit 1").fetchone()
        request = PaymentRequest(
            customer_id=customer, amount=D(amount), currency="EUR", method=PaymentMethod.CARD,
            received_on=date(2023, 3, 1), reference="", idempotency_key=key,
            settles=(Settle(document_number=names, amount=D(amount)),) if names else (),
        )  # fmt: skip
        async with unit_of_work(engine) as session:
            return await receive_payment(session, request=request, now=LATER)

    return run


def _documents(connection):
    return connection.execute(
        "select i.document_number, i.kind, i.total, i.status, o.document_number, n.document_number from invoice_state i"
        " left join invoice o on o.id = i.corrects_invoice_id left join invoice n on n.id = i.credit_note_id"
        " order by i.id"
    ).fetchall()


async def _findings(engine):
    async with read_session(engine) as session:
        return (await check_books(session)).findings


@pytest.mark.asyncio
async def test_a_bill_is_taken_back_whole_and_nothing_stands_in_its_place(billed, credit, connection, engine):
    found = await credit()

    assert (found.outcome, found.difference) == (CorrectionOutcome.CREDITED, D("-22.02"))
    assert (found.credit_note, found.replacement) == ("S-000002", None)
    assert _documents(connection) == [
        ("S-000001", "REGULAR", D("22.02"), "CREDITED", None, "S-000002"),
        ("S-000002", "CREDIT", D("-22.02"), "CREDITED", "S-000001", None),
    ]
    assert connection.execute(LEDGER).fetchall() == []
    told = connection.execute("select reason, note, outcome, difference, replacement_id from correction").fetchall()
    assert told == [("MISTAKE", "billed by mistake", "CREDITED", D("-22.02"), None)]
    assert [row[0] for row in connection.execute(EVENTS)] == ["1", "2"]
    assert await _findings(engine) == ()


@pytest.mark.asyncio
async def test_what_was_paid_is_credit_that_pays_what_else_is_open(billed, credit, pay, connection, engine, bill):
    """22.02 were paid; the same days billed again take all of it."""
    await pay("22.02")

    await credit()
    owed = connection.execute(LEDGER).fetchall()
    bill()
    async with unit_of_work(engine) as session:
        await apply_credit(
            session, customer_ids=connection.execute("select customer_id from payment").fetchone(), now=LATER
        )

    assert sorted(owed) == [("bank:card", D("22.02")), ("receivable", D("-22.02"))]
    state = "select document_number, kind, revision, paid, open_amount from invoice_state order by id desc limit 1"
    assert connection.execute(state).fetchone() == ("S-000003", "REGULAR", 1, D("22.02"), D("0.00"))
    with pytest.raises(Refusal, match="replaced by S-000003"):
        await credit()
    assert await _findings(engine) == ()


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("number", "note", "days", "code"),
    [
        ("S-000077", "why", 0, "INVOICE_UNKNOWN"),
        ("X' or 1=1", "why", 0, "INVOICE_UNKNOWN"),
        ("S-000001", "  ", 0, "CORRECTION_NOTE_WRONG"),
        ("S-000001", "x" * 1001, 0, "CORRECTION_NOTE_WRONG"),
        ("S-000001", "why", -60, "INVOICE_DATED_LATER"),
        ("S-000003", "why", 0, "INVOICE_CREDITED"),
        ("S-000005", "why", 0, "CREDIT_NOTE_STANDS"),
    ],
)
async def test_refusals_are_typed_and_leave_nothing(billed, town, bill, credit, counts, number, note, days, code):
    town.household(used="30")
    town.household(used="40")
    bill()
    await credit("S-000003")
    town.household(used="50")
    await credit("S-000002")
    before = counts()

    with pytest.raises(Refusal) as refused:
        await credit(number, note=note, on=DAY + timedelta(days=days))

    assert refused.value.code == code
    assert counts() == before


@pytest.mark.asyncio
async def test_a_flat_whose_difference_waits_is_taken_back_and_billed_at_what_is_due(
    town, bill, credit, engine, small, connection
):
    """The last flat has 29.5 m2, not 19.5: of 110 m2 it has 216.69 of 808.00, 59.13 more than billed.

    It is billed again at 216.69, and nothing of the 59.13 reaches February; the others keep -36.73 and -22.40.
    """
    town.house()
    bill()
    connection.execute("update supply_point set area_m2 = 29.5 where premise = '3'")
    request = CorrectionRequest(
        document_number="S-000003",
        reason=CorrectionReason.ATTRIBUTE,
        note="measured",
        issued_on=LATER.date(),
        now=LATER,
    )
    await correct_invoice(engine, host=small.host_of(), request=request)

    await credit("S-000003")
    bill()
    worked = await work_off(engine, host=small.host_of(), issued_on=DAY, now=LATER, at_most=10)

    last = "select document_number, net from invoice order by id desc limit 1"
    assert connection.execute(last).fetchone() == ("S-000005", D("216.69"))
    assert {found.outcome.name for found in worked.corrected} == {"UNCHANGED"}
    waiting = "select net from settlement_line where net <> 0 and withdrawn_by_id is null order by id"
    assert connection.execute(waiting).fetchall() == [(D("-36.73"),), (D("-22.40"),)]
    assert await _findings(engine) == ()


@pytest.mark.asyncio
async def test_who_does_not_want_its_days_billed_again_ends_the_contract(billed, credit, connection, engine, bill):
    """The books know that a bill of days before which its contract has ended was taken back."""
    await credit()
    connection.execute("update contract set ends = '2023-01-01'")

    bill()

    assert [document[0] for document in _documents(connection)] == ["S-000001", "S-000002"]
    assert await _findings(engine) == ()


@pytest.mark.asyncio
async def test_two_at_once_take_it_back_once(billed, credit, connection, engine):
    results = await asyncio.gather(*(credit() for _ in range(4)), return_exceptions=True)

    assert sorted(type(one).__name__ for one in results) == ["Corrected", *["InvoiceCredited"] * 3]
    assert connection.execute(NOTES).fetchone() == (1,)
    assert await _findings(engine) == ()


@pytest.mark.asyncio
async def test_an_invoice_that_is_credited_while_it_is_paid_loses_no_cent(billed, credit, pay, connection, engine):
    """Eight payments of 3.00 and the credit note come at once: in the end 24.00 are credit and nothing is owed."""
    await asyncio.gather(credit(), *(pay("3.00", key=f"p{number}") for number in range(8)))

    assert sorted(connection.execute(LEDGER).fetchall()) == [("bank:card", D("24.00")), ("receivable", D("-24.00"))]
    left = "select coalesce(sum(amount), 0) from payment_allocation"
    assert connection.execute(left).fetchone() == (D("0.00"),)
    assert await _findings(engine) == ()


@pytest.mark.asyncio
async def test_a_payment_that_names_a_credited_invoice_is_refused_whole(billed, credit, pay, connection, counts):
    await credit()
    before = counts()

    with pytest.raises(ValueError, match="S-000001"):
        await pay("5.00", names="S-000001")

    assert counts() == before
