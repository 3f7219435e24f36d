"""Invoices are found by number, and a customer's open ones are listed oldest first."""

from datetime import date
from decimal import Decimal

import pytest
from mains_server.db.unit_of_work import read_session, unit_of_work
from mains_server.invoices import queries
from mains_server.invoices.operations import credit_invoice
from mains_server.invoices.records import CreditRequest, InvoiceKind, InvoiceStatus

pytestmark = pytest.mark.asyncio


async def test_an_invoice_is_found_by_its_number(utility):
    customer_id = await utility.customer()
    issued = await utility.invoice(customer_id, await utility.contract(customer_id))

    async with read_session(utility.engine) as session:
        found = await queries.invoice_by_number(session, document_number="T-000001")
        assert await queries.document_numbers(session, customer_id=customer_id, ids=[issued.id, 99]) == {
            issued.id: "T-000001"
        }

    assert (found.id, found.customer_id, found.kind) == (issued.id, customer_id, InvoiceKind.REGULAR)
    assert (found.total, found.open_amount, found.status) == (Decimal("121.00"), Decimal("121.00"), InvoiceStatus.OPEN)
    async with read_session(utility.engine) as session:
        with pytest.raises(queries.InvoiceNotFound):
            await queries.invoice_by_number(session, document_number="T-000002")


async def test_open_invoices_are_listed_the_oldest_first(utility):
    customer_id = await utility.customer()
    contract_id = await utility.contract(customer_id)
    other_id = await utility.customer("C-2")
    for month in (3, 1, 2):
        await utility.invoice(customer_id, contract_id, month=month)
    await utility.invoice(customer_id, contract_id, month=4, nets=("0.00",))
    await utility.invoice(other_id, await utility.contract(other_id, "K-2"))

    async with unit_of_work(utility.engine) as session:
        await queries.lock_open_invoices(session, customer_ids=[customer_id])
        found = await queries.open_invoices(session, customer_id=customer_id)

    assert [invoice.issued_on for invoice in found] == [date(2024, 2, 1), date(2024, 3, 1), date(2024, 4, 1)]
    assert {invoice.customer_id for invoice in found} == {customer_id}


async def test_another_customers_invoice_is_not_locked(utility):
    customer_id, other_id = await utility.customer(), await utility.customer("C-2")
    await utility.invoice(other_id, await utility.contract(other_id))

    with pytest.raises(queries.InvoiceNotFound):
        async with unit_of_work(utility.engine) as session:
            await queries.lock_invoices(session, numbers=("T-000001",), customer_id=customer_id)


async def test_the_seller_is_the_one_of_the_day(utility):
    await utility.run(
        "insert into seller (adapter, starts, name, registration_number, vat_number, address, iban, series)"
        " select adapter, date '2024-06-01', 'Siltums AS', registration_number, vat_number, address, iban, series"
        " from seller"
    )

    async with read_session(utility.engine) as session:
        before = await queries.seller_on(session, adapter="test_heat", on=date(2024, 5, 31))
        after = await queries.seller_on(session, adapter="test_heat", on=date(2024, 6, 1))

    assert (before.name, after.name) == ("Siltums SIA", "Siltums AS")


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2023, 12, 31), False),
        (date(2024, 1, 1), True),
        (date(2024, 2, 1), True),
        (date(2024, 2, 2), False),
    ],
)
async def test_a_day_is_billed_from_the_first_to_the_end_of_a_billed_period(utility, day, expected):
    customer_id = await utility.customer()
    contract_id = await utility.contract(customer_id)
    await utility.invoice(customer_id, contract_id, month=1)

    async with read_session(utility.engine) as session:
        assert await queries.is_billed(session, frozenset({contract_id, contract_id + 1}), day) is expected
        assert not await queries.is_billed(session, frozenset({contract_id + 1}), day)
        assert not await queries.is_billed(session, frozenset(), day)


async def test_a_bill_that_was_taken_back_does_not_count(utility):
    customer_id = await utility.customer()
    contract_id = await utility.contract(customer_id)
    invoice = await utility.invoice(customer_id, contract_id, month=1)

    async with unit_of_work(utility.engine) as session:
        request = CreditRequest(document_number=invoice.document_number, issued_on=date(2024, 3, 1))
        await credit_invoice(session, request=request, now=utility.now)

    async with read_session(utility.engine) as session:
        assert not await queries.is_billed(session, frozenset({contract_id}), date(2024, 1, 15))
