"""Tables of the metering room: meters, their registers, and the readings."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import SQLModel

from mains_server.db.columns import choice, instant, key, quantity, reference, words
from mains_server.metering.records import ReadingCollection, ReadingQuality, ReadingSource, ReadingStatus


class Meter(SQLModel, table=True):
    """A meter as installed at one supply point, from the civil day `installed_on` until `removed_on`."""

    __tablename__ = "meter"
    __table_args__ = (
        UniqueConstraint("serial", "supply_point_id", "installed_on"),
        CheckConstraint("removed_on is null or removed_on > installed_on", name="meter_installation"),
        Index("meter_supply_point", "supply_point_id", "installed_on", "id"),
    )

    id: int = key()
    supply_point_id: int = reference("supply_point.id")
    serial: str
    digits: int
    multiplier: Decimal = quantity()
    installed_on: date
    removed_on: date | None = None


class Register(SQLModel, table=True):
    """One counter of a meter: `T1`, `T2`, `heat`, `hot_water`; it counts in one unit, in one tariff zone or in none."""

    __tablename__ = "register"
    __table_args__ = (
        UniqueConstraint("meter_id", "code"),
        Index("register_supply_point", "supply_point_id", "code", "id"),
    )

    id: int = key()
    meter_id: int = reference("meter.id")
    supply_point_id: int = reference("supply_point.id")
    code: str
    quantity: str
    unit: str
    zone: str | None = None
    collection: ReadingCollection = choice(ReadingCollection, initially=ReadingCollection.MANUAL)


class Reading(SQLModel, table=True):
    """What a register showed at an instant; `counts_for` is the civil day at whose start it counts for billing.

    `actor` says who sent it where that was nobody with a login: a phone, an installer, a file. `reasons` are the codes
    for which it was flagged, and the decision is what somebody of the utility made of it.
    """

    __tablename__ = "reading"
    __table_args__ = (
        Index(
            "reading_one_a_day", "register_id", "counts_for", unique=True, postgresql_where=text("status = 'ACCEPTED'")
        ),
        Index("reading_register_taken", "register_id", "taken_at", "id"),
        Index("reading_point_day", "supply_point_id", "counts_for", "id"),
        Index("reading_flagged", "received_at", "id", postgresql_where=text("status = 'FLAGGED'")),
    )

    id: int = key()
    register_id: int = reference("register.id")
    supply_point_id: int = reference("supply_point.id")
    taken_at: datetime = instant()
    counts_for: date
    value: Decimal = quantity()
    source: ReadingSource = choice(ReadingSource)
    quality: ReadingQuality = choice(ReadingQuality)
    status: ReadingStatus = choice(ReadingStatus)
    actor_person_id: int | None = reference("person.id", nullable=True)
    received_at: datetime = instant()
    superseded_by: int | None = reference("reading.id", nullable=True)
    actor: str | None = None
    reasons: list[str] | None = words(nullable=True)
    decided_by_person_id: int | None = reference("person.id", nullable=True)
    decided_at: datetime | None = instant(nullable=True)
    decision_note: str | None = None
