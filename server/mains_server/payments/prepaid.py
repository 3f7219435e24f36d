"""The levelled account of a contract: money held until it is settled, invoices taken over, and what is given back.

Whoever changes it holds the contract's row, so that payments, settlements and credit notes take turns.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from mains_server.contracts.queries import lock_contract
from mains_server.db.copying import copy_rows, draw_ids
from mains_server.invoices.queries import invoice_by_number, lock_invoices
from mains_server.invoices.records import OpenInvoice
from mains_server.ledger.operations import post, post_many
from mains_server.ledger.records import Booking, BookingKind
from mains_server.ledger.rules import booking_of
from mains_server.payments import queries, rules
from mains_server.payments.records import Held, LevelledAccount, NewPrepayment, PrepaidOwner
from mains_server.payments.tables import PrepaidUse, Prepayment

PREPAYMENT_COLUMNS = ("id", "customer_id", "payment_id", "contract_id", "amount", "currency", "booked_at")


async def prepay(
    session: AsyncSession, *, owner: PrepaidOwner, payment_id: int, amount: Decimal, now: datetime
) -> LevelledAccount:
    """Hold a part of a payment for a levelled contract; below nothing it is given back to the customer's credit."""
    before = await queries.levelled_account(session, owner=owner)
    row = {**_owned(owner, now=now), "payment_id": payment_id, "amount": amount}
    row_id = await session.scalar(insert(Prepayment).values(row).returning(col(Prepayment.id)))
    assert row_id is not None
    await _post(session, owner=owner, kind=BookingKind.PREPAYMENT, document_id=row_id, moved=(before, amount), now=now)
    return before.moved(paid=amount)


async def prepay_many(session: AsyncSession, *, parts: Sequence[NewPrepayment], now: datetime) -> None:
    """Hold many payments for their levelled contracts, whose rows the caller has locked."""
    if not parts:
        return
    accounts = await queries.levelled_accounts(session, owners=sorted({part.owner for part in parts}, key=_place))
    ids = await draw_ids(session, sequence="prepayment_id_seq", count=len(parts))
    rows, bookings = [], []
    for id_, part in zip(ids, parts, strict=True):
        owner = part.owner
        before = accounts[owner]
        accounts[owner] = before.moved(paid=part.amount)
        rows.append((id_, owner.customer_id, part.payment_id, owner.contract_id, part.amount, owner.currency, now))
        bookings.append(
            _booking(owner, kind=BookingKind.PREPAYMENT, document_id=id_, moved=(before, part.amount), now=now)
        )
    await copy_rows(session, table="prepayment", columns=PREPAYMENT_COLUMNS, rows=rows)
    await post_many(session, bookings=bookings, now=now)


def _place(owner: PrepaidOwner) -> tuple[int, int, str]:
    return owner.customer_id, owner.contract_id, owner.currency


async def take_over(session: AsyncSession, *, document_number: str, now: datetime) -> Decimal:
    """Let a levelled contract's account take over what is open of its invoice, and tell how much; again it is nothing.

    What was prepaid pays it as far as it goes; what is lacking is deferred until the instalments bring it in.
    """
    seen = await invoice_by_number(session, document_number=document_number)
    await lock_contract(session, contract_id=seen.contract_id)
    # Most bills were taken over as they were issued; whoever may not change the books cannot even lock them.
    if (await invoice_by_number(session, document_number=document_number)).open_amount <= 0:
        return Decimal(0)
    (invoice,) = await lock_invoices(session, numbers=(document_number,), customer_id=seen.customer_id)
    if invoice.open_amount <= 0:
        return Decimal(0)
    await _use(session, invoice=invoice, amount=invoice.open_amount, now=now)
    return invoice.open_amount


async def release(session: AsyncSession, *, owner: PrepaidOwner, now: datetime) -> Decimal:
    """Close a levelled account and tell its balance: what was prepaid becomes credit, what was deferred is due again.

    Credit comes from the latest payments, a debt stands on the latest invoices. Settling it is `apply_credit`'s work.
    """
    await lock_contract(session, contract_id=owner.contract_id)
    balance = (await queries.levelled_account(session, owner=owner)).balance
    if balance > 0:
        for held in rules.taken_from(await queries.held_by_payment(session, owner=owner), amount=balance):
            await prepay(session, owner=owner, payment_id=held.document_id, amount=-held.amount, now=now)
    elif balance < 0:
        parts = rules.taken_from(await queries.used_by_invoice(session, owner=owner), amount=-balance)
        await _give_back(session, owner=owner, parts=parts, now=now)
    return balance


async def give_back(session: AsyncSession, *, invoice: OpenInvoice, now: datetime) -> Decimal:
    """Give back what a levelled account took over of an invoice that is no longer owed; the contract is held."""
    owner = PrepaidOwner(customer_id=invoice.customer_id, contract_id=invoice.contract_id, currency=invoice.currency)
    taken = [held for held in await queries.used_by_invoice(session, owner=owner) if held.document_id == invoice.id]
    await _give_back(session, owner=owner, parts=taken, now=now)
    return sum((held.amount for held in taken), Decimal(0))


async def _give_back(session: AsyncSession, *, owner: PrepaidOwner, parts: Sequence[Held], now: datetime) -> None:
    for part in parts:
        await _write_use(session, owner=owner, invoice_id=part.document_id, amount=-part.amount, now=now)


async def _use(session: AsyncSession, *, invoice: OpenInvoice, amount: Decimal, now: datetime) -> None:
    owner = PrepaidOwner(customer_id=invoice.customer_id, contract_id=invoice.contract_id, currency=invoice.currency)
    await _write_use(session, owner=owner, invoice_id=invoice.id, amount=amount, now=now)


async def _write_use(
    session: AsyncSession, *, owner: PrepaidOwner, invoice_id: int, amount: Decimal, now: datetime
) -> None:
    before = await queries.levelled_account(session, owner=owner)
    row = {**_owned(owner, now=now), "invoice_id": invoice_id, "amount": amount}
    row_id = await session.scalar(insert(PrepaidUse).values(row).returning(col(PrepaidUse.id)))
    assert row_id is not None
    await _post(
        session, owner=owner, kind=BookingKind.PREPAID_USE, document_id=row_id, moved=(before, -amount), now=now
    )


async def _post(
    session: AsyncSession,
    *,
    owner: PrepaidOwner,
    kind: BookingKind,
    document_id: int,
    moved: tuple[LevelledAccount, Decimal],
    now: datetime,
) -> None:
    booking = _booking(owner, kind=kind, document_id=document_id, moved=moved, now=now)
    await post(session, booking=booking, now=now)


def _booking(
    owner: PrepaidOwner,
    *,
    kind: BookingKind,
    document_id: int,
    moved: tuple[LevelledAccount, Decimal],
    now: datetime,
) -> Booking:
    before, change = moved
    return booking_of(
        customer_id=owner.customer_id,
        kind=kind,
        document_id=document_id,
        effective_on=now.date(),
        entries=rules.entries_of_move(before=before.balance, change=change, currency=owner.currency),
    )


def _owned(owner: PrepaidOwner, *, now: datetime) -> dict[str, int | str | Decimal | datetime]:
    return {
        "customer_id": owner.customer_id,
        "contract_id": owner.contract_id,
        "currency": owner.currency,
        "booked_at": now,
    }
