"""What leaves the contracts room."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum

from mains_server.customers.records import Address


class PointRole(Enum):
    """Whether a supply point serves one premise or the whole building's substation."""

    PREMISE = "PREMISE"
    BUILDING = "BUILDING"


class PremiseKind(Enum):
    """What a supply point's premise is used for; non-residential premises carry another tax."""

    DWELLING = "DWELLING"
    NON_RESIDENTIAL = "NON_RESIDENTIAL"
    NOT_APPLICABLE = "NOT_APPLICABLE"


class ContractBilling(Enum):
    """Whether a contract gets invoices itself, or its cost is shared out over the building's premises."""

    DIRECT = "DIRECT"
    BY_MEMBERS = "BY_MEMBERS"


class Settlement(Enum):
    """How a contract is paid: an invoice by reading, or a levelled monthly amount."""

    INVOICE = "INVOICE"
    LEVELLED = "LEVELLED"


class Delivery(Enum):
    """How a contract's invoices are delivered."""

    PORTAL = "PORTAL"
    EMAIL = "EMAIL"
    POST = "POST"
    BANK = "BANK"


class ContractState(Enum):
    """How a contract stands on a civil day, by its dates."""

    FUTURE = "FUTURE"
    ACTIVE = "ACTIVE"
    ENDED = "ENDED"


class ContractStep(Enum):
    """What is done in the life of a contract."""

    CONCLUDED = "CONCLUDED"
    POINT_ADDED = "POINT_ADDED"
    POINT_ENDED = "POINT_ENDED"
    PRODUCT_SWITCHED = "PRODUCT_SWITCHED"
    SETTLEMENT_CHANGED = "SETTLEMENT_CHANGED"
    DELIVERY_CHANGED = "DELIVERY_CHANGED"
    OFFER_ACCEPTED = "OFFER_ACCEPTED"
    OFFER_LAPSED = "OFFER_LAPSED"
    TERMINATED = "TERMINATED"
    TERMINATION_WITHDRAWN = "TERMINATION_WITHDRAWN"
    WITHDRAWN = "WITHDRAWN"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBuilding:
    """A house whose supply is measured as a whole, to be added."""

    name: str
    address: Address


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSupplyPoint:
    """A place of supply to be added; its identifier is unique within its scheme, such as an EIC."""

    commodity: str
    scheme: str
    identifier: str
    address: Address
    time_zone: str
    role: PointRole = PointRole.PREMISE
    premise_kind: PremiseKind = PremiseKind.DWELLING
    building_id: int | None = None
    premise: str | None = None
    area_m2: Decimal | None = None
    residents: int | None = None
    phases: int | None = None
    amperes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplyPoint(NewSupplyPoint):
    """A place where a utility is supplied."""

    id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """A supply point that a contract covers; without days of its own, over the whole contract."""

    supply_point_id: int
    starts: date | None = None
    ends: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """What the owners of a house decided about some attributes from a day on, by the decision that says so."""

    building_id: int
    names: tuple[str, ...]
    starts: date
    decision: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DatedAttribute:
    """A value that the adapter prices by, over civil days, half-open; without days, over the whole contract.

    `decision` names what it rests on, such as the vote of a house's owners.
    """

    name: str
    value: str
    starts: date | None = None
    ends: date | None = None
    decision: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewContract:
    """A contract to be concluded, with the supply points it covers."""

    customer_id: int
    number: str
    adapter: str
    product: str
    starts: date
    covers: tuple[Coverage, ...]
    attributes: tuple[DatedAttribute, ...] = ()
    ends: date | None = None
    billing: ContractBilling = ContractBilling.DIRECT
    settlement: Settlement = Settlement.INVOICE
    delivery: Delivery = Delivery.PORTAL
    payment_term_days: int = 15
    signed_on: date | None = None
    price_fixed_until: date | None = None
    terms_document_id: int | None = None
    is_distance: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTermsDocument:
    """The terms of a product's contracts in the languages of the utility, offered from a civil day on."""

    adapter: str
    product: str
    version: str
    starts: date
    text_lv: str
    text_en: str
    text_ru: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What is agreed on a contract from a civil day on, until the next terms start."""

    starts: date
    product: str
    settlement: Settlement
    price_fixed_until: date | None = None
    terms_document_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """A customer's agreement with one utility on one product."""

    id: int
    customer_id: int
    number: str
    adapter: str
    product: str
    billing: ContractBilling
    settlement: Settlement
    delivery: Delivery
    payment_term_days: int
    signed_on: date
    starts: date
    ends: date | None
    price_fixed_until: date | None
    covers: tuple[Coverage, ...]
    attributes: tuple[DatedAttribute, ...]
    terms: tuple[Terms, ...]
    terms_document_id: int | None
    is_distance: bool

    def terms_on(self, day: date) -> Terms:
        """Give what is agreed on a civil day; before the first terms those, since nothing came before them."""
        begun = [terms for terms in self.terms if terms.starts <= day]
        return begun[-1] if begun else self.terms[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractThere:
    """A contract that has, or answers for, a supply point on a civil day; for a premise of a house the manager's."""

    contract_id: int
    customer_id: int
    adapter: str
    is_managers: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberedContract:
    """A contract found by its number; `plain` is the number without what stands between letters and digits."""

    id: int
    customer_id: int
    number: str
    plain: str
