"""Tables of the customers room: the parties to contracts."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Index, text
from sqlmodel import SQLModel

from mains_server.customers.records import CustomerKind, ProtectionKind
from mains_server.db.columns import choice, instant, key, owner


class Customer(SQLModel, table=True):
    """A party to contracts: a household, a business or a building's manager."""

    __tablename__ = "customer"
    __table_args__ = (
        Index("customer_number", "number", unique=True),
        Index("customer_plain_number", text("regexp_replace(upper(number), '[^0-9A-Z]', '', 'g')")),
        Index("customer_name", "name", "id"),
        Index("customer_phone", text("regexp_replace(phone, '[^0-9]', '', 'g')")),
    )

    id: int = key()
    number: str
    kind: CustomerKind = choice(CustomerKind)
    name: str
    personal_code: str | None = None
    registration_number: str | None = None
    vat_number: str | None = None
    language: str
    email: str | None = None
    phone: str | None = None
    iban: str | None = None
    address_line: str
    address_city: str
    address_postcode: str
    address_country: str
    created_at: datetime = instant()


class CustomerProtection(SQLModel, table=True):
    """A customer's protected status over civil dates, half-open, with its proof."""

    __tablename__ = "customer_protection"
    __table_args__ = (Index("customer_protection_customer", "customer_id", "starts", "id"),)

    id: int = key()
    customer_id: int = owner()
    kind: ProtectionKind = choice(ProtectionKind)
    starts: date
    ends: date | None = None
    proof: str
