"""Tables of the allocation room: announced methods, the values they set, and corrected areas."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint
from sqlmodel import SQLModel

from mains_server.allocation.records import Announcer
from mains_server.db.columns import choice, instant, key, owner, quantity, reference


class AllocationMethod(SQLModel, table=True):
    """A method of sharing a house's cost as it was announced; cancelled ones stay on record."""

    __tablename__ = "allocation_method"
    __table_args__ = (
        ForeignKeyConstraint(["contract_id", "customer_id"], ["contract.id", "contract.customer_id"]),
        Index("allocation_method_building", "building_id", "starts", "id"),
    )

    id: int = key()
    customer_id: int = owner()
    contract_id: int = reference()
    building_id: int = reference("building.id")
    starts: date
    decided_on: date
    decision_reference: str
    announced_at: datetime = instant()
    announced_as: Announcer = choice(Announcer)
    announced_by: str | None = None
    announced_by_person_id: int = reference("person.id")
    cancelled_at: datetime | None = instant(nullable=True)
    cancelled_by_person_id: int | None = reference("person.id", nullable=True)


class AllocationValue(SQLModel, table=True):
    """One attribute that a method sets; `has_replaced` where another value held until then."""

    __tablename__ = "allocation_value"
    __table_args__ = (
        ForeignKeyConstraint(["method_id", "customer_id"], ["allocation_method.id", "allocation_method.customer_id"]),
        UniqueConstraint("customer_id", "method_id", "name"),
        Index("allocation_value_method", "method_id", "name", "id"),
    )

    id: int = key()
    customer_id: int = owner()
    method_id: int = reference()
    contract_id: int = reference()
    starts: date
    adapter: str
    name: str
    value: str
    has_replaced: bool


class AreaCorrection(SQLModel, table=True):
    """An area that was found to be wrong: what it was, what it is, why and by whom."""

    __tablename__ = "area_correction"
    __table_args__ = (Index("area_correction_supply_point", "supply_point_id", "corrected_at", "id"),)

    id: int = key()
    supply_point_id: int = reference("supply_point.id")
    area_before: Decimal | None = quantity(nullable=True)
    area_after: Decimal = quantity()
    reason: str
    corrected_at: datetime = instant()
    corrected_by_person_id: int = reference("person.id")
