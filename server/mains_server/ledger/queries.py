"""What the ledger says: single bookings, and balances as sums of entries."""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from mains_server.ledger.records import AccountBalance, Booking, BookingKind, Entry, Posting
from mains_server.ledger.rules import RECEIVABLE
from mains_server.ledger.tables import LedgerEntry, LedgerTransaction


class BookingNotFound(LookupError):
    """A customer has no booking under a key."""


async def posting_by_key(session: AsyncSession, *, customer_id: int, key: str) -> Posting:
    """Find one booking of a customer by its key."""
    wanted = select(LedgerTransaction).where(
        col(LedgerTransaction.customer_id) == customer_id, col(LedgerTransaction.key) == key
    )
    row = await session.scalar(wanted)
    if row is None:
        raise BookingNotFound(f"customer {customer_id} has no booking {key}")
    entries = select(LedgerEntry).where(
        col(LedgerEntry.transaction_id) == row.id, col(LedgerEntry.customer_id) == customer_id
    )
    booking = Booking(
        customer_id=customer_id,
        key=key,
        kind=BookingKind[row.kind],
        document_id=row.document_id,
        effective_on=row.effective_on,
        entries=tuple(
            Entry(entry.account, entry.currency, entry.amount)
            for entry in await session.scalars(entries.order_by(col(LedgerEntry.id)))
        ),
    )
    return Posting(transaction_id=row.id, booking=booking, is_new=False)


async def receivable_of(session: AsyncSession, *, customer_id: int) -> dict[str, Decimal]:
    """Sum what a customer owes by the ledger, per currency; negative is the customer's credit."""
    found = await account_balances(session, customer_id=customer_id)
    return {balance.currency: balance.balance for balance in found if balance.account == RECEIVABLE}


async def account_balances(session: AsyncSession, *, customer_id: int | None = None) -> tuple[AccountBalance, ...]:
    """Sum every account per currency, of one customer or of the whole house (the trial balance)."""
    columns = col(LedgerEntry.account), col(LedgerEntry.currency)
    wanted = select(*columns, func.sum(col(LedgerEntry.amount))).group_by(*columns).order_by(*columns)
    if customer_id is not None:
        wanted = wanted.where(col(LedgerEntry.customer_id) == customer_id)
    rows = await session.execute(wanted)
    return tuple(AccountBalance(account=account, currency=currency, balance=sum_) for account, currency, sum_ in rows)
