"""Changes in the customers room: customers added, one by one or in bulk, and their protected statuses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.access.records import Refusal
from mains_server.customers import queries
from mains_server.customers.records import NewCustomer, Protection, ProtectionKind
from mains_server.customers.rules import meets
from mains_server.customers.tables import Customer as CustomerRow
from mains_server.customers.tables import CustomerProtection
from mains_server.db.copying import RowExists, copy_rows, draw_ids

COLUMNS = (
    "id", "number", "kind", "name", "personal_code", "registration_number", "vat_number", "language", "email", "phone",
    "address_line", "address_city", "address_postcode", "address_country", "created_at",
)  # fmt: skip
CHANGEABLE = frozenset({"email", "phone", "iban", "personal_code", "language"})


class CustomerNumberTaken(Refusal):
    """Another customer has this number already."""

    code = "CUSTOMER_NUMBER_TAKEN"
    path = "number"


class CustomerUnknown(Refusal):
    """There is no such customer."""

    code = "CUSTOMER_UNKNOWN"


class ProtectionOverlaps(Refusal):
    """The customer has this protected status already on some of the days."""

    code = "PROTECTION_OVERLAPS"
    path = "starts"


class ProtectionUnknown(Refusal):
    """The customer has no protected status of this kind that could end on that day."""

    code = "PROTECTION_UNKNOWN"
    path = "endsOn"


async def create_customer(session: AsyncSession, *, customer: NewCustomer, now: datetime) -> int:
    """Add a customer, and return its id."""
    (customer_id,) = await load_customers(session, customers=[customer], now=now)
    return customer_id


async def load_customers(session: AsyncSession, *, customers: Sequence[NewCustomer], now: datetime) -> tuple[int, ...]:
    """Add many customers at once, all or none, and return their ids in the same order."""
    ids = await draw_ids(session, sequence="customer_id_seq", count=len(customers))
    rows = [_row(customer_id, customer, now=now) for customer_id, customer in zip(ids, customers, strict=True)]
    try:
        await copy_rows(session, table="customer", columns=COLUMNS, rows=rows)
    except RowExists as refused:
        raise CustomerNumberTaken("another customer has this number already; give the next free one") from refused
    return ids


async def change_customer(session: AsyncSession, *, customer_id: int, changes: Mapping[str, Any]) -> None:
    """Write a customer's contact data, checked before: those of `CHANGEABLE`, and `address`.

    Invoices that were issued keep the data they were issued with.
    """
    row = await session.get(CustomerRow, customer_id, populate_existing=True)
    if row is None:
        raise CustomerUnknown("there is no such customer")
    for name, value in changes.items():
        if name == "address":
            row.address_line, row.address_city = value.line, value.city
            row.address_postcode, row.address_country = value.postcode, value.country
        else:
            assert name in CHANGEABLE, f"{name} is no contact data"
            setattr(row, name, value)
    await session.flush()


async def protect_customer(session: AsyncSession, *, customer_id: int, protection: Protection) -> None:
    """Record a protected status; one kind holds at most once on a day."""
    if not await queries.lock_customer(session, customer_id=customer_id):
        raise CustomerUnknown("there is no such customer")
    for held in await queries.protections_of_customer(session, customer_id=customer_id):
        is_same_kind = held.kind is protection.kind
        if is_same_kind and meets(
            starts=held.starts, ends=held.ends, other_starts=protection.starts, other_ends=protection.ends
        ):
            raise ProtectionOverlaps(f"{held.kind.name} holds from {held.starts} already; begin after it ends")
    session.add(
        CustomerProtection(
            customer_id=customer_id,
            kind=protection.kind,
            starts=protection.starts,
            ends=protection.ends,
            proof=protection.proof,
        )
    )
    await session.flush()


async def end_protection(session: AsyncSession, *, customer_id: int, kind: ProtectionKind, ends: date) -> None:
    """Let a protected status that holds on the day before end on a civil day, its first one without."""
    row = await queries.lock_protection(session, customer_id=customer_id, kind=kind, day=ends)
    if row is None:
        raise ProtectionUnknown(f"the customer has no status {kind.name} that would hold on {ends}")
    row.ends = ends
    await session.flush()


def _row(customer_id: int, customer: NewCustomer, *, now: datetime) -> tuple[Any, ...]:
    home = customer.address
    return (
        customer_id, customer.number, customer.kind.name, customer.name, customer.personal_code,
        customer.registration_number, customer.vat_number, customer.language, customer.email, customer.phone,
        home.line, home.city, home.postcode, home.country, now,
    )  # fmt: skip
