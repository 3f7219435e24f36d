"""Receiving money, settling invoices with it, and releasing it again when an invoice is taken back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from mains_server.contracts.queries import contract_by_id, contract_by_number, levelled_numbers, lock_contract
from mains_server.contracts.records import Settlement
from mains_server.customers.queries import customer_by_id
from mains_server.db.outbox import append_event
from mains_server.invoices import operations as invoicing
from mains_server.invoices.queries import invoice_by_number, lock_invoices, lock_open_invoices
from mains_server.invoices.records import CreditRequest, InvoiceKind, IssuedInvoice, IssueRequest, OpenInvoice
from mains_server.ledger.operations import post
from mains_server.money.rules import is_creditor_reference
from mains_server.payments import queries, rules
from mains_server.payments.allocating import insert_allocations
from mains_server.payments.giving import issue_invoice, withdraw
from mains_server.payments.prepaid import give_back, prepay, take_over
from mains_server.payments.records import Allocation, PaymentRequest, PrepaidOwner, ReceivedPayment
from mains_server.payments.tables import Payment

INVOICE_ISSUED = "invoice.issued"
# Each customer's credit and open invoices, per currency, are laid end to end on one line of money, the oldest first;
# where a payment's stretch and an invoice's stretch overlap, the payment settles the invoice.
SETTLE_OLDEST_FIRST = """
insert into payment_allocation (customer_id, payment_id, invoice_id, contract_id, amount, currency, allocated_at)
with credit as (
    select p.customer_id, p.currency, p.id, p.rest,
           sum(p.rest) over (partition by p.customer_id, p.currency order by p.received_on, p.id) as upto
    from (
        select p.customer_id, p.currency, p.id, p.received_on, p.amount - coalesce((
            select sum(a.amount) from payment_allocation a where a.payment_id = p.id and a.customer_id = p.customer_id
        ), 0) - coalesce((
            select sum(h.amount) from prepayment h where h.payment_id = p.id and h.customer_id = p.customer_id
        ), 0) - coalesce((
            select sum(r.amount) from payment_return r where r.payment_id = p.id and r.customer_id = p.customer_id
        ), 0) as rest
        from payment p where p.customer_id = any(cast(:customer_ids as bigint[]))
    ) p where p.rest > 0
), due as (
    select i.customer_id, i.currency, i.id, i.contract_id, i.open_amount,
           sum(i.open_amount) over (partition by i.customer_id, i.currency order by i.issued_on, i.id) as upto
    from invoice_state i where i.customer_id = any(cast(:customer_ids as bigint[])) and i.open_amount > 0
)
select c.customer_id, c.id, d.id, d.contract_id,
       least(c.upto, d.upto) - greatest(c.upto - c.rest, d.upto - d.open_amount), c.currency, :now
from credit c join due d using (customer_id, currency)
where least(c.upto, d.upto) > greatest(c.upto - c.rest, d.upto - d.open_amount)
order by c.customer_id, d.upto, c.upto
"""


class Released(NamedTuple):
    """What an invoice that was taken back had been paid with: by payment, and whether by its levelled account."""

    paid: Mapping[int, Decimal]
    was_levelled: bool


class CustomerNotFound(LookupError):
    """There is nobody to receive the payment for."""


async def receive_payment(session: AsyncSession, *, request: PaymentRequest, now: datetime) -> ReceivedPayment:
    """Receive money once by its key, book it, and settle the invoices it names or else the oldest; keep the rest.

    A levelled contract that it names, by number or by payment reference, holds it all until it is settled. Where the
    contract is not levelled (any more) the money is the customer's, as any other: a standing order may go on.
    """
    rules.require_receivable(request, today=now.date())
    if await customer_by_id(session, customer_id=request.customer_id) is None:
        raise CustomerNotFound(f"there is no customer {request.customer_id}")
    owner = await _levelled(session, request=request)
    payment_id = await _insert_payment(session, request=request, now=now)
    if payment_id is None:
        return await _earlier(session, request=request)
    await post(session, booking=rules.booking_of_payment(request, payment_id=payment_id), now=now)
    if owner is not None:
        await prepay(session, owner=owner, payment_id=payment_id, amount=request.amount, now=now)
    elif request.settles:
        await _settle_named(session, request=request, payment_id=payment_id, now=now)
    else:
        await apply_credit(session, customer_ids=[request.customer_id], now=now)
    received = await queries.payment_by_id(session, customer_id=request.customer_id, payment_id=payment_id)
    return replace(received, is_new=True)


async def apply_credit(session: AsyncSession, *, customer_ids: Sequence[int], now: datetime) -> int:
    """Settle customers' open invoices with their credit, the oldest with the oldest, and count the allocations.

    Give it a transaction of its own after a billing run's: invoices are locked before a series, never after.
    """
    with_credit = await queries.customers_with_credit(session, customer_ids=customer_ids)
    if not with_credit:
        return 0
    await lock_open_invoices(session, customer_ids=with_credit)
    await queries.lock_credit(session, customer_ids=with_credit)
    settled = await session.execute(text(SETTLE_OLDEST_FIRST), {"customer_ids": with_credit, "now": now})
    return settled.rowcount  # type: ignore[attr-defined,no-any-return]


async def credit_invoice(session: AsyncSession, *, request: CreditRequest, now: datetime) -> IssuedInvoice:
    """Take an invoice back by a credit note, once, and turn what had been paid on it into credit for the others.

    What a bill below nothing had given is withdrawn. CreditRefunded refuses where some of that went to an account.
    """
    note, original, _ = await _take_back(session, request=request, now=now)
    await apply_credit(session, customer_ids=[original.customer_id], now=now)
    return note


async def replace_invoice(
    session: AsyncSession, *, request: CreditRequest, replacement: IssueRequest, now: datetime
) -> tuple[IssuedInvoice, IssuedInvoice]:
    """Take an invoice back and issue another in its place; give the credit note and the replacement.

    What had been paid on the first pays the second: payments first, and the rest is taken over where a levelled account
    had done so; what is left is credit, and what is lacking is open. Where the first was below nothing, what it gave is
    withdrawn; where the second is, it gives credit.
    """
    note, original, released = await _take_back(session, request=request, now=now)
    issued = await issue_invoice(session, request=replacement, now=now)
    await _follow(session, released=released, issued=issued, now=now)
    if released.was_levelled:
        await take_over(session, document_number=issued.document_number, now=now)
    await apply_credit(session, customer_ids=[original.customer_id], now=now)
    return note, issued


async def _follow(session: AsyncSession, *, released: Released, issued: IssuedInvoice, now: datetime) -> None:
    left = issued.total
    for payment_id, amount in released.paid.items():
        part = min(amount, left)
        if part > 0:
            left -= part
            forth = Allocation(invoice_id=issued.id, contract_id=issued.contract_id, amount=part)
            owner = (issued.customer_id, issued.currency)
            await insert_allocations(session, allocations=[forth], payment_id=payment_id, owner=owner, now=now)


async def _take_back(
    session: AsyncSession, *, request: CreditRequest, now: datetime
) -> tuple[IssuedInvoice, OpenInvoice, Released]:
    seen = await invoice_by_number(session, document_number=request.document_number)
    await lock_contract(session, contract_id=seen.contract_id)
    note = await invoicing.credit_invoice(session, request=request, now=now)
    if note.is_new:
        issued = {"invoice_id": note.id, "contract_id": note.contract_id}
        append_event(session, kind=INVOICE_ISSUED, payload=issued, customer_id=note.customer_id, now=now)
    original = await invoice_by_number(session, document_number=request.document_number)
    await withdraw(session, invoice=original, note=note, now=now)
    given_back = await give_back(session, invoice=original, now=now)
    paid = await queries.allocations_on(session, customer_id=original.customer_id, invoice_id=original.id)
    for payment_id, amount in paid.items():
        back = Allocation(invoice_id=original.id, contract_id=original.contract_id, amount=-amount)
        await insert_allocations(
            session,
            allocations=[back],
            payment_id=payment_id,
            owner=(original.customer_id, original.currency),
            now=now,
        )
    return note, original, Released(paid, given_back > 0 or await _gave_where_levelled(session, invoice=original))


async def _gave_where_levelled(session: AsyncSession, *, invoice: OpenInvoice) -> bool:
    """Tell whether a settlement left its levelled contract nothing to take over, so that what follows it is taken."""
    if invoice.total > 0 or invoice.kind is not InvoiceKind.SETTLEMENT:
        return False
    contract = await contract_by_id(session, contract_id=invoice.contract_id)
    return contract is not None and contract.settlement is Settlement.LEVELLED


async def _levelled(session: AsyncSession, *, request: PaymentRequest) -> PrepaidOwner | None:
    """Find the levelled contract that a payment is for, and take hold of it."""
    contract_id = await _contract_paid_for(session, request=request)
    if contract_id is None:
        return None
    await lock_contract(session, contract_id=contract_id)
    found = await contract_by_id(session, contract_id=contract_id)
    if found is None or Settlement.LEVELLED not in {found.settlement, found.terms_on(request.received_on).settlement}:
        return None
    return PrepaidOwner(customer_id=request.customer_id, contract_id=found.id, currency=request.currency)


async def _contract_paid_for(session: AsyncSession, *, request: PaymentRequest) -> int | None:
    if request.settles:
        return None
    if request.contract_number is not None:
        contract = await contract_by_number(session, number=request.contract_number)
        if contract is None or contract.customer_id != request.customer_id:
            raise rules.ContractNotPayable(f"this customer has no contract {request.contract_number}")
        return contract.id
    if not is_creditor_reference(request.reference):
        return None
    quoted = request.reference.replace(" ", "").upper()
    levelled = await levelled_numbers(session, customer_id=request.customer_id)
    return next((id_ for id_, number in levelled if rules.contract_reference(number) == quoted), None)


async def _insert_payment(session: AsyncSession, *, request: PaymentRequest, now: datetime) -> int | None:
    statement = (
        postgresql.insert(Payment)
        .values(
            customer_id=request.customer_id,
            amount=request.amount,
            currency=request.currency,
            method=request.method,
            received_on=request.received_on,
            reference=request.reference,
            payer_name=request.payer_name,
            idempotency_key=request.idempotency_key,
            provider=request.provider,
            booked_at=now,
        )
        .on_conflict_do_nothing(constraint="payment_once")
        .returning(col(Payment.id))
    )
    return await session.scalar(statement)


async def _earlier(session: AsyncSession, *, request: PaymentRequest) -> ReceivedPayment:
    received = await queries.payment_by_key(session, customer_id=request.customer_id, key=request.idempotency_key)
    assert received is not None, "the key was taken a moment ago and payments are never removed"
    named = [await invoice_by_number(session, document_number=settle.document_number) for settle in request.settles]
    contract_id = await _contract_paid_for(session, request=request)
    rules.require_same_payment(received=received, asked=request, named=named, contract_id=contract_id)
    return received


async def _settle_named(session: AsyncSession, *, request: PaymentRequest, payment_id: int, now: datetime) -> None:
    numbers = tuple(settle.document_number for settle in request.settles)
    invoices = await lock_invoices(session, numbers=numbers, customer_id=request.customer_id)
    allocations = rules.allocate_as_named(
        amount=request.amount, currency=request.currency, named=tuple(zip(request.settles, invoices, strict=True))
    )
    owner = request.customer_id, request.currency
    await insert_allocations(session, allocations=allocations, payment_id=payment_id, owner=owner, now=now)
