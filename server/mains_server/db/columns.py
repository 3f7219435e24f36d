"""Column kinds that every room's tables share, so that money, prices and quantities are declared one way."""

from __future__ import annotations

from enum import Enum
from typing import Any

from sqlalchemy import BigInteger, DateTime, Numeric
from sqlalchemy import Enum as SqlEnum
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.types import String
from sqlmodel import Field

MONEY = Numeric(14, 2)
UNIT_PRICE = Numeric(18, 8)
QUANTITY = Numeric(18, 6)
RATE = Numeric(6, 4)
INSTANT = DateTime(timezone=True)


def key() -> Any:
    """Return the id of a table: a bigint drawn from the sequence `<table>_id_seq`."""
    return Field(default=None, primary_key=True, sa_type=_kind(BigInteger()), sa_column_kwargs={"autoincrement": True})


def owner() -> Any:
    """Return the owning customer's id, the second half of a customer-owned primary key (decision 0005)."""
    return Field(primary_key=True, sa_type=_kind(BigInteger()), sa_column_kwargs={"autoincrement": False})


def reference(target: str | None = None, *, nullable: bool = False) -> Any:
    """Return a bigint that points to another table's id, with a foreign key where `target` names one."""
    return Field(default=None if nullable else ..., sa_type=_kind(BigInteger()), nullable=nullable, foreign_key=target)


def money(*, nullable: bool = False) -> Any:
    """Return an amount of money: NUMERIC(14,2) in the row's currency."""
    return _field(MONEY, nullable=nullable)


def unit_price(*, nullable: bool = False) -> Any:
    """Return a price per unit: NUMERIC(18,8)."""
    return _field(UNIT_PRICE, nullable=nullable)


def quantity(*, nullable: bool = False) -> Any:
    """Return a quantity: NUMERIC(18,6) in the row's unit."""
    return _field(QUANTITY, nullable=nullable)


def rate(*, nullable: bool = False) -> Any:
    """Return a tax rate as a share of one, 0.2100 for 21 %."""
    return _field(RATE, nullable=nullable)


def instant(*, nullable: bool = False) -> Any:
    """Return an instant with zone, UTC."""
    return _field(INSTANT, nullable=nullable)


def choice(members: type[Enum], *, nullable: bool = False, initially: Enum | None = None) -> Any:
    """Return an enum stored as the member's name, so that a new member needs no migration.

    `initially` is what a row has that says nothing.
    """
    kind = SqlEnum(members, native_enum=False, length=40, create_constraint=False)
    if initially is None:
        return _field(kind, nullable=nullable)
    return Field(
        default=initially, sa_type=_kind(kind), nullable=False, sa_column_kwargs={"server_default": initially.name}
    )


def document(*, nullable: bool = False) -> Any:
    """Return a JSON document (jsonb)."""
    return _field(JSONB(none_as_null=True), nullable=nullable)


def words(*, nullable: bool = False) -> Any:
    """Return a list of short texts (text[])."""
    return _field(ARRAY(String()), nullable=nullable)


def numbers(*, nullable: bool = False) -> Any:
    """Return a list of ids (bigint[])."""
    return _field(ARRAY(BigInteger()), nullable=nullable)


def decimals() -> Any:
    """Return a packed list of exact values, one a step of time; a missing value is null, never zero."""
    return _field(ARRAY(Numeric(18, 8)), nullable=False)


def _field(kind: Any, *, nullable: bool) -> Any:
    return Field(default=None if nullable else ..., sa_type=_kind(kind), nullable=nullable)


def _kind(kind: Any) -> Any:
    return kind
