"""Tables of the contracts room: where is supplied (buildings, supply points), and who has it supplied (contracts)."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from mains_server.contracts.records import (
    ContractBilling,
    ContractStep,
    Delivery,
    PointRole,
    PremiseKind,
    Settlement,
)
from mains_server.db.columns import choice, document, instant, key, owner, quantity, reference


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
    """A customer's agreement with one utility on one product, over one or several supply points.

    Product, settlement, terms document and fixed price are those agreed last, in force since `terms_since` (None: since
    the contract starts); what was agreed for the days before stands in `contract_former_terms`.
    """

    __tablename__ = "contract"
    __table_args__ = (
        ForeignKeyConstraint(["customer_id"], ["customer.id"]),
        UniqueConstraint("customer_id", "number"),
        CheckConstraint("ends is null or ends >= starts", name="contract_period"),
        Index("contract_number", "number"),
        Index("contract_plain_number", text("regexp_replace(upper(number), '[^0-9A-Z]', '', 'g')")),
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
    terms_since: date | None = None
    terms_document_id: int | None = reference("terms_document.id", nullable=True)
    is_distance: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})


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
    """A dated value that the utility's adapter declared and prices by, such as `zones` or `allowance`.

    `decision` names what it rests on, such as the vote of a house's owners.
    """

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
    decision: str | None = None


class ContractFormerTerms(SQLModel, table=True):
    """What was agreed on a contract for civil days, half-open, before the terms that the contract has now."""

    __tablename__ = "contract_former_terms"
    __table_args__ = (
        ForeignKeyConstraint(["contract_id", "customer_id"], ["contract.id", "contract.customer_id"]),
        UniqueConstraint("customer_id", "contract_id", "starts"),
        CheckConstraint("ends > starts", name="contract_former_terms_period"),
        Index("contract_former_terms_contract", "contract_id", "starts", "id"),
    )

    id: int = key()
    customer_id: int = owner()
    contract_id: int = reference()
    product: str
    settlement: Settlement = choice(Settlement)
    price_fixed_until: date | None = None
    terms_document_id: int | None = reference("terms_document.id", nullable=True)
    starts: date
    ends: date


class ContractEvent(SQLModel, table=True):
    """A step in a contract's life: what was done, for which civil day, by whom; `before` is what undoing it needs."""

    __tablename__ = "contract_event"
    __table_args__ = (
        ForeignKeyConstraint(["contract_id", "customer_id"], ["contract.id", "contract.customer_id"]),
        Index("contract_event_contract", "contract_id", "id"),
    )

    id: int = key()
    customer_id: int = owner()
    contract_id: int = reference()
    step: ContractStep = choice(ContractStep)
    day: date
    noted_at: datetime = instant()
    person_id: int | None = reference("person.id", nullable=True)
    before: Any = document(nullable=True)


class ContractFee(SQLModel, table=True):
    """A charge of its own on a civil day, such as a reminder by SMS; `invoice_id` is the bill that took it in.

    `quantity` counts what the adapter declares as the quantity `code`: pieces, or euros of an agreed sum.
    """

    __tablename__ = "contract_fee"
    __table_args__ = (
        ForeignKeyConstraint(["contract_id", "customer_id"], ["contract.id", "contract.customer_id"]),
        UniqueConstraint("customer_id", "contract_id", "key"),
        CheckConstraint("quantity > 0", name="contract_fee_quantity"),
        Index("contract_fee_contract", "contract_id", "day", "id"),
    )

    id: int = key()
    customer_id: int = owner()
    contract_id: int = reference()
    code: str
    quantity: Decimal = quantity()
    unit: str
    day: date
    reason: str
    source: str
    key: str
    noted_at: datetime = instant()
    invoice_id: int | None = reference(nullable=True)


class TermsDocument(SQLModel, table=True):
    """The terms of a product's contracts as they are offered from a civil day on; never edited, followed by another."""

    __tablename__ = "terms_document"
    __table_args__ = (
        UniqueConstraint("adapter", "product", "version"),
        Index("terms_document_product", "adapter", "product", "starts", "id"),
    )

    id: int = key()
    adapter: str
    product: str
    version: str
    starts: date
    text_lv: str
    text_en: str
    text_ru: str


class ContractOffer(SQLModel, table=True):
    """A product offered to a contract whose price period ends; lapsed when the day came without an answer."""

    __tablename__ = "contract_offer"
    __table_args__ = (
        ForeignKeyConstraint(["contract_id", "customer_id"], ["contract.id", "contract.customer_id"]),
        UniqueConstraint("customer_id", "contract_id", "starts"),
        Index("contract_offer_contract", "contract_id", "starts", "id"),
        Index("contract_offer_starts", "starts", "id"),
    )

    id: int = key()
    customer_id: int = owner()
    contract_id: int = reference()
    product: str
    starts: date
    made_at: datetime = instant()
    accepted_at: datetime | None = instant(nullable=True)
    lapsed_at: datetime | None = instant(nullable=True)


class ContractSeries(SQLModel, table=True):
    """The last contract number given for a utility; its row is locked to number."""

    __tablename__ = "contract_series"

    adapter: str = Field(primary_key=True)
    prefix: str
    last_number: int = Field(sa_type=BigInteger)


class TakenContractNumber(SQLModel, table=True):
    """A number that a contract has, whoever's: its key holds for all customers, which no key of `contract` can."""

    __tablename__ = "taken_contract_number"

    number: str = Field(primary_key=True)
