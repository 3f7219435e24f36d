"""Tables of the contracts room: where is supplied (buildings, supply points), and who has it supplied (contracts)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlmodel import SQLModel

from mains_server.contracts.records import ContractBilling, Delivery, PointRole, PremiseKind, Settlement
from mains_server.db.columns import choice, key, owner, quantity, reference


class Building(SQLModel, table=True):
    """A house whose supply is measured as a whole and shared out over its premises."""

    __tablename__ = "building"

    id: int = key()
    name: str
    address_line: str
    address_city: str
    address_postcode: str
    address_country: str


class SupplyPoint(SQLModel, table=True):
    """A place where a utility is supplied; it outlives its meters and its contracts."""

    __tablename__ = "supply_point"
    __table_args__ = (
        UniqueConstraint("commodity", "scheme", "identifier"),
        Index("supply_point_building", "building_id", "id"),
        Index("supply_point_identifier", "identifier"),
    )

    id: int = key()
    commodity: str
    scheme: str
    identifier: str
    role: PointRole = choice(PointRole)
    premise_kind: PremiseKind = choice(PremiseKind)
    building_id: int | None = reference("building.id", nullable=True)
    premise: str | None = None
    address_line: str
    address_city: str
    address_postcode: str
    address_country: str
    area_m2: Decimal | None = quantity(nullable=True)
    residents: int | None = None
    phases: int | None = None
    amperes: int | None = None
    time_zone: str


class Contract(SQLModel, table=True):
    """A customer's agreement with one utility on one product, over one or several supply points."""

    __tablename__ = "contract"
    __table_args__ = (
        ForeignKeyConstraint(["customer_id"], ["customer.id"]),
        UniqueConstraint("customer_id", "number"),
        CheckConstraint("ends is null or ends > starts", name="contract_period"),
        Index("contract_number", "number"),
        Index("contract_adapter", "adapter", "billing", "id"),
        Index("contract_customer_starts", "customer_id", "starts", "id"),
    )

    id: int = key()
    customer_id: int = owner()
    number: str
    adapter: str
    product: str
    billing: ContractBilling = choice(ContractBilling)
    settlement: Settlement = choice(Settlement)
    delivery: Delivery = choice(Delivery)
    payment_term_days: int
    signed_on: date
    starts: date
    ends: date | None = None
    price_fixed_until: date | None = None


class ContractSupplyPoint(SQLModel, table=True):
    """A supply point that a contract covers, over civil dates, half-open."""

    __tablename__ = "contract_supply_point"
    __table_args__ = (
        ForeignKeyConstraint(["contract_id", "customer_id"], ["contract.id", "contract.customer_id"]),
        UniqueConstraint("customer_id", "contract_id", "supply_point_id", "starts"),
        Index("contract_supply_point_point", "supply_point_id", "contract_id"),
        Index("contract_supply_point_contract", "contract_id", "supply_point_id"),
    )

    id: int = key()
    customer_id: int = owner()
    contract_id: int = reference()
    supply_point_id: int = reference("supply_point.id")
    starts: date
    ends: date | None = None


class ContractAttribute(SQLModel, table=True):
    """A dated value that the utility's adapter declared and prices by, such as `zones` or `allowance`."""

    __tablename__ = "contract_attribute"
    __table_args__ = (
        ForeignKeyConstraint(["contract_id", "customer_id"], ["contract.id", "contract.customer_id"]),
        UniqueConstraint("customer_id", "contract_id", "name", "starts"),
        Index("contract_attribute_contract", "contract_id", "name", "id"),
    )

    id: int = key()
    customer_id: int = owner()
    contract_id: int = reference()
    name: str
    value: str
    starts: date
    ends: date | None = None
