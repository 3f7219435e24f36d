"""Tables of the intervals room: a register's day as the smart meter sent it, and the files these days came in."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import SQLModel

from mains_server.db.columns import choice, decimals, document, instant, key, quantity, reference
from mains_server.intervals.records import IntervalFormat


class IntervalDay(SQLModel, table=True):
    """One civil day of one register, packed: 92, 96 or 100 quarters, or 23, 24 or 25 hours; a gap is null, never zero.

    `statuses` has a letter a value, as the network operator gave it. A corrected day is a later version; the earlier
    ones stay.
    """

    __tablename__ = "interval_day"
    __table_args__ = (
        UniqueConstraint("register_id", "day", "version"),
        CheckConstraint("known <= cardinality(values)", name="interval_day_known"),
        Index("interval_day_current", "register_id", "day", unique=True, postgresql_where=text("is_current")),
        Index("interval_day_point", "supply_point_id", "day", "id"),
        Index("interval_day_register", "register_id", "day", "id"),
    )

    id: int = key()
    register_id: int = reference("register.id")
    supply_point_id: int = reference("supply_point.id")
    day: date
    version: int
    is_current: bool
    step_seconds: int
    values: list[Decimal | None] = decimals()
    statuses: str
    total: Decimal = quantity()
    known: int
    known_at: datetime = instant()
    import_id: int = reference("interval_import.id")


class IntervalImport(SQLModel, table=True):
    """A file of intervals that was taken in, and what became of it."""

    __tablename__ = "interval_import"
    __table_args__ = (Index("interval_import_newest", "received_at", "id"),)

    id: int = key()
    format: IntervalFormat = choice(IntervalFormat)
    name: str
    sha256: str
    received_at: datetime = instant()
    actor_person_id: int | None = reference("person.id", nullable=True)
    days_new: int
    days_corrected: int
    days_unchanged: int
    rows_refused: int
    refused: list[dict[str, object]] = document()
