"""Booking: every posting sums to zero, is done once by its key, and is never changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from psycopg import Connection
from sqlalchemy import insert
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from mains_server.db.copying import RowExists, copy_rows, draw_ids
from mains_server.db.outbox import NewsEvent, append_news
from mains_server.ledger.queries import posting_by_key
from mains_server.ledger.records import Booking, Posting, Reversal
from mains_server.ledger.rules import RECEIVABLE, BookingKeyReused, require_bookable, require_same, reversed_entries
from mains_server.ledger.tables import LedgerEntry, LedgerTransaction

INSERT_TRANSACTION = """
insert into ledger_transaction (customer_id, key, kind, document_id, effective_on, booked_at)
values (%(customer)s, %(key)s, %(kind)s, %(document)s, %(effective_on)s, %(now)s) returning id
"""
INSERT_ENTRY = """
insert into ledger_entry (customer_id, transaction_id, account, currency, amount)
values (%(customer)s, %(transaction)s, %(account)s, %(currency)s, %(amount)s)
"""

BALANCE_CHANGED = "ledger.balance_changed"
TRANSACTION_COLUMNS = ("id", "customer_id", "key", "kind", "document_id", "effective_on", "booked_at")
ENTRY_COLUMNS = ("customer_id", "transaction_id", "account", "currency", "amount")


async def post(session: AsyncSession, *, booking: Booking, now: datetime) -> Posting:
    """Book once: the same key with the same booking gives the first posting, with another it is refused.

    A second session with the same key waits for the first and then finds its posting.
    """
    require_bookable(booking)
    transaction_id = await _insert_transaction(session, booking=booking, now=now)
    if transaction_id is None:
        first = await posting_by_key(session, customer_id=booking.customer_id, key=booking.key)
        require_same(booked=first.booking, asked=booking)
        return first
    rows = [
        {
            "customer_id": booking.customer_id,
            "transaction_id": transaction_id,
            "account": entry.account,
            "currency": entry.currency,
            "amount": entry.amount,
        }
        for entry in booking.entries
    ]
    await session.execute(insert(LedgerEntry), rows)
    await append_news(session, news=_news([booking]), now=now)
    return Posting(transaction_id=transaction_id, booking=booking, is_new=True)


def post_new(connection: Connection, *, booking: Booking, now: datetime) -> None:
    """Book a document that this transaction makes, over psycopg; a key that is booked already stops it."""
    require_bookable(booking)
    row = {
        "customer": booking.customer_id,
        "key": booking.key,
        "kind": booking.kind.name,
        "document": booking.document_id,
        "effective_on": booking.effective_on,
        "now": now,
    }
    ((transaction_id,),) = connection.execute(INSERT_TRANSACTION, row).fetchall()
    entries = [
        {
            "customer": booking.customer_id,
            "transaction": transaction_id,
            "account": entry.account,
            "currency": entry.currency,
            "amount": entry.amount,
        }
        for entry in booking.entries
    ]
    with connection.cursor() as cursor:
        cursor.executemany(INSERT_ENTRY, entries)


async def post_many(session: AsyncSession, *, bookings: Sequence[Booking], now: datetime) -> None:
    """Book many new bookings at once; where one of their keys is there already, all are refused (BookingKeyReused)."""
    for booking in bookings:
        require_bookable(booking)
    ids = await draw_ids(session, sequence="ledger_transaction_id_seq", count=len(bookings))
    booked = list(zip(ids, bookings, strict=True))
    transactions = [(id_, b.customer_id, b.key, b.kind.name, b.document_id, b.effective_on, now) for id_, b in booked]
    entries = [(b.customer_id, id_, e.account, e.currency, e.amount) for id_, b in booked for e in b.entries]
    try:
        await copy_rows(session, table="ledger_transaction", columns=TRANSACTION_COLUMNS, rows=transactions)
    except RowExists as exists:
        raise BookingKeyReused("one of the bookings is there already") from exists
    await copy_rows(session, table="ledger_entry", columns=ENTRY_COLUMNS, rows=entries)
    await append_news(session, news=_news(bookings), now=now)


async def reverse(session: AsyncSession, *, reversal: Reversal, now: datetime) -> Posting:
    """Book the opposite of an earlier booking, once by the reversal's own key."""
    earlier = await posting_by_key(session, customer_id=reversal.customer_id, key=reversal.of_key)
    booking = Booking(
        customer_id=reversal.customer_id,
        key=reversal.key,
        kind=reversal.kind,
        document_id=reversal.document_id,
        effective_on=reversal.effective_on,
        entries=reversed_entries(earlier.booking.entries),
    )
    return await post(session, booking=booking, now=now)


def _news(bookings: Sequence[Booking]) -> list[NewsEvent]:
    """Tell of bookings that change what customers owe; the billing run tells of its own by `invoice.issued`."""
    return [
        NewsEvent(
            kind=BALANCE_CHANGED,
            customer_id=one.customer_id,
            payload={"kind": one.kind.name, "document_id": one.document_id},
        )
        for one in bookings
        if any(entry.account == RECEIVABLE for entry in one.entries)
    ]


async def _insert_transaction(session: AsyncSession, *, booking: Booking, now: datetime) -> int | None:
    statement = (
        postgresql.insert(LedgerTransaction)
        .values(
            customer_id=booking.customer_id,
            key=booking.key,
            kind=booking.kind.name,
            document_id=booking.document_id,
            effective_on=booking.effective_on,
            booked_at=now,
        )
        .on_conflict_do_nothing(constraint="ledger_booked_once")
        .returning(col(LedgerTransaction.id))
    )
    return await session.scalar(statement)
