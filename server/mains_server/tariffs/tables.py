"""Tables of the tariffs room: dated prices with the decision behind them, products, and tax rates."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import SQLModel

from mains_server.db.columns import document, instant, key, rate, reference, unit_price, words


class PriceVersion(SQLModel, table=True):
    """A price list as it holds on the civil days [`starts`, `ends`); never edited, only followed by another."""

    __tablename__ = "price_version"
    __table_args__ = (
        UniqueConstraint("adapter", "list", "code"),
        Index("price_version_list", "adapter", "list", "starts", "id"),
    )

    id: int = key()
    adapter: str
    list: str
    code: str
    starts: date
    ends: date | None = None
    known_from: datetime = instant()
    decision: str
    source: str


class PriceRow(SQLModel, table=True):
    """One price of a version: `value` per `unit` without tax, chosen by its conditions."""

    __tablename__ = "price_row"
    __table_args__ = (Index("price_row_version", "version_id", "position", "id"),)

    id: int = key()
    version_id: int = reference("price_version.id")
    position: int
    name: str
    value: Decimal = unit_price()
    unit: str
    conditions: Any = document()
    tax_included: Decimal | None = rate(nullable=True)


class Product(SQLModel, table=True):
    """What a utility sells; a copy of what its adapter declares, kept so that it can be listed and related."""

    __tablename__ = "product"
    __table_args__ = (UniqueConstraint("adapter", "code"), Index("product_adapter_code", "adapter", "code", "id"))

    id: int = key()
    adapter: str
    code: str
    name_lv: str
    name_en: str
    name_ru: str
    tariff: str
    price_list: str
    price_fixed_months: int | None = None
    exit_fee: Decimal | None = unit_price(nullable=True)
    exit_fee_fall_share: Decimal | None = rate(nullable=True)
    exit_fee_fall_months: int | None = None
    switch_fee: Decimal | None = unit_price(nullable=True)
    monthly_usage_from: Decimal | None = unit_price(nullable=True)
    monthly_usage_upto: Decimal | None = unit_price(nullable=True)
    settlements: list[str] = words()
    channels: list[str] = words()
    is_offered: bool


class TaxRate(SQLModel, table=True):
    """A tax rate by code, customer kind and date of consumption."""

    __tablename__ = "tax_rate"
    __table_args__ = (UniqueConstraint("code", "kind", "starts", postgresql_nulls_not_distinct=True),)

    id: int = key()
    code: str
    kind: str | None = None
    rate: Decimal = rate()
    starts: date
    ends: date | None = None
    source: str
