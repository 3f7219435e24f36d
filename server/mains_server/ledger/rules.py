"""The chart of accounts, and what a booking must satisfy. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from functools import cache, lru_cache

from mains_server.ledger.records import Booking, BookingKind, Entry
from mains_server.money.records import require_amount

RECEIVABLE = "receivable"
PREPAID = "prepaid"
"""What customers have paid on levelled contracts ahead of their settlement; a credit."""
DEFERRED = "deferred"
"""What levelled contracts have used beyond what was paid, which their instalments bring in; a debit."""
REFUNDS = "refunds"
"""What customers are being refunded and has not arrived yet; a credit."""
UNMATCHED = "unmatched"
"""What came or went on a bank account and nobody has said yet what it is; a credit for what came."""
BROUGHT_FORWARD = "brought_forward"
"""What was on bank accounts before the first statement we have; a credit."""
HOUSE = 0
"""The customer of bookings that are no customer's but the utility's own; ids of customers begin at 1."""
_ACCOUNT = re.compile(
    r"receivable|prepaid|deferred|refunds|unmatched|brought_forward"
    r"|(bank|clearing|revenue|tax|support|aside|fee):[a-z0-9_.-]+",
    re.ASCII,
)


class BookingRefused(ValueError):
    """A booking cannot be made as asked; the message says why."""


class BookingNotBalanced(BookingRefused):
    """The entries of a booking do not sum to zero in a currency."""


class AccountUnknown(BookingRefused):
    """An entry names an account that the chart does not have."""


class BookingKeyReused(BookingRefused):
    """The key stands for another booking of this customer."""


def bank(method: str) -> str:
    """Name the account where money of one payment method arrives."""
    return f"bank:{method.lower()}"


def clearing(provider: str) -> str:
    """Name the account of the money that a payment provider holds for us until it pays it out."""
    return f"clearing:{provider.lower()}"


def fee(provider: str) -> str:
    """Name the account of what a payment provider kept of the money that it paid out."""
    return f"fee:{provider.lower()}"


def set_aside(reason: str) -> str:
    """Name the account of money that was no customer's payment, by why."""
    return f"aside:{reason.lower()}"


@cache
def revenue(account: str) -> str:
    """Name the account of a charge; `account` is what the adapter's charge code declares."""
    return f"revenue:{account.lower()}"


@cache
def tax(code: str) -> str:
    """Name the account of the tax owed to the state under one tax code."""
    return f"tax:{code.lower()}"


@cache
def support(account: str) -> str:
    """Name the account of support after tax, which the state pays instead of the customer."""
    return f"support:{account.lower()}"


def document_key(*, kind: BookingKind, document_id: int) -> str:
    """Name the one booking of a document."""
    return f"{kind.name.lower()}:{document_id}"


def booking_of(
    *, customer_id: int, kind: BookingKind, document_id: int, effective_on: date, entries: tuple[Entry, ...]
) -> Booking:
    """Make the booking of a document under that document's key."""
    return Booking(
        customer_id=customer_id,
        key=document_key(kind=kind, document_id=document_id),
        kind=kind,
        document_id=document_id,
        effective_on=effective_on,
        entries=entries,
    )


def reversed_entries(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Turn every entry round, so that both bookings together leave nothing."""
    return tuple(Entry(entry.account, entry.currency, -entry.amount) for entry in entries)


def require_bookable(booking: Booking) -> None:
    """Refuse a booking without entries, on an unknown account, in fractions of a cent, or that does not sum to zero."""
    if not booking.entries:
        raise BookingRefused(f"booking {booking.key} has no entries")
    sums: dict[str, Decimal] = {}
    for entry in booking.entries:
        if not _is_account(entry.account):
            raise AccountUnknown(f"booking {booking.key}: there is no account {entry.account!r}")
        sums[entry.currency] = sums.get(entry.currency, Decimal(0)) + require_amount(entry.amount)
    for currency, found in sums.items():
        if found:
            raise BookingNotBalanced(f"booking {booking.key} sums to {found} {currency}, not to zero")


@lru_cache(maxsize=1_000)
def _is_account(name: str) -> bool:
    return _ACCOUNT.fullmatch(name) is not None


def require_same(*, booked: Booking, asked: Booking) -> None:
    """Refuse a key that already stands for something else."""
    if _comparable(booked) != _comparable(asked):
        raise BookingKeyReused(f"key {asked.key} of customer {asked.customer_id} stands for another booking")


def _comparable(booking: Booking) -> tuple[object, ...]:
    return booking.kind, booking.document_id, booking.effective_on, sorted(booking.entries)
