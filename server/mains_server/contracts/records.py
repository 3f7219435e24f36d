"""What leaves the contracts room."""

from __future__ import annotations

from enum import Enum


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
