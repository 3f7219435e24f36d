"""Tables of the facts room: series of figures from outside, such as spot prices, degree days and profiles."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import SQLModel

from mains_server.db.columns import decimals, instant, key, unit_price


class FactSeries(SQLModel, table=True):
    """A stretch of one series with a constant step, packed; a correction is a later row for the same stretch."""

    __tablename__ = "fact_series"
    __table_args__ = (
        UniqueConstraint("name", "starts_at", "known_at"),
        Index("fact_series_stretch", "name", "starts_at", "ends_at"),
    )

    id: int = key()
    name: str
    unit: str
    starts_at: datetime = instant()
    ends_at: datetime = instant()
    step_seconds: int
    values: list[Decimal | None] = decimals()
    known_at: datetime = instant()
    source: str


class FactFigure(SQLModel, table=True):
    """A single figure over a period that a tariff asks for, such as last summer's circulation of a building."""

    __tablename__ = "fact_figure"
    __table_args__ = (
        UniqueConstraint("name", "subject", "starts_at", "known_at"),
        Index("fact_figure_subject", "subject", "name", "starts_at"),
    )

    id: int = key()
    name: str
    subject: str
    unit: str
    starts_at: datetime = instant()
    ends_at: datetime = instant()
    value: Decimal = unit_price()
    known_at: datetime = instant()
    source: str
