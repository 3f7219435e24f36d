"""Invoices are issued with number, sums and booking in one go, and taken back once."""

import asyncio
from datetime import date
from decimal import Decimal

import pytest
from mains_server.db.unit_of_work import read_session, unit_of_work
from mains_server.invoices import queries
from mains_server.invoices.operations import CreditNoteNotPossible, credit_invoice
from mains_server.invoices.records import CreditRequest, InvoiceKind, InvoiceStatus
from mains_server.ledger.queries import account_balances, posting_by_key
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

pytestmark = pytest.mark.asyncio


@pytest.fixture
def contract_of(utility):
    async def made():
        customer_id = await utility.customer()
        return customer_id, await utility.contract(customer_id)

    return made


async def credited(utility, number, *, on=date(2024, 3, 1)):
    async with unit_of_work(utility.engine) as session:
        return await credit_invoice(
            session, request=CreditRequest(document_number=number, issued_on=on), now=utility.now
        )


async def test_an_invoice_is_numbered_summed_and_booked(utility, contract_of):
    customer_id, contract_id = await contract_of()

    invoice = await utility.invoice(customer_id, contract_id, nets=("10.02", "20.03"), support="5.00")

    # 30.05 net, 30.05 * 0.21 = 6.3105 tax, 30.05 + 6.31 - 5.00 = 31.36
    assert (invoice.document_number, invoice.total) == ("T-000001", Decimal("31.36"))
    # T000001RF00 -> 29 000001 27 15 00; 98 - 29000001271500 % 97 = 79
    assert invoice.payment_reference == "RF79T000001"
    assert invoice.due_on == date(2024, 2, 21)
    async with read_session(utility.engine) as session:
        posting = await posting_by_key(session, customer_id=customer_id, key=f"invoice:{invoice.id}")
        draft = await queries.draft_of(
            session, invoice=await queries.invoice_by_number(session, document_number="T-000001")
        )
    assert [(entry.account, str(entry.amount)) for entry in posting.booking.entries] == [
        ("receivable", "31.36"),
        ("revenue:energy", "-30.05"),
        ("support:state_support", "5.00"),
        ("tax:vat", "-6.31"),
    ]
    assert [(str(line.net), line.is_after_tax) for line in draft.lines] == [
        ("10.02", False),
        ("20.03", False),
        ("-5.00", True),
    ]


async def test_a_period_is_billed_once(utility, contract_of):
    customer_id, contract_id = await contract_of()
    await utility.invoice(customer_id, contract_id)

    with pytest.raises(IntegrityError, match="invoice_billed_once"):
        await utility.invoice(customer_id, contract_id)

    other = await utility.invoice(customer_id, contract_id, month=2)
    assert other.document_number == "T-000002"


async def test_a_credit_note_takes_everything_back(utility, contract_of):
    customer_id, contract_id = await contract_of()
    invoice = await utility.invoice(customer_id, contract_id, nets=("10.02", "20.03"), support="5.00")

    note = await credited(utility, invoice.document_number)

    assert (note.document_number, note.kind, note.total) == ("T-000002", InvoiceKind.CREDIT, Decimal("-31.36"))
    assert note.corrects_invoice_id == invoice.id
    async with read_session(utility.engine) as session:
        assert all(not balance.balance for balance in await account_balances(session))
        states = [
            await queries.invoice_by_number(session, document_number=number) for number in ("T-000001", "T-000002")
        ]
        draft = await queries.draft_of(session, invoice=states[1])
    assert [(state.open_amount, state.status) for state in states] == [(Decimal(0), InvoiceStatus.CREDITED)] * 2
    assert [str(line.net) for line in draft.lines] == ["-10.02", "-20.03", "5.00"]
    assert [(str(tax.base), str(tax.tax)) for tax in draft.taxes] == [("-30.05", "-6.31")]


async def test_an_invoice_is_credited_once_whoever_asks_at_once(utility, contract_of):
    customer_id, contract_id = await contract_of()
    invoice = await utility.invoice(customer_id, contract_id)

    notes = await asyncio.gather(*(credited(utility, invoice.document_number) for _ in range(6)))

    assert {note.document_number for note in notes} == {"T-000002"}
    assert sorted(note.is_new for note in notes) == [False] * 5 + [True]
    assert await utility.run("select last_number from invoice_series") == 2


async def test_the_period_can_be_billed_and_credited_again(utility, contract_of):
    customer_id, contract_id = await contract_of()
    first = await utility.invoice(customer_id, contract_id)
    final = await utility.invoice(customer_id, contract_id, kind=InvoiceKind.FINAL)

    await credited(utility, first.document_number)
    note = await credited(utility, final.document_number)

    assert note.document_number == "T-000004"
    assert await utility.run("select sum(revision) from invoice where kind = 'CREDIT'") == 1


@pytest.mark.parametrize(
    ("number", "on", "refusal"),
    [
        ("T-000009", date(2024, 3, 1), queries.InvoiceNotFound),
        ("T-000001", date(2024, 1, 31), CreditNoteNotPossible),
        ("T-000003", date(2024, 3, 1), CreditNoteNotPossible),
    ],
)
async def test_what_cannot_be_credited_is_refused(utility, contract_of, number, on, refusal):
    customer_id, contract_id = await contract_of()
    await utility.invoice(customer_id, contract_id, month=1)
    await credited(
        utility, (await utility.invoice(customer_id, contract_id, month=1, kind=InvoiceKind.FINAL)).document_number
    )
    before = await utility.run("select count(*) from invoice")

    with pytest.raises(refusal):
        await credited(utility, number, on=on)

    assert await utility.run("select count(*) from invoice") == before


async def test_a_utility_without_seller_cannot_invoice(utility):
    with pytest.raises(queries.SellerNotFound):
        async with read_session(utility.engine) as session:
            await queries.seller_on(session, adapter="test_heat", on=date(2019, 12, 31))


@pytest.mark.parametrize("table", ["invoice", "invoice_line", "invoice_tax"])
@pytest.mark.parametrize("change", ["update {} set customer_id = 2", "delete from {}", "truncate {} cascade"])
async def test_issued_invoices_refuse_changes(utility, contract_of, table, change):
    await utility.invoice(*(await contract_of()))

    with pytest.raises(DBAPIError, match="append-only"):
        async with unit_of_work(utility.engine) as session:
            await session.execute(text(change.format(table)))

    assert await utility.run(f"select count(*) from {table}") == 1
