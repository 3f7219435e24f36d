"""Questions to the customers room."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import BigInteger, String, any_, func, literal, literal_column, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from mains_server.customers.records import Address, Customer, Protection, ProtectionKind
from mains_server.customers.tables import Customer as CustomerRow
from mains_server.customers.tables import CustomerProtection


async def customer_by_number(session: AsyncSession, *, number: str) -> Customer | None:
    """Find a customer by the number printed on its invoices."""
    return _customer(await session.scalar(select(CustomerRow).where(col(CustomerRow.number) == number)))


async def customer_by_id(session: AsyncSession, *, customer_id: int) -> Customer | None:
    """Find a customer by id."""
    return _customer(await session.scalar(select(CustomerRow).where(col(CustomerRow.id) == customer_id)))


async def customers_with_phone(session: AsyncSession, *, digits: Sequence[str]) -> tuple[Customer, ...]:
    """List the customers whose phone number has one of these rows of digits, whatever stands between them."""
    kept = func.regexp_replace(
        col(CustomerRow.phone), literal_column("'[^0-9]'"), literal_column("''"), literal_column("'g'")
    )
    found = await session.scalars(
        select(CustomerRow).where(kept == any_(literal(list(digits), ARRAY(String())))).order_by(col(CustomerRow.id))
    )
    return tuple(customer for row in found if (customer := _customer(row)) is not None)


async def customers_by_plain_numbers(
    session: AsyncSession, *, numbers: Sequence[str]
) -> tuple[tuple[str, Customer], ...]:
    """Find customers by their numbers without what stands between letters and digits; each with that number."""
    plain = func.regexp_replace(
        func.upper(col(CustomerRow.number)), literal_column("'[^0-9A-Z]'"), literal_column("''"), literal_column("'g'")
    )
    rows = await session.execute(
        select(CustomerRow, plain)
        .where(plain == any_(literal(list(numbers), ARRAY(String()))))
        .order_by(col(CustomerRow.id))
    )
    return tuple((number, customer) for row, number in rows if (customer := _customer(row)) is not None)


async def customers_by_ids(session: AsyncSession, *, customer_ids: Sequence[int]) -> tuple[Customer, ...]:
    """Find customers by their ids."""
    wanted = select(CustomerRow).where(col(CustomerRow.id) == any_(literal(list(customer_ids), ARRAY(BigInteger()))))
    found = await session.scalars(wanted.order_by(col(CustomerRow.id)))
    return tuple(customer for row in found if (customer := _customer(row)) is not None)


async def customers_by_names(session: AsyncSession, *, names: Sequence[str]) -> tuple[Customer, ...]:
    """Find customers who are called exactly so."""
    wanted = select(CustomerRow).where(col(CustomerRow.name) == any_(literal(list(names), ARRAY(String()))))
    found = await session.scalars(wanted.order_by(col(CustomerRow.id)))
    return tuple(customer for row in found if (customer := _customer(row)) is not None)


async def customer_numbers(session: AsyncSession) -> tuple[tuple[int, str], ...]:
    """List every customer's id and number, in the order of their ids; for small utilities only."""
    found = await session.execute(select(col(CustomerRow.id), col(CustomerRow.number)).order_by(col(CustomerRow.id)))
    return tuple((row[0], row[1]) for row in found)


async def protections_of_customer(session: AsyncSession, *, customer_id: int) -> tuple[Protection, ...]:
    """List a customer's protected statuses, the earliest first."""
    found = await session.scalars(
        select(CustomerProtection)
        .where(col(CustomerProtection.customer_id) == customer_id)
        .order_by(col(CustomerProtection.starts), col(CustomerProtection.id))
    )
    return tuple(Protection(kind=row.kind, starts=row.starts, ends=row.ends, proof=row.proof) for row in found)


async def lock_protection(
    session: AsyncSession, *, customer_id: int, kind: ProtectionKind, day: date
) -> CustomerProtection | None:
    """Take hold of a protected status that began before a day and would hold on it, for a change in this room."""
    return await session.scalar(
        select(CustomerProtection)
        .where(
            col(CustomerProtection.customer_id) == customer_id,
            col(CustomerProtection.kind) == kind,
            col(CustomerProtection.starts) < day,
            col(CustomerProtection.ends).is_(None) | (col(CustomerProtection.ends) > day),
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    )


async def lock_accounts(session: AsyncSession, *, customer_ids: Sequence[int]) -> None:
    """Take hold of customers' accounts until the transaction ends, in the order of their ids.

    Whoever settles, opens or takes back invoices of a customer does, so that they take turns; rows that point to the
    customer are added meanwhile.
    """
    asked = any_(literal(list(customer_ids), ARRAY(BigInteger())))
    wanted = select(col(CustomerRow.id)).where(col(CustomerRow.id) == asked).order_by(col(CustomerRow.id))
    await session.execute(wanted.with_for_update(key_share=True))


async def lock_customer(session: AsyncSession, *, customer_id: int) -> bool:
    """Take hold of a customer until the transaction ends; False where there is none."""
    found = await session.scalar(
        select(col(CustomerRow.id)).where(col(CustomerRow.id) == customer_id).with_for_update()
    )
    return found is not None


def _customer(row: CustomerRow | None) -> Customer | None:
    if row is None:
        return None
    return Customer(
        id=row.id,
        number=row.number,
        kind=row.kind,
        name=row.name,
        language=row.language,
        address=Address(
            line=row.address_line, city=row.address_city, postcode=row.address_postcode, country=row.address_country
        ),
        personal_code=row.personal_code,
        registration_number=row.registration_number,
        vat_number=row.vat_number,
        email=row.email,
        phone=row.phone,
        iban=row.iban,
    )
