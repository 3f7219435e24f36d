"""Many payments at once, as a bank statement brings them: the same books as one by one, in a few statements."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.contracts.records import NumberedContract
from mains_server.contracts.statements import levelled_among, lock_contracts
from mains_server.customers.queries import lock_accounts
from mains_server.db.copying import copy_rows, draw_ids
from mains_server.invoices.queries import lock_payable_invoices
from mains_server.invoices.rules import parse_document_number
from mains_server.ledger.operations import post_many
from mains_server.payments import rules
from mains_server.payments.operations import apply_credit
from mains_server.payments.prepaid import prepay_many
from mains_server.payments.records import NewPrepayment, PaymentRequest, PrepaidOwner

PAYMENT_COLUMNS = (
    "id", "customer_id", "amount", "currency", "method", "received_on", "reference", "payer_name", "idempotency_key",
    "booked_at",
)  # fmt: skip
ALLOCATION_COLUMNS = (
    "customer_id", "payment_id", "invoice_id", "contract_id", "amount", "currency", "allocated_at",
)  # fmt: skip


class _Owned(NamedTuple):
    """A payment with its id and, where a levelled contract holds it, that."""

    id: int
    request: PaymentRequest
    owner: PrepaidOwner | None


async def receive_many(session: AsyncSession, *, requests: Sequence[PaymentRequest], now: datetime) -> tuple[int, ...]:
    """Receive payments that are new by their keys, all or none, and give their ids in order.

    Unlike one payment alone, each settles what is still open of the invoices it names and then the customer's oldest:
    a bill that was paid twice is no reason to refuse money that came. A levelled contract is named by its number.
    Those of one customer are taken in turns, so that each finds what the one before it left, as one by one.
    """
    for request in requests:
        rules.require_receivable(request, today=now.date())
    owners = await _owners(session, requests=requests)
    await lock_accounts(session, customer_ids=sorted({request.customer_id for request in requests}))
    ids = await draw_ids(session, sequence="payment_id_seq", count=len(requests))
    turns: list[list[_Owned]] = []
    seen: Counter[int] = Counter()
    for id_, request, owner in zip(ids, requests, owners, strict=True):
        if seen[request.customer_id] == len(turns):
            turns.append([])
        turns[seen[request.customer_id]].append(_Owned(id_, request, owner))
        seen[request.customer_id] += 1
    for turn in turns:
        await _receive_turn(session, payments=turn, now=now)
    return ids


async def _receive_turn(session: AsyncSession, *, payments: Sequence[_Owned], now: datetime) -> None:
    """Receive payments of different customers."""
    rows = [
        (id_, r.customer_id, r.amount, r.currency, r.method.name, r.received_on, r.reference, r.payer_name,
         r.idempotency_key, now)
        for id_, r, _ in payments
    ]  # fmt: skip
    await copy_rows(session, table="payment", columns=PAYMENT_COLUMNS, rows=rows)
    bookings = [rules.booking_of_payment(request, payment_id=id_) for id_, request, _ in payments]
    await post_many(session, bookings=bookings, now=now)
    held = [
        NewPrepayment(owner=owner, payment_id=id_, amount=request.amount)
        for id_, request, owner in payments
        if owner is not None
    ]
    await prepay_many(session, parts=held, now=now)
    free = [(id_, request) for id_, request, owner in payments if owner is None]
    with_credit = await _settle(session, numbered=free, now=now)
    await apply_credit(session, customer_ids=with_credit, now=now)


async def _owners(session: AsyncSession, *, requests: Sequence[PaymentRequest]) -> list[PrepaidOwner | None]:
    """Find the levelled contracts that payments are for, and take hold of them."""
    named = [(r.contract_number, r.received_on) for r in requests if r.contract_number is not None]
    if not named:
        return [None] * len(requests)
    numbers, days = [number for number, _ in named], [day for _, day in named]
    seen = await levelled_among(session, numbers=numbers, days=days)
    await lock_contracts(session, contract_ids=sorted({contract.id for contract, _ in seen.values()}))
    found = await levelled_among(session, numbers=numbers, days=days)
    return [_owner(request, found=found) for request in requests]


def _owner(
    request: PaymentRequest, *, found: Mapping[tuple[str, date], tuple[NumberedContract, bool]]
) -> PrepaidOwner | None:
    if request.contract_number is None:
        return None
    contract, is_levelled = found.get((request.contract_number, request.received_on), (None, False))
    if contract is None or contract.customer_id != request.customer_id:
        raise rules.ContractNotPayable(f"this customer has no contract {request.contract_number}")
    if not is_levelled:
        return None
    return PrepaidOwner(customer_id=contract.customer_id, contract_id=contract.id, currency=request.currency)


async def _settle(session: AsyncSession, *, numbered: Sequence[tuple[int, PaymentRequest]], now: datetime) -> list[int]:
    """Settle what payments name, in their order, as far as it is open; list the customers who have something left."""
    names = {settle.document_number for _, request in numbered for settle in request.settles}
    wanted = [parse_document_number(name) for name in sorted(names)]
    found = await lock_payable_invoices(session, numbers=wanted) if wanted else ()
    invoices = {invoice.document_number: invoice for invoice in found}
    still_open = {invoice.document_number: invoice.open_amount for invoice in found}
    rows: list[tuple[object, ...]] = []
    left: set[int] = set()
    for payment_id, request in numbered:
        rest = request.amount
        for settle in request.settles:
            invoice = invoices.get(settle.document_number)
            if invoice is None or (invoice.customer_id, invoice.currency) != (request.customer_id, request.currency):
                continue
            part = min(rest, still_open[settle.document_number])
            if part > 0:
                rest -= part
                still_open[settle.document_number] -= part
                rows.append(
                    (request.customer_id, payment_id, invoice.id, invoice.contract_id, part, request.currency, now)
                )
        if rest > Decimal(0):
            left.add(request.customer_id)
    if rows:
        await copy_rows(session, table="payment_allocation", columns=ALLOCATION_COLUMNS, rows=rows)
    return sorted(left)
